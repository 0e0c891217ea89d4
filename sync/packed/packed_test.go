package packed

import (
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func id(n uint64) (b [8]byte) {
	binary.BigEndian.PutUint64(b[:], n)
	return b
}

func TestEmptyTable(t *testing.T) {
	var table Table
	if got := table.Find(id(1)); len(got) != 0 || table.Len() != 0 {
		t.Errorf("an empty table holds %v", got)
	}
}

// The table is a map from ids to lists.
func TestTableIsAMapOfLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table Table
		model := map[uint64][]uint32{}
		ids := rapid.SampledFrom([]uint64{0, 1, 2, 3, 1 << 63, 1<<64 - 1, 0x0100000000000000, 77})
		for step := range uint32(rapid.IntRange(0, 60).Draw(t, "entries")) {
			n := ids.Draw(t, "id")
			place := rapid.IntRange(0, len(model[n])).Draw(t, "place")
			table.Insert(id(n), place, step, ^step)
			model[n] = slices.Insert(model[n], place, step)
		}
		total := 0
		for n := range model {
			total += len(model[n])
			got := table.Find(id(n))
			same := slices.EqualFunc(got, model[n], func(e Entry, want uint32) bool {
				return e.Shared == want && e.Value == ^want
			})
			if !same {
				t.Fatalf("id %x has %v, want %v", n, got, model[n])
			}
		}
		if table.Len() != total {
			t.Fatalf("Len is %d, want %d", table.Len(), total)
		}
	})
}

// Ids that are counted rather than random spread as well.
func TestCountedIDsSpread(t *testing.T) {
	for name, step := range map[string]uint64{"low bits": 1, "high bits": 1 << 44, "middle bits": 1 << 20} {
		var table Table
		const n = shards * 50
		for i := range uint64(n) {
			table.Insert(id(i*step), 0, 0, 0)
		}
		longest := 0
		for _, shard := range table.shard {
			longest = max(longest, len(shard))
		}
		if longest > 500 {
			t.Errorf("%s: a shard has %d entries, 50 on average", name, longest)
		}
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	var table Table
	table.Insert(id(5), 0, 1, 2)
	if n := testing.AllocsPerRun(100, func() { table.Find(id(5)) }); n != 0 {
		t.Errorf("Find allocates %v times", n)
	}
}
