package sales_test

import (
	"context"
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

// tried is a provider that counts how often it is to call a payment off.
type tried struct {
	payment.Provider
	times int
}

func (p *tried) Cancel(ctx context.Context, ref string) error {
	p.times++
	return p.Provider.Cancel(ctx, ref)
}

// Orders whose time is over don't wait for a provider that can't be reached, one after the
// other: it is tried once, and their payments are called off when it answers.
func TestExpireWithoutTheProvider(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		var orders []sales.Order
		for range 3 {
			o, _ := w.ToBank(t, w.Begins(t, ga(1)), ada)
			orders = append(orders, o)
		}
		bank := &tried{Provider: w.Provider}
		w.Provider = bank
		w.Bank.Has(shoptest.Line{Trouble: fault.New(fault.Unavailable, "the bank is closed")})
		w.Time.Pass(time.Hour)
		if n, _, err := w.Expire(t.Context()); err != nil || n != 3 || bank.times != 1 {
			t.Errorf("%d orders ended, and the bank was tried %d times, %v", n, bank.times, err)
		}
		w.Bank.Has(shoptest.Line{})
		if _, err := w.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, o := range orders {
			if p, now := w.Bank.Get(o.Ref()), w.OrderNow(t, o.ID); p.State != payment.Cancelled || now.State != sales.Expired {
				t.Errorf("the order is %s, and its payment %s", now.State, p.State)
			}
		}
		w.Sound(t)
	})
}

// A refund whose provider is set up no more says so, and takes no turn of others' each
// minute.
func TestRefundWithoutItsProvider(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(1))
		w.Provider = nil
		if _, err := w.Refund(t.Context(), o.ID, sales.Refund{Key: "1", Why: "the hall is flooded", Later: true}); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			if _, err := w.Repay(t.Context()); err == nil {
				t.Error("nobody was asked, and that went well")
			}
			list, err := w.Refunds(t.Context(), o.ID)
			if err != nil || len(list) != 1 || list[0].Stage() != sales.Trying || list[0].Problem != "payment provider test is not set up here" {
				t.Fatalf("the refund is %+v, %v", list, err)
			}
			if wait := list[0].Next.Sub(w.Time.Now()); wait != time.Minute<<n {
				t.Errorf("it is tried again after %v", wait)
			}
			w.Time.Pass(list[0].Next.Sub(w.Time.Now()))
		}
	})
}
