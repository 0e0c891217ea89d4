package journals

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

func TestTail(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.create(t, event)
		w.create(t, "OTHER")
		gate := journaltest.NewWriter(t, "gate")
		want := w.resolve(t, event, 2)
		w.resolve(t, "OTHER", 2)
		scans := gate.Scans(t, 3)
		w.now = start.Add(time.Minute)
		if err := w.Store(event).Append(t.Context(), scans); err != nil {
			t.Fatal(err)
		}
		want = append(want, scans...)
		var last int64
		for i := 0; i < len(want); {
			page, err := w.Tail(t.Context(), event, last, 2)
			if err != nil || len(page) == 0 || len(page) > 2 {
				t.Fatalf("after %d: %d records, %v", last, len(page), err)
			}
			for _, a := range page {
				if a.ID <= last || a.Hash() != want[i].Hash() {
					t.Errorf("record %d has number of arrival %d after %d", i, a.ID, last)
				}
				if late := a.Received.Equal(start.Add(time.Minute)); late != (i >= 2) {
					t.Errorf("record %d was received at %s", i, a.Received)
				}
				last = a.ID
				i++
			}
		}
		if rest, err := w.Tail(t.Context(), event, last, 2); err != nil || len(rest) != 0 {
			t.Errorf("at the end: %d records, %v", len(rest), err)
		}
	})
}

func TestAdmitted(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		gate := journaltest.NewWriter(t, "gate")
		scan := func(result, direction string) *journal.Record {
			content := journaltest.Admission("north", journaltest.Ticket(1))
			content.Result, content.Direction = result, direction
			return gate.Write(t, journal.KindScan, content)
		}
		for _, c := range []struct {
			result, direction string
			want              bool
		}{{"reject", "in", false}, {"accept", "out", false}, {"accept", "in", true}, {"reject", "in", true}} {
			if err := w.Store(event).Append(t.Context(), []*journal.Record{scan(c.result, c.direction)}); err != nil {
				t.Fatal(err)
			}
			if got, err := w.Admitted(t.Context(), db.Read(), event); err != nil || got != c.want {
				t.Errorf("after %s %s: %v, %v", c.result, c.direction, got, err)
			}
		}
		if got, err := w.Admitted(t.Context(), db.Read(), "OTHER"); err != nil || got {
			t.Errorf("another event: %v, %v", got, err)
		}
	})
}

// A reader is woken by what its own process stores, writes, and by what another
// process does, and by nothing of another event.
func TestSubscribe(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	path := filepath.Join(t.TempDir(), "usher.db")
	open := func() *sqldb.DB {
		db, err := sqldb.OpenSQLite(t.Context(), path, sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := migrations.Up(t.Context(), db, migrations.Server); err != nil {
			t.Fatal(err)
		}
		return db
	}
	mine, theirs := open(), open()
	w, other := newWorld(t, mine), newWorld(t, theirs)
	w.create(t, event)
	notices, cancel := w.Subscribe(event)
	_, cancelOther := w.Subscribe("OTHER")
	gate := journaltest.NewWriter(t, "gate")
	var last int64
	arrives := func(how string, n int) {
		t.Helper()
		for n > 0 {
			select {
			case <-notices:
			case <-time.After(30 * time.Second):
				t.Fatalf("%s: no notice", how)
			}
			got, err := w.Tail(t.Context(), event, last, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range got {
				last = a.ID
			}
			n -= len(got)
		}
	}
	w.resolve(t, event, 2)
	arrives("written here", 2)
	if err := w.Store(event).Append(t.Context(), gate.Scans(t, 3)); err != nil {
		t.Fatal(err)
	}
	arrives("stored here", 3)
	other.resolve(t, event, 1)
	arrives("written by another process", 1)
	cancelOther()
	if err := other.Store(event).Append(t.Context(), gate.Scans(t, 1)); err != nil {
		t.Fatal(err)
	}
	arrives("stored by another process", 1)
	cancel()
	cancel()
	again, cancel := w.Subscribe(event)
	w.resolve(t, event, 1)
	<-again
	cancel()
	if err := errors.Join(mine.Close(), theirs.Close()); err != nil {
		t.Error(err)
	}
}

// A database that is closed first doesn't keep its readers from leaving.
func TestSubscribeToClosed(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.Server))
	_, cancel := w.Subscribe(event)
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	cancel()
}

func TestCheckpoint(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.create(t, event)
		if _, err := w.Checkpoint(t.Context(), event); !errors.Is(err, fault.NotReady) {
			t.Errorf("of an empty journal: %v", err)
		}
		if _, err := w.Checkpoint(t.Context(), "NONE"); !errors.Is(err, fault.NotFound) {
			t.Errorf("of no event: %v", err)
		}
		records := w.resolve(t, event, 2)
		author, err := w.vault.Author(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		c, err := w.Checkpoint(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Verify(author.Signer.Public()); err != nil {
			t.Error(err)
		}
		if c.Head != records[1].Head() || c.Time != start.UnixMilli() || c.Expires != start.Add(24*time.Hour).UnixMilli() {
			t.Errorf("the checkpoint says %+v at %d until %d", c.Head, c.Time, c.Expires)
		}
		kept, err := w.Checkpoints(t.Context(), event)
		if err != nil || len(kept) != 1 || kept[0].Time != c.Time {
			t.Errorf("kept: %d, %v", len(kept), err)
		}
	})
}

func TestKeepCheckpoint(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		gate := journaltest.NewWriter(t, "gate")
		at := func(ms int64) *journal.Checkpoint {
			c, err := gate.Checkpoint(journal.Head{Seq: uint64(ms)}, ms, ms+1)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		for _, step := range []struct{ told, want int64 }{{5, 5}, {3, 5}, {5, 5}, {9, 9}} {
			if err := w.KeepCheckpoint(t.Context(), event, at(step.told)); err != nil {
				t.Fatal(err)
			}
			kept, err := w.Checkpoints(t.Context(), event)
			if err != nil || len(kept) != 1 || kept[0].Time != step.want {
				t.Errorf("told of %d: %d kept, %v; want that of %d", step.told, len(kept), err, step.want)
			}
		}
	})
}

func TestRun(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.create(t, event)
		w.resolve(t, event, 1)
		ctx, cancel := context.WithCancel(t.Context())
		tick, done, ended := make(chan time.Time), make(chan error), make(chan struct{})
		go func() {
			defer close(ended)
			w.Run(ctx, tick, func(err error) { done <- err })
		}()
		for hour := range 3 {
			if hour > 0 {
				w.now = w.now.Add(time.Hour)
				tick <- w.now
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			kept, err := w.Checkpoints(t.Context(), event)
			if err != nil || len(kept) != 1 || kept[0].Time != w.now.UnixMilli() {
				t.Errorf("hour %d: %d checkpoints, %v", hour, len(kept), err)
			}
		}
		cancel()
		<-ended
	})
}
