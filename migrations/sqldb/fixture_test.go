package sqldb_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"usher/migrations/sqldb"
)

// TestMain lets the test binary be its own child process: see child_test.go.
func TestMain(m *testing.M) {
	if work, ok := children[os.Getenv(childEnv)]; ok {
		if err := work(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "usher.db") }

func open(t *testing.T, path string, opt sqldb.Options) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

const makeItems = `create table if not exists item (n integer primary key, text text not null default '') strict`

// openItems opens a database with the table item.
func openItems(t *testing.T, path string, opt sqldb.Options) *sqldb.DB {
	t.Helper()
	db := open(t, path, opt)
	write(t, db, makeItems)
	return db
}

// write runs one statement in a transaction of its own.
func write(t *testing.T, db *sqldb.DB, query string, args ...any) {
	t.Helper()
	if err := tryWrite(t.Context(), db, query, args...); err != nil {
		t.Fatal(err)
	}
}

func tryWrite(ctx context.Context, db *sqldb.DB, query string, args ...any) error {
	return db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

const addItem = `insert into item (n) values ($1)`

// items lists the numbers in the table item as q sees them.
func items(ctx context.Context, q sqldb.Queryer) (list []int, err error) {
	rows, err := q.QueryContext(ctx, `select n from item order by n`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

func wantItems(t *testing.T, db *sqldb.DB, want ...int) {
	t.Helper()
	got, err := items(t.Context(), db.Read())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("items %v, want %v", got, want)
	}
}

// whole fails when SQLite finds the file damaged.
func whole(t *testing.T, db *sqldb.DB) {
	t.Helper()
	if said := text(t, db.Read(), `pragma integrity_check`); said != "ok" {
		t.Errorf("integrity check: %s", said)
	}
}

// text gives the one value that a query gives, as text.
func text(t *testing.T, q sqldb.Queryer, query string, args ...any) (value string) {
	t.Helper()
	if err := q.QueryRowContext(t.Context(), query, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}
