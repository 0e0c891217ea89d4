package shift

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// hand is a clock that a test moves.
type hand struct{ now time.Duration }

func (h *hand) mono() time.Duration { return h.now }

func (h *hand) pass(d time.Duration) { h.now += d }

// scan is a code that is seen now and judged after took.
func (h *hand) scan(w *Stopwatch, lane string, seq uint64, took time.Duration) {
	seen := w.Now()
	h.pass(took)
	w.Verdict(lane, seen, seq)
}

func TestLanes(t *testing.T) {
	h := &hand{now: time.Hour}
	w := NewStopwatch(h.mono)
	for i := range 100 {
		h.scan(w, "1", uint64(i+1), time.Duration(i+1)*time.Millisecond)
		h.pass(3 * time.Second)
	}
	h.scan(w, "2", 0, 7*time.Millisecond)
	want := []Lane{
		{Lane: "1", Scans: 100, Seen: Times{100, 50, 95}, Next: Times{99, 3000, 3000}},
		{Lane: "2", Scans: 1, Seen: Times{1, 7, 7}},
	}
	if got := w.Lanes(); !slices.Equal(got, want) {
		t.Errorf("the lanes are %+v, want %+v", got, want)
	}
}

// A pause is nobody's waiting time, and the edge of it is.
func TestPausesAreNoGaps(t *testing.T) {
	h := &hand{now: time.Hour}
	w := NewStopwatch(h.mono)
	h.scan(w, "1", 1, time.Millisecond)
	for _, gap := range []time.Duration{longestGap, longestGap + time.Millisecond, 24 * time.Hour} {
		h.pass(gap)
		h.scan(w, "1", 2, time.Millisecond)
	}
	if next := w.Lanes()[0].Next; next != (Times{1, 120_000, 120_000}) {
		t.Errorf("the gaps are %+v", next)
	}
}

// What a page says it took counts, if it can be, and never makes a verdict quicker.
func TestPainted(t *testing.T) {
	h := &hand{now: time.Hour}
	w := NewStopwatch(h.mono)
	h.scan(w, "1", 1, 40*time.Millisecond)
	for _, c := range []struct {
		seq  uint64
		took time.Duration
		want float64
	}{
		{1, 30 * time.Millisecond, 40}, {1, 90 * time.Millisecond, 90}, {1, -time.Second, 90}, {1, longestSeen + 1, 90}, {0, time.Second, 90}, {2, time.Second, 90},
	} {
		w.Painted(c.seq, c.took)
		if got := w.Lanes()[0].Seen; got != (Times{1, c.want, c.want}) {
			t.Errorf("after %d took %s: %+v, want %v ms", c.seq, c.took, got, c.want)
		}
	}
}

// However many lanes and scans there are, only so many are held, and a busy lane
// outlives those that were used once.
func TestStopwatchIsBounded(t *testing.T) {
	h := &hand{now: time.Hour}
	w := NewStopwatch(h.mono)
	for i := range Kept + 100 {
		h.scan(w, "busy", uint64(i+1), time.Duration(i)*time.Millisecond)
	}
	for i := range 10 * MaxLanes {
		h.scan(w, fmt.Sprint("once-", i), 0, time.Millisecond)
	}
	lanes := w.Lanes()
	if len(lanes) != MaxLanes {
		t.Errorf("%d lanes are held, want %d", len(lanes), MaxLanes)
	}
	at := slices.IndexFunc(lanes, func(l Lane) bool { return l.Lane == "busy" })
	if at < 0 {
		t.Fatal("the busy lane was forgotten")
	}
	// The oldest hundred are gone: what is left took 100 ms to 611 ms.
	if busy := lanes[at]; busy.Scans != Kept+100 || busy.Seen != (Times{Kept, 355, 586}) {
		t.Errorf("the busy lane is %+v", busy)
	}
}

// The percentiles are of the times themselves: p of a hundred of them took no longer,
// and fewer took less.
func TestPercentiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.IntRange(0, 500), 1, 300).Draw(t, "ms")
		times := make([]time.Duration, len(list))
		for i, ms := range list {
			times[i] = time.Duration(ms) * time.Millisecond
		}
		got := timesOf(times)
		for percent, value := range map[int]float64{50: got.P50, 95: got.P95} {
			below, within := 0, 0
			for _, ms := range list {
				if float64(ms) < value {
					below++
				}
				if float64(ms) <= value {
					within++
				}
			}
			if within*100 < percent*len(list) || below*100 >= percent*len(list) {
				t.Fatalf("p%d of %v is %v: %d are within, %d below", percent, list, value, within, below)
			}
		}
	})
}

func TestStopwatchAtOnce(t *testing.T) {
	start := time.Now()
	w := NewStopwatch(func() time.Duration { return time.Since(start) })
	var all sync.WaitGroup
	for lane := range 8 {
		all.Go(func() {
			for i := range 200 {
				w.Verdict(fmt.Sprint(lane), w.Now(), uint64(lane*200+i+1))
				w.Painted(uint64(lane*200+i+1), time.Millisecond)
				w.Lanes()
			}
		})
	}
	all.Wait()
	scans := 0
	for _, l := range w.Lanes() {
		scans += l.Scans
	}
	if scans != 1600 {
		t.Errorf("%d scans were measured, want 1600", scans)
	}
}
