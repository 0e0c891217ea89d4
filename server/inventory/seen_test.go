package inventory

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"usher/sync/fault"
)

// sighted is a server that believes to know all of a pool's seats, as nobody else has
// changed them lately.
type sighted struct {
	*world
	n int
}

// look has it know how the seats stand.
func (s *sighted) look(t *testing.T) {
	t.Helper()
	for range 3 {
		s.n++
		id := fmt.Sprint("look ", s.n)
		s.hold(t, id, n("box", 1))
		if err := s.Release(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
}

// What another server has changed meanwhile counts, whatever a server knows of the
// seats: who has them, which there are, which holds are made, how many an owner has.
func TestSeatsThatOthersChange(t *testing.T) {
	onEach(t, func(t *testing.T, first *world) {
		w, other := &sighted{world: first}, first.beside(t, Config{})
		first.cfg.MaxOpen = 2
		w.set(t, event, Pool{Code: "box", Name: "Box", Seats: row("A", 10)}, Pool{Code: "loge", Name: "Loge", Seats: row("L", 2)})

		w.look(t)
		other.hold(t, "c", seats("box", "A-3"))
		_, err := w.Hold(t.Context(), w.request("d", seats("box", "A-2", "A-3")))
		var short *Short
		if !errors.As(err, &short) || !slices.Equal(short.Taken["box"], []string{"A-3"}) {
			t.Errorf("a seat that is taken: %v", err)
		}
		w.look(t)
		other.hold(t, "e", seats("box", "A-5", "A-6"))
		if got := w.hold(t, "f", n("box", 4)).Lines[0].Seats; !slices.Equal(got, []string{"A-7", "A-8", "A-9", "A-10"}) {
			t.Errorf("the best of those that are left: %v", got)
		}
		if err := w.Release(t.Context(), "f"); err != nil {
			t.Fatal(err)
		}

		w.look(t)
		other.hold(t, "g", seats("box", "A-9"))
		if got := w.hold(t, "g", seats("box", "A-9")).Lines[0].Seats; !slices.Equal(got, []string{"A-9"}) {
			t.Errorf("a hold that is there: %v", got)
		}
		w.look(t)
		if _, err := w.Hold(t.Context(), w.request("g", seats("box", "A-10"))); !errors.Is(err, fault.Exists) {
			t.Errorf("a hold that is there, of something else: %v", err)
		}

		w.look(t)
		greedy := func(at *world, id, seat string) error {
			r := at.request(id, seats("box", seat))
			r.Owner = "192.0.2.1"
			_, err := at.Hold(t.Context(), r)
			return err
		}
		if err := errors.Join(greedy(w.world, "h", "A-1"), greedy(other, "i", "A-2")); err != nil {
			t.Fatal(err)
		}
		w.look(t)
		if err := greedy(w.world, "j", "A-4"); !errors.Is(err, fault.TooMany) {
			t.Errorf("one hold too many: %v", err)
		}
		w.want(t, "box", 0, 6)

		w.look(t)
		other.set(t, event, Pool{Code: "box", Name: "Box", Seats: slices.Concat(row("A", 9), row("B", 1))})
		if _, err := w.Hold(t.Context(), w.request("k", seats("box", "A-10"))); !errors.Is(err, fault.NotFound) {
			t.Errorf("a seat that is gone: %v", err)
		}
		w.hold(t, "l", seats("box", "B-1"))
		w.hold(t, "m", seats("box", "A-4"))
		for _, id := range []string{"c", "e", "g", "h", "i", "l", "m"} {
			if err := other.Release(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		w.look(t)
		w.want(t, "box", 0, 0)
		other.set(t, event, Pool{Code: "loge", Name: "Loge", Seats: row("L", 2)})
		if _, err := w.Hold(t.Context(), w.request("o", seats("box", "A-1"))); !errors.Is(err, fault.NotFound) {
			t.Errorf("a pool that is gone: %v", err)
		}
		w.consistent(t, event)
	})
}

// Several buyers of one batch get what they ask for together, and one who can't have it
// takes nothing from the others.
func TestSeatsOfSeveralBuyers(t *testing.T) {
	onEach(t, func(t *testing.T, first *world) {
		w := &sighted{world: first}
		w.set(t, event, Pool{Code: "box", Name: "Box", Seats: row("A", 6)}, Pool{Code: "loge", Name: "Loge", Seats: row("L", 6)})
		w.look(t)
		w.hold(t, "before", seats("loge", "L-1"))
		q := &queue{event: event}
		w.mu.Lock()
		q.plans = w.queues[event].plans
		w.mu.Unlock()
		var asks []*ask
		for i, lines := range [][]Line{
			{seats("box", "A-1"), seats("loge", "L-2")}, {n("loge", 2)}, {seats("box", "A-2", "A-1")}, {n("box", 5)}, {seats("loge", "L-6")},
		} {
			r := w.request(fmt.Sprint("buyer ", i), lines...)
			r.Until = r.Until.Truncate(time.Millisecond)
			asks = append(asks, &ask{take: &r, done: make(chan struct{})})
		}
		w.decide(t.Context(), q, asks[:2])
		w.decide(t.Context(), q, asks[2:])
		for i, want := range [][]string{{"A-1"}, {"L-3", "L-4"}, nil, {"A-2", "A-3", "A-4", "A-5", "A-6"}, {"L-6"}} {
			a := asks[i]
			if (a.err == nil) != (want != nil) {
				t.Fatalf("buyer %d: %v", i, a.err)
			}
			if want != nil && !slices.Equal(a.hold.Lines[0].Seats, want) {
				t.Errorf("buyer %d got %v, want %v", i, a.hold.Lines, want)
			}
			if there, err := w.Look(t.Context(), a.take.ID); want != nil && (err != nil || !slices.EqualFunc(there.Lines, a.hold.Lines, sameLine)) {
				t.Errorf("buyer %d was told %v, and has %v, %v", i, a.hold.Lines, there.Lines, err)
			}
		}
		w.want(t, "box", 0, 6)
		w.want(t, "loge", 0, 5)
	})
}

func sameLine(a, b Line) bool {
	return a.Pool == b.Pool && a.Count == b.Count && slices.Equal(a.Seats, b.Seats)
}
