package resale_test

import (
	"testing"
	"time"

	"usher/server/resale"
	"usher/server/shoptest"
	"usher/sync/fault"
)

// What an order may have, and how long its places are kept, holds for tickets that are sold
// on as for new ones.
func TestLimitsOfOrders(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		var list []resale.Listing
		for _, n := range []int{8, 1} {
			for _, id := range w.Buys(t, ada, ga(n)).Tickets {
				list = append(list, w.lists(t, id, 2000))
			}
		}
		refused := func(what string, kind fault.Kind, list ...resale.Listing) {
			t.Helper()
			_, err := w.Sales.Begin(t.Context(), of(list...))
			shoptest.WantKind(t, what, err, kind)
		}
		refused("more than an order has", fault.BadInput, list...)
		refused("one twice", fault.BadInput, list[0], list[0])
		o := w.Begins(t, of(list[:8]...))
		if want := w.Time.Now().Add(10 * time.Minute); !o.Until.Equal(want) {
			t.Errorf("they are kept until %s, want %s", o.Until, want)
		}
		refused("what is kept for somebody", fault.Refused, list[0])
		w.Time.Set(o.Until)
		if _, _, err := w.Stock.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.Begins(t, of(list[0]))
	})
}
