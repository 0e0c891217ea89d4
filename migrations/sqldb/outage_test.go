package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
)

// A server that is lost is said to be unavailable, and nothing of what was being
// written is kept; when it is back, so are we.
func TestOutage(t *testing.T) {
	direct := dbtest.NewPostgresURL(t)
	address, way := dbtest.Behind(t, direct)
	other := postgresItems(t, direct, sqldb.Options{})
	db := openPostgres(t, address, sqldb.Options{})
	write(t, db, addItem, 1)
	wantItems(t, db, 1)
	notices := db.Watch(t.Context(), time.Hour)
	told(t, notices)

	gone := func(name string, err error) {
		t.Helper()
		if !sqldb.IsUnreachable(err) || !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, want that the database can't be reached", name, err)
		}
	}
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, addItem, 2); err != nil {
			t.Error(err)
		}
		way.Cut()
		_, err := tx.ExecContext(ctx, addItem, 3)
		return err
	})
	gone("a statement", err)
	gone("a transaction", tryWrite(t.Context(), db, addItem, 2))
	gone("a statement alone", db.Exec(t.Context(), addItem, 2))
	_, err = items(t.Context(), db.Read())
	gone("reading rows", err)
	var n int
	gone("reading one", db.Read().QueryRowContext(t.Context(), `select count(*) from item`).Scan(&n))
	if _, err := sqldb.OpenPostgres(t.Context(), address, sqldb.Options{}); true {
		gone("opening", err)
	}

	way.Mend()
	write(t, db, addItem, 4)
	wantItems(t, db, 1, 4)
	told(t, notices)
	for heard := false; !heard; { // it listens again, as soon as it has tried to
		write(t, other, `update item set text = text || 'x'`)
		select {
		case <-notices:
			heard = true
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// A commit that the server was lost at may have been one: the error doesn't say
// that it was not.
func TestLostAtTheCommit(t *testing.T) {
	address, way := dbtest.Behind(t, dbtest.NewPostgresURL(t))
	db := postgresItems(t, address, sqldb.Options{})
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, addItem, 1)
		way.Cut()
		return err
	})
	if !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	way.Mend()
	wantItems(t, db)
}

func eachBool(rows *sql.Rows) error {
	var done bool
	return rows.Scan(&done)
}

// endable gives a database by two ways: one whose connections the server ends when end
// is called, and another.
func endable(t *testing.T, opt sqldb.Options) (db, admin *sqldb.DB, end func()) {
	t.Helper()
	address := dbtest.NewPostgresURL(t)
	admin = postgresItems(t, address, sqldb.Options{})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	name := "endable_" + q.Get("search_path")
	q.Set("application_name", name)
	u.RawQuery = q.Encode()
	return openPostgres(t, u.String(), opt), admin, func() {
		t.Helper()
		if err := admin.ExecReturning(t.Context(), eachBool, `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = $1`, name); err != nil {
			t.Fatal(err)
		}
	}
}

// Connections that the server ended while nobody used them cost nobody anything.
func TestConnectionsEndedMeanwhile(t *testing.T) {
	db, _, end := endable(t, sqldb.Options{})
	for n := range 3 {
		write(t, db, addItem, n)
		wantItems(t, db, []int{0, 1, 2}[:n+1]...)
		end()
	}
}

// A transaction that only writes, over a connection that the server has ended: the
// server said so before it began anything, so it is written once over another.
func TestWritesOverAConnectionThatWasEnded(t *testing.T) {
	db, admin, end := endable(t, sqldb.Options{Writers: 1})
	for n := range 3 {
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error { return tx.Later(ctx, addLater(n)) })
		if err != nil {
			t.Errorf("write %d: %v", n, err)
		}
		wantItems(t, admin, []int{0, 1, 2}[:n+1]...)
		end()
	}
}

// One whose answer is lost may have been committed. It was, here, and it isn't
// written again.
func TestLostAfterTheCommit(t *testing.T) {
	address, way := dbtest.Behind(t, dbtest.NewPostgresURL(t))
	db := postgresItems(t, address, sqldb.Options{})
	db.Carry(nobody{}) // whose answers aren't this database's
	another := sqldb.Call{Query: `insert into item (text) values ('x')`}
	for run := range 2 { // the first time statements are prepared, which is an answer too
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			if run == 1 {
				way.LoseAnswer()
			}
			return tx.Later(ctx, another)
		})
		if (run == 1) != errors.Is(err, fault.Unavailable) {
			t.Errorf("run %d: %v", run, err)
		}
	}
	if n := text(t, db.Read(), `select count(*) from item`); n != "2" {
		t.Errorf("%s items", n)
	}
}
