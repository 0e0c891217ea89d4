package state

import (
	"cmp"
	"slices"
	"time"

	"usher/sync/admission"
)

// cell is what acts are counted by.
type cell struct {
	words  *words
	zone   uint8
	undone bool
	hour   int64 // Unix ms at which it began
}

// tally counts an act once more or once less, if it counts.
func (s *State) tally(a *act, by int) {
	s.standings[a.standing] += by
	if a.standing != counts || a.isUndo() {
		return
	}
	s.tallyRoom(a, by)
	c := cell{a.words, a.zone, a.undone, a.at - mod(a.at, time.Hour.Milliseconds())}
	if s.cells[c] += by; s.cells[c] == 0 {
		delete(s.cells, c)
	}
}

// mod is the remainder that is never negative.
func mod(a, n int64) int64 { return (a%n + n) % n }

// Tally is what came of scans somewhere.
type Tally struct {
	Entries  int `json:"entries"`  // not undone
	Exits    int `json:"exits"`    //
	Rejected int `json:"rejected"` //
	Asked    int `json:"asked"`    // needed an answer first
	Unable   int `json:"unable"`   // the gate could not decide
	Undone   int `json:"undone"`   // entries taken back
	Forced   int `json:"forced"`   // entries by a supervisor's override, in Entries too
	Inside   int `json:"inside"`   // entries less exits since everybody was last out, never below 0
}

// ReasonCount is how often a verdict was given, in one direction.
type ReasonCount struct {
	Result    admission.Result    `json:"result"`
	Reason    admission.Reason    `json:"reason"`
	Direction admission.Direction `json:"direction"`
	N         int                 `json:"n"`
}

// HourCount is what came of the scans in an hour.
type HourCount struct {
	Hour int64 `json:"hour"` // Unix ms at which it began
	Tally
}

// Counts add up the scans of all gates. A scan counts in the zone that its gate
// opens into and in the hour of its corrected time.
type Counts struct {
	Total   Tally            `json:"total"` // Inside is the sum of the zones'
	Gates   map[string]Tally `json:"gates"` // by code
	Zones   map[uint8]Tally  `json:"zones"` // by bit
	Reasons []ReasonCount    `json:"reasons"`
	Hours   []HourCount      `json:"hours"`
	// Assurance is how many entries were made at each level: those alone are an
	// upper bound on how many may yet turn out to be double.
	Assurance map[string]int `json:"assurance"`
	Unproven  int            `json:"unproven"`  // codes whose evidence nobody has checked yet
	SetAside  int            `json:"set_aside"` // records that don't count
}

// Counts adds up the scans, as they stand at a moment, corrected Unix ms: it
// matters where a zone has check-outs of everybody.
func (s *State) Counts(now int64) Counts {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := Counts{
		Gates: make(map[string]Tally), Zones: make(map[uint8]Tally), Assurance: make(map[string]int),
		Unproven: s.unchecked, SetAside: len(s.strays),
	}
	for is, n := range s.standings {
		if standing(is) != counts {
			c.SetAside += n
		}
	}
	for _, records := range s.backlog {
		c.SetAside += len(records)
	}
	hours := make(map[int64]Tally)
	reasons := make(map[ReasonCount]int)
	for at, n := range s.cells {
		w := at.words
		c.Total.add(at, n)
		addTo(c.Gates, w.gate, at, n)
		addTo(hours, at.hour, at, n)
		if at.zone != noZone {
			addTo(c.Zones, at.zone, at, n)
		}
		reasons[ReasonCount{Result: w.result, Reason: w.reason, Direction: w.direction}] += n
		if w.result == admission.Accept && w.direction == admission.In && !at.undone {
			c.Assurance[w.assure] += n
		}
	}
	c.Total.Inside = 0
	for bit, zone := range c.Zones {
		zone.Inside = s.insideOf(bit, now)
		c.Zones[bit] = zone
		c.Total.Inside += zone.Inside
	}
	c.Hours, c.Reasons = hoursOf(hours), reasonsOf(reasons)
	return c
}

func addTo[K comparable](m map[K]Tally, key K, at cell, n int) {
	t := m[key]
	t.add(at, n)
	m[key] = t
}

func (t *Tally) add(at cell, n int) {
	switch at.words.result {
	case admission.Accept:
		switch {
		case at.words.direction == admission.Out:
			t.Exits += n
		case at.undone:
			t.Undone += n
		default:
			t.Entries += n
			if at.words.forced {
				t.Forced += n
			}
		}
	case admission.Reject:
		t.Rejected += n
	case admission.Ask:
		t.Asked += n
	case admission.Cannot:
		t.Unable += n
	}
	t.Inside = max(0, t.Entries-t.Exits)
}

func hoursOf(m map[int64]Tally) []HourCount {
	list := make([]HourCount, 0, len(m))
	for hour, t := range m {
		list = append(list, HourCount{hour, t})
	}
	slices.SortFunc(list, func(a, b HourCount) int { return cmp.Compare(a.Hour, b.Hour) })
	return list
}

func reasonsOf(m map[ReasonCount]int) []ReasonCount {
	list := make([]ReasonCount, 0, len(m))
	for r, n := range m {
		r.N = n
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(a.Result, b.Result), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Direction, b.Direction))
	})
	return list
}
