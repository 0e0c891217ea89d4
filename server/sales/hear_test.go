package sales_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"usher/server/catalog"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/sync/fault"
)

// Payments that are recorded together are each recorded as they would be alone.
func TestHeardTogether(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		var list []payment.Payment
		var orders []sales.Order
		add := func(as payment.State) payment.Payment {
			o := w.byCard(t, w.Begins(t, ga(2)))
			w.Bank.Ends(o.Ref(), as)
			orders, list = append(orders, o), append(list, w.Bank.Get(o.Ref()))
			return list[len(list)-1]
		}
		first := add(payment.Paid)
		w.Settles(t, first.Ref) // and now again
		add(payment.Paid)
		add(payment.Failed)
		wrong := add(payment.Paid)
		w.Bank.Set(wrong.Ref, func(p *payment.Payment) { p.Amount++ })
		list[3] = w.Bank.Get(wrong.Ref)
		add(payment.Paid)
		nowhere := list[1]
		nowhere.Ref, nowhere.Order = "nowhere", "nobody's"
		list = append(list, nowhere)
		for i, err := range w.HearTogether(t.Context(), "test", list...) {
			if i == 5 {
				shoptest.WantKind(t, "an order that isn't there", err, fault.NotFound)
			} else if err != nil {
				t.Errorf("payment %d: %v", i, err)
			}
		}
		for i, want := range []sales.State{sales.Paid, sales.Paid, sales.Open, sales.Refunding, sales.Paid} {
			o := w.OrderNow(t, orders[i].ID)
			tickets := map[sales.State]int{sales.Paid: 2}[want]
			if o.State != want || len(o.Tickets) != tickets || len(w.states(t, o)) != tickets {
				t.Errorf("order %d is %s with %d tickets, want %s", i, o.State, len(o.Tickets), want)
			}
		}
		w.Sound(t)
		w.chained(t)
	})
}

// chained checks that the server's chain of the event has every number once.
func (w *world) chained(t *testing.T) {
	t.Helper()
	var n, last int
	err := w.DB.Read().QueryRowContext(t.Context(), `select count(*), coalesce(max(seq), 0) from record where event = $1`, event).Scan(&n, &last)
	if err != nil || n == 0 || n != last {
		t.Errorf("the journal has %d records, the last of which is number %d: %v", n, last, err)
	}
}

// One that can't be recorded along with others doesn't keep them from it: places that
// have to be taken again, tickets that were issued before they were paid.
func TestHeardOneByOne(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, strings.Replace(file, "extensions = 2", "extensions = 2\ntickets_before_payment = true", 1))
		late := w.late(t, 2)
		early, _, err := w.Pay(t.Context(), w.Begins(t, ga(2)).ID, sales.Payment{Method: catalog.MethodInvoice, Details: &ada})
		if err != nil || len(early.Tickets) != 2 {
			t.Fatal(early.State, err)
		}
		o := w.byCard(t, w.Begins(t, ga(2)))
		for _, ref := range []string{w.refOf(t, late), o.Ref()} {
			w.Bank.Ends(ref, payment.Paid)
		}
		transfer := payment.Payment{Ref: "transfer", Order: early.ID, State: payment.Paid, Amount: early.Total, Currency: early.Currency}
		for _, list := range [][]payment.Payment{{w.Bank.Get(w.refOf(t, late)), w.Bank.Get(o.Ref())}, {transfer, w.Bank.Get(o.Ref())}} {
			for i, err := range w.HearTogether(t.Context(), "test", list...) {
				if err != nil {
					t.Errorf("payment %d of %d: %v", i, len(list), err)
				}
			}
		}
		for _, id := range []string{late.ID, early.ID, o.ID} {
			if got := w.OrderNow(t, id); got.State != sales.Paid || len(got.Tickets) != 2 {
				t.Errorf("order %s is %s with %d tickets", got.Code, got.State, len(got.Tickets))
			}
		}
		if err := w.Check(t.Context()); err != nil { // the bank knows nothing of the transfer
			t.Error(err)
		}
		w.chained(t)
	})
}

// Whatever a crowd's notices come to, in whatever order, some of them twice and some
// given up by who waited: each payment is recorded once.
func TestCrowdPays(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, strings.Replace(file, "capacity = 20", "capacity = 200", 1))
		const people = 24
		var orders []sales.Order
		for range people {
			orders = append(orders, w.byCard(t, w.Begins(t, ga(2))))
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		var all sync.WaitGroup
		for i, o := range orders {
			w.Bank.Ends(o.Ref(), payment.Paid)
			for n := range 3 {
				all.Go(func() {
					ctx := t.Context()
					if n == 2 {
						ctx = gone
					}
					if err := w.Settle(ctx, "test", o.Ref()); err != nil && !errors.Is(err, context.Canceled) {
						t.Errorf("order %d: %v", i, err)
					}
				})
			}
			if i%6 == 0 {
				all.Go(func() {
					_, err := w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Cash, Ref: fmt.Sprint("till ", i), Amount: o.Total, Who: "organiser"})
					if err != nil && fault.KindOf(err) != fault.Refused {
						t.Errorf("cash for order %d: %v", i, err)
					}
				})
			}
		}
		all.Wait()
		for _, o := range orders {
			got := w.OrderNow(t, o.ID)
			if got.State != sales.Paid || len(got.Tickets) != 2 || got.Paid != got.Total {
				t.Errorf("order %s is %s, paid %d, with %d tickets", got.Code, got.State, got.Paid, len(got.Tickets))
			}
			if mails := w.Mails(t, o.ID); !slices.Contains(mails, "tickets") {
				t.Errorf("its mails are %v", mails)
			}
		}
		if left := w.Left(t, "floor"); left != 200-2*people {
			t.Errorf("%d places are left", left)
		}
		w.Sound(t)
		w.chained(t)
	})
}

// What is recorded together: of each order one payment, nothing with what may take
// pools, and nobody is left out.
func TestWhatIsHeardTogether(t *testing.T) {
	p := func(order string) payment.Payment { return payment.Payment{Order: order} }
	refunded, disputed := p("r"), p("d")
	refunded.Refunded, disputed.Dispute.State = 1, payment.DisputeOpen
	var many []payment.Payment
	for i := range 70 {
		many = append(many, p(fmt.Sprint(i)))
	}
	for _, c := range []struct {
		name string
		list []payment.Payment
		want string
	}{
		{"one", []payment.Payment{p("a")}, "[[a]]"},
		{"several", []payment.Payment{p("a"), p("b"), p("c")}, "[[a b c]]"},
		{"an order twice", []payment.Payment{p("a"), p("b"), p("a"), p("c"), p("a")}, "[[a b c] [a] [a]]"},
		{"refunded", []payment.Payment{p("a"), refunded, p("b")}, "[[a b] [r]]"},
		{"disputed first", []payment.Payment{disputed, p("a"), p("b")}, "[[d] [a b]]"},
	} {
		if got := fmt.Sprint(sales.Batches(c.list...)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := sales.Batches(many...); len(got) != 2 || len(got[0]) != 64 || len(got[1]) != 6 {
		t.Errorf("70 are recorded as %v", got)
	}
}

// A payment that nobody told us of before the bank took it back, or somebody refunded
// it at the provider, pays the order first.
func TestPaidAndTakenBackBeforeItWasHeard(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			how   string
			then  func(*payment.Payment)
			state sales.State
			left  int64
		}{
			{"disputed", func(p *payment.Payment) {
				p.Dispute = payment.Dispute{State: payment.DisputeOpen, Amount: p.Amount}
			}, sales.Disputed, 18},
			{"lost", func(p *payment.Payment) {
				p.Dispute = payment.Dispute{State: payment.DisputeLost, Amount: p.Amount}
			}, sales.ChargedBack, 18},
			{"refunded", func(p *payment.Payment) { p.Refunded = p.Amount }, sales.Refunded, 18},
		} {
			o := w.byCard(t, w.Begins(t, ga(2)))
			w.Bank.Ends(o.Ref(), payment.Paid)
			w.Bank.Set(o.Ref(), c.then)
			w.Settles(t, o.Ref())
			if got := w.OrderNow(t, o.ID); got.State != c.state || len(got.Tickets) != 2 || w.Left(t, "floor") != c.left {
				t.Errorf("%s: it is %s with %d tickets, and %d places are left", c.how, got.State, len(got.Tickets), w.Left(t, "floor"))
			}
		}
		w.Sound(t)
	})
}
