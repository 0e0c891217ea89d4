package transfer

import (
	"context"
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Why says why a ticket can't be given away, in a word that pages put into a sentence.
type Why string

// The reasons, in the order in which they are looked for.
const (
	Off     Why = "off"     // the organiser doesn't allow it
	NotGood Why = "void"    // no code of it is good
	Unpaid  Why = "unpaid"  // it is still to be paid for
	Late    Why = "late"    // it is too late
	Entered Why = "entered" // somebody came in with it
	Often   Why = "often"   // it has changed hands as often as it may
	Offered Why = "offered" // it is offered to somebody already
	Busy    Why = "busy"    // it is for sale, or on its way back
)

// says are the sentences of a refusal, for those who have no page.
var says = map[Why]string{
	Off: "the organiser doesn't have tickets of this event given away", NotGood: "the ticket is void", Unpaid: "the ticket is still to be paid for",
	Late: "it is too late to give tickets of this event away", Entered: "somebody came in with the ticket already",
	Often: "the ticket has changed hands as often as it may", Offered: "the ticket is offered to somebody already",
	Busy: "the ticket is for sale, or is being given back",
}

// refusal is the error for a ticket that can't be given away; where is a Why.
func (w Why) refusal(id ticket.ID) error {
	return fault.At(fault.Refused, string(w), "ticket %s: %s", id.Short(), says[w])
}

// policy is what an event allows.
type policy struct {
	catalog.Transfers
	until time.Time
}

func (x *Transfers) policy(ctx context.Context, event string) (policy, error) {
	shop, err := x.Catalog.Shop(ctx, event)
	if fault.KindOf(err) == fault.NotFound {
		return policy{}, nil // what sells nothing has nothing to say of it
	}
	if err != nil {
		return policy{}, err
	}
	return policy{shop.Transfers, time.Unix(shop.Transfers.Until(shop.About.Starts), 0).UTC()}, nil
}

// standing is what is known of tickets beside themselves.
type standing struct {
	entered []ticket.ID
	hands   map[ticket.ID][]ticketing.Passage
	pending map[ticket.ID]ticketing.Pending
}

// why says why a ticket can't be given away; "" when it can. own is the offer that is
// under way with it rightly; "" for none.
func (p *policy) why(t *ticketing.Ticket, s *standing, own string, now time.Time) Why {
	under, busy := s.pending[t.ID]
	given := 0
	for _, hand := range s.hands[t.ID] {
		if hand.How == ticketing.ByTransfer {
			given++
		}
	}
	switch {
	case p.Times == 0:
		return Off
	case t.State != ticketing.Valid:
		return NotGood
	case t.Unpaid:
		return Unpaid
	case !now.Before(p.until):
		return Late
	case slices.Contains(s.entered, t.ID):
		return Entered
	case given >= p.Times:
		return Often
	case busy && under.What == ticketing.Transfer && under.Ref != own:
		return Offered
	case busy && under.What != ticketing.Transfer:
		return Busy
	}
	return ""
}

// Allowed says of tickets of one event why they can't be given away; "" for those that
// can. Named says whether only to somebody who is named.
func (x *Transfers) Allowed(ctx context.Context, event string, tickets []ticketing.Ticket) (why map[ticket.ID]Why, named bool, err error) {
	p, err := x.policy(ctx, event)
	if err != nil {
		return nil, false, err
	}
	ids := idsOf(tickets)
	var s standing
	if p.Times > 0 {
		if s, err = x.standing(ctx, x.DB.Read(), event, ids); err == nil {
			s.entered, err = x.Entered(ctx, event, ids...)
		}
	}
	if err != nil {
		return nil, false, err
	}
	why = make(map[ticket.ID]Why, len(tickets))
	for i := range tickets {
		why[tickets[i].ID] = p.why(&tickets[i], &s, "", x.Now())
	}
	return why, p.Named, nil
}

func (x *Transfers) standing(ctx context.Context, q sqldb.Queryer, event string, ids []ticket.ID) (s standing, err error) {
	if s.hands, err = x.Tickets.PassagesOf(ctx, q, event, ids); err == nil {
		s.pending, err = x.Tickets.PendingOf(ctx, q, event, ids)
	}
	return s, err
}

func idsOf(tickets []ticketing.Ticket) []ticket.ID {
	ids := make([]ticket.ID, len(tickets))
	for i := range tickets {
		ids[i] = tickets[i].ID
	}
	return ids
}
