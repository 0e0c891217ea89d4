package sqldb

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"usher/migrations"
)

// Engine is the kind of database under a DB.
type Engine = migrations.Engine

// The engines.
const (
	SQLite   = migrations.SQLite   // built in
	Postgres = migrations.Postgres // a server, which several processes share
)

// Queryer runs SQL: a DB's read side, or a transaction. Placeholders are $1, $2
// and so on, bound by number on every engine. Rows have to be closed, in a
// transaction before its next statement.
//
// On PostgreSQL alone an argument may be a slice ([]string, []int64, [][]byte),
// which is an array there: unnest($1::text[]).
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
	// BusyTimeout is how long a statement waits for another process or
	// transaction, in steps of a millisecond; DefaultBusyTimeout when 0.
	BusyTimeout time.Duration
	// Readers is how many may read at the same time; DefaultReaders when 0.
	Readers int
	// Writers is how many transactions may run at the same time on PostgreSQL;
	// DefaultWriters when 0. SQLite has one.
	Writers int
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
	DefaultWriters     = 8
)

// DB is an open database. It is safe for use by several goroutines.
type DB struct {
	engine Engine
	path   string  // of the file, or where the server is: for messages
	own    own     // nil when read-only
	reader Queryer // refuses to write
	side   *sql.DB // for tables and checkpoints: on SQLite beside the writer, never in its way
	file   *file   // SQLite's
	wire   *wire   // PostgreSQL's

	notices notices // of this DB's own commits

	mu      sync.Mutex
	closed  bool
	stop    context.CancelFunc
	life    context.Context
	running sync.WaitGroup // the goroutines that end with life
}

// own is how a DB writes.
type own interface {
	attempt(ctx context.Context, fn func(context.Context, *Tx) error) error
	exec(ctx context.Context, query string, args []any) error
	execReturning(ctx context.Context, each func(*sql.Rows) error, query string, args []any) error
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
	if db.wire != nil {
		return db.wire.close()
	}
	return db.file.close()
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
