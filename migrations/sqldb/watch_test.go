package sqldb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"usher/migrations/sqldb"
)

// told waits for a notice.
func told(t *testing.T, notices <-chan struct{}) {
	t.Helper()
	select {
	case _, open := <-notices:
		if !open {
			t.Fatal("the channel is closed")
		}
	case <-time.After(time.Minute):
		t.Fatal("no notice")
	}
}

func untilClosed(t *testing.T, notices <-chan struct{}) {
	t.Helper()
	for {
		select {
		case _, open := <-notices:
			if !open {
				return
			}
		case <-time.After(time.Minute):
			t.Fatal("the channel is not closed")
		}
	}
}

// In one process a notice comes at once: an interval that never passes does.
func TestWatchTellsOfOwnCommits(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		notices := db.Watch(t.Context(), time.Hour)
		for n := range 3 {
			write(t, db, addItem, n)
			told(t, notices)
		}
	})
}

func TestWatchTellsOfOthersCommits(t *testing.T) {
	path := newPath(t)
	other := openItems(t, path, sqldb.Options{})
	for name, opt := range map[string]sqldb.Options{"may write": {}, "may only read": {ReadOnly: true}} {
		t.Run(name, func(t *testing.T) {
			db := open(t, path, opt)
			notices := db.Watch(t.Context(), time.Millisecond)
			for range 3 {
				write(t, other, `insert into item (text) values ('by another')`)
				told(t, notices)
			}
		})
	}
}

// Only a commit is told of.
func TestNoNoticeWithoutACommit(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		own, cancel := sqldb.Notices(db)
		defer cancel()
		if err := db.InTx(t.Context(), func(context.Context, *sqldb.Tx) error { return errStopped }); !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
		wantItems(t, db)
		select {
		case <-own:
			t.Error("a notice of a transaction that was rolled back")
		default:
		}
		write(t, db, addItem, 1)
		write(t, db, addItem, 2) // with the one that waits, one
		told(t, own)
		select {
		case <-own:
			t.Error("two notices wait")
		default:
		}
	})
}

func TestWatchEnds(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		first, second := db.Watch(ctx, 0), db.Watch(t.Context(), 0)
		cancel()
		untilClosed(t, first)
		write(t, db, addItem, 1)
		told(t, second) // it goes on
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		untilClosed(t, second)
		untilClosed(t, db.Watch(t.Context(), 0))
	})
}

func TestDataVersion(t *testing.T) {
	path := newPath(t)
	db, other := openItems(t, path, sqldb.Options{}), open(t, path, sqldb.Options{})
	version := func() int64 {
		t.Helper()
		v, err := db.DataVersion(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	before := version()
	if err := db.InTx(t.Context(), func(context.Context, *sqldb.Tx) error { return errStopped }); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	wantItems(t, db)
	if now := version(); now != before {
		t.Errorf("%d without a commit, was %d", now, before)
	}
	for name, by := range map[string]*sqldb.DB{"own": db, "another's": other} {
		write(t, by, `insert into item (text) values ('')`)
		now := version()
		if now == before {
			t.Errorf("still %d after %s commit", now, name)
		}
		before = now
	}
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(errStopped)
	if _, err := db.DataVersion(gone); !errors.Is(err, errStopped) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if now := version(); now != before {
		t.Errorf("%d after nobody waited any more, was %d", now, before)
	}
}
