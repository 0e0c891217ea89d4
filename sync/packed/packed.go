// Package packed is a table from ticket ids to small entries, for a million
// tickets on a device that has other things to keep in memory.
//
// # How
//
// An entry takes 16 bytes: the id, a number that leads to what many entries
// share, and a value of the entry's own. Entries lie in 16,384 short sorted
// slices, chosen by the hash of the id. So there is no big table to grow by
// copying, an insertion moves a kilobyte at most, and a look-up costs about
// two cache misses. An id may have several entries; their order is the caller's.
//
// A [Table] does no locking: whoever owns it does.
package packed

import "encoding/binary"

const (
	shardBits = 14
	shards    = 1 << shardBits
	// spread is 2^64 over the golden ratio, odd: multiplying by it brings every
	// bit of an id to bear on the top ones (Knuth, The Art of Computer
	// Programming, vol. 3, section 6.4), so that ids may be random or counted.
	spread = 0x9e3779b97f4a7c15
	// room is how many entries a shard first makes room for.
	room = 4
)

// Entry is one ticket's line in the table.
type Entry struct {
	ticket uint64
	Shared uint32 // number of what the entry shares with others
	Value  uint32
}

// Table holds entries. The zero value is empty and ready.
type Table struct {
	shard [][]Entry
	n     int
}

// Len is the number of entries.
func (t *Table) Len() int { return t.n }

// Find gives the ticket's entries, in their order; they may be changed in place
// until the next Insert. It allocates nothing.
func (t *Table) Find(ticket [8]byte) []Entry {
	if t.n == 0 {
		return nil
	}
	id := binary.BigEndian.Uint64(ticket[:])
	shard := t.shard[shardOf(id)]
	at := lowest(shard, id)
	end := at
	for end < len(shard) && shard[end].ticket == id {
		end++
	}
	return shard[at:end]
}

// Insert puts an entry of the ticket at a place among those that Find gives, 0
// to stand before all of them.
func (t *Table) Insert(ticket [8]byte, place int, shared, value uint32) {
	if t.shard == nil {
		t.shard = make([][]Entry, shards)
	}
	id := binary.BigEndian.Uint64(ticket[:])
	shard := &t.shard[shardOf(id)]
	at := lowest(*shard, id) + place
	*shard = grown(*shard)
	copy((*shard)[at+1:], (*shard)[at:])
	(*shard)[at] = Entry{id, shared, value}
	t.n++
}

// grown makes a shard longer by one. It grows by a quarter where append would
// double: at a million entries that is the difference of some six megabytes.
func grown(shard []Entry) []Entry {
	n := len(shard)
	if n == cap(shard) {
		more := make([]Entry, n, n+max(room, n/4))
		copy(more, shard)
		shard = more
	}
	return shard[:n+1]
}

func shardOf(id uint64) uint64 { return id * spread >> (64 - shardBits) }

// lowest gives where the id's entries begin, or would.
func lowest(shard []Entry, id uint64) int {
	low, high := 0, len(shard)
	for low < high {
		middle := int(uint(low+high) / 2)
		if shard[middle].ticket < id {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
