package inventory

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"usher/sync/fault"
)

// keeping has a row kept along with a hold: its seats, under a name.
func keeping(r Request, name string) Request {
	r.With = func(h Hold) (string, []any) {
		var seats []string
		for _, l := range h.Lines {
			seats = append(seats, l.Seats...)
		}
		return `insert into with_hold (id, name, seats) select $1, $2, $3 where ` + IsHeld + ` on conflict do nothing returning id`,
			[]any{h.ID, name, strings.Join(seats, " ")}
	}
	return r
}

// withHolds makes the table of keeping.
func (w *world) withHolds(t testing.TB) {
	t.Helper()
	if err := w.db.Exec(t.Context(), `create table with_hold (id text primary key, name text not null unique, seats text not null)`); err != nil {
		t.Fatal(err)
	}
}

// kept lists what is kept along with holds.
func (w *world) kept(t testing.TB) (list []string) {
	t.Helper()
	err := each(t.Context(), w.db.Read(), func(scan func(...any) error) error {
		var id, seats string
		err := scan(&id, &seats)
		list = append(list, strings.TrimSpace(id+" "+seats))
		return err
	}, `select id, seats from with_hold order by id`)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What belongs to a hold is kept when it is made, and only then.
func TestKeptWithTheHold(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.withHolds(t)
		w.set(t, event, Pool{Code: "hall", Capacity: 5}, Pool{Code: "side", Capacity: 5}, Pool{Code: "box", Seats: row("A", 4)})
		hold := func(r Request, kept bool) {
			t.Helper()
			if h, err := w.Hold(t.Context(), r); err != nil || h.Kept != kept {
				t.Errorf("hold %s: kept is %v, %v", r.ID, h.Kept, err)
			}
		}
		hold(keeping(w.request("a", n("hall", 2)), "first"), true)
		hold(keeping(w.request("b", n("hall", 1), n("side", 1)), "two pools"), true)
		hold(keeping(w.request("c", n("box", 2)), "seats"), true)
		hold(keeping(w.request("d", n("hall", 1)), "first"), false) // the name is another's
		hold(keeping(w.request("a", n("hall", 2)), "again"), false)
		hold(keeping(w.request("c", n("box", 2)), "seats again"), false)
		hold(w.request("e", n("side", 1)), false)
		_, err := w.Hold(t.Context(), keeping(w.request("f", n("hall", 2)), "too many"))
		wantShort(t, err, map[string]int64{"hall": 1})
		_, err = w.Hold(t.Context(), keeping(w.request("g", n("box", 3)), "too many seats"))
		wantShort(t, err, map[string]int64{"box": 2})
		_, err = w.Hold(t.Context(), keeping(w.request("a", n("hall", 1)), "something else"))
		wantKind(t, err, fault.Exists)
		if got, want := w.kept(t), []string{"a", "b", "c A-1 A-2"}; !slices.Equal(got, want) {
			t.Errorf("kept are %q, want %q", got, want)
		}
	})
}

// A statement that fails leaves no hold.
func TestWhatCantBeKept(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 5}, Pool{Code: "box", Seats: row("A", 4)})
		for _, l := range []Line{n("hall", 1), n("box", 1)} {
			if _, err := w.Hold(t.Context(), keeping(w.request("a", l), "x")); err == nil {
				t.Error("it was kept, and there is no table for it")
			}
		}
		w.want(t, "hall", 0, 0)
		w.want(t, "box", 0, 0)
	})
}

// Of a crowd's batches exactly the holds that were given have theirs kept.
func TestCrowdIsKept(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.withHolds(t)
		w.set(t, event, Pool{Code: "hall", Capacity: 60}, Pool{Code: "box", Seats: row("A", 10)})
		const people = 90
		var all sync.WaitGroup
		var mu sync.Mutex
		var given []string
		for i := range people {
			all.Go(func() {
				line := n("hall", 1)
				if i%5 == 0 {
					line = n("box", 1)
				}
				id := fmt.Sprintf("h%02d", i)
				h, err := w.Hold(t.Context(), keeping(w.request(id, line), id))
				if err != nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				given = append(given, strings.TrimSpace(id+" "+strings.Join(h.Lines[0].Seats, " ")))
				if !h.Kept {
					t.Errorf("hold %s is without", id)
				}
			})
		}
		all.Wait()
		slices.Sort(given)
		if got := w.kept(t); !slices.Equal(got, given) || len(given) != 70 {
			t.Errorf("kept are %q, given %q", got, given)
		}
	})
}
