package manage

import (
	"testing"

	"usher/server/sales"
)

// What was paid out to a buyer who sold their tickets on can't go back as well.
func TestCanRefund(t *testing.T) {
	for _, c := range []struct {
		o    sales.Order
		want bool
	}{
		{sales.Order{State: sales.Paid, Paid: 100}, true},
		{sales.Order{State: sales.PartRefunded, Paid: 100, Refunded: 40, PaidOut: 59}, true},
		{sales.Order{State: sales.PartRefunded, Paid: 100, Refunded: 40, PaidOut: 60}, false},
		{sales.Order{State: sales.Paid, Paid: 100, PaidOut: 100}, false},
		{sales.Order{State: sales.Disputed, Paid: 100}, false},
		{sales.Order{State: sales.Paid}, false}, // it was for nothing
	} {
		if got := (orderLine{Order: c.o}).CanRefund(); got != c.want {
			t.Errorf("an order %s of %d with %d back and %d paid out: %t", c.o.State, c.o.Paid, c.o.Refunded, c.o.PaidOut, got)
		}
	}
}
