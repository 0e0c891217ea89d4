package ticketing

import (
	"errors"
	"testing"
	"time"

	"usher/sync/fault"
	"usher/sync/journal"
)

// A holder gets a new code a few times a day, and the one before is void each time; what
// has changed since, is void or for sale gets none.
func TestRenew(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, "external_id,name,email,product\n1,Ada,ada@example.org,ga\n")
		k := w.tickets(t, event)["1"]
		if _, err := w.Renew(t.Context(), k, k.Generation+1); !errors.Is(err, fault.Refused) {
			t.Errorf("by who knows of another code: %v", err)
		}
		first := k.Token
		for n := range maxRenewals {
			var err error
			if k, err = w.Renew(t.Context(), k, k.Generation); err != nil || k.Token == first || k.State != Valid {
				t.Fatalf("time %d: %+v, %v", n, k, err)
			}
		}
		told := records[journal.Revoke](t, w, event, journal.KindRevoke)
		if last := told[len(told)-1]; last.Note != journal.NoteRenewed || last.Reason != superseded {
			t.Errorf("the gates are told %+v", last)
		}
		if _, err := w.Renew(t.Context(), k, k.Generation); !errors.Is(err, fault.TooMany) {
			t.Errorf("once more: %v", err)
		}
		w.now = w.now.Add(renewalsIn + time.Second)
		if err := w.pend(t, Resale, "r", k.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Renew(t.Context(), k, k.Generation); !errors.Is(err, fault.Refused) {
			t.Errorf("of one that is for sale: %v", err)
		}
		if err := w.db.Exec(t.Context(), `delete from ticket_pending`); err != nil {
			t.Fatal(err)
		}
		if k, err := w.Renew(t.Context(), k, k.Generation); err != nil || k.State != Valid {
			t.Errorf("the next day: %v", err)
		}
	})
}
