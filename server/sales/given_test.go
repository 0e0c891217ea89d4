package sales_test

import (
	"context"
	"testing"

	"usher/migrations/sqldb"
	"usher/server/sales"
)

// meanwhile does something while somebody asks what was sold on.
type meanwhile struct {
	sales.Resale
	do func()
}

func (m meanwhile) SoldOn(context.Context, sqldb.Queryer, string) ([]sales.SoldOn, error) {
	m.do()
	return nil, nil
}

// Who looks at an order while one of its tickets changes hands sees the code before, or
// none: never the new holder's.
func TestHeldWhileItIsGivenAway(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(2))
		gives := func(n int) {
			t.Helper()
			if _, err := w.Tickets.Transfer(t.Context(), w.TicketNow(t, event, o.Tickets[n]), "Grace", "grace@people.example", ""); err != nil {
				t.Fatal(err)
			}
		}
		gives(0)
		before := w.TicketNow(t, event, o.Tickets[1])
		w.Sales.Resale = meanwhile{do: func() { gives(1) }}
		list, err := w.Held(t.Context(), &o)
		if err != nil || len(list) > 1 || len(list) == 1 && list[0].Token != before.Token {
			t.Errorf("the buyer of a ticket that is Grace's sees %+v, %v", list, err)
		}
		if now := w.TicketNow(t, event, o.Tickets[1]); now.Token == before.Token {
			t.Error("it didn't change hands, so this test looks at nothing")
		}
	})
}
