package turnstile

import (
	"context"
	"time"

	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Undo takes back an admission of this device, within UndoWithin of it by a
// clock that nobody can set back. The record stays, marked as undone. It gives
// the ticket that it was about.
func (t *Turnstile) Undo(ctx context.Context, admissionRecord journal.Hash, by, why string) (ticket.ID, error) {
	id, act, ok := t.State.Act(admissionRecord)
	switch {
	case !ok || act.Result != admission.Accept:
		return ticket.ID{}, fault.New(fault.NotFound, "there is no such admission to take back")
	case act.Chain != t.Author.Chain():
		return ticket.ID{}, fault.New(fault.Refused, "only the device that let somebody in can take it back; that was another one")
	}
	defer t.tickets.lock(id)()
	if _, act, _ = t.State.Act(admissionRecord); act.Undone {
		return ticket.ID{}, fault.New(fault.Refused, "this admission was taken back already")
	}
	if age := time.Duration(t.Clock.Moment().At-act.At) * time.Millisecond; age > UndoWithin {
		return ticket.ID{}, fault.New(fault.Refused, "too late: an admission can be taken back for %d minutes, this one is %d minutes old",
			int(UndoWithin.Minutes()), int(age.Minutes()))
	}
	_, err := t.scribe.write(ctx, entry{kind: journal.KindUndo, stamp: t.Clock.Stamp(),
		content: &journal.Undo{Admission: admissionRecord, Ticket: id, Operator: by, Why: why}})
	if err != nil {
		return ticket.ID{}, err
	}
	t.Wrote()
	return ticket.ID(id), nil
}
