package turnstile

import (
	"slices"

	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/sync/admission"
	"usher/sync/journal"
)

// present verifies what was read and looks up all that a decision needs of it
// but the ticket's past.
func (t *Turnstile) present(in scan.Input, a Attempt) admission.Presented {
	p := admission.Presented{
		Looks: in.Looks, Direction: a.Direction, How: a.How, Lane: a.Lane, Override: a.Override,
	}
	if in.Kind == scan.ShortCode {
		p.Manual = true
		p.Claims, p.InRoster = t.State.Roster(in.ID)
		p.Claims.ID = in.ID
		return p
	}
	p.Ticket, p.Err = ticket.Verify(in.Text, t.State)
	if p.Err != nil {
		return p
	}
	p.Key, p.KeyKnown = t.State.Key(p.Ticket.KeyID)
	_, p.InRoster = t.State.Roster(p.Ticket.ID)
	return p
}

// ticketOf is the ticket that an attempt is about, or zero when no ticket that
// could exist was presented.
func ticketOf(p admission.Presented) journal.TicketID {
	switch {
	case p.Manual && p.InRoster:
		return journal.TicketID(p.Claims.ID)
	case !p.Manual && p.Err == nil && p.Ticket != nil:
		return journal.TicketID(p.Ticket.ID)
	}
	return journal.TicketID{}
}

func ticketText(id journal.TicketID) string { return ticket.ID(id).Short() }

// scanRecord is the content of the attempt's record. A ticket of another event
// is recorded without its id: it has no history here.
func (t *Turnstile) scanRecord(a Attempt, p admission.Presented, id journal.TicketID, out Outcome) *journal.Scan {
	s := &journal.Scan{
		Result: string(out.Result), Reason: string(out.Reason), Direction: string(a.Direction),
		Gate: t.Gate, How: a.How, Lane: a.Lane, Known: t.State.Position(), Assurance: out.Assurance,
		Flags: slices.Clone(out.Flags), DecideUS: uint64(max(out.Took.Decide, 0)),
	}
	if s.How == "" {
		s.How = scan.HowTyped
	}
	if a.Override != nil {
		s.Operator, s.Override = a.Override.By, a.Override.Why
	}
	if id == (journal.TicketID{}) || out.Reason == admission.WrongEvent {
		return s
	}
	s.Ticket, s.Parents = id, t.State.Frontier(id)
	if p.Ticket != nil {
		s.Evidence, s.Generation = p.Ticket.Bytes(), p.Ticket.Generation
	} else {
		s.Generation = p.Claims.Generation
	}
	return s
}
