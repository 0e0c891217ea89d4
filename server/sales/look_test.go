package sales_test

import (
	"testing"
	"time"

	"usher/server/payment"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/sync/fault"
)

// What becomes of a payment is found though nobody tells of it, however long it took to be
// made, and however long its provider could not be asked.
func TestPaymentIsLookedAtAgain(t *testing.T) {
	for name, do := range map[string]func(*testing.T, *world) sales.Order{
		"was under way for hours": func(t *testing.T, w *world) sales.Order {
			o, ref := w.ToBank(t, w.Begins(t, ga(1)), ada)
			w.Bank.Has(shoptest.Line{Busy: true})
			w.polls(t, 20, 10*time.Minute)
			w.Bank.Ends(ref, payment.Paid)
			w.polls(t, 1, 10*time.Minute)
			return o
		},
		"could not be asked about": func(t *testing.T, w *world) sales.Order {
			o := w.Buys(t, ada, ga(1))
			w.Time.Pass(time.Hour)
			w.Bank.Has(shoptest.Line{Trouble: fault.New(fault.Unavailable, "the bank is closed")})
			for range 20 {
				if _, err := w.Poll(t.Context()); err == nil {
					t.Fatal("a bank that is closed was asked")
				}
				w.Time.Pass(time.Minute)
			}
			w.Bank.Has(shoptest.Line{})
			w.polls(t, 1, time.Minute)
			return o
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				o := w.OrderNow(t, do(t, w).ID)
				if o.State != sales.Paid {
					t.Fatalf("the order is %s", o.State)
				}
				w.Bank.Set(w.refOf(t, o), func(p *payment.Payment) { p.Refunded = 500 })
				w.polls(t, 1, 2*time.Hour)
				if got := w.OrderNow(t, o.ID); got.State != sales.PartRefunded {
					t.Errorf("after what the bank gave back it is %s", got.State)
				}
				w.Sound(t)
			})
		})
	}
}

// polls lets time pass and does what is due, so many times.
func (w *world) polls(t *testing.T, times int, each time.Duration) {
	t.Helper()
	for range times {
		w.Time.Pass(each)
		if err := w.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
