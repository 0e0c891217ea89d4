package gate

import (
	"context"
	"sync"

	"usher/sync/admission"
	"usher/sync/journal"
)

// readiness says whether the gate can judge. Beside what the state says it needs
// the first download to be complete once: before that the gate might lack half
// of the revocations.
type readiness struct {
	gate *Gate

	mu       sync.Mutex // covers complete
	complete bool
}

// why gives the reason why the gate can't judge, and a text for a person; "" when
// it can.
func (r *readiness) why() (admission.Reason, string) {
	if reason, text := r.gate.State.NotReady(r.gate.Enrolment.Node); reason != "" {
		return reason, text
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.complete {
		return admission.NotReady, "the first download is not complete yet"
	}
	return "", ""
}

// look notes when the server's journal is held as far as the server said that it
// goes.
func (r *readiness) look(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.complete || !r.level() {
		return
	}
	if err := r.gate.Store.MarkComplete(context.WithoutCancel(ctx)); err != nil {
		r.gate.Log.Error("the first download is complete and that could not be noted", "error", err)
		return
	}
	r.complete = true
}

func (r *readiness) level() bool {
	here := r.gate.State.Position()
	for _, c := range r.gate.State.Checkpoints() {
		if r.gate.State.IsServer(c.Chain.Node) {
			return !here.Before(journal.Position{Epoch: c.Chain.Epoch, Seq: c.Head.Seq})
		}
	}
	return false
}
