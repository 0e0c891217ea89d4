package sqldb_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/migrations/sqldb"
)

// inWriter runs check on the writing connection.
func inWriter(t *testing.T, db *sqldb.DB, check func(sqldb.Queryer)) {
	t.Helper()
	err := db.InTx(t.Context(), func(_ context.Context, tx *sqldb.Tx) error {
		check(tx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a connection was asked for is worth nothing: SQLite passes over a pragma
// that it doesn't know without a word. So each connection is asked what it does.
func TestPragmasInForce(t *testing.T) {
	path := newPath(t)
	db := open(t, path, sqldb.Options{})
	reading := open(t, path, sqldb.Options{ReadOnly: true, BusyTimeout: 1500 * time.Millisecond})
	writes := map[string]string{
		"journal_mode":       "wal",
		"synchronous":        "2", // FULL
		"foreign_keys":       "1",
		"busy_timeout":       "5000",
		"wal_autocheckpoint": "4096",
		"journal_size_limit": "67108864",
		"cache_size":         "-8192",
	}
	reads := map[string]string{"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "5000", "cache_size": "-4096"}
	check := func(name string, want map[string]string) func(sqldb.Queryer) {
		return func(q sqldb.Queryer) {
			t.Helper()
			for pragma, value := range want {
				if got := text(t, q, "pragma "+pragma); got != value {
					t.Errorf("%s: %s is %s, want %s", name, pragma, got, value)
				}
			}
		}
	}
	inWriter(t, db, check("the writer", writes))
	check("beside the writer", writes)(db.SQL())
	check("a reader", reads)(db.Read())
	reads["busy_timeout"] = "1500"
	check("opened for reading only", reads)(reading.Read())
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name          string
		opt           sqldb.Options
		pragma, value string
	}{
		{"normal", sqldb.Options{Synchronous: sqldb.Normal}, "synchronous", "1"},
		{"full", sqldb.Options{Synchronous: sqldb.Full}, "synchronous", "2"},
		{"busy", sqldb.Options{BusyTimeout: 250 * time.Millisecond}, "busy_timeout", "250"},
		{"shorter than SQLite can wait", sqldb.Options{BusyTimeout: time.Microsecond}, "busy_timeout", "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWriter(t, open(t, newPath(t), c.opt), func(q sqldb.Queryer) {
				if got := text(t, q, "pragma "+c.pragma); got != c.value {
					t.Errorf("%s is %s, want %s", c.pragma, got, c.value)
				}
			})
		})
	}
}

func TestForeignKeysHold(t *testing.T) {
	db := open(t, newPath(t), sqldb.Options{})
	write(t, db, `create table parent (n integer primary key) strict`)
	write(t, db, `create table child (n integer not null references parent (n)) strict`)
	if err := tryWrite(t.Context(), db, `insert into child (n) values (1)`); err == nil {
		t.Error("a child without a parent was taken")
	}
}

// A misspelt column in double quotes would otherwise be taken for a text.
func TestQuotedNameIsNoText(t *testing.T) {
	db := openItems(t, newPath(t), sqldb.Options{})
	write(t, db, addItem, 1)
	var got string
	if err := db.Read().QueryRowContext(t.Context(), `select "txet" from item`).Scan(&got); err == nil {
		t.Errorf("a column that isn't there gave %q", got)
	}
	if err := tryWrite(t.Context(), db, `update item set text = "txet"`); err == nil {
		t.Error("a column that isn't there was written as a text")
	}
}

// A path is a file's name and nothing else, and what we make only its owner reads.
func TestPathIsAName(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain.db", "a b.db", "100%25.db", "what?mode=memory", "part#1.db", "ünïcode.db", "file:x.db"} {
		path := filepath.Join(dir, name)
		db := openItems(t, path, sqldb.Options{})
		write(t, db, addItem, 7)
		info, err := os.Stat(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode().Perm())
		}
		wantItems(t, open(t, path, sqldb.Options{ReadOnly: true}), 7)
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	noDatabase := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(noDatabase, []byte("Dear Sir or Madam, this is no database at all, however long it is."), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing.db")
	for _, c := range []struct {
		name, path string
		opt        sqldb.Options
		is         func(error) bool
	}{
		{"no folder", filepath.Join(dir, "none", "usher.db"), sqldb.Options{}, func(err error) bool { return errors.Is(err, fs.ErrNotExist) }},
		{"a folder", dir, sqldb.Options{}, nil},
		{"another file", noDatabase, sqldb.Options{}, sqldb.IsCorrupt},
		{"another file, to read", noDatabase, sqldb.Options{ReadOnly: true}, nil}, // found out by the first query
		{"nothing to read", missing, sqldb.Options{ReadOnly: true}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := sqldb.OpenSQLite(t.Context(), c.path, c.opt)
			if err == nil {
				defer db.Close()
				_, err = items(t.Context(), db.Read())
			}
			if err == nil || c.is != nil && !c.is(err) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening it for reading made the file: %v", err)
	}
	if text, err := os.ReadFile(noDatabase); err != nil || text[0] != 'D' {
		t.Errorf("the file that is no database was changed: %q, %v", text, err)
	}
}

func TestReadOnlyWritesNothing(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	write(t, db, addItem, 1)
	reading := open(t, path, sqldb.Options{ReadOnly: true})
	wantItems(t, reading, 1)
	if err := tryWrite(t.Context(), reading, addItem, 2); err == nil {
		t.Error("InTx wrote")
	}
	if _, err := reading.SQL().ExecContext(t.Context(), addItem, 3); !sqldb.IsFull(err) {
		t.Errorf("SQL wrote: %v", err)
	}
	if _, err := db.Read().ExecContext(t.Context(), addItem, 4); !sqldb.IsFull(err) {
		t.Errorf("a reader wrote: %v", err)
	}
	if err := reading.Checkpoint(t.Context()); err == nil {
		t.Error("it moved the log into the file")
	}
	wantItems(t, db, 1)
}

// Of many that write at once only one does, on one connection.
func TestOneWriter(t *testing.T) {
	db := openItems(t, newPath(t), sqldb.Options{})
	var inside, most atomic.Int32
	var running sync.WaitGroup
	for n := range 40 {
		running.Go(func() {
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
				most.Store(max(most.Load(), inside.Add(1)))
				defer inside.Add(-1)
				_, err := tx.ExecContext(ctx, `insert into item (n) select coalesce(max(n), 0) + 1 from item`)
				return err
			})
			if err != nil {
				t.Errorf("writer %d: %v", n, err)
			}
		})
	}
	running.Wait()
	if most.Load() != 1 {
		t.Errorf("%d transactions ran at once", most.Load())
	}
	if got := text(t, db.Read(), `select count(*) || ' to ' || max(n) from item`); got != "40 to 40" {
		t.Errorf("items %s, want 40 to 40", got)
	}
	if n := sqldb.Writers(db); n != 1 {
		t.Errorf("%d writing connections, want 1", n)
	}
}

// Readers are in nobody's way: they read what was committed last, while a
// transaction runs and from inside one.
func TestReadersSeeWhatIsCommitted(t *testing.T) {
	db := openItems(t, newPath(t), sqldb.Options{})
	write(t, db, addItem, 1)
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, addItem, 2); err != nil {
			return err
		}
		wantItems(t, db, 1)
		if got, err := items(ctx, tx); err != nil || len(got) != 2 {
			t.Errorf("the transaction sees %v (%v), want its own item too", got, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantItems(t, db, 1, 2)
}

// There are as many readers as Options say: one more waits until one is done.
func TestReadersAreBounded(t *testing.T) {
	const readers = 3
	db := openItems(t, newPath(t), sqldb.Options{Readers: readers})
	write(t, db, addItem, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var done []func() error
	for range readers {
		rows, err := db.Read().QueryContext(ctx, `select n from item`)
		if err != nil {
			t.Fatal(err)
		}
		done = append(done, rows.Close)
	}
	short, end := context.WithTimeout(ctx, 50*time.Millisecond)
	defer end()
	if _, err := items(short, db.Read()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("reader %d: %v, want it to wait", readers+1, err)
	}
	if err := done[0](); err != nil {
		t.Fatal(err)
	}
	wantItems(t, db, 1)
	for _, end := range done[1:] {
		if err := end(); err != nil {
			t.Error(err)
		}
	}
}

func TestClose(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	write(t, db, addItem, 1)
	closing := db.Watch(t.Context(), 0) // closed as the first thing
	begun := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			close(begun)
			for range closing {
			}
			_, err := tx.ExecContext(ctx, addItem, 2)
			return err
		})
		if err != nil {
			t.Errorf("the transaction that ran when the database was closed: %v", err)
		}
	})
	<-begun
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	running.Wait()
	if err := db.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if err := tryWrite(t.Context(), db, addItem, 3); err == nil {
		t.Error("a closed database was written to")
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log is still there after the last one closed: %v", err)
	}
	wantItems(t, open(t, path, sqldb.Options{}), 1, 2)
}
