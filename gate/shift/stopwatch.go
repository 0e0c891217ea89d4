package shift

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"
)

// Limits of the stopwatch.
const (
	MaxLanes = 64  // that are remembered: of more, the one with the fewest scans is forgotten
	Kept     = 512 // newest times of a lane

	// longestGap is the longest time from a verdict to the next code that counts:
	// after more than that nobody was waiting.
	longestGap = 2 * time.Minute
	// longestSeen bounds what a page may say that a verdict took.
	longestSeen = time.Minute
)

// Times are what was measured: half of them took no longer than P50, and 95 of a
// hundred no longer than P95, in ms. Both are 0 where there are none.
type Times struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
}

// Lane is how quick a lane is.
type Lane struct {
	Lane  string `json:"lane"`
	Scans int    `json:"scans"` // since the gate was started
	Seen  Times  `json:"seen"`  // a code seen → its verdict on the screen, or given where no page said so
	Next  Times  `json:"next"`  // a verdict → the next code; pauses of over 2 minutes left out
}

// Stopwatch measures lanes, in memory. It is safe for use by several goroutines.
type Stopwatch struct {
	mono func() time.Duration

	mu    sync.Mutex // covers what follows
	lanes map[string]*lane
}

type lane struct {
	scans int
	seen  ring
	next  ring
	seqs  [Kept]uint64 // whose verdicts the times of seen are; 0: none that a page could name
	last  time.Duration
}

// ring holds the newest times.
type ring struct {
	times [Kept]time.Duration
	n     int // that were ever put in
}

func (r *ring) put(d time.Duration) (at int) {
	at = r.n % Kept
	r.times[at] = d
	r.n++
	return at
}

func (r *ring) held() []time.Duration { return r.times[:min(r.n, Kept)] }

// NewStopwatch makes a stopwatch that goes by a monotonic clock.
func NewStopwatch(mono func() time.Duration) *Stopwatch {
	return &Stopwatch{mono: mono, lanes: map[string]*lane{}}
}

// Now is a moment to measure from.
func (w *Stopwatch) Now() time.Duration { return w.mono() }

// Verdict notes that a lane got a verdict now on a code that it saw at a moment.
// seq is the number of the verdict's record; 0: there is none.
func (w *Stopwatch) Verdict(name string, seen time.Duration, seq uint64) {
	now := w.mono()
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lane(name)
	if l.scans > 0 {
		if gap := seen - l.last; gap >= 0 && gap <= longestGap {
			l.next.put(gap)
		}
	}
	l.scans++
	l.seqs[l.seen.put(max(now-seen, 0))] = seq
	l.last = now
}

// Painted says how long it took from a code until its verdict, of the record with
// the number, was on a screen.
func (w *Stopwatch) Painted(seq uint64, took time.Duration) {
	if seq == 0 || took <= 0 || took > longestSeen {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lanes {
		if i := slices.Index(l.seqs[:min(l.seen.n, Kept)], seq); i >= 0 {
			l.seen.times[i] = max(l.seen.times[i], took)
			return
		}
	}
}

// lane gives a lane, and makes room for it.
func (w *Stopwatch) lane(name string) *lane {
	if l := w.lanes[name]; l != nil {
		return l
	}
	if len(w.lanes) >= MaxLanes {
		var least string
		scans, last := math.MaxInt, time.Duration(0)
		for other, l := range w.lanes {
			if l.scans < scans || l.scans == scans && l.last < last {
				least, scans, last = other, l.scans, l.last
			}
		}
		delete(w.lanes, least)
	}
	l := new(lane)
	w.lanes[name] = l
	return l
}

// Lanes gives the times of each lane, by name.
func (w *Stopwatch) Lanes() []Lane {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]Lane, 0, len(w.lanes))
	for name, l := range w.lanes {
		list = append(list, Lane{Lane: name, Scans: l.scans, Seen: timesOf(l.seen.held()), Next: timesOf(l.next.held())})
	}
	slices.SortFunc(list, func(a, b Lane) int { return cmp.Compare(a.Lane, b.Lane) })
	return list
}

// timesOf gives the percentiles by nearest rank.
func timesOf(list []time.Duration) Times {
	if len(list) == 0 {
		return Times{}
	}
	sorted := slices.Sorted(slices.Values(list))
	at := func(percent int) float64 {
		rank := (percent*len(sorted) + 99) / 100
		return math.Round(sorted[rank-1].Seconds()*10_000) / 10
	}
	return Times{N: len(sorted), P50: at(50), P95: at(95)}
}
