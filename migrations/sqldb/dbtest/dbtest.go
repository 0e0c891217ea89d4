// Package dbtest gives tests real, migrated databases: of SQLite a file of its own
// for each test, of PostgreSQL a schema of its own, closed and removed at its end.
//
// PostgreSQL is found by the variable USHER_TEST_PG_URL, which
//
//	bash deploy/dev/services.sh go test ./...
//
// sets, as make test does. Without it the tests that need it fail.
package dbtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
)

// Open gives a new SQLite database with the tables of set.
func Open(t testing.TB, set migrations.Set) *sqldb.DB {
	t.Helper()
	file, err := migrated(set)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "usher.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.OpenSQLite(t.Context(), path, sqldb.Options{})
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

// files are databases with nothing but their tables, by their set. To make the tables
// takes longer than most tests do, so each is made once and copied.
var (
	filesMu sync.Mutex
	files   = map[migrations.Set][]byte{}
)

// migrated gives the file of a database with the tables of set.
func migrated(set migrations.Set) (file []byte, err error) {
	filesMu.Lock()
	defer filesMu.Unlock()
	if file, there := files[set]; there {
		return file, nil
	}
	dir, err := os.MkdirTemp("", "usher-dbtest-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "usher.db")
	db, err := sqldb.OpenSQLite(context.Background(), path, sqldb.Options{})
	if err != nil {
		return nil, err
	}
	err = migrations.Up(context.Background(), db, set)
	if err := errors.Join(err, db.Close()); err != nil { // which leaves nothing in the log
		return nil, err
	}
	if file, err = os.ReadFile(path); err == nil {
		files[set] = file
	}
	return file, err
}

// Each runs test on every engine: set has to be the server's, as a gate has SQLite.
func Each(t *testing.T, set migrations.Set, test func(*testing.T, *sqldb.DB)) {
	t.Helper()
	t.Run(string(sqldb.SQLite), func(t *testing.T) { test(t, Open(t, set)) })
	t.Run(string(sqldb.Postgres), func(t *testing.T) { test(t, OpenPostgres(t, set)) })
}
