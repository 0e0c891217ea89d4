package inventory

import (
	"context"
	"slices"
	"testing"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

func (w *world) open(t tb, code, seat string) error {
	return w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) error { return w.OpenIn(ctx, tx, event, code, "A ticket", seat) })
}

func (w *world) shut(t tb, code string) error {
	return w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) error { return w.ShutIn(ctx, tx, event, code) })
}

// A place aside is held and sold as any other, and shut only while nobody has it. What
// the organiser lists knows nothing of it.
func TestPlacesAside(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "floor", Capacity: 5})
		for code, seat := range map[string]string{"aside/1": "", "aside/2": "A-7"} {
			if err := w.open(t, code, seat); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.open(t, "floor2", ""); fault.KindOf(err) != fault.Internal {
			t.Errorf("a pool of the organiser's was opened: %v", err)
		}
		w.set(t, event, Pool{Code: "floor", Capacity: 6})
		left, err := w.Left(t.Context(), event)
		if err != nil || len(left) != 1 || left["floor"] != 6 {
			t.Errorf("the event has left %v, %v", left, err)
		}
		h := w.hold(t, "h1", n("aside/2", 1))
		if len(h.Lines[0].Seats) != 1 || h.Lines[0].Seats[0] != "A-7" {
			t.Errorf("it holds %+v", h.Lines)
		}
		if free, err := w.FreeAside(t.Context(), event); err != nil || len(free) != 1 || !free["aside/1"] {
			t.Errorf("free are %v, %v", free, err)
		}
		if err := w.shut(t, "aside/2"); fault.KindOf(err) != fault.Refused {
			t.Errorf("a place that is held was shut: %v", err)
		}
		if err := w.Release(t.Context(), "h1"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.shut(t, "aside/2"); err != nil {
				t.Errorf("it can't be shut: %v", err)
			}
		}
		if _, err := w.Hold(t.Context(), w.request("h2", n("aside/2", 1))); fault.KindOf(err) != fault.Refused {
			t.Errorf("a place that is shut was held: %v", err)
		}
		if _, err := w.take(t, event, n("aside/2", 1)); fault.KindOf(err) != fault.Refused {
			t.Errorf("a place that is shut was sold: %v", err)
		}
		w.hold(t, "h3", n("aside/1", 1))
		if _, err := w.sell(t, "h3"); err != nil {
			t.Fatal(err)
		}
		if err := w.shut(t, "aside/1"); fault.KindOf(err) != fault.Refused {
			t.Errorf("a place that is sold was shut: %v", err)
		}
		if err := w.shut(t, "floor"); fault.KindOf(err) != fault.Refused {
			t.Errorf("a pool of the organiser's was shut: %v", err)
		}
	})
}

// A place aside that somebody leaves at one server is to be had at once at another that
// had to refuse it a moment before.
func TestPlaceAsideAtTwoServers(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		other := w.beside(t, Config{})
		if err := w.open(t, "aside/1", ""); err != nil {
			t.Fatal(err)
		}
		w.hold(t, "h1", n("aside/1", 1))
		if _, err := other.Hold(t.Context(), other.request("h2", n("aside/1", 1))); fault.KindOf(err) != fault.Refused {
			t.Fatalf("a place was held twice: %v", err)
		}
		if err := w.Release(t.Context(), "h1"); err != nil {
			t.Fatal(err)
		}
		other.hold(t, "h3", n("aside/1", 1))
	})
}

// A place aside that nobody can have any more goes, with its seat, and whoever asks for it
// hears that none is left. One that somebody has stays, and so does all that is the
// organiser's.
func TestDropAside(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		other := w.beside(t, Config{})
		drop := func(code string, sold bool) (gone bool, err error) {
			err = w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) (err error) {
				gone, err = w.DropIn(ctx, tx, event, code, sold)
				return err
			})
			return gone, err
		}
		want := func(what, code string, sold, want bool) {
			t.Helper()
			if gone, err := drop(code, sold); err != nil || gone != want {
				t.Errorf("%s: dropped %t, %v", what, gone, err)
			}
		}
		rows := func() (n int) {
			t.Helper()
			err := w.db.Read().QueryRowContext(t.Context(), `select (select count(*) from pool where event = $1) + (select count(*) from seat where event = $1)`, event).Scan(&n)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		w.set(t, event, Pool{Code: "floor", Capacity: 5})
		for code, seat := range map[string]string{"aside/1": "", "aside/2": "A-7"} {
			if err := w.open(t, code, seat); err != nil {
				t.Fatal(err)
			}
			w.hold(t, "left "+code, n(code, 1))
			want("a place that is held", code, false, false)
			if err := w.Release(t.Context(), "left "+code); err != nil {
				t.Fatal(err)
			}
			w.hold(t, "sold "+code, n(code, 1))
			if _, err := w.sell(t, "sold "+code); err != nil {
				t.Fatal(err)
			}
			want("one that is sold", code, false, false)
			if err := w.giveBack(t, event, Line{Pool: code, Count: 1, Seats: slices.DeleteFunc([]string{seat}, func(s string) bool { return s == "" })}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.take(t, event, n(code, 1)); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				want("one that is sold for good", code, true, true)
			}
			for name, server := range map[string]*world{"here": w, "at another server": other} {
				_, err := server.Hold(t.Context(), server.request("late "+name+code, n(code, 1)))
				wantShort(t, err, map[string]int64{code: 0})
			}
			_, err := w.take(t, event, n(code, 1))
			wantShort(t, err, map[string]int64{code: 0})
		}
		if n := rows(); n != 1 {
			t.Errorf("%d rows are left, want that of the floor", n)
		}
		if _, err := drop("floor", true); fault.KindOf(err) != fault.Internal || rows() != 1 {
			t.Errorf("a pool of the organiser's was dropped: %v", err)
		}
	})
}

// Of seats that stand aside nothing is remembered: a plan for each ticket that was ever
// sold on would stay for as long as the server runs.
func TestPlansOfSeatsAside(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "box", Seats: row("A", 4)})
		for _, code := range []string{"aside/1", "aside/2"} {
			if err := w.open(t, code, "A-7"); err != nil {
				t.Fatal(err)
			}
			w.hold(t, "of "+code, n(code, 1))
			if _, err := w.Hold(t.Context(), w.request("none of "+code, n(code, 1))); fault.KindOf(err) != fault.Refused {
				t.Errorf("a seat is held twice: %v", err)
			}
		}
		w.mu.Lock()
		idle := len(w.queues) // what knows no plan is forgotten
		w.mu.Unlock()
		if idle != 0 {
			t.Errorf("%d queues know something", idle)
		}
		w.hold(t, "of both", n("box", 1))
		if err := w.Release(t.Context(), "of aside/1"); err != nil {
			t.Fatal(err)
		}
		w.hold(t, "again", n("aside/1", 1))
		w.mu.Lock()
		defer w.mu.Unlock()
		if q := w.queues[event]; q == nil || len(q.plans) != 1 || q.plans["box"] == nil {
			t.Error("the plan of the box is not known alone")
		}
	})
}
