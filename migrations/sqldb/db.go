package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"modernc.org/sqlite"

	"usher/migrations"
)

// Engine is the kind of database under a DB.
type Engine = migrations.Engine

// SQLite is the engine that is built in.
const SQLite = migrations.SQLite

// Queryer runs SQL: a DB's read side, or a transaction.
type Queryer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Options are how to open a database. The zero value is right for use.
type Options struct {
	ReadOnly    bool          // open a database that is there, for reading only
	BusyTimeout time.Duration // how long to wait for another process; 0 is 5 s
	Readers     int           // most readers at once; 0 is 4
}

// DB is an open database.
type DB struct {
	engine Engine
	writer *sql.DB
	reader *sql.DB
}

// OpenSQLite opens the database file at path, and makes it when there is none.
func OpenSQLite(ctx context.Context, path string, opt Options) (*DB, error) {
	writer, err := openPool(path, "rwc", opt, 1)
	if err != nil {
		return nil, err
	}
	if err := writer.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), writer.Close())
	}
	readers := opt.Readers
	if readers == 0 {
		readers = 4
	}
	reader, err := openPool(path, "ro", opt, readers)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	return &DB{engine: SQLite, writer: writer, reader: reader}, nil
}

func openPool(path, mode string, opt Options, size int) (*sql.DB, error) {
	busy := opt.BusyTimeout
	if busy == 0 {
		busy = 5 * time.Second
	}
	q := url.Values{"mode": {mode}, "_busy_timeout": {strconv.FormatInt(busy.Milliseconds(), 10)}, "_foreign_keys": {"on"}}
	if mode == "rwc" {
		q.Set("_txlock", "immediate")
		q.Set("_journal_mode", "WAL")
		q.Set("_synchronous", "FULL")
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
	connector, err := sqlite.NewConnector(u.String())
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool, nil
}

// Engine says what kind of database this is.
func (db *DB) Engine() Engine { return db.engine }

// SQL gives the writer's handle, for migrations.
func (db *DB) SQL() *sql.DB { return db.writer }

// Read runs queries outside a transaction, each on the newest committed state.
func (db *DB) Read() Queryer { return db.reader }

// Close ends the database's use.
func (db *DB) Close() error { return errors.Join(db.reader.Close(), db.writer.Close()) }

// Tx is a transaction that may write.
type Tx struct{ *sql.Tx }

// InTx runs fn in a transaction, and commits when fn gives no error.
func (db *DB) InTx(ctx context.Context, fn func(context.Context, *Tx) error) error {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := fn(ctx, &Tx{tx}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
