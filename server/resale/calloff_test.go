package resale_test

import (
	"log/slog"
	"testing"
	"time"

	"usher/server/calloff"
	"usher/server/payment"
	"usher/server/resale"
)

// callsOff calls the event off. The rest of it is worked off by worksOff.
func (w *world) callsOff(t *testing.T) *calloff.Office {
	t.Helper()
	office := calloff.New(calloff.Config{DB: w.db, Catalog: w.catalog, Sales: w.sales, Tickets: w.tickets, Now: w.time.Now, Log: slog.New(slog.DiscardHandler)})
	if _, err := office.CallOff(t.Context(), event, "storm", "organiser"); err != nil {
		t.Fatal(err)
	}
	w.time.Pass(2 * time.Second)
	return office
}

// worksOff has everybody get back what they are to get back.
func (w *world) worksOff(t *testing.T, office *calloff.Office) {
	t.Helper()
	for range 3 {
		if err := office.WorkOff(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.time.Pass(time.Minute)
		w.look(t)
		w.reconciles(t)
	}
}

// isOver lets the event end, and fails unless nothing is held for anybody then.
func (w *world) isOver(t *testing.T) {
	t.Helper()
	w.time.Set(time.Date(2026, 8, 5, 0, 0, 0, 0, time.UTC))
	w.look(t)
	w.reconciles(t)
	for _, account := range []string{"resale", "payouts", "owed", "disputed", "buyers"} {
		if n := w.balance(t, account); n != 0 {
			t.Errorf("%d are left at %s", n, account)
		}
	}
	w.sound(t)
}

// When the event is called off, who bought here gets back what they paid here and who
// sold what they paid at first; nobody is paid twice, whichever order is ended first.
func TestCalledOff(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		first := w.buys(t, "ada", ga(2))
		sold := w.lists(t, first.Tickets[0], 2870)
		second := w.buys(t, "grace", of(sold))
		open := w.lists(t, first.Tickets[1], 2000)
		office := w.callsOff(t)
		w.doors.add(sold.Ticket) // as somebody at a gate without a network may
		w.look(t)
		w.worksOff(t, office)
		first, second = w.order(t, first.ID), w.order(t, second.ID)
		if first.Refunded != 5550 || first.PaidOut != 0 || second.Refunded != 2970 {
			t.Errorf("the seller has %d and %d back, the buyer %d", first.Refunded, first.PaidOut, second.Refunded)
		}
		if l := w.listing(t, sold.ID); l.Payout != resale.Undone {
			t.Errorf("the payout is %s", l.Payout)
		}
		if l := w.listing(t, open.ID); l.State != resale.Ended || l.Why != resale.Closed {
			t.Errorf("what was for sale is %s, %s", l.State, l.Why)
		}
		if n := w.bank.kept(); n != 0 {
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
				first := w.buys(t, "ada", ga(1)) // paid by p1
				l := w.lists(t, first.Tickets[0], 2870)
				second := w.buys(t, "grace", of(l)) // and p2
				office := w.callsOff(t)
				w.bank.set("p2", c.before)
				w.settle(t, "p2")
				w.worksOff(t, office)
				lost := int64(0)
				if c.after != nil {
					w.bank.set("p2", c.after)
					w.settle(t, "p2")
					lost = 2970
				}
				first, second = w.order(t, first.ID), w.order(t, second.ID)
				if first.Refunded != 2850 || first.PaidOut != 0 || second.Refunded+lost != 2970 {
					t.Errorf("the seller has %d and %d back, the buyer %d and %d", first.Refunded, first.PaidOut, second.Refunded, lost)
				}
				w.isOver(t)
				if l = w.listing(t, l.ID); l.Payout != resale.Undone {
					t.Errorf("the payout is %s", l.Payout)
				}
				if n := w.bank.kept(); n != 0 {
					t.Errorf("the bank has %d still", n)
				}
			})
		})
	}
}
