package inventory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

// sellMany makes so many sold holds of one place each, and as many of another event
// that are open, by one statement.
func (w *world) sellMany(t testing.TB, n int) {
	t.Helper()
	numbers := fmt.Sprintf(`with recursive numbered(n) as (select 1 union all select n + 1 from numbered where n < %d)`, n)
	for _, c := range []struct{ prefix, event, state string }{{"old", event, "sold"}, {"there", "OTHER", "held"}} {
		err := w.db.Exec(t.Context(), `insert into hold (id, event, owner, lines, until, extended, state, made_at, changed_at) `+numbers+`
			select '`+c.prefix+`-' || n, '`+c.event+`', 'owner-' || n, '[{"pool":"hall","count":1}]', $1, 0, '`+c.state+`', 0, 0 from numbered`,
			start.Add(time.Hour).UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.db.Exec(t.Context(), `update pool set taken = taken + $1 where event = $2 and code = 'hall'`, int64(n), event); err != nil {
		t.Fatal(err)
	}
	if err := w.db.Exec(t.Context(), `analyze hold`); err != nil {
		t.Fatal(err)
	}
}

// acts is a batch of everything that a queue decides, on seats and counted places.
func (w *world) acts(t testing.TB) *batch {
	t.Helper()
	var requests []*Request
	for i := range 3 {
		r := w.request(fmt.Sprintf("new-%d", i), n("hall", 2), n("box", 2))
		r.Owner = fmt.Sprintf("owner-%d", i)
		requests = append(requests, &r)
	}
	asks := asksFor(requests...)
	asks = append(asks, &ask{end: []string{"back"}, as: Released}, &ask{end: []string{"over"}, as: Expired})
	return &batch{event: event, asks: asks, now: w.now(), maxOpen: 9}
}

// spy notes the statements that a transaction runs.
type spy struct {
	*sqldb.Tx
	ran []statement
}

type statement struct {
	text string
	args []any
}

func (s *spy) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s.ran = append(s.ran, statement{query, args})
	return s.Tx.ExecContext(ctx, query, args...)
}

func (s *spy) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s.ran = append(s.ran, statement{query, args})
	return s.Tx.QueryContext(ctx, query, args...)
}

func (s *spy) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s.ran = append(s.ran, statement{query, args})
	return s.Tx.QueryRowContext(ctx, query, args...)
}

// rowsRead is how many rows of holds the transaction has looked at on PostgreSQL,
// by any index or none.
func rowsRead(t testing.TB, ctx context.Context, tx *sqldb.Tx) (n int64) {
	t.Helper()
	err := tx.QueryRowContext(ctx, `
		select (select coalesce(sum(pg_stat_get_xact_tuples_returned(oid)), 0)::bigint from pg_class
			where relnamespace = current_schema()::regnamespace and relname in ('hold', 'hold_pkey', 'hold_until', 'hold_owner', 'hold_ended'))`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantFew(t testing.TB, read int64) {
	t.Helper()
	if read == 0 || read > few {
		t.Errorf("a batch read %d rows of holds, want 1 to %d", read, few)
	}
}

// scans are the plans of statements that read a whole table on SQLite.
func scans(t testing.TB, ctx context.Context, tx *sqldb.Tx, ran []statement) (list []string) {
	t.Helper()
	for _, s := range ran {
		err := each(ctx, tx, func(scan func(...any) error) error {
			var id, parent, unused int
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			if strings.HasPrefix(detail, "SCAN ") && !strings.HasSuffix(detail, "VALUES CLAUSE") {
				list = append(list, detail+": "+s.text)
			}
			return err
		}, `explain query plan `+s.text, s.args...)
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// many is how many places are sold, and as many held of another event, where a batch
// must read a few rows only.
const many, few = 10_000, 100

// What a batch costs doesn't grow with what was sold: on PostgreSQL it reads a few
// rows, on SQLite every statement finds its rows by an index.
func TestCostIsFlat(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 1_000_000}, Pool{Code: "box", Seats: row("A", 20)})
		w.sellMany(t, many)
		w.hold(t, "back", n("hall", 1), n("box", 1))
		over := w.request("over", n("hall", 1))
		over.Until = start.Add(time.Minute)
		if _, err := w.Hold(t.Context(), over); err != nil {
			t.Fatal(err)
		}
		w.clock.Pass(2 * time.Minute)
		b := w.acts(t)
		err := w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) error {
			s := &spy{Tx: tx}
			if _, err := b.run(ctx, s, nil); err != nil {
				return err
			}
			for _, a := range b.asks {
				if a.err != nil || a.take == nil && a.back != 1 {
					t.Errorf("%+v: %v", a, a.err)
				}
			}
			s.ran = append(s.ran,
				statement{old, []any{int64(0), 10}}, statement{expired, []any{start.UnixMilli(), 10}}, statement{firstEnd, nil}, statement{poolCounts, []any{event}})
			if tx.Engine() == sqldb.Postgres {
				wantFew(t, rowsRead(t, ctx, tx))
				return errNothing
			}
			for _, scan := range scans(t, ctx, tx, s.ran) {
				t.Error(scan)
			}
			return errNothing
		})
		if !errors.Is(err, errNothing) {
			t.Fatal(err)
		}
	})
}

// The statement of PostgreSQL alone, likewise.
func TestStatementReadsFewRows(t *testing.T) {
	w := newWorld(t, dbtest.OpenPostgres(t, migrations.Server), Config{})
	w.set(t, event, Pool{Code: "hall", Capacity: 1_000_000})
	w.sellMany(t, many)
	w.hold(t, "back", n("hall", 1))
	b := w.acts(t)
	for _, a := range b.asks[:3] {
		a.take.Lines = []Line{n("hall", 2)}
	}
	err := w.inTx(t, func(ctx context.Context, tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, atOnce, b.args(b.columns())...); err != nil {
			return err
		}
		wantFew(t, rowsRead(t, ctx, tx))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.want(t, "hall", many, 6)
}
