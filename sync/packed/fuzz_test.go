package packed

import (
	"slices"
	"testing"
)

// FuzzTable puts entries of few ids in and compares with a map of lists. Each pair
// of bytes is an id, which is spread over 64 bits, and a place.
func FuzzTable(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 0, 1, 0, 1, 1, 2, 0})
	f.Add([]byte("a long one, so that slices of the table have to grow more than once"))
	f.Fuzz(func(t *testing.T, script []byte) {
		var table Table
		model := map[byte][]uint32{}
		key := func(b byte) uint64 { return uint64(b) * 0x0101010101010101 }
		for pair := range slices.Chunk(script, 2) {
			if len(pair) < 2 {
				break
			}
			number := uint32(table.Len())
			place := int(pair[1]) % (len(model[pair[0]]) + 1)
			table.Insert(id(key(pair[0])), place, number, ^number)
			model[pair[0]] = slices.Insert(model[pair[0]], place, number)
		}
		total := 0
		for b := range 256 {
			want := model[byte(b)]
			total += len(want)
			got := table.Find(id(key(byte(b))))
			if !slices.EqualFunc(got, want, func(e Entry, n uint32) bool { return e.Shared == n && e.Value == ^n }) {
				t.Fatalf("id %d has %v, want %v", b, got, want)
			}
		}
		if table.Len() != total {
			t.Errorf("Len is %d, want %d", table.Len(), total)
		}
	})
}
