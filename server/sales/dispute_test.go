package sales_test

import (
	"testing"
	"time"

	"usher/server/payment"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
)

// A dispute blocks the tickets; won they are good again, lost they are void and
// their places for sale.
func TestDisputes(t *testing.T) {
	for end, want := range map[payment.DisputeState]struct {
		state  sales.State
		ticket ticketing.State
		left   int64
	}{payment.DisputeWon: {sales.Paid, ticketing.Valid, 18}, payment.DisputeLost: {sales.ChargedBack, ticketing.Cancelled, 20}} {
		t.Run(string(end), func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				o := w.Buys(t, ada, ga(2))
				ref := w.refOf(t, o)
				says := func(state payment.DisputeState) {
					t.Helper()
					w.Bank.Set(ref, func(p *payment.Payment) { p.Dispute = payment.Dispute{State: state, Amount: p.Amount} })
					for range 2 {
						w.Settles(t, ref)
					}
				}
				says(payment.DisputeOpen)
				if got := w.OrderNow(t, o.ID); got.State != sales.Disputed || w.states(t, got)[1] != ticketing.Blocked || w.Balance(t, "disputed") != o.Total {
					t.Fatalf("it is %+v with tickets %v", got, w.states(t, got))
				}
				says(end)
				got := w.OrderNow(t, o.ID)
				if got.State != want.state || w.states(t, got)[1] != want.ticket || w.Left(t, "floor") != want.left || w.Balance(t, "disputed") != 0 {
					t.Errorf("it is %+v with tickets %v", got, w.states(t, got))
				}
				says(payment.DisputeOpen) // an older answer comes late
				if again := w.OrderNow(t, o.ID); again.State != got.State {
					t.Errorf("an older answer makes it %s", again.State)
				}
				says(end)
				w.Sound(t)
			})
		})
	}
}

// A bank that asks has taken nothing: the tickets stay good and the books as they are,
// until it takes the money.
func TestInquiry(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(2))
		ref := w.refOf(t, o)
		says := func(state payment.DisputeState) {
			t.Helper()
			w.Bank.Set(ref, func(p *payment.Payment) { p.Dispute = payment.Dispute{State: state, Amount: p.Amount} })
			for range 2 {
				w.Settles(t, ref)
			}
		}
		wants := func(state sales.State, tickets ticketing.State, disputed int64) {
			t.Helper()
			if got := w.OrderNow(t, o.ID); got.State != state || w.states(t, got)[1] != tickets || w.Balance(t, "disputed") != disputed {
				t.Errorf("it is %s with tickets %v and %d disputed", got.State, w.states(t, got), w.Balance(t, "disputed"))
			}
		}
		says(payment.DisputeAsked)
		wants(sales.Paid, ticketing.Valid, 0)
		w.wantTold(t, o.ID, "inquiry", "has taken nothing yet")
		says(payment.NoDispute)
		wants(sales.Paid, ticketing.Valid, 0)
		says(payment.DisputeOpen)
		wants(sales.Disputed, ticketing.Blocked, o.Total)
		says(payment.DisputeAsked) // an older answer comes late
		wants(sales.Disputed, ticketing.Blocked, o.Total)
		says(payment.DisputeWon)
		wants(sales.Paid, ticketing.Valid, 0)
		w.Sound(t)
	})
}

// A payment that was disputed, and won, may be disputed once more: that counts as the
// first did, and what is said late of the first changes nothing.
func TestDisputedOnceMore(t *testing.T) {
	for end, want := range map[payment.DisputeState]sales.State{payment.DisputeWon: sales.Paid, payment.DisputeLost: sales.ChargedBack} {
		t.Run(string(end), func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				o := w.Buys(t, ada, ga(2))
				ref := w.refOf(t, o)
				says := func(d payment.Dispute) {
					t.Helper()
					d.Amount = o.Total
					w.Bank.Set(ref, func(p *payment.Payment) { p.Dispute = d })
					for range 2 {
						w.Settles(t, ref)
					}
				}
				wants := func(state sales.State, tickets ticketing.State, disputed int64) {
					t.Helper()
					if got := w.OrderNow(t, o.ID); got.State != state || w.states(t, got)[1] != tickets || w.Balance(t, "disputed") != disputed {
						t.Errorf("it is %s with tickets %v and %d disputed", got.State, w.states(t, got), w.Balance(t, "disputed"))
					}
				}
				says(payment.Dispute{State: payment.DisputeOpen})
				says(payment.Dispute{State: payment.DisputeWon})
				wants(sales.Paid, ticketing.Valid, 0)
				says(payment.Dispute{State: payment.DisputeOpen, AlsoWon: o.Total})
				wants(sales.Disputed, ticketing.Blocked, o.Total)
				for _, late := range []payment.DisputeState{payment.DisputeOpen, payment.DisputeWon, payment.NoDispute} {
					says(payment.Dispute{State: late})
					wants(sales.Disputed, ticketing.Blocked, o.Total)
				}
				tickets := map[payment.DisputeState]ticketing.State{payment.DisputeWon: ticketing.Valid, payment.DisputeLost: ticketing.Cancelled}[end]
				last := payment.Dispute{State: end, AlsoWon: o.Total}
				says(last)
				wants(want, tickets, 0)
				other := map[payment.DisputeState]payment.DisputeState{payment.DisputeWon: payment.DisputeLost, payment.DisputeLost: payment.DisputeWon}[end]
				for _, late := range []payment.Dispute{{State: payment.DisputeWon}, {State: other, AlsoWon: o.Total}} {
					says(late)
					wants(want, tickets, 0)
				}
				says(last)
				w.Sound(t)
			})
		})
	}
}

// An order may be cancelled whose payment is disputed, before anybody has told usher:
// the provider refuses to give money back that the buyer's bank has. The refund waits
// for what the bank decides, and the money goes to the buyer once.
func TestDisputeThatNobodyToldOf(t *testing.T) {
	for end, refunded := range map[payment.DisputeState]bool{payment.DisputeWon: true, payment.DisputeLost: false} {
		t.Run(string(end), func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				o := w.Buys(t, ada, ga(2))
				ref := w.refOf(t, o)
				w.Bank.Set(ref, func(p *payment.Payment) { p.Dispute = payment.Dispute{State: payment.DisputeOpen, Amount: p.Amount} })
				if _, err := w.Cancel(t.Context(), o.ID, "the show is off", "organiser"); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					w.Time.Pass(time.Hour)
					if err := w.Reconcile(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if w.Bank.Get(ref).Refunded != 0 || -w.Balance(t, "owed") != o.Total || w.Balance(t, "disputed") != o.Total {
					t.Errorf("while the bank decides %d went back, %d are owed, %d disputed", w.Bank.Get(ref).Refunded, -w.Balance(t, "owed"), w.Balance(t, "disputed"))
				}
				w.Bank.Set(ref, func(p *payment.Payment) { p.Dispute.State = end })
				for range 3 {
					w.Time.Pass(time.Hour)
					if err := w.Reconcile(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				w.Settles(t, ref) // the notice of the decision
				if got := w.Bank.Get(ref).Refunded == o.Total; got != refunded || w.Balance(t, "owed") != 0 || w.Balance(t, "disputed") != 0 {
					t.Errorf("%d went back, %d are owed, %d disputed", w.Bank.Get(ref).Refunded, -w.Balance(t, "owed"), w.Balance(t, "disputed"))
				}
				if got := w.OrderNow(t, o.ID); got.State != sales.Cancelled && got.State != sales.Refunded || w.Left(t, "floor") != 20 {
					t.Errorf("it is %s, and %d places are left", got.State, w.Left(t, "floor"))
				}
				w.Sound(t)
			})
		})
	}
}

// Nobody may have told usher of a payment before the bank took it back for good. One
// that pays nothing has gone back by that, and is never asked back.
func TestDisputeBeforeThePayment(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.byCard(t, w.Begins(t, ga(1)))
		w.Bank.Set(o.Ref(), func(p *payment.Payment) {
			p.Amount, p.Dispute = p.Amount+1, payment.Dispute{State: payment.DisputeLost, Amount: p.Amount + 1}
		})
		w.Bank.Ends(o.Ref(), payment.Paid)
		w.Settles(t, o.Ref())
		var open int
		if err := w.DB.Read().QueryRowContext(t.Context(), `select count(*) from order_refund where state = 'asked'`).Scan(&open); err != nil || open != 0 {
			t.Errorf("%d refunds wait for a bank that has decided: %v", open, err)
		}
		if got := w.OrderNow(t, o.ID); got.State != sales.Refunded || w.Balance(t, "owed") != 0 || w.Balance(t, "disputed") != 0 || w.Balance(t, "at:test") != 0 {
			t.Errorf("it is %s, with %d owed and %d disputed", got.State, w.Balance(t, "owed"), w.Balance(t, "disputed"))
		}
		w.Sound(t)
	})
}

// A refund that failed is not to be given by other means any more once the buyer's bank has
// taken the money.
func TestDisputeAfterARefundFailed(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(2))
		ref := w.refOf(t, o)
		w.Bank.Has(shoptest.Line{Refusing: true})
		w.refund(t, o, sales.Refund{Key: "a", Tickets: o.Tickets[:1]})
		if w.Balance(t, "owed") != -2700 {
			t.Fatalf("%d are owed", w.Balance(t, "owed"))
		}
		w.Bank.Set(ref, func(p *payment.Payment) { p.Dispute = payment.Dispute{State: payment.DisputeLost, Amount: p.Amount} })
		w.Settles(t, ref)
		all, err := w.Refunds(t.Context(), o.ID)
		if err != nil || len(all) != 1 || all[0].Stage() != sales.ByTheirBank || w.Balance(t, "owed") != 0 {
			t.Errorf("the refunds are %+v, %v, and %d are owed", all, err, w.Balance(t, "owed"))
		}
		w.Sound(t)
	})
}
