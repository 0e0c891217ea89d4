package admission

import (
	"slices"
	"time"

	"usher/sync/journal"
)

// tally is what a ticket's past comes to in one zone. Acts are added in the
// agreed order. What it keeps of an entry taken back or set aside is nothing.
type tally struct {
	entries  []int64 // times of the entries, Unix ms, ascending
	in       []*Act  // the entries in the agreed order
	open     []*Act  // those of them that nobody has come out for yet
	exits    int     // that were scanned
	swept    int     // entries that a check-out ended
	away     int     // exits that nobody has come in again for yet
	empties  []int64 // when everybody counts as gone, Unix ms, ascending
	calendar calendar
}

// calendar counts the days of the first entries, so that asking again costs little.
type calendar struct {
	zone    *time.Location
	counted int   // entries
	days    int   // on which they were
	end     int64 // of the last of these days, Unix ms
}

// checkOuts gives when everybody in a zone counts as gone, Unix ms, ascending.
func checkOuts(e *journal.Event, zone uint8) []int64 {
	if e == nil {
		return nil
	}
	z, _ := e.ZoneByBit(zone)
	if len(z.CheckOut) == 0 {
		return nil
	}
	list := make([]int64, len(z.CheckOut))
	for i, at := range z.CheckOut {
		list[i] = seconds(at)
	}
	return list
}

// tallyOf adds up the acts of a past that happened in the zone, as it stands at
// a moment.
func tallyOf(past []Act, zone uint8, empties []int64, now int64) *tally {
	t := &tally{empties: empties}
	for i := range past {
		if past[i].Zone == zone {
			t.add(&past[i])
		}
	}
	t.sweep(now)
	return t
}

func (t *tally) add(a *Act) {
	switch {
	case !a.counts():
	case a.Direction == Out:
		t.sweep(a.At)
		t.exits++
		// An exit without an entry is recorded and changes nothing: people get
		// in by ways that no scan sees. Who is first in is taken to be first
		// out: the scans don't say.
		if len(t.open) > 0 {
			t.open = t.open[1:]
			t.away++
		}
	case a.Direction == In:
		t.sweep(a.At)
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
	t.open = append(t.open, a)
	t.away = max(0, t.away-1)
}

// sweep ends the entries that a check-out up to now found inside.
func (t *tally) sweep(now int64) {
	upTo, _ := slices.BinarySearch(t.empties, now+1)
	if upTo == 0 || len(t.open) == 0 {
		return
	}
	newest := t.empties[upTo-1]
	still := make([]*Act, 0, len(t.open))
	for _, a := range t.open {
		if a.At < newest {
			t.swept++
			t.away++
		} else {
			still = append(still, a)
		}
	}
	t.open = still
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

// inside is how many entries nobody has come out for yet.
func (t *tally) inside() int { return len(t.open) }

// occupant is the entry that stands in the way of another one: the one that has
// been inside the longest, or with nobody inside the first. There has to be one.
func (t *tally) occupant() *Act {
	if len(t.open) > 0 {
		return t.open[0]
	}
	return t.in[0]
}

// last is the newest entry. There has to be one.
func (t *tally) last() *Act { return t.in[len(t.in)-1] }

// Visit is what a ticket's past comes to in one zone.
type Visit struct {
	Entries  int `json:"entries"`  // not undone
	Exits    int `json:"exits"`    // scanned, and those of a check-out of everybody
	Inside   int `json:"inside"`   // entries that nobody has come out for
	Attempts int `json:"attempts"` // refused entries
}

// VisitOf adds up a ticket's past in a zone of an event, as it stands at a
// moment, corrected Unix ms.
func VisitOf(e *journal.Event, past []Act, zone uint8, now int64) Visit {
	t := tallyOf(past, zone, checkOuts(e, zone), now)
	v := Visit{Entries: t.count(), Exits: t.exits + t.swept, Inside: t.inside()}
	for i := range past {
		if a := &past[i]; a.Zone == zone && a.Result == Reject && a.Direction == In && !a.SetAside {
			v.Attempts++
		}
	}
	return v
}
