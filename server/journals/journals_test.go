package journals

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/vault"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

const event = "NIGHT-1"

var start = time.Date(2026, 7, 11, 18, 0, 0, 0, time.UTC)

// world is a server's journals with one event that has keys.
type world struct {
	*Journals
	db    *sqldb.DB
	vault *vault.Vault
	now   time.Time
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	w := &world{db: db, now: start}
	clock := func() time.Time { return w.now }
	w.vault = vault.New(db, rand.Reader, clock, "Test Organiser")
	if err := w.vault.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Journals = New(db, w.vault, clock)
	return w
}

func (w *world) create(t testing.TB, event string) {
	t.Helper()
	w.tx(t, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := w.vault.CreateEvent(ctx, tx, event, start.Add(1000*time.Hour))
		return err
	})
}

func (w *world) tx(t testing.TB, do func(context.Context, *sqldb.Tx) error) {
	t.Helper()
	if err := w.db.InTx(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

// resolve writes n records of the server's.
func (w *world) resolve(t testing.TB, event string, n int) []*journal.Record {
	t.Helper()
	contents := make([]any, n)
	for i := range contents {
		contents[i] = &journal.Resolve{Ticket: journaltest.Ticket(uint64(i)), Admissions: []journal.Hash{{1}}, Why: "seen on camera"}
	}
	var records []*journal.Record
	w.tx(t, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		records, err = w.Write(ctx, tx, event, journal.KindResolve, contents...)
		return err
	})
	return records
}

func TestStore(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, _ *sqldb.DB) {
		journaltest.Store(t, func(t *testing.T) journal.Store {
			return newWorld(t, dbtest.Open(t, migrations.Server)).Store(event)
		})
	})
}

func TestStoreDurable(t *testing.T) {
	journaltest.Durable(t, func(t *testing.T, dir string) (journal.Store, func()) {
		db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(dir, "usher.db"), sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := migrations.Up(t.Context(), db, migrations.Server); err != nil {
			t.Fatal(err)
		}
		return newWorld(t, db).Store(event), func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestWrite(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.create(t, event)
		w.create(t, "OTHER")
		first := w.resolve(t, event, 2)
		w.resolve(t, "OTHER", 1)
		second := w.resolve(t, event, 1)
		author, err := w.vault.Author(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range append(first, second...) {
			if r.Seq != uint64(i+1) || r.Chain != author.Chain() {
				t.Errorf("record %d is number %d of %s", i+1, r.Seq, r.Chain)
			}
			if err := r.Verify(author.Signer.Public()); err != nil {
				t.Error(err)
			}
			if r.Stamp != (journal.Stamp{Time: start.UnixMilli(), Synced: true}) {
				t.Errorf("record %d is of %+v", i+1, r.Stamp)
			}
		}
		vector, err := w.Store(event).Vector(t.Context())
		if err != nil || len(vector) != 1 || vector[author.Chain()] != second[0].Head() {
			t.Errorf("the vector is %v, %v", vector, err)
		}
	})
}

func TestWriteBelongsToTheTransaction(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.create(t, event)
		failed := errors.New("something after it failed")
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			content := &journal.Resolve{Admissions: []journal.Hash{{1}}, Why: "x"}
			if _, err := w.Write(ctx, tx, event, journal.KindResolve, content); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		if vector, err := w.Store(event).Vector(t.Context()); err != nil || len(vector) != 0 {
			t.Errorf("after a transaction that failed the vector is %v, %v", vector, err)
		}
		if r := w.resolve(t, event, 1); r[0].Seq != 1 {
			t.Errorf("the next record has number %d", r[0].Seq)
		}
	})
}

func TestWriteRefuses(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.create(t, event)
		for _, c := range []struct {
			name    string
			event   string
			content any
			want    fault.Kind
		}{
			{"an event without keys", "NONE", &journal.Resolve{}, fault.NotFound},
			{"a record over the limit", event, &journal.RingRecord{Signed: make([]byte, journal.MaxRecordBytes)}, fault.TooLarge},
		} {
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
				_, err := w.Write(ctx, tx, c.event, journal.KindResolve, c.content)
				return err
			})
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
		}
	})
}

// Two processes write and store at once: no number is given twice, none is left
// out.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	var worlds [2]*world
	for i := range worlds {
		db, err := sqldb.OpenSQLite(t.Context(), path, sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := migrations.Up(t.Context(), db, migrations.Server); err != nil {
			t.Fatal(err)
		}
		worlds[i] = newWorld(t, db)
	}
	worlds[0].create(t, event)
	const each = 20
	done := make(chan error)
	for _, w := range worlds {
		go func() {
			var err error
			for i := 0; i < each && err == nil; i++ {
				err = w.db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
					_, err := w.Write(ctx, tx, event, journal.KindResolve, &journal.Resolve{Admissions: []journal.Hash{{1}}, Why: "x"})
					return err
				})
			}
			done <- err
		}()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	got, err := worlds[1].Tail(t.Context(), event, 0, 1000)
	if err != nil || len(got) != 2*each {
		t.Fatalf("%d records, %v", len(got), err)
	}
	var head journal.Head
	for _, a := range got {
		if err := a.Follows(head); err != nil {
			t.Fatal(err)
		}
		head = a.Head()
	}
}

func TestBeginEpoch(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.create(t, event)
		before := w.resolve(t, event, 3)
		begun, err := w.BeginEpoch(t.Context(), event)
		if err != nil || begun.Chain.Epoch != 1 || begun.Again != 0 {
			t.Fatalf("begun %+v, %v", begun, err)
		}
		after := w.resolve(t, event, 2)
		if after[0].Chain != begun.Chain || after[0].Seq != 4 || after[0].Prev != before[2].Hash() || after[1].Seq != 5 {
			t.Errorf("after the epoch began: record %d of %s", after[0].Seq, after[0].Chain)
		}
		if _, err := w.BeginEpoch(t.Context(), "NONE"); !errors.Is(err, fault.NotFound) {
			t.Errorf("an epoch of no event: %v", err)
		}
	})
}

func TestPublishRings(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.create(t, "EARLIER")
		w.create(t, event)
		publish := func() (rings []*keyring.SignedRing) {
			t.Helper()
			w.tx(t, func(ctx context.Context, tx *sqldb.Tx) error {
				records, err := w.PublishRings(ctx, tx, event)
				if err != nil {
					return err
				}
				for _, r := range records {
					content, err := journal.Read[journal.RingRecord](r)
					if err != nil {
						return err
					}
					ring, err := keyring.ParseSigned(content.Signed)
					if err != nil {
						return err
					}
					rings = append(rings, ring)
				}
				return nil
			})
			return rings
		}
		first := publish()
		if len(first) != 1 || first[0].Ring.Seq != 3 {
			t.Fatalf("a new journal begins with %d rings", len(first))
		}
		pins, err := w.vault.Pins(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := first[0].VerifyPinned(pins); err != nil {
			t.Error(err)
		}
		if again := publish(); len(again) != 0 {
			t.Errorf("published again: %d rings", len(again))
		}
		w.create(t, "LATER")
		w.resolve(t, event, 1)
		w.tx(t, func(ctx context.Context, tx *sqldb.Tx) error {
			_, _, err := w.vault.Rotate(ctx, tx, event)
			return err
		})
		rest := publish()
		if len(rest) != 2 {
			t.Fatalf("%d rings after two steps, want both", len(rest))
		}
		if last, err := keyring.Walk(first[0], rest...); err != nil || last.Ring.Seq != 5 {
			t.Errorf("walking them: %v", err)
		}
	})
}

func TestForks(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		gate := journaltest.NewWriter(t, "gate")
		clone := gate.Fork()
		clone.Stamp.Time++
		held, seen := gate.Scans(t, 1)[0], clone.Scans(t, 1)[0]
		for range 2 {
			if err := w.Store(event).KeepFork(t.Context(), journal.Fork{Held: held, Seen: seen}); err != nil {
				t.Fatal(err)
			}
		}
		forks, err := w.Forks(t.Context(), event)
		if err != nil || len(forks) != 1 || forks[0].Held.Hash() != held.Hash() || forks[0].Seen.Hash() != seen.Hash() {
			t.Fatalf("%d forks, %v", len(forks), err)
		}
		if err := forks[0].Check(gate.Signer.Public()); err != nil {
			t.Error(err)
		}
		if forks, err := w.Forks(t.Context(), "OTHER"); err != nil || len(forks) != 0 {
			t.Errorf("another event has %d forks, %v", len(forks), err)
		}
	})
}

// A number near the end of 64 bits is asked for only by somebody who means harm,
// and no engine's integer holds it.
func TestNumbersOutOfRange(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		chain := journal.Chain{Node: journaltest.NewWriter(t, "gate").Chain().Node, Epoch: 1 << 63}
		if got, err := w.Store(event).Read(t.Context(), chain, 1<<63, 1, 1); err != nil || len(got) != 0 {
			t.Errorf("reading it: %d records, %v", len(got), err)
		}
	})
}
