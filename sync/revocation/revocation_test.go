package revocation

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"usher/sync/admission"
	"usher/sync/journal"
)

func id(n uint64) (b journal.TicketID) {
	binary.BigEndian.PutUint64(b[:], n*0x9e3779b97f4a7c15)
	return b
}

func at(seq uint64) journal.Position { return journal.Position{Seq: seq} }

func revoke(reason string, since int64, minimum uint32, numbers ...uint64) *journal.Revoke {
	var list []journal.Revocation
	for _, n := range numbers {
		list = append(list, journal.Revocation{Ticket: id(n), Minimum: minimum})
	}
	r := journal.NewRevoke(reason, since, "note "+reason, list)
	return &r
}

func void(reason string, since int64, minimum uint32, p journal.Position) admission.Void {
	return admission.Void{Minimum: minimum, Reason: reason, Since: since, Note: "note " + reason, At: p, Set: true}
}

func TestLookup(t *testing.T) {
	var table Table
	if _, ok := table.Lookup(id(1)); ok {
		t.Error("an empty table has a revocation")
	}
	table.Apply(at(3), revoke("superseded", 30, 1, 1, 2))
	table.Apply(at(5), revoke("revoked", 50, journal.Never, 2))
	for n, want := range map[uint64]admission.Void{
		1: void("superseded", 30, 1, at(3)), 2: void("revoked", 50, journal.Never, at(5)),
	} {
		if got, ok := table.Lookup(id(n)); !ok || got != want {
			t.Errorf("ticket %d: %+v, %v; want %+v", n, got, ok, want)
		}
	}
	if got, ok := table.Lookup(id(3)); ok {
		t.Errorf("a ticket that no record named: %+v", got)
	}
}

func TestLaterPositionCountsWhateverComesFirst(t *testing.T) {
	var table Table
	epoch1 := journal.Position{Epoch: 1, Seq: 2}
	table.Apply(epoch1, revoke("reactivated", 90, 0, 1))
	table.Apply(at(5), revoke("blocked", 50, journal.Never, 1))
	table.Apply(at(4), revoke("superseded", 40, 1, 1))
	want := []admission.Void{
		void("superseded", 40, 1, at(4)), void("blocked", 50, journal.Never, at(5)), void("reactivated", 90, 0, epoch1),
	}
	if got := table.All(id(1)); !reflect.DeepEqual(got, want) {
		t.Errorf("All gives %+v, want %+v", got, want)
	}
	if got, _ := table.Lookup(id(1)); got != want[2] {
		t.Errorf("Lookup gives %+v, want %+v", got, want[2])
	}
}

// What became of a code is told by whose it is, not by what the newer holder did since.
func TestPassed(t *testing.T) {
	var table Table
	for i, note := range []string{journal.NoteBound, journal.NoteTransferred, journal.NoteBound, journal.NoteResold, journal.NoteRenewed, "another name"} {
		minimum := uint32(i + 1)
		r := journal.NewRevoke("superseded", int64(minimum), note, []journal.Revocation{{Ticket: id(1), Minimum: minimum}})
		table.Apply(at(uint64(minimum)), &r)
	}
	for generation, want := range map[uint16]uint32{0: 4, 1: 4, 3: 4, 4: 0, 9: 0} { // the newest that passed it on, or none
		if got, ok := table.Passed(id(1), generation); got.Minimum != want || ok != (want > 0) {
			t.Errorf("generation %d was passed on by %+v, %v; want %d", generation, got, ok, want)
		}
	}
	table.Apply(at(7), revoke("revoked", 70, journal.Never, 2))
	if got, ok := table.Passed(id(2), 0); ok {
		t.Errorf("a ticket that was only revoked was passed on by %+v", got)
	}
}

func TestLastEntryOfARecordCounts(t *testing.T) {
	list := []journal.Revocation{{Ticket: id(1), Minimum: 3}, {Ticket: id(2), Minimum: 9}, {Ticket: id(1), Minimum: 4}}
	r := journal.NewRevoke("superseded", 1, "", list)
	var table Table
	table.Apply(at(1), &r)
	if got, _ := table.Lookup(id(1)); got.Minimum != 4 {
		t.Errorf("the minimum is %d, want that of the record's last entry, 4", got.Minimum)
	}
}

// Any order of the records, with repetitions, gives the same table.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var records []*journal.Revoke
		var order []int
		for i := range rapid.IntRange(1, 7).Draw(t, "records") {
			numbers := rapid.SliceOfN(rapid.Uint64Range(0, 5), 1, 8).Draw(t, "tickets")
			records = append(records, revoke(fmt.Sprint("reason ", i), int64(i), uint32(i), numbers...))
			order = append(order, i)
		}
		var straight, mixed Table
		for _, i := range order {
			straight.Apply(at(uint64(i)+1), records[i])
		}
		again := rapid.SliceOfN(rapid.SampledFrom(order), 0, 3).Draw(t, "again")
		for _, i := range append(rapid.Permutation(order).Draw(t, "order"), again...) {
			mixed.Apply(at(uint64(i)+1), records[i])
		}
		for n := range uint64(6) {
			if a, b := straight.All(id(n)), mixed.All(id(n)); !reflect.DeepEqual(a, b) {
				t.Fatalf("ticket %d: %+v in order, %+v mixed", n, a, b)
			}
		}
		if straight.Len() != mixed.Len() {
			t.Fatalf("%d revocations in order, %d mixed", straight.Len(), mixed.Len())
		}
	})
}

func TestLookupDoesNotAllocate(t *testing.T) {
	var table Table
	table.Apply(at(1), revoke("revoked", 1, 1, 1, 2, 3))
	if n := testing.AllocsPerRun(100, func() { table.Lookup(id(2)) }); n != 0 {
		t.Errorf("Lookup allocates %v times", n)
	}
}

const million = 1_000_000

func millionRecords() []*journal.Revoke {
	var records []*journal.Revoke
	list := make([]journal.Revocation, 0, journal.MaxPacked)
	for n := range uint64(million) {
		list = append(list, journal.Revocation{Ticket: id(n), Minimum: 1})
		if len(list) == journal.MaxPacked || n == million-1 {
			r := journal.NewRevoke("superseded", int64(n), "", list)
			records = append(records, &r)
			list = list[:0]
		}
	}
	return records
}

func load(table *Table, records []*journal.Revoke) {
	for i, r := range records {
		table.Apply(at(uint64(i)+1), r)
	}
}

// A gate with a million revocations has 100 MB for everything.
func TestMillionFitsInto40MB(t *testing.T) {
	const limit = 40 << 20
	records := millionRecords()
	before := heap()
	var table Table
	load(&table, records)
	if used := heap() - before; used > limit {
		t.Errorf("a million revocations take %d MB", used>>20)
	}
	if table.Len() != million {
		t.Errorf("%d revocations", table.Len())
	}
	if got, ok := table.Lookup(id(million - 1)); !ok || got.Reason != "superseded" {
		t.Errorf("the last one is %+v, %v", got, ok)
	}
	runtime.KeepAlive(records)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkLoadMillion(b *testing.B) {
	records := millionRecords()
	for b.Loop() {
		var table Table
		load(&table, records)
	}
}

func BenchmarkLookup(b *testing.B) {
	var table Table
	load(&table, millionRecords())
	n := uint64(0)
	for b.Loop() {
		n = n*6364136223846793005 + 1442695040888963407
		table.Lookup(id(n % (2 * million)))
	}
}

// Only a reactivation makes a void code good again, whatever order records come in.
func TestNothingIsForgotten(t *testing.T) {
	ticket := journal.TicketID{7}
	say := func(reason string, minimum uint32) *journal.Revoke {
		r := journal.NewRevoke(reason, 1, "", []journal.Revocation{{Ticket: ticket, Minimum: minimum}})
		return &r
	}
	for _, c := range []struct {
		name    string
		said    []*journal.Revoke
		minimum uint32
		all     int
	}{
		{"a restored server that counts from its backup", []*journal.Revoke{say("superseded", 1), say("superseded", 2), say("superseded", 1)}, 2, 2},
		{"one that forgot a revocation", []*journal.Revoke{say("revoked", journal.Never), say("superseded", 1)}, journal.Never, 1},
		{"a reactivation", []*journal.Revoke{say("superseded", 1), say("blocked", journal.Never), say(journal.Reactivated, 1)}, 1, 3},
		{"a revocation after one", []*journal.Revoke{say("blocked", journal.Never), say(journal.Reactivated, 0), say("superseded", 1)}, 1, 3},
		{"another reason for the same", []*journal.Revoke{say("revoked", journal.Never), say("refunded", journal.Never)}, journal.Never, 2},
	} {
		for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}} {
			var table Table
			for _, i := range order {
				if i < len(c.said) {
					table.Apply(journal.Position{Epoch: uint64(i / 2), Seq: uint64(i) + 1}, c.said[i])
				}
			}
			if v, ok := table.Lookup(ticket); !ok || v.Minimum != c.minimum {
				t.Errorf("%s, in the order %v: the lowest good is %d, want %d", c.name, order, v.Minimum, c.minimum)
			}
			if all := table.All(ticket); len(all) != c.all {
				t.Errorf("%s: %d revocations count, want %d", c.name, len(all), c.all)
			}
		}
	}
}
