package admission

import (
	"slices"
	"time"
)

// tally is what a ticket's past comes to in one zone. Acts are added in the
// agreed order. What it keeps of an entry taken back or set aside is nothing.
type tally struct {
	entries     []int64 // times of the entries, Unix ms, ascending
	open        []*Act  // entries that nobody has come out for yet, oldest first
	away        int     // exits that nobody has come in again for yet
	first, last *Act    // by the agreed order
}

// tallyOf adds up the acts of a past that happened in the zone.
func tallyOf(past []Act, zone uint8) *tally {
	t := new(tally)
	for i := range past {
		if past[i].Zone == zone {
			t.add(&past[i])
		}
	}
	return t
}

func (t *tally) add(a *Act) {
	switch {
	case !a.counts():
	case a.Direction == Out:
		// An exit without an entry is recorded and changes nothing: people get
		// in by ways that no scan sees.
		if len(t.open) > 0 {
			t.open = t.open[1:]
			t.away++
		}
	case a.Direction == In:
		t.enter(a)
	}
}

func (t *tally) enter(a *Act) {
	at, _ := slices.BinarySearch(t.entries, a.At+1)
	t.entries = slices.Insert(t.entries, at, a.At)
	t.open = append(t.open, a)
	t.away = max(0, t.away-1)
	t.last = a
	if t.first == nil {
		t.first = a
	}
}

// count is how many entries there were.
func (t *tally) count() int { return len(t.entries) }

// between is how many entries there were from Unix ms from on and before to.
func (t *tally) between(from, to int64) int {
	a, _ := slices.BinarySearch(t.entries, from)
	b, _ := slices.BinarySearch(t.entries, to)
	return max(0, b-a)
}

// days is on how many calendar days in the time zone there were entries.
func (t *tally) days(zone *time.Location) int {
	n := 0
	for i := 0; i < len(t.entries); n++ {
		_, end := dayOf(t.entries[i], zone)
		next, _ := slices.BinarySearch(t.entries, end)
		i = max(next, i+1)
	}
	return n
}

// occupant is the entry that stands in the way of another one.
func (t *tally) occupant() *Act {
	if len(t.open) > 0 {
		return t.open[0]
	}
	return t.first
}
