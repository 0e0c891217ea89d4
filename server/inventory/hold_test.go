package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
)

func TestHoldIsAllOrNothing(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Name: "Hall", Capacity: 5}, Pool{Code: "vip", Name: "VIP", Capacity: 2})
		w.hold(t, "h1", n("hall", 2), n("vip", 1))
		_, err := w.Hold(t.Context(), w.request("h2", n("hall", 1), n("vip", 2)))
		wantShort(t, err, map[string]int64{"hall": 3, "vip": 1})
		w.want(t, "hall", 0, 2)
		w.want(t, "vip", 0, 1)
		if _, err := w.Look(t.Context(), "h2"); !errors.Is(err, fault.NotFound) {
			t.Errorf("a refused hold is there: %v", err)
		}
		w.hold(t, "h3", n("hall", 2), n("hall", 1), n("vip", 1)) // two products of one pool
		w.want(t, "hall", 0, 5)
		w.want(t, "vip", 0, 2)
	})
}

func TestHoldAgainIsTheSameHold(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 3}, Pool{Code: "box", Seats: row("A", 4)})
		first := w.hold(t, "h1", n("hall", 3), n("box", 2))
		other := w.beside(t, Config{}) // a server that knows nothing: the first was killed before it could answer
		for _, server := range []*world{w, other} {
			again, err := server.Hold(t.Context(), w.request("h1", n("hall", 3), n("box", 2)))
			if err != nil || fmt.Sprint(again) != fmt.Sprint(first) {
				t.Errorf("again: %v, %v; want %v", again, err, first)
			}
			_, err = server.Hold(t.Context(), w.request("h1", n("hall", 2), n("box", 2)))
			wantKind(t, err, fault.Exists)
		}
		w.want(t, "hall", 0, 3)
		w.want(t, "box", 0, 2)
	})
}

// A phone that asks again from another network has what it held.
func TestHoldAgainFromElsewhere(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 3}, Pool{Code: "box", Seats: row("A", 4)})
		for i, lines := range [][]Line{{n("hall", 1)}, {n("box", 2)}, {n("hall", 1), n("box", 1)}} {
			r := w.request(fmt.Sprint("h", i), lines...)
			r.Owner = "192.0.2.1"
			first, err := w.Hold(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			r.Owner = "2001:db8::1"
			if again, err := w.Hold(t.Context(), r); err != nil || fmt.Sprint(again) != fmt.Sprint(first) {
				t.Errorf("again: %v, %v; want %v", again, err, first)
			}
		}
		w.want(t, "hall", 0, 2)
		w.want(t, "box", 0, 3)
	})
}

// Asking again is not refused because of what the hold itself has taken.
func TestHoldAgainOfAPoolThatIsFull(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 3})
		first := w.hold(t, "h1", n("hall", 3))
		again, err := w.Hold(t.Context(), w.request("h1", n("hall", 3)))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(first) {
			t.Errorf("again: %v, %v; want %v", again, err, first)
		}
		_, err = w.Hold(t.Context(), w.request("h1", n("hall", 1)))
		wantKind(t, err, fault.Exists)
		w.want(t, "hall", 0, 3)
	})
}

func TestEndsOfAHold(t *testing.T) {
	ends := map[State]func(*testing.T, *world) error{
		Sold:     func(t *testing.T, w *world) error { _, err := w.sell(t, "h"); return err },
		Released: func(t *testing.T, w *world) error { return w.Release(t.Context(), "h") },
		Expired: func(t *testing.T, w *world) error {
			w.clock.Pass(10 * time.Minute)
			n, _, err := w.Expire(t.Context())
			if n > 1 {
				t.Errorf("%d expired", n)
			}
			return err
		},
	}
	for first := range ends {
		for second := range ends {
			onEach(t, func(t *testing.T, w *world) {
				w.set(t, event, Pool{Code: "hall", Capacity: 3}, Pool{Code: "box", Seats: row("A", 3)})
				w.hold(t, "h", n("hall", 2), n("box", 2))
				w.hold(t, "stays", n("hall", 1))
				if _, err := w.sell(t, "stays"); err != nil {
					t.Fatal(err)
				}
				if err := ends[first](t, w); err != nil {
					t.Fatalf("%s: %v", first, err)
				}
				err := ends[second](t, w)
				if want := wantEnd(first, second); !errors.Is(err, want) || (want == nil) != (err == nil) {
					t.Errorf("%s, then %s: %v, want %v", first, second, err, want)
				}
				sold := int64(0)
				if first == Sold {
					sold = 2
				}
				w.want(t, "hall", sold+1, 0)
				w.want(t, "box", sold, 0)
				if h, err := w.Look(t.Context(), "h"); err != nil || h.State != first {
					t.Errorf("after %s and %s it is %s, %v", first, second, h.State, err)
				}
			})
		}
	}
}

// wantEnd is the error of ending a hold that has ended.
func wantEnd(first, second State) error {
	switch {
	case first == Sold && second == Released, first == Released && second == Sold:
		return fault.Refused
	case first == Expired && second == Sold:
		return ErrGone
	}
	return nil
}

func TestSaleThatIsRolledBack(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 3})
		w.hold(t, "h", n("hall", 2))
		stop := errors.New("stop")
		err := w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) error {
			if _, err := w.SellIn(ctx, tx, "h"); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		w.want(t, "hall", 0, 2)
	})
}

// A hold whose time is over is still sold, as long as nobody gave its places back.
func TestSaleJustAfterTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 3})
		w.hold(t, "h", n("hall", 2))
		w.clock.Pass(10*time.Minute + time.Second)
		if _, err := w.sell(t, "h"); err != nil {
			t.Fatal(err)
		}
		if n, _, err := w.Expire(t.Context()); n != 0 || err != nil {
			t.Errorf("expired %d, %v", n, err)
		}
		w.want(t, "hall", 2, 0)
	})
}

func TestExpireSaysWhenNext(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 9})
		w.set(t, "OTHER", Pool{Code: "hall", Capacity: 9})
		wantExpire := func(want int, wantNext time.Time) {
			t.Helper()
			n, next, err := w.Expire(t.Context())
			if n != want || !next.Equal(wantNext) || err != nil {
				t.Errorf("expired %d, next %v, %v; want %d, %v", n, next, err, want, wantNext)
			}
		}
		wantExpire(0, time.Time{})
		w.hold(t, "a", n("hall", 1))
		w.clock.Pass(time.Minute)
		elsewhere := w.request("b", n("hall", 4))
		elsewhere.Event = "OTHER"
		if _, err := w.Hold(t.Context(), elsewhere); err != nil {
			t.Fatal(err)
		}
		wantExpire(0, start.Add(10*time.Minute))
		w.clock.Pass(9*time.Minute - time.Millisecond)
		wantExpire(0, start.Add(10*time.Minute))
		w.clock.Pass(time.Millisecond)
		wantExpire(1, start.Add(11*time.Minute))
		w.clock.Pass(time.Minute)
		wantExpire(1, time.Time{})
		w.want(t, "hall", 0, 0)
	})
}

func TestExtendOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 9})
		w.hold(t, "h", n("hall", 1))
		later := start.Add(20 * time.Minute)
		for range 2 { // again is the same
			if h, err := w.Extend(t.Context(), "h", later); err != nil || !h.Until.Equal(later) || h.Extended != 1 {
				t.Errorf("extended: %v, %v", h, err)
			}
		}
		_, err := w.Extend(t.Context(), "h", later.Add(time.Minute))
		wantKind(t, err, fault.Refused)
		w.clock.Pass(15 * time.Minute)
		if n, _, err := w.Expire(t.Context()); n != 0 || err != nil {
			t.Errorf("an extended hold expired at its first time: %d, %v", n, err)
		}
		w.clock.Pass(5 * time.Minute)
		if n, _, err := w.Expire(t.Context()); n != 1 || err != nil {
			t.Errorf("expired %d, %v", n, err)
		}
		_, err = w.Extend(t.Context(), "h", later.Add(time.Minute))
		wantKind(t, err, fault.Expired)
		_, err = w.Extend(t.Context(), "nobody", later.Add(time.Minute))
		wantKind(t, err, fault.NotFound)
	})
}

func TestKeepForAnInvoice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 9})
		w.hold(t, "h", n("hall", 1))
		due := start.Add(14 * 24 * time.Hour)
		err := w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := w.KeepIn(ctx, tx, "h", due)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Pass(13 * 24 * time.Hour)
		if n, next, err := w.Expire(t.Context()); n != 0 || !next.Equal(due) || err != nil {
			t.Errorf("expired %d, next %v, %v", n, next, err)
		}
		w.want(t, "hall", 0, 1)
	})
}

func TestTakeAndReturn(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 3}, Pool{Code: "box", Seats: row("A", 4)})
		given, err := w.take(t, event, n("hall", 2), seats("box", "A-1"), n("box", 2))
		if err != nil || !slices.Equal(given[1].Seats, []string{"A-1"}) || !slices.Equal(given[2].Seats, []string{"A-3", "A-4"}) && !slices.Equal(given[2].Seats, []string{"A-2", "A-3"}) {
			t.Fatalf("taken: %v, %v", given, err)
		}
		w.want(t, "hall", 2, 0)
		w.want(t, "box", 3, 0)
		dbtest.Unchanged(t, w.db, func() {
			_, err = w.take(t, event, n("box", 1), n("hall", 2))
			wantShort(t, err, map[string]int64{"hall": 1, "box": 1})
		})
		w.hold(t, "h", n("hall", 1), n("box", 1))
		held, err := w.Look(t.Context(), "h")
		if err != nil {
			t.Fatal(err)
		}
		dbtest.Unchanged(t, w.db, func() {
			wantKind(t, w.giveBack(t, event, n("hall", 3)), fault.Refused) // one is only held
			wantKind(t, w.giveBack(t, event, seats("box", held.Lines[1].Seats...)), fault.Refused)
			wantKind(t, w.giveBack(t, event, n("box", 1)), fault.BadInput) // which?
			wantKind(t, w.giveBack(t, event, seats("hall", "A-1")), fault.BadInput)
			wantKind(t, w.giveBack(t, event, seats("box", "Z-1")), fault.NotFound)
			wantKind(t, w.giveBack(t, event, n("lounge", 1)), fault.NotFound)
		})
		if err := w.giveBack(t, event, n("hall", 1), seats("box", "A-1")); err != nil {
			t.Fatal(err)
		}
		w.want(t, "hall", 1, 1)
		w.want(t, "box", 2, 1)
		if _, err := w.sell(t, "h"); err != nil {
			t.Fatal(err)
		}
		if err := w.giveBack(t, event, held.Lines...); err != nil { // what was sold by a hold comes back too
			t.Fatal(err)
		}
		w.want(t, "hall", 1, 0)
		w.want(t, "box", 2, 0)
	})
}
