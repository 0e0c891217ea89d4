package sales

import (
	"context"
	"strings"

	"usher/crypto/ticket"
	"usher/server/post"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// tellHolders has those told whose tickets become void and who are not the buyer.
func (a *act) tellHolders(tickets []ticketing.Ticket, numbers []int, why string) {
	for _, n := range numbers {
		t := &tickets[n]
		if t.Email == "" || strings.EqualFold(t.Email, a.Details.Email) {
			continue
		}
		a.mails = append(a.mails, post.Mail{ID: mailVoid + "/" + a.Event + "/" + t.ID.String(), Kind: mailVoid, About: a.ID, Detail: why, To: t.Email})
	}
}

// entered gives those tickets of a refund by which somebody came in, and refuses it
// unless that was said to be right.
func (s *Sales) entered(ctx context.Context, o *Order, r Refund) ([]ticket.ID, error) {
	if s.Entered == nil || r.Amount > 0 {
		return nil, nil
	}
	ids := r.Tickets
	if len(ids) == 0 {
		ids = o.Tickets
	}
	list, err := s.Entered(ctx, o.Event, ids...)
	if err != nil || len(list) == 0 || r.Entered {
		return list, err
	}
	return nil, fault.At(fault.Refused, "entered", "somebody came in with ticket %s: say that it is refunded in spite of that", shorts(list))
}

// shorts names tickets to a person.
func shorts(list []ticket.ID) string {
	names := make([]string, len(list))
	for i, id := range list {
		names[i] = id.Short()
	}
	return strings.Join(names, ", ")
}
