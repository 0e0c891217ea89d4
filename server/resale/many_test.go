package resale_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/server/resale"
)

// However many sellers wait for their buyers to come in, and whatever is wrong with one of
// them, a seller whose buyer came in is paid.
func TestManySellersWait(t *testing.T) {
	const wrong = "is none of order"
	for name, bad := range map[string]bool{"all is well": false, "one can't be paid": true} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				o := w.Buys(t, ada, ga(1))
				l := w.lists(t, o.Tickets[0], 2000)
				w.Buys(t, grace, of(l))
				copied := strings.NewReplacer("id, event, ticket,", "$1, event, $2,").Replace(resale.Columns)
				for n := range resale.AtOnce { // before it
					if err := w.DB.Exec(t.Context(), `insert into resale_listing (`+resale.Columns+`) select `+copied+` from resale_listing where id = $3`,
						fmt.Sprintf("%032x", n), fmt.Sprintf("%016x", n), l.ID); err != nil {
						t.Fatal(err)
					}
				}
				if w.Doors.Admit(l.Ticket); bad {
					w.Doors.Admit(ticket.ID{}) // of the first copy, which its order hasn't
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := w.Look(ctx); bad != (err != nil) || bad && !strings.Contains(err.Error(), wrong) {
					t.Errorf("looking: %v", err)
				}
				if got := w.listing(t, l.ID); got.Payout != resale.Credited {
					t.Errorf("the seller's money is %s", got.Payout)
				}
			})
		})
	}
}
