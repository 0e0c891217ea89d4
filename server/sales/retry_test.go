package sales_test

import (
	"testing"
	"time"

	"usher/server/sales"
	"usher/server/shoptest"
	"usher/sync/fault"
)

// A provider says a refusal again for a day to who asks with the same key. A person who
// has the refund tried again is not told so; and while the outcome of a try isn't known,
// nobody asks otherwise than before, so that the money goes back once.
func TestRetryOfARefusedRefund(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(2))
		ref, id := w.refOf(t, o), o.ID+"/refund/a"
		stands := func(stage sales.Stage, back int64) {
			t.Helper()
			all, err := w.Refunds(t.Context(), o.ID)
			if err != nil || len(all) != 1 || all[0].Stage() != stage || w.Bank.Get(ref).Refunded != back {
				t.Fatalf("the refunds are %+v, %v, and %d went back; want %s and %d", all, err, w.Bank.Get(ref).Refunded, stage, back)
			}
		}
		w.Bank.Has(shoptest.Line{Refusing: true})
		w.refund(t, o, sales.Refund{Key: "a", Tickets: o.Tickets[:1]})
		stands(sales.Failed, 0)
		if err := w.Retry(t.Context(), o.ID, id, "organiser"); err != nil {
			t.Fatal(err)
		}
		stands(sales.Failed, 0)
		w.Bank.Has(shoptest.Line{Lost: fault.New(fault.Unavailable, "the answer is lost")})
		for range 3 { // the first is done, and who asks does not know
			_ = w.Retry(t.Context(), o.ID, id, "organiser")
			stands(sales.Trying, 2700)
		}
		w.Bank.Has(shoptest.Line{})
		for range 2 {
			w.Time.Pass(2 * time.Hour)
			if err := w.Reconcile(t.Context()); err != nil {
				t.Fatal(err)
			}
			stands(sales.GoneBack, 2700)
		}
		w.Bank.SendsBack(ref)
		w.Settles(t, ref)
		stands(sales.Failed, 0)
		if err := w.Retry(t.Context(), o.ID, id, "organiser"); err != nil {
			t.Fatal(err)
		}
		stands(sales.GoneBack, 2700)
		if err := w.Retry(t.Context(), o.ID, id, "organiser"); fault.KindOf(err) != fault.Refused {
			t.Errorf("a refund that is made is tried again: %v", err)
		}
		if w.Balance(t, "owed") != 0 {
			t.Errorf("%d are owed", w.Balance(t, "owed"))
		}
		w.Sound(t)
	})
}
