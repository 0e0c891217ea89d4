package inventory

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// errLost is all that a buyer hears of a batch whose server was killed.
var errLost = errors.New("the server is gone")

// killed makes a server whose batches end without an answer: before they are
// committed or after.
func (w *world) killed(t testing.TB, afterCommit bool) *world {
	dying := w.beside(t, Config{})
	dying.act = func(ctx context.Context, q *queue, b *batch) error {
		if afterCommit {
			if err := dying.settle(ctx, q, b); err != nil {
				return err
			}
		}
		return errLost
	}
	return dying
}

// A buyer whose server is killed before or after the commit asks another one for
// the same hold: it is there once, whichever it was. One who never comes back gets
// nothing, and the places are free again when the time is over.
func TestServerKilledAroundTheCommit(t *testing.T) {
	for _, afterCommit := range []bool{false, true} {
		onEach(t, func(t *testing.T, w *world) {
			w.set(t, event, Pool{Code: "hall", Capacity: 10}, Pool{Code: "box", Seats: row("A", 4)})
			dying := w.killed(t, afterCommit)
			back, away := w.request("comes back", n("hall", 3), n("box", 2)), w.request("never again", n("hall", 2), n("box", 1))
			for _, r := range []Request{back, away} {
				_, err := dying.Hold(t.Context(), r)
				wantKind(t, err, fault.Internal)
			}
			for range 3 {
				if _, err := w.Hold(t.Context(), back); err != nil {
					t.Fatal(err)
				}
			}
			lost := int64(0)
			if afterCommit {
				lost = 1
			}
			w.want(t, "hall", 0, 3+2*lost)
			w.want(t, "box", 0, 2+lost)
			wantKind(t, dying.Release(t.Context(), "comes back"), fault.Internal)
			if err := w.Release(t.Context(), "comes back"); err != nil {
				t.Fatal(err)
			}
			w.want(t, "hall", 0, 2*lost)
			w.clock.Pass(10 * time.Minute)
			if _, _, err := dying.Expire(t.Context()); lost > 0 && !errors.Is(err, fault.Internal) {
				t.Error(err)
			}
			if n, _, err := w.Expire(t.Context()); err != nil || n > int(lost) {
				t.Errorf("expired %d, %v", n, err)
			}
			w.want(t, "hall", 0, 0)
			w.want(t, "box", 0, 0)
		})
	}
}

// A commit that fails after the seats were chosen leaves nothing in memory that
// could give a seat twice or keep one back.
func TestSeatsAfterACommitThatFailed(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "box", Seats: row("A", 3)})
		first := w.hold(t, "a", seats("box", "A-1"))
		whole := w.act
		w.act = func(ctx context.Context, q *queue, b *batch) error {
			return w.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
				known := q.plans
				q.plans = nil
				if _, err := b.run(ctx, tx, known); err != nil {
					return err
				}
				return errLost
			})
		}
		_, err := w.Hold(t.Context(), w.request("b", n("box", 2)))
		wantKind(t, err, fault.Internal)
		w.act = whole
		second := w.hold(t, "c", n("box", 2))
		if got := fmt.Sprint(first.Lines[0].Seats, second.Lines[0].Seats); got != "[A-1] [A-2 A-3]" {
			t.Errorf("seats %s", got)
		}
		_, err = w.Hold(t.Context(), w.request("d", n("box", 1)))
		wantShort(t, err, map[string]int64{"box": 0})
		w.want(t, "box", 0, 3)
	})
}

// Keep gives places back without being told which, and goes on after a failure.
func TestKeep(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 10})
		w.hold(t, "h", n("hall", 3))
		whole, failed := w.act, make(chan struct{}, 100)
		broken := true
		w.act = func(ctx context.Context, q *queue, b *batch) error {
			if broken {
				broken = false
				failed <- struct{}{}
				return errLost
			}
			return whole(ctx, q, b)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Keep(ctx) }()
		w.clock.Pass(10 * time.Minute)
		<-failed
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			h, err := w.Look(t.Context(), "h")
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("it is %s, %v", h.State, err)
			}
			if h.State == Expired {
				break
			}
		}
		stop()
		<-done
		w.want(t, "hall", 0, 0)
	})
}
