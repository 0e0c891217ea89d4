package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
)

// Arrays and what a statement gives back that writes: what a batch in a single
// round trip is made of.
func TestExecReturning(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		var got []int
		each := func(rows *sql.Rows) error {
			var n int
			err := rows.Scan(&n)
			got = append(got, n)
			return err
		}
		query, args := `insert into item (n) values ($1), ($2), ($3) returning n`, []any{1, 2, 3}
		if db.Engine() == sqldb.Postgres {
			query = `insert into item (n, text) select * from unnest($1::bigint[], $2::text[]) returning n`
			args = []any{[]int64{1, 2, 3}, []string{"a", "b,\"", ""}}
		}
		if err := db.ExecReturning(t.Context(), each, query, args...); err != nil || !slices.Equal(got, []int{1, 2, 3}) {
			t.Fatalf("%v, %v", got, err)
		}
		if err := db.ExecReturning(t.Context(), each, query, args...); !sqldb.IsUnique(err) {
			t.Errorf("the same again: %v", err)
		}
		wantItems(t, db, 1, 2, 3)
	})
}

// Of two transactions that wait for each other PostgreSQL fails one, which is then
// tried again: both are done in the end.
func TestDeadlockIsTriedAgain(t *testing.T) {
	db := postgresItems(t, dbtest.NewPostgresURL(t), sqldb.Options{})
	write(t, db, `insert into item (n, text) values (1, ''), (2, '')`)
	var first sync.WaitGroup // both have their first row
	first.Add(2)
	var running sync.WaitGroup
	runs := make([]int, 2)
	for i := range 2 {
		running.Go(func() {
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
				const more = `update item set text = text || 'x' where n = $1`
				if _, err := tx.ExecContext(ctx, more, 1+i); err != nil {
					return err
				}
				if runs[i]++; runs[i] == 1 {
					first.Done()
					first.Wait()
				}
				_, err := tx.ExecContext(ctx, more, 2-i)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	// The loser may have its row again before the winner has woken, and they lock each
	// other out once more.
	if runs[0]+runs[1] < 3 {
		t.Errorf("runs %v, want more than two", runs)
	}
	if got := text(t, db.Read(), `select min(text) || max(text) from item`); got != "xxxx" {
		t.Errorf("the rows say %s", got)
	}
}

// A row that another transaction holds for too long is busy.
func TestLockIsWaitedForSoLong(t *testing.T) {
	address := dbtest.NewPostgresURL(t)
	other := postgresItems(t, address, sqldb.Options{})
	write(t, other, addItem, 1)
	db := openPostgres(t, address, sqldb.Options{BusyTimeout: time.Millisecond})
	inWriter(t, other, func(q sqldb.Queryer) {
		if _, err := q.ExecContext(t.Context(), `update item set text = 'mine' where n = 1`); err != nil {
			t.Fatal(err)
		}
		if err := db.Exec(t.Context(), `update item set text = 'ours' where n = 1`); !sqldb.IsBusy(err) {
			t.Errorf("got %v, want that another was in the way", err)
		}
	})
	if got := text(t, db.Read(), `select text from item`); got != "mine" {
		t.Errorf("the row says %s", got)
	}
}

// A mistake that shows only while rows are read ends the transaction as well.
func TestMistakeAmongRows(t *testing.T) {
	db := postgresItems(t, dbtest.NewPostgresURL(t), sqldb.Options{})
	write(t, db, `insert into item (n) select generate_series(0, 5000)`)
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, addItem, 9999); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `select n / (5000 - n) from item order by n`)
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		_ = rows.Close() // and nobody asks for rows.Err
		return nil
	})
	if err == nil {
		t.Error("the commit says that all is well")
	}
	if n := text(t, db.Read(), `select count(*) from item`); n != "5001" {
		t.Errorf("%s items", n)
	}
}

// Rows left open are named, rather than a connection blamed.
func TestRowsLeftOpen(t *testing.T) {
	db := postgresItems(t, dbtest.NewPostgresURL(t), sqldb.Options{})
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		rows, err := tx.QueryContext(ctx, `select generate_series(1, 5)`)
		if err != nil {
			return err
		}
		defer rows.Close()
		_, err = tx.ExecContext(ctx, addItem, 1)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "close them first") || sqldb.IsUnreachable(err) {
		t.Errorf("got %v", err)
	}
}

func TestReadingCannotWrite(t *testing.T) {
	db := postgresItems(t, dbtest.NewPostgresURL(t), sqldb.Options{})
	if _, err := db.Read().ExecContext(t.Context(), addItem, 1); !sqldb.IsFull(err) {
		t.Errorf("exec: %v", err)
	}
	var n int
	if err := db.Read().QueryRowContext(t.Context(), addItem+` returning n`, 1).Scan(&n); !sqldb.IsFull(err) {
		t.Errorf("query: %v", err)
	}
	wantItems(t, db)
}

func TestAddressesOfPostgres(t *testing.T) {
	for _, c := range []struct {
		name, address string
		kind          fault.Kind
	}{
		{"a file", "/var/lib/usher.db", fault.BadInput},
		{"no address", "postgres://u:secret@host:port:1/x", fault.BadInput},
		{"an option that is none", "postgres://u:secret@127.0.0.1/x?sslmode=perhaps", fault.BadInput},
		{"nobody there", "postgres://u:secret@127.0.0.1:1/x", fault.Unavailable},
		{"no such database", renamed(t, dbtest.NewPostgresURL(t)), fault.Internal},
	} {
		db, err := sqldb.OpenPostgres(t.Context(), c.address, sqldb.Options{})
		if err == nil {
			err = errors.Join(errors.New("it opened"), db.Close())
		}
		if fault.KindOf(err) != c.kind || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %s", c.name, err, c.kind)
		}
	}
}

// renamed gives the address of a database that isn't there.
func renamed(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/nowhere"
	return u.String()
}

// Two on one server hear of each other's commits, and of those of one that only
// came to write.
func TestWatchOverPostgres(t *testing.T) {
	address := dbtest.NewPostgresURL(t)
	db, other := postgresItems(t, address, sqldb.Options{}), openPostgres(t, address, sqldb.Options{})
	notices := db.Watch(t.Context(), time.Hour)
	told(t, notices) // it listens now
	for n := range 3 {
		write(t, other, addItem, n)
		told(t, notices)
	}
	brief, err := sqldb.OpenPostgres(t.Context(), address, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	write(t, brief, addItem, 4)
	if err := brief.Close(); err != nil {
		t.Fatal(err)
	}
	told(t, notices)
	// With nobody who tells there is still one now and then.
	beside := other.Watch(t.Context(), time.Millisecond)
	for range 3 {
		told(t, beside)
	}
}
