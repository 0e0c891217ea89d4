package inventory

import (
	"context"
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
