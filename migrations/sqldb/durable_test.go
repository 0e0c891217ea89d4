package sqldb_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"usher/migrations/sqldb"
)

func openNotes(t *testing.T, path string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), path, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Exec(t.Context(), `create table if not exists note (id integer primary key, text text not null) strict`); err != nil {
		t.Fatal(err)
	}
	return db
}

func wantNotes(t *testing.T, db *sqldb.DB, want ...string) {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(), `select text from note order by id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		got = append(got, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("notes %q, want %q", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("notes %q, want %q", got, want)
		}
	}
}

// crashed copies a database as a power cut would leave it: with its log, and
// without the memory that the processes share.
func crashed(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		from, err := os.Open(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		into, err := os.Create(to + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(into, from); err != nil {
			t.Fatal(err)
		}
		if err := into.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

const addNote = `insert into note (text) values ($1)`

func TestExecIsATransaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	db := openNotes(t, path)
	if err := db.Exec(t.Context(), addNote, "one"); err != nil {
		t.Fatal(err)
	}
	wantNotes(t, openNotes(t, crashed(t, path)), "one")
	if err := db.Exec(t.Context(), `insert into note (id, text) values ($1, $2), ($3, $4)`, 7, "half", 7, "twice"); !sqldb.IsUnique(err) {
		t.Errorf("one number twice: %v", err)
	}
	wantNotes(t, db, "one") // nothing of a statement that failed
	if err := db.Exec(t.Context(), addNote, "two"); err != nil {
		t.Errorf("after a statement that failed: %v", err)
	}
	err := db.InTx(t.Context(), func(ctx context.Context, _ *sqldb.Tx) error { return db.Exec(ctx, addNote, "inside") })
	if err == nil {
		t.Error("inside a transaction, where it would wait for itself: no error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Exec(ended, addNote, "late"); err == nil {
		t.Error("with a context that has ended: no error")
	}
	wantNotes(t, db, "one", "two")
}

func TestExecIsRefusedWhereNobodyMayWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	openNotes(t, path)
	db, err := sqldb.OpenSQLite(t.Context(), path, sqldb.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(t.Context(), addNote, "one"); err == nil {
		t.Error("no error")
	}
}

// What is in the log stays, what is written next goes over the reserved space,
// and neither is lost with the power.
func TestReservedSpaceMeansNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	db := openNotes(t, path)
	want := []string{"before"}
	if err := db.Exec(t.Context(), addNote, "before"); err != nil {
		t.Fatal(err)
	}
	var long int64
	for range 2 { // the second time there is nothing to do
		if err := db.Reserve(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantNotes(t, openNotes(t, crashed(t, path)), want...)
		for _, text := range []string{"after", "more"} {
			if err := db.Exec(t.Context(), addNote, text); err != nil {
				t.Fatal(err)
			}
			want = append(want, text)
		}
		wantNotes(t, openNotes(t, crashed(t, path)), want...)
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		if long == 0 {
			long = info.Size()
		}
		if info.Size() < 16<<20 || info.Size() != long {
			t.Errorf("the log has %d bytes, and had %d", info.Size(), long)
		}
	}
	wantNotes(t, db, want...)
}
