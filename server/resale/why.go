package resale

import (
	"context"
	"errors"
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Why says why a ticket can't be sold on, in a word that pages put into a sentence.
type Why string

// The reasons, in the order in which they are looked for.
const (
	WhyNever   Why = "never"   // it wasn't bought here or cost nothing, or tickets of its event aren't sold on
	WhyVoid    Why = "void"    // no code of it is good, or its order isn't
	WhyEntered Why = "entered" // somebody came in with it
	WhyLate    Why = "late"    // it is too late
	WhyClosed  Why = "closed"  // nothing of its event is sold at the moment
	WhyUnpaid  Why = "unpaid"  // it is still to be paid for
	WhyBusy    Why = "busy"    // it is offered to somebody, or on its way back
)

// refusal is the error for a ticket that can't be sold on.
func (w Why) refusal(format string, args ...any) error {
	return fault.At(fault.Refused, string(w), format, args...)
}

// WhyNot gives why a ticket was refused; "" where it wasn't.
func WhyNot(err error) Why {
	if known, is := errors.AsType[*fault.Error](err); is && known.Kind == fault.Refused {
		return Why(known.Where)
	}
	return ""
}

// standing is what is known of tickets beside themselves.
type standing struct {
	entered []ticket.ID
	pending map[ticket.ID]ticketing.Pending
	orders  map[string][]sales.Order // by their codes, as far as they were looked for
}

func (r *Resale) standing(ctx context.Context, event string, ids []ticket.ID) (s *standing, err error) {
	s = &standing{orders: map[string][]sales.Order{}}
	if s.pending, err = r.Tickets.Pending(ctx, event, ids); err == nil {
		s.entered, err = r.Entered(ctx, event, ids...)
	}
	return s, err
}

// refuses says why a ticket that may be sold on as such can't be now.
func (s *standing) refuses(t *ticketing.Ticket, shop *catalog.Shop, terms *Terms, now time.Time) error {
	id := t.ID.Short()
	under, busy := s.pending[t.ID]
	switch {
	case t.State != ticketing.Valid:
		return WhyVoid.refusal("ticket %s is not good", id)
	case slices.Contains(s.entered, t.ID):
		return WhyEntered.refusal("somebody came in with ticket %s", id)
	case !now.Before(terms.Until):
		return WhyLate.refusal("the time to sell tickets of this event on is over")
	case shop.About.Closed():
		return WhyClosed.refusal("event %s is not sold: %s", t.Event, shop.About.Standing.Why)
	case t.Unpaid:
		return WhyUnpaid.refusal("ticket %s is not paid for", id)
	case !terms.order.State.Good():
		return WhyVoid.refusal("the order of ticket %s is %s", id, terms.order.State.Words())
	case busy && under.What != ticketing.Resale:
		return WhyBusy.refusal("ticket %s is offered to somebody, or on its way back", id)
	}
	return nil
}

// Allowed says of tickets of one event why they can't be sold on; "" for those that can,
// or are for sale.
func (r *Resale) Allowed(ctx context.Context, event string, tickets []ticketing.Ticket) (map[ticket.ID]Why, error) {
	why := make(map[ticket.ID]Why, len(tickets))
	shop, err := r.shop(ctx, event)
	if WhyNot(err) == WhyNever {
		for i := range tickets {
			why[tickets[i].ID] = WhyNever
		}
		return why, nil
	}
	if err != nil {
		return nil, err
	}
	ids := make([]ticket.ID, len(tickets))
	for i := range tickets {
		ids[i] = tickets[i].ID
	}
	s, err := r.standing(ctx, event, ids)
	if err != nil {
		return nil, err
	}
	for i := range tickets {
		_, err := r.terms(ctx, shop, &tickets[i], s)
		if why[ids[i]] = WhyNot(err); err != nil && why[ids[i]] == "" {
			return nil, err
		}
	}
	return why, nil
}
