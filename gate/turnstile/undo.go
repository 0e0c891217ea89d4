package turnstile

import (
	"context"
	"math"
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// UndoWithin is how long an admission can be taken back.
const UndoWithin = admission.UndoWithin

// refusals say why an admission can't be taken back.
var refusals = map[admission.Reason]*fault.Error{
	admission.NotFound:   refusal(fault.NotFound, admission.NotFound, "there is no such admission to take back"),
	admission.NotAnEntry: refusal(fault.Refused, admission.NotAnEntry, "this let nobody in, so there is nothing to take back"),
	admission.NotOwn:     refusal(fault.Refused, admission.NotOwn, "only the device that let somebody in can take it back; that was another one"),
	admission.UndoneYet:  refusal(fault.Refused, admission.UndoneYet, "this admission was taken back already"),
	admission.TooLate:    refusal(fault.Refused, admission.TooLate, "an admission can be taken back for %d minutes, this one is older", int(UndoWithin.Minutes())),
}

// refusal has the reason for its place, so that programs need not read the text.
func refusal(kind fault.Kind, reason admission.Reason, format string, args ...any) *fault.Error {
	return fault.At(kind, string(reason), format, args...)
}

// Undo takes back an admission of this device, within UndoWithin of it by a
// clock that nobody can set back. The record stays, marked as undone. It gives
// the ticket that it was about.
//
// What may not be taken back gives a fault whose Where is the stable reason:
// not_found, not_an_entry, not_own, undone or too_late.
func (t *Turnstile) Undo(ctx context.Context, admitted journal.Hash, by, why string) (ticket.ID, error) {
	if t.Training() {
		return ticket.ID{}, errTraining
	}
	if id, _, known := t.State.Act(admitted); known {
		defer t.tickets.lock(id)()
	}
	id, reason := t.mayUndo(admitted)
	if reason != "" {
		return ticket.ID{}, refusals[reason]
	}
	r, err := t.scribe.write(ctx, entry{kind: journal.KindUndo, stamp: t.Clock.Stamp(),
		content: &journal.Undo{Admission: admitted, Ticket: id, Operator: by, Why: why}})
	if err != nil {
		return ticket.ID{}, err
	}
	t.wrote(r.Seq)
	return ticket.ID(id), nil
}

// MayUndo says why this device may not take an admission back now, or "" if it may.
func (t *Turnstile) MayUndo(admitted journal.Hash) admission.Reason {
	_, reason := t.mayUndo(admitted)
	return reason
}

func (t *Turnstile) mayUndo(admitted journal.Hash) (journal.TicketID, admission.Reason) {
	id, act, known := t.State.Act(admitted)
	if !known {
		return id, admission.NotFound
	}
	return id, admission.MayUndo(&act, t.Author.Chain().Node, t.age(act))
}

// moment is when an own record was begun, by the monotonic clock.
type moment struct {
	seq uint64
	at  time.Duration
}

// letIn remembers when somebody was let in, for as long as that can be taken back.
func (t *Turnstile) letIn(m moment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	over := 0
	for over < len(t.recent) && m.at-t.recent[over].at > UndoWithin {
		over++
	}
	t.recent = append(slices.Delete(t.recent, 0, over), m)
}

// age is how long ago the device wrote an act. Of one from before it was started
// only the clock that people set can tell: it is the longest that it can have been,
// for ever where that clock is not to be believed.
func (t *Turnstile) age(act admission.Act) time.Duration {
	t.mu.Lock()
	before := act.Seq <= t.opened
	at := slices.IndexFunc(t.recent, func(m moment) bool { return m.seq == act.Seq })
	var began time.Duration
	if at >= 0 {
		began = t.recent[at].at
	}
	t.mu.Unlock()
	switch now := t.Clock.Moment(); {
	case at >= 0:
		return t.Mono() - began
	case before && !now.Suspect && now.At+now.Uncertainty >= act.At-act.Uncertainty:
		return time.Duration(now.At+now.Uncertainty-act.At+act.Uncertainty) * time.Millisecond
	}
	return math.MaxInt64
}

// Entry finds the record that a person means by a ticket's short code, id or whole
// code: the newest entry of the ticket that this device may take back, or else the
// scan that says best why there is none. The zero hash: the device knows none.
func (t *Turnstile) Entry(text string) (record journal.Hash) {
	id, known := t.idOf(text)
	if !known {
		return record
	}
	best := 0
	for _, act := range t.State.Past(id) {
		rank := 1
		switch reason := admission.MayUndo(&act, t.Author.Chain().Node, 0); {
		case act.Result == admission.Undo:
			rank = 0
		case reason == "":
			rank = 4
		case reason == admission.UndoneYet:
			rank = 3
		case reason == admission.NotOwn:
			rank = 2
		}
		if rank > 0 && rank >= best {
			best, record = rank, act.Hash
		}
	}
	return record
}

// idOf gives the ticket that a person names. A whole code counts only with its
// signature.
func (t *Turnstile) idOf(text string) (id journal.TicketID, known bool) {
	in := scan.Classify(text)
	switch in.Kind {
	case scan.ShortCode:
		return journal.TicketID(in.ID), true
	case scan.Token:
		read, err := ticket.Verify(in.Text, t.State)
		if err != nil {
			return id, false
		}
		return journal.TicketID(read.ID), true
	}
	hex, err := ticket.ParseID(in.Text)
	return journal.TicketID(hex), err == nil
}
