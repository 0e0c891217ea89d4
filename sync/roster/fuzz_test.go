package roster

import (
	"testing"

	"usher/sync/journal"
)

// FuzzApply reads two bytes strings as roster records, applies those that are, in
// both orders, and compares with a plain list of what they say.
func FuzzApply(f *testing.F) {
	encoded := func(r *journal.Roster) []byte {
		b, err := journal.Encode(r)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	unpaid := record(3, 1, 2)
	unpaid.Groups[0].Unpaid, unpaid.Groups[0].Due, unpaid.Groups[0].Currency = true, 4500, "EUR"
	f.Add(encoded(record(1, 0, 1, 2, 3)), encoded(record(2, 7, 2)), false)
	f.Add(encoded(record(1, 0, 1, 1, 1)), encoded(unpaid), true)
	f.Add([]byte{0xa0}, encoded(record(2, 7, 2)), true)
	f.Fuzz(func(t *testing.T, first, second []byte, backwards bool) {
		said := map[journal.TicketID]entry{}
		var records []*journal.Roster
		for _, b := range [][]byte{first, second} {
			r, err := journal.Read[journal.Roster](&journal.Record{Kind: journal.KindRoster, Content: b})
			records = append(records, r)
			if err != nil {
				continue
			}
			for i := range r.Groups {
				for n := range r.Groups[i].Len() {
					id, generation := r.Groups[i].At(n)
					said[id] = entry{&r.Groups[i], generation}
				}
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
		if table.Len() != len(said) {
			t.Errorf("%d tickets, want %d", table.Len(), len(said))
		}
		for id, want := range said {
			want.check(t, &table, id)
		}
	})
}

// entry is what a record says of a ticket.
type entry struct {
	group      *journal.RosterGroup
	generation uint16
}

func (e entry) check(t *testing.T, table *Table, id journal.TicketID) {
	t.Helper()
	got, ok := table.Lookup(id)
	if !ok || got.Generation != e.generation || got.Product != e.group.Product || got.Zones != e.group.Zones || got.Admissions != e.group.Admissions {
		t.Errorf("ticket %x: %+v, %v; want generation %d of %+v", id, got, ok, e.generation, e.group)
	}
	if got.NotBefore.Unix != e.group.NotBefore || got.NotBefore.Set != (e.group.NotBefore != 0) || got.Expires.Unix != e.group.Expires || got.Expires.Set != (e.group.Expires != 0) {
		t.Errorf("ticket %x: from %+v to %+v, want %d to %d", id, got.NotBefore, got.Expires, e.group.NotBefore, e.group.Expires)
	}
	if due, want := table.Due(id), (Due{e.group.Unpaid, e.group.Due, e.group.Currency}); due != want {
		t.Errorf("ticket %x: %+v due, want %+v", id, due, want)
	}
}
