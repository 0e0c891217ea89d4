package sales_test

import (
	"errors"
	"testing"
	"time"

	"usher/server/catalog"
	"usher/server/payment"
	"usher/server/sales"
)

// A server that dies at any step of a sale and a refund leaves nothing that the
// next one doesn't finish, and nothing is done twice.
func TestDiesAtEveryStep(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		died := map[string]bool{}
		for step := 1; ; step++ {
			count := 0
			w.Step(func(name string) error {
				if count++; count == step {
					died[name] = true
					return errCrash
				}
				return nil
			})
			cart := ga(2)
			cart.Key = "tries until it works" + time.Duration(step).String()
			w.sellAndRefund(t, cart)
			if count < step {
				break
			}
		}
		for _, name := range []string{"held", "started", "looked", "settled", "refund asked", "refunded"} {
			if !died[name] {
				t.Errorf("no server died when it had %q", name)
			}
		}
	})
}

// again does something until the server survives it: the next one begins anew.
func (w *world) again(t *testing.T, do func() error) {
	t.Helper()
	for {
		err := do()
		if err == nil {
			return
		}
		if !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
	}
}

// sellAndRefund sells an order and gives its money back, whatever dies.
func (w *world) sellAndRefund(t *testing.T, cart sales.Cart) {
	t.Helper()
	var o sales.Order
	w.again(t, func() (err error) { o, err = w.Begin(t.Context(), cart); return err })
	w.again(t, func() (err error) {
		o, _, err = w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &ada})
		return err
	})
	payments := 0
	for _, p := range w.Bank.All() {
		if p.Order == o.ID {
			payments++
			w.Bank.Ends(p.Ref, payment.Paid)
		}
	}
	if payments != 1 {
		t.Fatalf("%d payments were begun", payments)
	}
	w.again(t, func() error { return w.Settle(t.Context(), "test", o.Ref()) })
	if o = w.OrderNow(t, o.ID); o.State != sales.Paid || len(o.Tickets) != 2 || w.Left(t, "floor") != 18 {
		t.Fatalf("it is %+v, and %d places are left", o, w.Left(t, "floor"))
	}
	w.again(t, func() error {
		_, err := w.Refund(t.Context(), o.ID, sales.Refund{Key: "r", Why: "w", Who: "organiser"})
		return err
	})
	w.Time.Pass(2 * time.Minute)
	w.again(t, func() error { return w.Reconcile(t.Context()) })
	w.Time.Pass(-2 * time.Minute)
	if p := w.Bank.Get(w.refOf(t, o)); p.Refunded != o.Total || w.Left(t, "floor") != 20 || w.Balance(t, "owed") != 0 {
		t.Fatalf("%d went back, %d places are left, %d are owed", p.Refunded, w.Left(t, "floor"), w.Balance(t, "owed"))
	}
	w.Sound(t)
}

// A server that dies between the end of an order and the release of its places holds them
// for nobody: they are free again within a second, also where an invoice had weeks.
func TestDiesBeforePlacesAreReleased(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for name, end := range map[string]func(o sales.Order) error{
			"left": func(o sales.Order) error { _, err := w.Leave(t.Context(), o.ID); return err },
			"cancelled": func(o sales.Order) error {
				details := ada
				if _, _, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodInvoice, Details: &details}); err != nil {
					return err
				}
				_, err := w.Cancel(t.Context(), o.ID, "nobody paid", "organiser")
				return err
			},
		} {
			o := w.Begins(t, ga(2))
			w.Step(func(step string) error {
				if step == name {
					return errCrash
				}
				return nil
			})
			if err := end(o); !errors.Is(err, errCrash) {
				t.Fatalf("%s: %v", name, err)
			}
			w.Step(func(string) error { return nil })
			if got := w.OrderNow(t, o.ID); string(got.State) != name || w.Left(t, "floor") != 18 {
				t.Fatalf("it is %s, and %d places are left", got.State, w.Left(t, "floor"))
			}
			w.Time.Pass(time.Second)
			if _, _, err := w.Stock.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
			if left := w.Left(t, "floor"); left != 20 {
				t.Errorf("after it was %s, %d places are left, want 20", name, left)
			}
		}
		w.Sound(t)
	})
}
