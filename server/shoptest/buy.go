package shoptest

import (
	"context"
	"strings"

	"usher/crypto/ticket"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// TB is what *testing.T and *rapid.T have in common.
type TB interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Error(args ...any)
	Errorf(format string, args ...any)
}

// Buyer is somebody who buys, of a short name.
func Buyer(name string) sales.Details {
	return sales.Details{Name: name, Email: strings.ToLower(name) + "@people.example", Terms: true}
}

// Begins begins an order, which has to work.
func (s *Shop) Begins(t TB, c sales.Cart) sales.Order {
	t.Helper()
	o, err := s.Begin(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// ToBank takes an order to the bank's page, each ticket for the buyer, and gives the
// payment that waits there.
func (s *Shop) ToBank(t TB, o sales.Order, buyer sales.Details) (paying sales.Order, ref string) {
	t.Helper()
	for range o.Places() {
		buyer.Holders = append(buyer.Holders, sales.Holder{Name: buyer.Name, Answers: map[string]string{"meal": "fish"}})
	}
	o, url, err := s.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &buyer})
	if err != nil || url == "" || o.State != sales.Paying {
		t.Fatalf("paying gives %q, %s, %v", url, o.State, err)
	}
	return o, url[strings.LastIndex(url, "/")+1:]
}

// Settles has the shop hear how a payment stands.
func (s *Shop) Settles(t TB, ref string) {
	t.Helper()
	if err := s.Settle(t.Context(), s.Bank.Name(), ref); err != nil {
		t.Fatal(err)
	}
}

// Buys buys by card, and gives the paid order.
func (s *Shop) Buys(t TB, buyer sales.Details, c sales.Cart) sales.Order {
	t.Helper()
	o, ref := s.ToBank(t, s.Begins(t, c), buyer)
	s.Bank.Ends(ref, "paid")
	s.Settles(t, ref)
	o = s.OrderNow(t, o.ID)
	if o.State != sales.Paid {
		t.Fatalf("the order of %s is %s", buyer.Name, o.State)
	}
	return o
}

// OrderNow gives an order as it stands.
func (s *Shop) OrderNow(t TB, id string) sales.Order {
	t.Helper()
	o, err := s.Order(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TicketNow gives a ticket as it stands.
func (s *Shop) TicketNow(t TB, event string, id ticket.ID) ticketing.Ticket {
	t.Helper()
	list, err := s.Tickets.Of(t.Context(), event, []ticket.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

// Left is how many places of a pool of the night are free, as the database has it.
func (s *Shop) Left(t TB, pool string) (n int64) {
	t.Helper()
	if err := s.DB.Read().QueryRowContext(t.Context(), `select capacity - taken from pool where event = $1 and code = $2`, Event, pool).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Mails lists the kinds of letters about something.
func (s *Shop) Mails(t TB, about string) (kinds []string) {
	t.Helper()
	list, err := s.Post.About(t.Context(), about)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		kinds = append(kinds, m.Kind)
	}
	return kinds
}

// Sound checks the ledger: it sums to zero, and what is at the bank is what the bank has.
func (s *Shop) Sound(t TB) {
	t.Helper()
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if at, has := s.Balance(t, "at:"+s.Bank.Name()), s.Bank.Kept(); at != has {
		t.Errorf("the ledger has %d at the bank, which has %d", at, has)
	}
}

// Balance is how an account of the night stands, debit less credit.
func (s *Shop) Balance(t TB, account string) (n int64) {
	t.Helper()
	list, err := s.Balances(t.Context(), Event)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		if b.Account == account {
			n += b.Debit - b.Credit
		}
	}
	return n
}

// WantKind fails unless an error is of a kind.
func WantKind(t TB, what string, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%s: %v, want %s", what, err, kind)
	}
}
