package ticketing

import (
	"context"
	"errors"
	"testing"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

var couple = []Attendee{
	{External: "K7QF2M8R4T-1", Name: "Ada", Email: "ada@example.org", Product: 1, Order: "K7QF2M8R4T", Unpaid: true, Due: 2500, Currency: "EUR"},
	{External: "K7QF2M8R4T-2", Name: "Grace", Email: "ada@example.org", Product: 2, Order: "K7QF2M8R4T", Unpaid: true, Due: 2500, Currency: "EUR"},
}

func (w *world) inTx(t *testing.T, do func(context.Context, *sqldb.Tx) error) {
	t.Helper()
	if err := w.db.InTx(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func (w *world) issueCouple(t *testing.T) (ids []ticket.ID) {
	t.Helper()
	w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) error {
		tickets, err := w.IssueIn(ctx, tx, event, couple)
		for _, t := range tickets {
			ids = append(ids, t.ID)
		}
		return err
	})
	return ids
}

// An order's tickets exist, for the server and the gates, if its transaction does.
func TestIssueIn(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		told := errors.New("told")
		err := w.db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := w.IssueIn(ctx, tx, event, couple)
			return errors.Join(err, told)
		})
		if !errors.Is(err, told) || len(w.tickets(t, event)) != 0 || len(w.rostered(t, event)) != 0 {
			t.Fatalf("of an act that failed: %d tickets, %v", len(w.tickets(t, event)), err)
		}
		ids := w.issueCouple(t)
		have, rostered := w.tickets(t, event), w.rostered(t, event)
		for i, a := range couple {
			k := have[a.External]
			if k.ID != ids[i] || k.Name != a.Name || !k.Unpaid || k.Due != 2500 || k.Currency != "EUR" || k.Order != a.Order || k.State != Valid {
				t.Errorf("%s became %+v", a.External, k)
			}
			if _, err := ticket.Verify(k.Token, w.ring(t)); err != nil {
				t.Error(err)
			}
			if _, there := rostered[journal.TicketID(k.ID)]; !there {
				t.Errorf("no gate knows %s", a.External)
			}
		}
		err = w.db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := w.IssueIn(ctx, tx, event, couple[:1])
			return err
		})
		if fault.KindOf(err) != fault.Exists {
			t.Errorf("one external id twice: %v", err)
		}
	})
}

// Void, blocked and good again, paid: each act on an order's tickets is one record
// for the gates, and doing it again is none.
func TestActsOnAnOrdersTickets(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		ids := w.issueCouple(t)
		states := func() (s [2]State) {
			list, err := w.Of(t.Context(), event, ids)
			if err != nil {
				t.Fatal(err)
			}
			for i, k := range list {
				s[i] = k.State
			}
			return s
		}
		revokes := func() int { return len(records[journal.Revoke](t, w, event, journal.KindRevoke)) }
		for _, c := range []struct {
			name string
			do   func(context.Context, *sqldb.Tx) error
			want [2]State
			told int
		}{
			{"one is cancelled", func(ctx context.Context, tx *sqldb.Tx) error {
				return w.VoidIn(ctx, tx, event, ids[:1], Cancelled, "refunded")
			}, [2]State{Cancelled, Valid}, 1},
			{"both are blocked", func(ctx context.Context, tx *sqldb.Tx) error {
				return w.VoidIn(ctx, tx, event, ids, Blocked, "disputed")
			}, [2]State{Cancelled, Blocked}, 2},
			{"again", func(ctx context.Context, tx *sqldb.Tx) error {
				return w.VoidIn(ctx, tx, event, ids, Blocked, "disputed")
			}, [2]State{Cancelled, Blocked}, 2},
			{"both are unblocked", func(ctx context.Context, tx *sqldb.Tx) error { return w.UnblockIn(ctx, tx, event, ids, "won") }, [2]State{Cancelled, Valid}, 3},
			{"again", func(ctx context.Context, tx *sqldb.Tx) error { return w.UnblockIn(ctx, tx, event, ids, "won") }, [2]State{Cancelled, Valid}, 3},
			{"both are cancelled", func(ctx context.Context, tx *sqldb.Tx) error {
				return w.VoidIn(ctx, tx, event, ids, Cancelled, "refunded")
			}, [2]State{Cancelled, Cancelled}, 4},
		} {
			w.inTx(t, c.do)
			if got := states(); got != c.want || revokes() != c.told {
				t.Errorf("%s: %v and %d records, want %v and %d", c.name, got, revokes(), c.want, c.told)
			}
		}
	})
}

func TestPaidIn(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		ids := w.issueCouple(t)
		for range 2 {
			w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) error { return w.PaidIn(ctx, tx, event, ids) })
		}
		for _, k := range w.tickets(t, event) {
			if k.Unpaid || k.Due != 0 || k.Currency != "" {
				t.Errorf("%+v", k)
			}
		}
		rosters := records[journal.Roster](t, w, event, journal.KindRoster)
		if len(rosters) != 2 || !rosters[0].Groups[0].Unpaid || rosters[1].Groups[0].Unpaid {
			t.Errorf("the gates were told %d times: %+v", len(rosters), rosters)
		}
	})
}

func TestNoSuchTicketOfAnOrder(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		if _, err := w.Of(t.Context(), event, []ticket.ID{{1}}); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		err := w.db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			return w.VoidIn(ctx, tx, event, []ticket.ID{{1}}, Cancelled, "refunded")
		})
		if fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
	})
}
