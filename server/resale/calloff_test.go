package resale_test

import (
	"testing"
	"time"

	"usher/server/calloff"
	"usher/server/payment"
	"usher/server/resale"
	"usher/server/sales"
)

// calloff is what calls the event off and moves it, so many orders at once; 0 for as many
// as there are.
func (w *world) calloff(batch int) *calloff.Office {
	return calloff.New(calloff.Config{DB: w.DB, Catalog: w.Catalog, Sales: w.Sales, Tickets: w.Tickets, Batch: batch, Now: w.Time.Now, Log: w.Log})
}

// callsOff calls the event off. The rest of it is worked off by worksOff.
func (w *world) callsOff(t *testing.T, batch int) *calloff.Office {
	t.Helper()
	office := w.calloff(batch)
	if _, err := office.CallOff(t.Context(), event, "storm", "organiser"); err != nil {
		t.Fatal(err)
	}
	w.Time.Pass(2 * time.Second)
	return office
}

// worksOff has everybody get back what they are to get back.
func (w *world) worksOff(t *testing.T, office *calloff.Office) {
	t.Helper()
	for range 3 {
		if err := office.WorkOff(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.Time.Pass(time.Minute)
		w.look(t)
		w.reconciles(t)
	}
}

// isOver lets the event end, and fails unless nothing is held for anybody then.
func (w *world) isOver(t *testing.T) {
	t.Helper()
	w.Time.Set(time.Date(2026, 8, 5, 0, 0, 0, 0, time.UTC))
	w.look(t)
	w.reconciles(t)
	for _, account := range []string{"resale", "payouts", "owed", "disputed", "buyers"} {
		if n := w.Balance(t, account); n != 0 {
			t.Errorf("%d are left at %s", n, account)
		}
	}
	w.sound(t)
}

// When the event is called off, who bought here gets back what they paid here and who
// sold what they paid at first; nobody is paid twice, whichever order is ended first.
func TestCalledOff(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		first := w.Buys(t, ada, ga(2))
		sold := w.lists(t, first.Tickets[0], 2870)
		second := w.Buys(t, grace, of(sold))
		open := w.lists(t, first.Tickets[1], 2000)
		office := w.callsOff(t, 0)
		w.Doors.Admit(sold.Ticket) // as somebody at a gate without a network may
		w.look(t)
		w.worksOff(t, office)
		first, second = w.OrderNow(t, first.ID), w.OrderNow(t, second.ID)
		if first.Refunded != 5550 || first.PaidOut != 0 || second.Refunded != 2970 {
			t.Errorf("the seller has %d and %d back, the buyer %d", first.Refunded, first.PaidOut, second.Refunded)
		}
		if l := w.listing(t, sold.ID); l.Payout != resale.Undone {
			t.Errorf("the payout is %s", l.Payout)
		}
		if l := w.listing(t, open.ID); l.State != resale.Ended || l.Why != resale.Closed {
			t.Errorf("what was for sale is %s, %s", l.State, l.Why)
		}
		if n := w.Bank.Kept(); n != 0 {
			t.Errorf("the bank has %d still", n)
		}
		w.isOver(t)
	})
}

// A buyer whose money goes back by their bank or at the provider, and by no refund of
// ours, has it all the same when the event is called off: their seller is not paid as well.
func TestCalledOffAndPaidBackElsewhere(t *testing.T) {
	for name, c := range map[string]struct {
		before, after func(*payment.Payment) // the job went through the orders
	}{
		"by a dispute that is lost": {
			func(p *payment.Payment) {
				p.Dispute = payment.Dispute{State: payment.DisputeOpen, Amount: p.Amount}
			},
			func(p *payment.Payment) { p.Dispute.State = payment.DisputeLost },
		},
		"at the provider": {func(p *payment.Payment) { p.Refunded = p.Amount }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				first := w.Buys(t, ada, ga(1)) // paid by p1
				l := w.lists(t, first.Tickets[0], 2870)
				second := w.Buys(t, grace, of(l)) // and p2
				office := w.callsOff(t, 0)
				w.Bank.Set("p2", c.before)
				w.Settles(t, "p2")
				w.worksOff(t, office)
				lost := int64(0)
				if c.after != nil {
					w.Bank.Set("p2", c.after)
					w.Settles(t, "p2")
					lost = 2970
				}
				first, second = w.OrderNow(t, first.ID), w.OrderNow(t, second.ID)
				if first.Refunded != 2850 || first.PaidOut != 0 || second.Refunded+lost != 2970 {
					t.Errorf("the seller has %d and %d back, the buyer %d and %d", first.Refunded, first.PaidOut, second.Refunded, lost)
				}
				w.isOver(t)
				if l = w.listing(t, l.ID); l.Payout != resale.Undone {
					t.Errorf("the payout is %s", l.Payout)
				}
				if n := w.Bank.Kept(); n != 0 {
					t.Errorf("the bank has %d still", n)
				}
			})
		})
	}
}

// A ticket that was sold on twice is undone twice: whoever had it gets back what they paid
// for it, whichever order is ended first and by whom.
func TestCalledOffFromHandToHand(t *testing.T) {
	for name, c := range map[string]struct {
		batch   int
		happens func(*testing.T, *world, sales.Order) // to who bought and sold, before the job gets there
		after   func(*testing.T, *world)
	}{
		"in one batch": {},
		"one by one":   {batch: 1},
		"by a refund": {happens: func(t *testing.T, w *world, o sales.Order) {
			if _, err := w.Sales.Refund(t.Context(), o.ID, sales.Refund{Key: "k", Why: "storm", Who: "organiser"}); err != nil {
				t.Fatal(err)
			}
		}},
		"by a dispute": {
			happens: func(t *testing.T, w *world, _ sales.Order) {
				w.Bank.Set("p2", func(p *payment.Payment) {
					p.Dispute = payment.Dispute{State: payment.DisputeOpen, Amount: p.Amount}
				})
				w.Settles(t, "p2")
			},
			after: func(t *testing.T, w *world) {
				w.Bank.Set("p2", func(p *payment.Payment) { p.Dispute.State = payment.DisputeLost })
				w.Settles(t, "p2")
			},
		},
		"at the provider": {happens: func(t *testing.T, w *world, _ sales.Order) {
			w.Bank.Set("p2", func(p *payment.Payment) { p.Refunded = p.Amount })
			w.Settles(t, "p2")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				first := w.Buys(t, ada, ga(1)) // paid by p1
				a := w.lists(t, first.Tickets[0], 2870)
				second := w.Buys(t, grace, of(a)) // by p2
				b := w.lists(t, first.Tickets[0], 2000)
				third := w.Buys(t, mary, of(b)) // and p3
				office := w.callsOff(t, c.batch)
				if c.happens != nil {
					c.happens(t, w, second)
				}
				w.worksOff(t, office)
				if c.after != nil {
					c.after(t, w)
				}
				w.isOver(t)
				if n := w.Bank.Kept(); n != 0 {
					t.Errorf("the bank has %d still", n)
				}
				for _, o := range []sales.Order{w.OrderNow(t, first.ID), w.OrderNow(t, second.ID), w.OrderNow(t, third.ID)} {
					if o.State.Good() || o.PaidOut != 0 || o.Refunded != o.Paid && o.State != sales.ChargedBack {
						t.Errorf("order %s is %s with %d of %d back", o.Details.Name, o.State, o.Refunded, o.Paid)
					}
				}
				for _, l := range []resale.Listing{w.listing(t, a.ID), w.listing(t, b.ID)} {
					if l.Payout != resale.Undone {
						t.Errorf("the payout of %s is %s", l.SellerName, l.Payout)
					}
				}
			})
		})
	}
}

// What a buyer got back for no ticket before the event was called off came from the
// organiser, who keeps so much of what was held for the seller.
func TestCalledOffAfterGoodwill(t *testing.T) {
	for name, amount := range map[string]int64{"some": 500, "all": 2970} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				first := w.Buys(t, ada, ga(1))
				l := w.lists(t, first.Tickets[0], 2870)
				second := w.Buys(t, grace, of(l))
				if _, err := w.Sales.Refund(t.Context(), second.ID, sales.Refund{Key: "k", Why: "sorry", Who: "organiser", Amount: amount}); err != nil {
					t.Fatal(err)
				}
				w.worksOff(t, w.callsOff(t, 0))
				if first, second = w.OrderNow(t, first.ID), w.OrderNow(t, second.ID); first.Refunded != 2850 || second.Refunded != 2970 {
					t.Errorf("the seller has %d back, the buyer %d", first.Refunded, second.Refunded)
				}
				if l = w.listing(t, l.ID); l.Payout != resale.Undone {
					t.Errorf("the payout is %s", l.Payout)
				}
				w.isOver(t)
				if n := w.Balance(t, "sales") + w.Balance(t, "service") + w.Balance(t, "tax"); n != 0 {
					t.Errorf("an event of which all went back has taken %d", -n)
				}
			})
		})
	}
}
