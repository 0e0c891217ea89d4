package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
)

// errUndone says that the engine rolled a transaction back by itself: SQLite does
// after a full disk, a failing one, or an interrupted write, PostgreSQL after a
// mistake that came while rows were read.
var errUndone = errors.New("the database has rolled the transaction back")

// Tx is a transaction that may write, for the one goroutine that InTx runs. It
// behaves alike on all engines: after a statement has failed nothing more of it
// is run and nothing of it is kept, whatever the function makes of the error.
type Tx struct {
	on     session
	failed error // of the first statement that failed
	over   atomic.Bool
}

// session is a transaction as its engine runs it: each statement as it comes,
// failed ones before it or not. What Tx promises beyond that, Tx sees to.
type session interface {
	Queryer
	engine() Engine
	// pool is where the connection came from.
	pool() *sql.DB
	// undone says that the engine has given the transaction up by itself.
	undone() bool
	// later and flush are Tx.Later and Tx.Flush.
	later(ctx context.Context, c *Call) error
	flush(ctx context.Context) error
	// commit runs what waits, and commits.
	commit() error
	// rollback undoes the transaction, if it can be reached; if not, the database
	// does so when it finds the connection gone.
	rollback()
}

// Engine says what kind of database the transaction is in.
func (tx *Tx) Engine() Engine { return tx.on.engine() }

// commit makes the transaction durable, and says so only when it is. An error
// that isn't IsBusy leaves open whether it is: a disk may fail after the fact.
func (tx *Tx) commit() error {
	if err := tx.usable(); err != nil {
		return err
	}
	if err := tx.on.commit(); err != nil {
		return err
	}
	tx.over.Store(true)
	return nil
}

// end rolls back what was not committed.
func (tx *Tx) end() {
	if !tx.over.Swap(true) {
		tx.on.rollback()
	}
}

// usable says why no more statements can be run.
func (tx *Tx) usable() error {
	switch {
	case tx.over.Load():
		return sql.ErrTxDone
	case tx.failed != nil:
		return fmt.Errorf("the transaction has failed: %w", tx.failed)
	case tx.on.undone():
		return errUndone
	}
	return nil
}

// saw remembers the first error.
func (tx *Tx) saw(err error) error {
	if err != nil && tx.failed == nil {
		tx.failed = err
	}
	return err
}

// ExecContext runs a statement that gives no rows.
func (tx *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	result, err := tx.on.ExecContext(ctx, query, args...)
	return result, tx.saw(err)
}

// QueryContext runs a statement that gives rows, which have to be closed before
// the next statement: PostgreSQL sends them one after the other.
func (tx *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	rows, err := tx.on.QueryContext(ctx, query, args...)
	return rows, tx.saw(err)
}

// QueryRowContext runs a statement that gives one row at most. Errors wait for
// the row's Scan, which has to come before the next statement.
func (tx *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := tx.usable(); err != nil {
		return failedRow(tx.on.pool(), err)
	}
	row := tx.on.QueryRowContext(ctx, query, args...)
	_ = tx.saw(row.Err())
	return row
}

// failedRow makes a row whose Scan gives an error. Only database/sql makes rows,
// so it is asked with a context that ended for that reason.
func failedRow(pool *sql.DB, cause error) *sql.Row {
	return pool.QueryRowContext(ended{context.Background(), cause}, ``)
}

// ended is a context that has ended, and whose error is the cause itself:
// database/sql doesn't ask for the cause of an end.
type ended struct {
	context.Context
	cause error
}

// Done is closed.
func (ended) Done() <-chan struct{} { return closed }

// Err says why.
func (e ended) Err() error { return e.cause }

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
