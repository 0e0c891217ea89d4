package sqldb_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"

	"usher/migrations/sqldb"
)

// damage overwrites the pages of the file behind the first.
func damage(t *testing.T, db *sqldb.DB, path string) error {
	t.Helper()
	write(t, db, fillItems)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, int(info.Size())-4096), 4096); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = items(t.Context(), open(t, path, sqldb.Options{}).Read())
	return err
}

// Each class has errors of its own, and no error is of two.
func TestClasses(t *testing.T) {
	classes := map[string]func(error) bool{"busy": sqldb.IsBusy, "unique": sqldb.IsUnique, "full": sqldb.IsFull, "corrupt": sqldb.IsCorrupt, "null": sqldb.IsNull}
	statement := func(query string) func(*testing.T, *sqldb.DB) error {
		return func(t *testing.T, db *sqldb.DB) error { return tryWrite(t.Context(), db, query) }
	}
	for _, c := range []struct {
		name    string
		trouble func(*testing.T, *sqldb.DB) error
		class   string // "": none
	}{
		{"another process writes", busy, "busy"},
		{"row number twice", twice, "unique"},
		{"primary key twice", func(t *testing.T, db *sqldb.DB) error {
			write(t, db, `create table word (w text primary key) strict`)
			return tryWrite(t.Context(), db, `insert into word (w) values ('a'), ('a')`)
		}, "unique"},
		{"unique index", func(t *testing.T, db *sqldb.DB) error {
			write(t, db, `create unique index item_text on item (text)`)
			return tryWrite(t.Context(), db, `insert into item (n, text) values (1, 'a'), (2, 'a')`)
		}, "unique"},
		{"disk full", full, "full"},
		{"may only read", func(t *testing.T, db *sqldb.DB) error {
			_, err := db.Read().ExecContext(t.Context(), addItem, 1)
			return err
		}, "full"},
		{"check", func(t *testing.T, db *sqldb.DB) error {
			write(t, db, `create table small (n integer check (n < 10)) strict`)
			return tryWrite(t.Context(), db, `insert into small (n) values (10)`)
		}, ""},
		{"not null", statement(`insert into item (text) values (null)`), "null"},
		{"wrong type", statement(`insert into item (text) values (x'00')`), ""},
		{"syntax", statement(`insert item`), ""},
		{"the context", func(t *testing.T, db *sqldb.DB) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := db.Read().ExecContext(ctx, `select 1`)
			return err
		}, ""},
		{"no error of the engine", func(*testing.T, *sqldb.DB) error { return errors.New("database is locked (5) (SQLITE_BUSY)") }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := engineError(t, c.trouble)
			for class, is := range classes {
				if is(err) != (class == c.class) {
					t.Errorf("%s: %v for %v", class, is(err), err)
				}
				if is(nil) {
					t.Errorf("%s: no error is one", class)
				}
			}
		})
	}
	t.Run("damaged", func(t *testing.T) {
		path := newPath(t)
		if err := damage(t, openItems(t, path, sqldb.Options{}), path); !sqldb.IsCorrupt(err) || sqldb.IsFull(err) || sqldb.IsBusy(err) {
			t.Errorf("got %v", err)
		}
	})
}
