package sqldb

import (
	"context"
	"fmt"
	"time"
)

const (
	// idle is how long nobody must have committed before the log is looked after;
	// it may take twice as long.
	idle = 100 * time.Millisecond
	// enoughPages is how much must be in the log before it is worth emptying: the
	// first commit after that pays for starting it over.
	enoughPages = 1000
)

// Checkpoint moves what the write-ahead log holds into the database file, as far
// as no reader still needs it there, and waits for nobody. The log starts over
// with the next commit when all of it was moved. The DB does this by itself when
// it is idle. Whoever copies the file copies the log with it: beside a reader, the
// file alone is no whole database. PostgreSQL sees to its own log: there it does
// nothing.
func (db *DB) Checkpoint(ctx context.Context) error {
	if db.engine != SQLite {
		return nil
	}
	if db.own == nil {
		return fmt.Errorf("checkpoint %s: it was opened for reading only", db.path)
	}
	if _, err := db.checkpoint(ctx, "passive"); err != nil {
		return fmt.Errorf("checkpoint %s: %w", db.path, err)
	}
	return nil
}

// checkpoint runs SQLite's checkpoint and says how many pages of the log had not
// been moved before. The mode noop (SQLite 3.51) only counts.
func (db *DB) checkpoint(ctx context.Context, mode string) (pages int, err error) {
	var busy, inLog, moved int
	err = db.side.QueryRowContext(ctx, `pragma wal_checkpoint(`+mode+`)`).Scan(&busy, &inLog, &moved)
	return inLog - moved, err
}

// checkpointWhenIdle empties the log when it is long and nobody has committed for
// a while, so that a commit never has to. due gets a notice of each commit; as it
// is asked again only after a pause, a run of commits wakes nobody.
//
// What goes wrong is passed over: the log keeps what it holds, SQLite itself
// tries again after autoCheckpoint pages, and a disk that fails fails the next
// commit, which has somebody to tell.
func (db *DB) checkpointWhenIdle(due chan struct{}) {
	defer db.notices.remove(due)
	for {
		select {
		case <-db.life.Done():
			return
		case <-due:
		}
		for busy := true; busy; {
			if sleep(db.life, idle) != nil {
				return
			}
			select {
			case <-due:
			default:
				busy = false
			}
		}
		if n, err := db.checkpoint(db.life, "noop"); err == nil && n >= enoughPages {
			_, _ = db.checkpoint(db.life, "passive")
		}
	}
}
