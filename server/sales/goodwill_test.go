package sales_test

import (
	"testing"

	"usher/server/sales"
)

// What goodwill has taken of fees and tax comes out of the prices when all goes back,
// even where that is more than the prices left: nothing is held for a seller who isn't.
func TestRefundAfterMuchGoodwill(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: 1}}})
		w.refund(t, o, sales.Refund{Key: "goodwill", Amount: o.Total - 10})
		if got := w.refund(t, o, sales.Refund{Key: "rest"}); got.State != sales.Refunded || got.Refunded != o.Total {
			t.Errorf("it is %+v", got)
		}
		for _, account := range []string{"resale", "owed", "at:test", "buyers"} {
			if n := w.Balance(t, account); n != 0 {
				t.Errorf("%d are left at %s", n, account)
			}
		}
		if n := w.Balance(t, "sales") + w.Balance(t, "service") + w.Balance(t, "tax"); n != 0 {
			t.Errorf("of what was sold %d are left", n)
		}
		w.Sound(t)
	})
}
