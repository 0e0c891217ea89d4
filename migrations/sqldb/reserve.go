package sqldb

import (
	"context"
	"errors"
	"fmt"
	"os"
)

const (
	// logPage is what a page takes in the log, with its header
	// (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
	logPage = 4096 + 24
	// reserveStep is how much is reserved at a time, so that no commit waits long.
	reserveStep = 1 << 20
)

// Reserve makes the write-ahead log as long as it gets before it starts over, by
// zeros behind what it holds. A commit then writes over space that the file has,
// where otherwise it makes the file longer; to sync that takes twice as long, as
// the file system has to note the new length and blocks. SQLite goes by what is
// valid in the log and not by its length, so zeros mean nothing to it.
//
// It writes 16 MiB at most, and nothing where the log is that long already. The
// space is given back when the DB is closed. On PostgreSQL, which keeps its log
// files for the next round by itself, it does nothing.
func (db *DB) Reserve(ctx context.Context) error {
	if db.engine != SQLite {
		return nil
	}
	for more := true; more; {
		// In a transaction, so that nobody adds to the log meanwhile.
		err := db.InTx(ctx, func(context.Context, *Tx) (err error) {
			more, err = extend(db.path+"-wal", autoCheckpoint*logPage)
			return err
		})
		if err != nil {
			return fmt.Errorf("reserve space for the log of %s: %w", db.path, err)
		}
	}
	return nil
}

// extend adds zeros to a file that is shorter than size, a step at most, and
// says whether it still is.
func extend(path string, size int64) (more bool, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil || info.Size() >= size {
		return false, err
	}
	missing := size - info.Size()
	if _, err := f.Write(make([]byte, min(missing, reserveStep))); err != nil {
		return false, errors.Join(err, f.Truncate(info.Size())) // the last of a full disk is not for us
	}
	return missing > reserveStep, f.Sync()
}
