package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"usher/migrations/sqldb"
)

// One call of InTx is one commit, whatever fn does; one that fails is none.
func TestATransactionIsOneCommit(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	_, before := logFrames(t, path)
	for n := range 10 {
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			for i := range 5 {
				if _, err := tx.ExecContext(ctx, addItem, 5*n+i); err != nil {
					return err
				}
			}
			if n%2 == 1 {
				return errStopped
			}
			return nil
		})
		if want := map[bool]error{true: errStopped}[n%2 == 1]; !errors.Is(err, want) {
			t.Fatal(err)
		}
	}
	if _, commits := logFrames(t, path); commits-before != 5 {
		t.Errorf("%d commits in the log, want 5", commits-before)
	}
}

// What is committed is in the log and, after a checkpoint, in the file itself:
// it is what one copies.
func TestCheckpointMovesTheLog(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, db, addItem, 1)
	wantItems(t, open(t, copyOf(t, path), sqldb.Options{}))
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantItems(t, open(t, copyOf(t, path), sqldb.Options{}), 1)
}

// A reader keeps what it reads: the checkpoint doesn't wait for it, moves what it
// may, and the rest when the reader is done.
func TestCheckpointLetsReadersRead(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	write(t, db, `insert into item (n) values (1), (2)`)
	rows, err := db.Read().QueryContext(t.Context(), `select n from item order by n`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatal("no row")
	}
	write(t, db, addItem, 3)
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Errorf("while somebody reads: %v", err)
	}
	seen := 1
	for rows.Next() {
		seen++
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || seen != 2 {
		t.Errorf("the reader saw %d items (%v), want 2", seen, err)
	}
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantItems(t, open(t, copyOf(t, path), sqldb.Options{}), 1, 2, 3)
}

// After a checkpoint the next commit begins the log anew, over what is in it.
func TestLogStartsOver(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	write(t, db, fillItems)
	long, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 50 {
		if err := db.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		write(t, db, addItem, n)
		if frames, commits := logFrames(t, path); commits != 1 || frames > 20 {
			t.Fatalf("the log holds %d frames of %d commits after one commit", frames, commits)
		}
	}
	now, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if now.Size() != long.Size() {
		t.Errorf("the log has %d bytes, and had %d", now.Size(), long.Size())
	}
}

// A long log is emptied when nobody commits for a moment, so that no commit has
// to; a short one isn't worth it.
func TestLogIsEmptiedWhenIdle(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	for n := 0; ; n++ {
		write(t, db, `insert into item (n, text) values ($1, printf('%.*c', 100000, 'x'))`, n)
		if frames, _ := logFrames(t, path); frames > sqldb.EnoughPages {
			break
		}
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var busy, inLog, moved int
		if err := db.SQL().QueryRowContext(t.Context(), `pragma wal_checkpoint(noop)`).Scan(&busy, &inLog, &moved); err != nil {
			t.Fatal(err)
		}
		if inLog == moved {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d pages were moved", moved, inLog)
		}
	}
	whole(t, open(t, copyOf(t, path), sqldb.Options{}))
}

func TestCheckpointWithAContextThatHasEnded(t *testing.T) {
	db := openItems(t, newPath(t), sqldb.Options{})
	write(t, db, addItem, 1)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Checkpoint(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Error(fmt.Errorf("afterwards: %w", err))
	}
}
