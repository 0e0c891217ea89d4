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
	"path/filepath"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
)

// Open gives a new SQLite database with the tables of set.
func Open(t testing.TB, set migrations.Set) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "usher.db"), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := migrations.Up(t.Context(), db, set); err != nil {
		t.Fatal(err)
	}
	return db
}

// Each runs test on every engine: set has to be the server's, as a gate has SQLite.
func Each(t *testing.T, set migrations.Set, test func(*testing.T, *sqldb.DB)) {
	t.Helper()
	t.Run(string(sqldb.SQLite), func(t *testing.T) { test(t, Open(t, set)) })
	t.Run(string(sqldb.Postgres), func(t *testing.T) { test(t, OpenPostgres(t, set)) })
}
