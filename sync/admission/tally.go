package admission

import (
	"slices"
	"time"
)

// tally is what a ticket's past comes to in one zone. Acts are added in the
// agreed order. What it keeps of an entry taken back or set aside is nothing.
type tally struct {
	entries  []int64 // times of the entries, Unix ms, ascending
	in       []*Act  // the entries in the agreed order
	out      int     // how many of them, from the front, somebody has come out for
	away     int     // exits that nobody has come in again for yet
	calendar calendar
}

// calendar counts the days of the first entries, so that asking again costs little.
type calendar struct {
	zone    *time.Location
	counted int   // entries
	days    int   // on which they were
	end     int64 // of the last of these days, Unix ms
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
		if t.inside() > 0 {
			t.out++
			t.away++
		}
	case a.Direction == In:
		t.enter(a)
	}
}

func (t *tally) enter(a *Act) {
	at, _ := slices.BinarySearch(t.entries, a.At)
	t.entries = slices.Insert(t.entries, at, a.At)
	if at < t.calendar.counted {
		t.calendar = calendar{}
	}
	t.in = append(t.in, a)
	t.away = max(0, t.away-1)
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
	c := &t.calendar
	if c.zone != zone {
		*c = calendar{zone: zone}
	}
	for ; c.counted < len(t.entries); c.counted++ {
		if at := t.entries[c.counted]; c.days == 0 || at >= c.end {
			_, c.end = dayOf(at, zone)
			c.days++
		}
	}
	return c.days
}

// inside is how many entries nobody has come out for yet. Who is first in is taken
// to be first out: the scans don't say.
func (t *tally) inside() int { return len(t.in) - t.out }

// occupant is the entry that stands in the way of another one: the one that has
// been inside the longest, or with nobody inside the first. There has to be one.
func (t *tally) occupant() *Act {
	if t.inside() > 0 {
		return t.in[t.out]
	}
	return t.in[0]
}

// last is the newest entry. There has to be one.
func (t *tally) last() *Act { return t.in[len(t.in)-1] }
