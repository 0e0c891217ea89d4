package sales

import (
	"context"
	"slices"
	"strings"

	"usher/crypto/ticket"
	"usher/server/ticketing"
)

// Given gives those of the order's tickets that went into other hands, each with how it
// came into those that it is in now. Nobody but its holder sees the code of such a
// ticket: the order's page, papers and mails say that it was given away. One that went to
// somebody whom the order names is theirs still, unless it was sold on: it is of another
// order then, whoever bought it.
func (s *Sales) Given(ctx context.Context, o *Order) (map[ticket.ID]ticketing.Passage, error) {
	hands, err := s.Tickets.Passages(ctx, o.Event, o.Tickets...)
	if err != nil || len(hands) == 0 {
		return nil, err
	}
	gone, err := s.soldOn(ctx, s.DB.Read(), o)
	if err != nil {
		return nil, err
	}
	given := make(map[ticket.ID]ticketing.Passage)
	for id, chain := range hands {
		sold := slices.ContainsFunc(gone, func(g SoldOn) bool { return g.Ticket == id })
		if last := chain[len(chain)-1]; !o.bought(&last) && (sold || !o.theirs(last.To.Email)) {
			given[id] = last
		}
	}
	return given, nil
}

// bought says whether a ticket came into the buyer's hands by this very order.
func (o *Order) bought(p *ticketing.Passage) bool {
	return p.How == ticketing.ByResale && slices.ContainsFunc(o.Items, func(i Item) bool { return i.Listing == p.Ref })
}

// theirs says whether an address is of the order's people.
func (o *Order) theirs(email string) bool {
	return email != "" && (strings.EqualFold(email, o.Details.Email) ||
		slices.ContainsFunc(o.Details.Holders, func(h Holder) bool { return strings.EqualFold(email, h.Email) }))
}

// Held gives the order's tickets that its people still have. They are read before whose
// they are: of one that changes hands in between nobody here sees the new code.
func (s *Sales) Held(ctx context.Context, o *Order) ([]ticketing.Ticket, error) {
	list, err := s.Tickets.Of(ctx, o.Event, o.Tickets)
	if err != nil {
		return nil, err
	}
	given, err := s.Given(ctx, o)
	return slices.DeleteFunc(list, func(t ticketing.Ticket) bool {
		_, gone := given[t.ID]
		return gone
	}), err
}
