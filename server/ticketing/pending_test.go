package ticketing

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
)

// in runs one act on what is under way in a transaction of its own.
func (w *world) in(t testing.TB, act func(context.Context, *sqldb.Tx) error) error {
	t.Helper()
	return w.db.InTx(t.Context(), act)
}

func (w *world) pend(t testing.TB, what Matter, ref string, ids ...ticket.ID) error {
	t.Helper()
	return w.in(t, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := w.PendIn(ctx, tx, event, ids, what, ref)
		return err
	})
}

// underWay gives the ref of what is under way with a ticket; "" for nothing.
func (w *world) underWay(t testing.TB, id ticket.ID) string {
	t.Helper()
	pending, err := w.Pending(t.Context(), event, []ticket.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	return pending[id].Ref
}

func ids(tickets ...Ticket) (list []ticket.ID) {
	for _, t := range tickets {
		list = append(list, t.ID)
	}
	return list
}

// One thing at a time is under way with a ticket, with all tickets asked for or none.
func TestPend(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(4))
		all := w.tickets(t, event)
		a, b, c := all["G000001"], all["G000002"], all["G000003"]
		void, err := w.Revoke(t.Context(), all["G000000"], Cancelled, "rain")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.pend(t, Transfer, "offer-1", a.ID, b.ID); err != nil {
			t.Fatal(err)
		}
		dbtest.Unchanged(t, w.db, func() {
			w.now = w.now.Add(time.Minute)
			if err := w.pend(t, Transfer, "offer-1", a.ID, b.ID); err != nil {
				t.Errorf("the same once more: %v", err)
			}
			for says, refused := range map[string]error{
				"ticket " + b.ID.Short() + " is offered":         w.pend(t, Transfer, "offer-2", c.ID, b.ID),
				"ticket " + a.ID.Short() + " is offered to some": w.pend(t, Resale, "listing-1", a.ID),
				"is cancelled (rain)":                            w.pend(t, Transfer, "offer-1", void.ID),
				"this resale of ticket " + c.ID.Short(): w.in(t, func(ctx context.Context, tx *sqldb.Tx) error {
					_, err := w.StillIn(ctx, tx, event, ids(c), Resale, "x")
					return err
				}),
			} {
				if fault.KindOf(refused) != fault.Refused || !strings.Contains(fault.Message(refused), says) {
					t.Errorf("%v, want that it says %q", refused, says)
				}
			}
			if err := w.pend(t, Transfer, "offer-2", ticket.ID{1}); fault.KindOf(err) != fault.NotFound {
				t.Errorf("of a ticket of nowhere: %v", err)
			}
			if err := w.in(t, func(ctx context.Context, tx *sqldb.Tx) error {
				n, err := w.UnpendIn(ctx, tx, event, ids(a, c), Transfer, "offer-2")
				if n != 0 {
					t.Errorf("%d of another offer have ended", n)
				}
				return err
			}); err != nil {
				t.Errorf("ending what isn't under way: %v", err)
			}
		})
		pending, err := w.Pending(t.Context(), event, ids(a, c))
		if got := pending[a.ID]; err != nil || len(pending) != 1 || got.What != Transfer || !got.Since.Equal(start) {
			t.Errorf("under way is %+v, %v", pending, err)
		}
		if err := w.in(t, func(ctx context.Context, tx *sqldb.Tx) error {
			n, err := w.UnpendIn(ctx, tx, event, ids(a, c, b), Transfer, "offer-1")
			if n != 2 {
				t.Errorf("%d of three have ended", n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.pend(t, Refund, "refund-1", a.ID, b.ID, c.ID); err != nil {
			t.Errorf("after it was taken back: %v", err)
		}
	})
}

// What is under way ends with the code that it is about, but a phone that takes the
// ticket is still its holder's.
func TestPendingEnds(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(6))
		all := w.tickets(t, event)
		for external, c := range map[string]struct {
			do   func(Ticket) error
			ends bool
		}{
			"G000000": {func(k Ticket) error { _, err := w.Revoke(t.Context(), k, Blocked, "x"); return err }, true},
			"G000001": {func(k Ticket) error { _, err := w.Reissue(t.Context(), k, "lost"); return err }, true},
			"G000002": {func(k Ticket) error { _, err := w.Transfer(t.Context(), k, "Bea", "bea@example.org", ""); return err }, true},
			"G000003": {func(k Ticket) error {
				return w.in(t, func(ctx context.Context, tx *sqldb.Tx) error { return w.VoidIn(ctx, tx, event, ids(k), Cancelled, "x") })
			}, true},
			"G000004": {func(k Ticket) error { _, _, err := w.Bind(t.Context(), k, claim(t, newPhone(t), k)); return err }, false},
			"G000005": {func(k Ticket) error { _, err := w.Bill(t.Context(), k, true, 0, ""); return err }, false},
		} {
			k := all[external]
			if err := w.pend(t, Resale, "r", k.ID); err != nil {
				t.Fatal(err)
			}
			if err := c.do(k); err != nil {
				t.Fatalf("%s: %v", external, err)
			}
			if got := w.underWay(t, k.ID) == ""; got != c.ends {
				t.Errorf("%s: what was under way has ended: %v, want %v", external, got, c.ends)
			}
		}
	})
}

// Of those who begin something with a ticket at the same moment one does, and of those
// who end it and those who act on it only the first.
func TestPendingRaces(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		k := w.tickets(t, event)["G000000"]
		race := func(n int, do func(i int) error) int64 {
			var won atomic.Int64
			var rivals sync.WaitGroup
			for i := range n {
				rivals.Go(func() {
					switch err := do(i); {
					case err == nil:
						won.Add(1)
					case fault.KindOf(err) != fault.Refused:
						t.Errorf("who came too late is told %v", err)
					}
				})
			}
			rivals.Wait()
			return won.Load()
		}
		for range 5 {
			if won := race(4, func(i int) error {
				return w.pend(t, []Matter{Transfer, Resale, Refund, Transfer}[i], string(rune('a'+i)), k.ID)
			}); won != 1 {
				t.Fatalf("%d things are under way", won)
			}
			now, err := w.Pending(t.Context(), event, ids(k))
			if err != nil {
				t.Fatal(err)
			}
			p := now[k.ID]
			if won := race(4, func(int) error {
				return w.in(t, func(ctx context.Context, tx *sqldb.Tx) error {
					if _, err := w.StillIn(ctx, tx, event, ids(k), p.What, p.Ref); err != nil {
						return err
					}
					_, err := w.UnpendIn(ctx, tx, event, ids(k), p.What, p.Ref)
					return err
				})
			}); won != 1 {
				t.Fatalf("%d have ended the same thing", won)
			}
		}
	})
}
