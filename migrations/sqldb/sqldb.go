package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"usher/migrations"
)

// Engine is the kind of database under a DB.
type Engine = migrations.Engine

// SQLite is the engine that is built in.
const SQLite = migrations.SQLite

// Queryer runs SQL: a DB's read side, or a transaction. Placeholders are $1, $2
// and so on, bound by number on every engine. Rows have to be closed.
type Queryer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Options say how to open a database. The zero value is right for almost all.
type Options struct {
	// ReadOnly opens a database that is there already, and writes nothing.
	ReadOnly bool
	// Synchronous is when a commit counts as done; Full when empty.
	Synchronous Synchronous
	// BusyTimeout is how long a statement waits for another process, in steps of
	// a millisecond; DefaultBusyTimeout when 0.
	BusyTimeout time.Duration
	// Readers is how many may read at the same time; DefaultReaders when 0.
	Readers int
}

// Synchronous is how durable a commit is when InTx returns.
type Synchronous string

const (
	// Full: it outlives a loss of power.
	Full Synchronous = "FULL"
	// Normal: it outlives the end of the process; a loss of power may undo the
	// newest commits, in order. Only for what can be had again.
	Normal Synchronous = "NORMAL"
)

// What Options mean that name nothing.
const (
	DefaultBusyTimeout = 5 * time.Second
	DefaultReaders     = 4
)

// DB is an open database. It is safe for use by several goroutines.
type DB struct {
	engine Engine
	path   string
	writer *writer // nil when read-only
	reader *sql.DB
	side   *sql.DB // for tables and checkpoints: beside the writer, never in its way
	teller *sql.DB // one connection that is never interrupted, so its data_version can be compared

	notices notices // of this DB's own commits

	mu      sync.Mutex
	closed  bool
	stop    context.CancelFunc
	life    context.Context
	running sync.WaitGroup // the goroutines that end with life
}

// Engine says what kind of database this is.
func (db *DB) Engine() Engine { return db.engine }

// Read runs queries outside a transaction, each on the newest committed state.
// It refuses to write.
func (db *DB) Read() Queryer { return db.reader }

// SQL gives a handle beside the writer's, for what changes tables. It makes
// DB a migrations.Database; everything else is InTx's and Read's.
func (db *DB) SQL() *sql.DB { return db.side }

// Close waits for the transaction that runs, ends what runs in the background
// and closes the files. The DB is of no use then; closing again does nothing.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.mu.Unlock()
	db.stop()
	db.running.Wait()
	// The writer goes last: SQLite empties the log into the file when the last
	// connection goes, which one that may only read can't do.
	errs := []error{db.teller.Close(), db.reader.Close()}
	if db.writer != nil {
		errs = append(errs, db.side.Close(), db.writer.close())
	}
	return errors.Join(errs...)
}

// start runs work until life ends. It does nothing on a closed DB.
func (db *DB) start(work func()) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return false
	}
	db.running.Go(work)
	return true
}
