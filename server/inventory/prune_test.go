package inventory

import (
	"fmt"
	"testing"
	"time"

	"usher/sync/fault"
)

// pruned deletes what is old, to the end, and says in how many steps and how many.
func (w *world) pruned(t *testing.T) (steps, total int) {
	t.Helper()
	for {
		n, err := w.Prune(t.Context())
		if err != nil || n > pruneAtOnce {
			t.Fatalf("%d in one step, %v", n, err)
		}
		if n == 0 {
			return steps, total
		}
		steps, total = steps+1, total+n
	}
}

// Holds that are long over go, a few at a time; those that are open or were over just
// now stay, and so does every place: sold ones are sold, and can be returned.
func TestPrune(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 1_000_000}, Pool{Code: "box", Seats: row("A", 4)})
		for i := range 2*pruneAtOnce + 5 {
			id := fmt.Sprintf("left-%d", i)
			w.hold(t, id, n("hall", 1))
			if err := w.Release(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		bought := w.hold(t, "sold", n("hall", 2), n("box", 2))
		if _, err := w.sell(t, "sold"); err != nil {
			t.Fatal(err)
		}
		if steps, n := w.pruned(t); steps != 0 {
			t.Errorf("%d go at once", n)
		}
		w.clock.Pass(KeepEnded)
		w.hold(t, "new", n("hall", 1))
		if _, err := w.sell(t, "new"); err != nil {
			t.Fatal(err)
		}
		w.hold(t, "open", n("hall", 1), n("box", 1))
		w.clock.Pass(time.Millisecond)
		if steps, n := w.pruned(t); steps != 3 || n != 2*pruneAtOnce+6 {
			t.Errorf("%d go in %d steps, want %d in 3", n, steps, 2*pruneAtOnce+6)
		}
		for id, want := range map[string]State{"new": Sold, "open": Held} {
			if h, err := w.Look(t.Context(), id); err != nil || h.State != want {
				t.Errorf("hold %s: %+v, %v", id, h, err)
			}
		}
		if _, err := w.Look(t.Context(), "sold"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("the sold hold: %v", err)
		}
		counts, err := w.Counts(t.Context(), event)
		if err != nil || len(counts) != 2 || counts[0].Sold != 2 || counts[0].Held != 1 || counts[1].Sold != 3 || counts[1].Held != 1 {
			t.Errorf("the pools are %+v, %v", counts, err)
		}
		if err := w.giveBack(t, event, n("hall", 2), seats("box", bought.Lines[1].Seats...)); err != nil {
			t.Errorf("returning what was sold long ago: %v", err)
		}
		w.want(t, "box", 0, 1)
	})
}
