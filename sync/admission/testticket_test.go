package admission

import (
	"fmt"
	"testing"

	"usher/sync/journal"
)

// Nobody passes on a test ticket: not where an event sells its product, not out, not
// by override, good or void.
func TestTestTicketsLetNobodyThrough(t *testing.T) {
	for _, direction := range []Direction{In, Out} {
		for _, forced := range []bool{false, true} {
			for reason, void := range map[Reason]Void{
				UnknownProduct: {}, Revoked: {Minimum: journal.Never, Reason: "revoked", Set: true},
			} {
				t.Run(fmt.Sprint(direction, forced, reason), func(t *testing.T) {
					d := newDoor(t)
					d.claims.Product, d.void, d.p.Direction = journal.TestProduct, void, direction
					d.c.Event.Products = append(d.c.Event.Products, journal.Product{Number: journal.TestProduct, Code: "test", Name: "Test", Zones: ^uint32(0)})
					if forced {
						d.p.Override = &Override{By: "Kim", Why: "wants in", Allowed: true}
					}
					if direction == Out {
						reason = UnknownProduct // an exit passes over what is void
					}
					want(t, d.show(), Reject, reason)
				})
			}
		}
	}
}
