package resale_test

import (
	"testing"
	"time"

	"usher/server/payment"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/shoptest"
)

// pools counts the pools of listings, and the seats of those.
func (w *world) pools(t *testing.T) (pools, seats int) {
	t.Helper()
	err := w.DB.Read().QueryRowContext(t.Context(), `select (select count(*) from pool where code like 'aside/%'), (select count(*) from seat where pool like 'aside/%')`).Scan(&pools, &seats)
	if err != nil {
		t.Fatal(err)
	}
	return pools, seats
}

func (w *world) wantPools(t *testing.T, when string, pools, seats int) {
	t.Helper()
	w.look(t)
	w.look(t)
	if p, s := w.pools(t); p != pools || s != seats {
		t.Errorf("%s there are %d pools with %d seats, want %d and %d", when, p, s, pools, seats)
	}
}

// A listing's place goes with the listing, unless somebody has it still. Money that comes
// late for one that is gone goes back, and one that was sold is given back to the pool that
// it is of.
func TestPoolsGo(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		cart := ga(2)
		cart.Wanted = append(cart.Wanted, sales.Wanted{Offer: "seat", Count: 2})
		o := w.Buys(t, ada, cart)
		var up []resale.Listing
		for _, id := range o.Tickets {
			up = append(up, w.lists(t, id, 2000))
		}
		w.wantPools(t, "with all for sale", 4, 2)

		second := w.Buys(t, grace, of(up[2]))
		w.wantPools(t, "with a seat sold", 3, 1)
		if again, err := w.TakeBack(t.Context(), up[2].ID); err == nil {
			t.Errorf("what is sold was taken back: %+v", again)
		}

		late := w.Begins(t, of(up[3]))
		_, ref := w.ToBank(t, late, shoptest.Buyer("Joan"))
		w.Doors.Admit(up[3].Ticket) // its seller came in
		w.wantPools(t, "with a seat that is over and held", 3, 1)
		if l := w.listing(t, up[3].ID); l.State != resale.Ended {
			t.Fatalf("the listing is %s", l.State)
		}
		w.Time.Pass(11 * time.Minute)
		if _, _, err := w.Stock.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wantPools(t, "after it was given back", 2, 0)
		w.Bank.Ends(ref, payment.Paid)
		w.Settles(t, ref)
		if got := w.OrderNow(t, late.ID); got.State != sales.Refunded {
			t.Errorf("who paid late has an order that is %s", got.State)
		}

		if _, err := w.TakeBack(t.Context(), up[0].ID); err != nil {
			t.Fatal(err)
		}
		w.wantPools(t, "with one taken back", 1, 0)
		before, err := w.Stock.Counts(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Sales.Refund(t.Context(), second.ID, sales.Refund{Key: "k", Why: "ill", Who: "organiser"}); err != nil {
			t.Fatal(err)
		}
		after, err := w.Stock.Counts(t.Context(), event)
		if err != nil || after[0].Pool != "box" || after[0].Sold != before[0].Sold-1 {
			t.Errorf("after the refund the box is %+v, %v, and was %+v", after, err, before)
		}
		w.Buys(t, mary, of(up[1]))
		w.wantPools(t, "in the end", 0, 0)
		w.sound(t)
	})
}
