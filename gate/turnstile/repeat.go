package turnstile

import (
	"context"
	"slices"

	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/state"
)

// keepShown is how many of the newest own records are known to have been seen or
// not: more than a gate writes in repeatWithin.
const keepShown = 4096

// loadUnshown finds the newest greens that nobody is known to have seen: a crash may
// have come between their commit and a screen.
func (t *Turnstile) loadUnshown(ctx context.Context) error {
	shown, err := t.Store.Shown(ctx)
	if err != nil {
		return err
	}
	held, err := t.Store.Vector(ctx)
	if err != nil {
		return err
	}
	t.opened = held[t.Author.Chain()].Seq
	t.newest = t.opened
	for _, e := range t.State.Since(t.Author.Chain(), t.newest-min(t.newest, keepShown)) {
		if e.Act.Result == admission.Accept && !slices.Contains(shown, e.Act.Seq) {
			t.unshown[e.Ticket] = append(t.unshown[e.Ticket], e.Act)
		}
	}
	return nil
}

// repeat shows a green again, once, that a crash kept from being seen. For that the
// same code has to come, and to be good now if it were not for the record. It runs
// under the ticket's lock.
func (t *Turnstile) repeat(id journal.TicketID, p admission.Presented, c admission.Context, known state.Case) (Outcome, bool) {
	act, there := t.unseen(id, p, c.Now, known)
	if !there {
		return Outcome{}, false
	}
	past := slices.DeleteFunc(slices.Clone(known.Past), func(a admission.Act) bool { return a.Chain == act.Chain && a.Seq >= act.Seq })
	p.Confirmed = admission.Confirmable() // somebody has
	p.Override = nil
	if void := known.Void; act.Forced && (!void.Set || uint32(act.Generation) >= void.Minimum) {
		p.Override = &admission.Override{By: act.Operator, Allowed: true}
	}
	if act.Direction == admission.In {
		c.Inside-- // they are counted
	}
	v := admission.Decide(c, p, known.Void, past)
	if !v.Green() {
		return Outcome{}, false
	}
	t.mu.Lock()
	t.unshown[id] = slices.DeleteFunc(t.unshown[id], func(a admission.Act) bool { return a.Hash == act.Hash })
	t.mu.Unlock()
	v.Result, v.Reason, v.Details.First = admission.AcceptRepeat, admission.NotDisplayed, &act
	return Outcome{Verdict: v, Record: act.Hash, Seq: act.Seq, Short: ticketText(id), Assurance: act.Assurance}, true
}

// unseen gives the first green of the ticket that nobody saw and that the code now
// presented may have been shown for.
func (t *Turnstile) unseen(id journal.TicketID, p admission.Presented, now admission.Moment, known state.Case) (admission.Act, bool) {
	t.mu.Lock()
	waiting := slices.Clone(t.unshown[id])
	t.mu.Unlock()
	generation := p.Claims.Generation
	if p.Ticket != nil {
		generation = p.Ticket.Generation
	}
	for _, u := range waiting {
		at := slices.IndexFunc(known.Past, func(a admission.Act) bool { return a.Hash == u.Hash })
		if at < 0 {
			continue
		}
		act := known.Past[at] // as it stands now
		age := now.At - act.At
		if !act.Undone && !act.SetAside && act.Direction == p.Direction && act.Generation == generation &&
			max(age, -age) < repeatWithin.Milliseconds() {
			return act, true
		}
	}
	return admission.Act{}, false
}

// Shown notes that a person saw the verdict of the own record with the number.
// FlushShown stores the note; losing it costs one repeated green after a crash.
func (t *Turnstile) Shown(seq uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq == 0 || seq > t.newest || len(t.shown) >= keepShown {
		return
	}
	t.shown = append(t.shown, seq)
}

// FlushShown stores what Shown noted. Call it when no scan waits.
func (t *Turnstile) FlushShown(ctx context.Context) error {
	t.mu.Lock()
	shown, newest := t.shown, t.newest
	t.shown = nil
	t.mu.Unlock()
	if len(shown) == 0 {
		return nil
	}
	err := t.Store.MarkShown(ctx, shown, newest-min(newest, keepShown))
	if err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.shown = append(shown, t.shown...)
	}
	return err
}
