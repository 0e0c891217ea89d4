package roster

import (
	"encoding/binary"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

func id(n uint64) (b journal.TicketID) {
	binary.BigEndian.PutUint64(b[:], n*0x9e3779b97f4a7c15)
	return b
}

func record(product uint32, generation uint16, numbers ...uint64) *journal.Roster {
	g := journal.RosterGroup{Product: product}
	for _, n := range numbers {
		g.Add(id(n), generation)
	}
	return &journal.Roster{Groups: []journal.RosterGroup{g}}
}

func at(seq uint64) journal.Position { return journal.Position{Seq: seq} }

func TestLookupGivesWhatTheGroupSays(t *testing.T) {
	var table Table
	full := journal.RosterGroup{Product: 7, Zones: 5, NotBefore: 100, Expires: 200, Admissions: 4}
	full.Add(id(1), 9)
	bare := journal.RosterGroup{}
	bare.Add(id(2), 0)
	table.Apply(at(1), &journal.Roster{Groups: []journal.RosterGroup{full, bare}})
	for _, want := range []ticket.Claims{
		{ID: ticket.ID(id(1)), Generation: 9, Product: 7, Zones: 5, NotBefore: ticket.At(100), Expires: ticket.At(200), Admissions: 4},
		{ID: ticket.ID(id(2))},
	} {
		if got, ok := table.Lookup(journal.TicketID(want.ID)); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("Lookup gives %+v, %v; want %+v", got, ok, want)
		}
	}
	if _, ok := table.Lookup(id(3)); ok {
		t.Error("a ticket that no record named is in the roster")
	}
	if table.Len() != 2 {
		t.Errorf("Len is %d, want 2", table.Len())
	}
}

func TestLaterPositionReplaces(t *testing.T) {
	var table Table
	table.Apply(at(5), record(5, 2, 1))
	table.Apply(at(4), record(4, 1, 1))
	if c, _ := table.Lookup(id(1)); c.Product != 5 || c.Generation != 2 {
		t.Errorf("an earlier record replaced a later one: %+v", c)
	}
	table.Apply(journal.Position{Epoch: 1, Seq: 3}, record(6, 3, 1))
	if c, _ := table.Lookup(id(1)); c.Product != 6 {
		t.Errorf("a record of a later epoch did not count: %+v", c)
	}
	if table.Len() != 1 {
		t.Errorf("Len is %d, want 1", table.Len())
	}
}

func TestAtGivesWhatWasTrueThen(t *testing.T) {
	var table Table
	table.Apply(at(7), record(7, 2, 1))
	table.Apply(at(3), record(3, 1, 1))
	for position, product := range map[uint64]uint32{1: 3, 3: 3, 6: 3, 7: 7, 99: 7} {
		if c, ok := table.At(at(position), id(1)); !ok || c.Product != product {
			t.Errorf("at %d: %+v, %v; want product %d", position, c, ok, product)
		}
	}
	if _, ok := table.At(at(9), id(2)); ok {
		t.Error("a ticket that no record named was in the roster")
	}
}

func TestLastEntryOfARecordCounts(t *testing.T) {
	var table Table
	r := record(1, 1, 1)
	r.Groups = append(r.Groups, record(2, 2, 1).Groups...)
	table.Apply(at(1), r)
	if c, _ := table.Lookup(id(1)); c.Product != 2 || c.Generation != 2 || table.Len() != 1 {
		t.Errorf("%+v, %d tickets; want the record's last entry and 1", c, table.Len())
	}
}

// Any order of the records, with repetitions, gives the same roster.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var records []*journal.Roster
		for i := range rapid.IntRange(1, 6).Draw(t, "records") {
			numbers := rapid.SliceOfN(rapid.Uint64Range(0, 9), 1, 8).Draw(t, "tickets")
			records = append(records, record(uint32(i), uint16(i), numbers...))
		}
		order := make([]int, len(records))
		for i := range order {
			order[i] = i
		}
		var straight, mixed Table
		for _, i := range order {
			straight.Apply(at(uint64(i)+1), records[i])
		}
		for _, i := range append(rapid.Permutation(order).Draw(t, "order"), 0) {
			mixed.Apply(at(uint64(i)+1), records[i])
		}
		for n := range uint64(10) {
			a, okA := straight.Lookup(id(n))
			b, okB := mixed.Lookup(id(n))
			if okA != okB || !reflect.DeepEqual(a, b) {
				t.Fatalf("ticket %d: %+v in order, %+v mixed", n, a, b)
			}
			for seq := range uint64(8) {
				a, okA := straight.At(at(seq), id(n))
				b, okB := mixed.At(at(seq), id(n))
				if okA != okB || !reflect.DeepEqual(a, b) {
					t.Fatalf("ticket %d at %d: %+v in order, %+v mixed", n, seq, a, b)
				}
			}
		}
	})
}

func TestLookupDoesNotAllocate(t *testing.T) {
	var table Table
	table.Apply(at(1), record(1, 1, 1, 2, 3))
	if n := testing.AllocsPerRun(100, func() { table.Lookup(id(2)) }); n != 0 {
		t.Errorf("Lookup allocates %v times", n)
	}
}

const million = 1_000_000

func millionTickets() []*journal.Roster {
	var records []*journal.Roster
	for from := uint64(0); from < million; from += journal.MaxPacked {
		r := record(1, 0)
		for n := from; n < min(from+journal.MaxPacked, million); n++ {
			r.Groups[0].Add(id(n), 0)
		}
		records = append(records, r)
	}
	return records
}

func BenchmarkLoadMillion(b *testing.B) {
	records := millionTickets()
	for b.Loop() {
		var table Table
		for i, r := range records {
			table.Apply(at(uint64(i)+1), r)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	var table Table
	for i, r := range millionTickets() {
		table.Apply(at(uint64(i)+1), r)
	}
	n := uint64(0)
	for b.Loop() {
		n = n*6364136223846793005 + 1442695040888963407
		table.Lookup(id(n % (2 * million)))
	}
}
