// Package store is a gate's memory: one SQLite file with the journals that the
// gate holds, who it is enrolled as, and its clock's offset.
//
// # What is kept
//
// Records, and next to nothing else. Ticket histories, revocations, rosters and
// conflicts are computed from the records when the gate starts, so there is no
// second copy to disagree with them.
//
// # Durability
//
// A method that stores something returns after the transaction is committed to
// the disk (write-ahead log, synchronous=FULL): a green is shown, and a record
// acknowledged, only after that. A full or failing disk is reported as
// fault.Unavailable and leaves the file as it was.
//
// # One gate, one process
//
// Only one process at a time may write a gate's journal, since its records are
// a chain. Lock says who that is; others ask that process.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// DatabaseFile is the name of the database in a gate's data folder.
const DatabaseFile = "gate.db"

const (
	keyFile = "device.key"
	// guestKeyFile holds the event's guest key, where the role may have it.
	guestKeyFile = "guest.key"
	// staffKeyFile holds the event's staff key, where people sign in at the device.
	staffKeyFile = "staff.key"
	// endedFile holds the record that ended the gate's enrolment, where it was
	// told of one.
	endedFile = "ended.record"
	lockFile  = "lock"
)

// Store is an open gate database. It is safe for use by several goroutines.
type Store struct {
	db       *sqldb.DB
	dir      string
	appender appender
}

// Open opens the gate data in dir, and makes it where there is none.
func Open(ctx context.Context, dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "can't make the gate's data folder %s", dir)
	}
	db, err := sqldb.OpenSQLite(ctx, filepath.Join(dir, DatabaseFile), sqldb.Options{})
	if err != nil {
		return nil, fmt.Errorf("opening the gate data in %s: %w", dir, err)
	}
	if err := migrations.Up(ctx, db, migrations.Gate); err != nil {
		return nil, errors.Join(fmt.Errorf("bringing the gate data in %s up to date: %w", dir, err), db.Close())
	}
	return &Store{db: db, dir: dir, appender: newAppender()}, nil
}

// OpenExisting opens gate data that must be there already; fault.NotFound
// otherwise.
func OpenExisting(ctx context.Context, dir string) (*Store, error) {
	if _, err := os.Stat(filepath.Join(dir, DatabaseFile)); err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "%s holds no gate; enrol one first: usher gate enrol --data %s", dir, dir)
	}
	return Open(ctx, dir)
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Dir is the folder that the data is in.
func (s *Store) Dir() string { return s.dir }

// Checkpoint moves what the write-ahead log holds into the database file, so
// that a scan need not pay for it.
func (s *Store) Checkpoint(ctx context.Context) error { return s.db.Checkpoint(ctx) }

// Reserve makes room for the write-ahead log beforehand, so that a scan need not
// pay for its growth.
func (s *Store) Reserve(ctx context.Context) error { return s.db.Reserve(ctx) }

// stored gives a failed write the kind that a gate acts on: a store that can't
// take a record is unavailable, and no green may be shown.
func stored(err error, doing string, args ...any) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if sqldb.IsFull(err) {
		return fault.Wrap(fault.Unavailable, err, "the disk is full or failing while "+doing, args...)
	}
	return fault.Wrap(fault.Internal, err, "the gate's store failed while "+doing, args...)
}

// one scans a single row; found is false when there is none.
func one(ctx context.Context, q sqldb.Queryer, query string, args []any, into ...any) (found bool, err error) {
	err = q.QueryRowContext(ctx, query, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
