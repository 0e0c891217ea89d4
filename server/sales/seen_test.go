package sales_test

import (
	"sync"
	"testing"
	"time"

	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/sync/fault"
)

// What somebody does to an order as they saw it is done to the order as it is: where
// it has changed since, it is looked at again.
func TestSeenBeforeItChanged(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		seen := w.Begins(t, ga(2))
		extended, err := w.Extend(t.Context(), seen.ID)
		if err != nil {
			t.Fatal(err)
		}
		o, err := w.DetailsSeen(t.Context(), seen, ada)
		if err != nil || o.Details.Email != ada.Email || !o.Until.Equal(extended.Until) || o.Extended != 1 {
			t.Errorf("details, extended meanwhile: %+v, %v", o, err)
		}
		if got := w.OrderNow(t, seen.ID); got.Details.Email != ada.Email || !got.Until.Equal(extended.Until) {
			t.Errorf("it is kept as %+v", got)
		}
		details := ada
		o, url, err := w.PaySeen(t.Context(), seen, sales.Payment{Method: catalog.MethodCard, Details: &details})
		if err != nil || url == "" || o.State != sales.Paying || o.Extended != 1 {
			t.Errorf("paying, described meanwhile: %+v, %q, %v", o, url, err)
		}
		if _, err := w.Leave(t.Context(), o.ID); err != nil {
			t.Fatal(err)
		}
		_, err = w.DetailsSeen(t.Context(), o, ada)
		shoptest.WantKind(t, "details, left meanwhile", err, fault.Refused)
		_, _, err = w.PaySeen(t.Context(), seen, sales.Payment{Method: catalog.MethodCard, Details: &details})
		shoptest.WantKind(t, "paying, left meanwhile", err, fault.Refused)
		if got := w.OrderNow(t, seen.ID); got.State != sales.Left || w.Left(t, "floor") != 20 {
			t.Errorf("it is %s, and %d places are left", got.State, w.Left(t, "floor"))
		}
		for _, p := range w.Bank.All() {
			if p.State != "cancelled" {
				t.Errorf("payment %s is %s: it can be paid for an order that was left", p.Ref, p.State)
			}
		}
	})
}

// Of many who saw the same each is told the truth, and all that they did is in the
// order's history.
func TestManySawTheSame(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		seen := w.Begins(t, ga(1))
		const people = 8
		var all sync.WaitGroup
		for range people {
			all.Go(func() {
				if _, err := w.DetailsSeen(t.Context(), seen, ada); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		story, err := w.Story(t.Context(), seen.ID)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, h := range story {
			if h.Kind == "details" {
				n++
			}
		}
		if n != people {
			t.Errorf("%d of %d are in the history", n, people)
		}
	})
}

// Whoever wants what the order as seen doesn't allow is told by the order as it is.
func TestSeenTooLate(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		seen := w.Begins(t, ga(1))
		w.Time.Pass(time.Minute)
		if _, err := w.Extend(t.Context(), seen.ID); err != nil {
			t.Fatal(err)
		}
		w.Time.Pass(seen.Until.Sub(w.Time.Now()) + time.Second)
		if o, err := w.DetailsSeen(t.Context(), seen, ada); err != nil || !o.Complete() {
			t.Errorf("within the time that was extended: %v", err)
		}
		_, err := w.DetailsSeen(t.Context(), seen, sales.Details{Name: "Ada"})
		shoptest.WantKind(t, "no address", err, fault.BadInput)
	})
}
