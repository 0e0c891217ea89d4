package revocation

import (
	"reflect"
	"testing"

	"usher/sync/admission"
	"usher/sync/journal"
)

// FuzzApply reads two byte strings as revoke records, applies those that are, in
// both orders, and compares with a plain list of what they say.
func FuzzApply(f *testing.F) {
	encoded := func(r *journal.Revoke) []byte {
		b, err := journal.Encode(r)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	f.Add(encoded(revoke("superseded", 30, 1, 1, 2)), encoded(revoke("revoked", 50, journal.Never, 2)), false)
	f.Add(encoded(revoke("blocked", 1, 9, 1, 1, 1)), encoded(revoke("reactivated", 2, 0, 1)), true)
	f.Add([]byte{0xa0}, encoded(revoke("cancelled", 2, 7, 2)), true)
	f.Fuzz(func(t *testing.T, first, second []byte, backwards bool) {
		want, total := map[journal.TicketID][]admission.Void{}, 0
		var records []*journal.Revoke
		for i, b := range [][]byte{first, second} {
			r, err := journal.Read[journal.Revoke](&journal.Record{Kind: journal.KindRevoke, Content: b})
			records = append(records, r)
			if err != nil {
				continue
			}
			for n := range r.Len() {
				one := r.At(n)
				total++
				want[one.Ticket] = append(want[one.Ticket], admission.Void{
					Minimum: one.Minimum, Reason: r.Reason, Since: r.Since, Note: r.Note, At: at(uint64(i) + 1), Set: true,
				})
			}
		}
		var table Table
		order := []int{0, 1, 0}
		if backwards {
			order = []int{1, 0, 1}
		}
		for _, i := range order {
			if records[i] != nil {
				table.Apply(at(uint64(i)+1), records[i])
			}
		}
		if table.Len() != total {
			t.Errorf("%d revocations, want %d", table.Len(), total)
		}
		for id, list := range want {
			if got := table.All(id); !reflect.DeepEqual(got, list) {
				t.Errorf("ticket %x: %+v, want %+v", id, got, list)
			}
			if got, ok := table.Lookup(id); !ok || got != list[len(list)-1] {
				t.Errorf("ticket %x: %+v, %v; want the last of %+v", id, got, ok, list)
			}
		}
	})
}
