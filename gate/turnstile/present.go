package turnstile

import (
	"maps"
	"slices"
	"strings"

	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/state"
)

// present verifies what was read and looks up all that a decision needs of it
// but the ticket's past.
func (t *Turnstile) present(in scan.Input, a Attempt) admission.Presented {
	p := admission.Presented{
		Looks: in.Looks, Direction: a.Direction, How: a.How, Lane: a.Lane, Override: a.Override,
		Confirmed: a.Confirmed, Kiosk: t.Kiosk,
	}
	if in.Kind == scan.ShortCode {
		p.Manual, p.ByName = true, a.How == scan.HowSearch
		p.Claims, p.InRoster = t.State.Roster(in.ID)
		p.Claims.ID = in.ID
		t.lookUp(&p, journal.TicketID(in.ID), a)
		return p
	}
	p.Ticket, p.Err = ticket.Verify(in.Text, t.State)
	if p.Err != nil {
		return p
	}
	p.Key, p.KeyKnown = t.State.Key(p.Ticket.KeyID)
	_, p.InRoster = t.State.Roster(p.Ticket.ID)
	t.lookUp(&p, journal.TicketID(p.Ticket.ID), a)
	return p
}

// lookUp adds what the gate was told of a ticket: what is due, who holds it, and
// the answers on file, which what was answered just now goes before.
func (t *Turnstile) lookUp(p *admission.Presented, id journal.TicketID, a Attempt) {
	due := t.State.Due(id)
	p.Unpaid, p.Due, p.Currency = due.Unpaid, due.Amount, due.Currency
	guest, known := t.State.Guest(id)
	if known {
		p.Holder = guest.Name
		if guest.Note != "" {
			p.Notes = []string{guest.Note}
		}
	}
	p.Answers = map[string]string{}
	for _, given := range guest.Answers {
		p.Answers[given.Question] = given.Text
	}
	maps.Copy(p.Answers, t.State.Answers(id))
	maps.Copy(p.Answers, a.Answers)
}

// claims are what the ticket says, or the roster of it.
func claims(p admission.Presented) ticket.Claims {
	if p.Manual || p.Ticket == nil {
		return p.Claims
	}
	return p.Ticket.Claims
}

// answered is the record of what a holder answered just now to the questions that
// the ticket's product asks, if it was anything.
func answered(a Attempt, e *journal.Event, p admission.Presented, stamp journal.Stamp) []entry {
	c := claims(p)
	given := &journal.Answer{Ticket: journal.TicketID(c.ID), Operator: a.Operator}
	product, _ := e.ProductByNumber(c.Product)
	for _, q := range product.Questions {
		if text, there := a.Answers[q.Code]; there {
			given.Answers = append(given.Answers, journal.GivenAnswer{Question: q.Code, Text: strings.TrimSpace(text)})
		}
	}
	if len(given.Answers) == 0 {
		return nil
	}
	return []entry{{kind: journal.KindAnswer, stamp: stamp, content: given}}
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
func (t *Turnstile) scanRecord(a Attempt, p admission.Presented, id journal.TicketID, known state.Case, out Outcome) *journal.Scan {
	s := &journal.Scan{
		Result: string(out.Result), Reason: string(out.Reason), Direction: string(a.Direction),
		Gate: t.gate(), How: a.How, Lane: a.Lane, Known: known.Known, Assurance: out.Assurance,
		Flags: slices.Clone(out.Flags), DecideUS: uint64(max(out.Took.Decide, 0)),
	}
	if s.How == "" {
		s.How = scan.HowTyped
	}
	s.Operator = a.Operator
	if a.Override != nil {
		s.Operator, s.Override = a.Override.By, a.Override.Why
	}
	if id == (journal.TicketID{}) || out.Reason == admission.WrongEvent {
		return s
	}
	s.Ticket, s.Parents = id, admission.Frontier(known.Past)
	if p.Ticket != nil {
		s.Evidence, s.Generation = p.Ticket.Bytes(), p.Ticket.Generation
	} else {
		s.Generation = p.Claims.Generation
	}
	return s
}
