package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
)

// errUndone says that SQLite rolled a transaction back by itself: it does after
// a full disk, a failing one, or an interrupted write.
var errUndone = errors.New("the database has rolled the transaction back")

// Tx is a transaction that may write, for the one goroutine that InTx runs. It
// behaves alike on all engines: after a statement has failed nothing more of it
// is run and nothing of it is kept, whatever the function makes of the error.
type Tx struct {
	w      *writer
	failed error // of the first statement that failed
	over   atomic.Bool
}

// begin starts a transaction that holds the write lock from the first.
func (w *writer) begin(ctx context.Context) (*Tx, error) {
	if err := w.connect(ctx); err != nil {
		return nil, fmt.Errorf("open the writing connection: %w", err)
	}
	w.serial++
	w.undone = false
	// With the caller's context, since a wait for another process may well be cut
	// short. If it has begun all the same, the rollback finds it.
	s, err := w.statement(context.Background(), `begin immediate`)
	if err == nil {
		_, err = s.ExecContext(ctx)
	}
	if err == nil {
		return &Tx{w: w}, nil
	}
	if !IsBusy(err) {
		w.rollback()
	}
	return nil, fmt.Errorf("begin a transaction: %w", err)
}

// commit makes the transaction durable, and says so only when it is. An error
// that isn't IsBusy leaves open whether it is: a disk may fail after the fact.
func (tx *Tx) commit() error {
	if err := tx.usable(); err != nil {
		return err
	}
	if err := tx.w.control(`commit`); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	tx.over.Store(true)
	return nil
}

// end rolls back what was not committed.
func (tx *Tx) end() {
	if !tx.over.Swap(true) {
		tx.w.rollback()
	}
}

// rollback leaves the connection outside any transaction, or drops it.
func (w *writer) rollback() {
	if err := w.control(`rollback`); err != nil && !w.undone {
		// Not a transaction that SQLite ended first, so what it is nobody knows.
		// What drop says adds nothing: the error that led here is reported.
		_ = w.drop()
	}
}

// usable says why no more statements can be run.
func (tx *Tx) usable() error {
	switch {
	case tx.over.Load():
		return sql.ErrTxDone
	case tx.failed != nil:
		return fmt.Errorf("the transaction has failed: %w", tx.failed)
	case tx.w.undone:
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
	s, err := tx.w.statement(ctx, query)
	if err != nil {
		return nil, tx.saw(err)
	}
	var result sql.Result
	if s != nil {
		result, err = s.ExecContext(ctx, args...)
	} else {
		result, err = tx.w.conn.ExecContext(ctx, query, args...)
	}
	return result, tx.saw(err)
}

// QueryContext runs a statement that gives rows, which have to be closed before
// the transaction ends.
func (tx *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	// Never a kept statement: the same one may be run again while these rows are
	// being read, and SQLite would start them over.
	rows, err := tx.w.conn.QueryContext(ctx, query, args...)
	return rows, tx.saw(err)
}

// QueryRowContext runs a statement that gives one row at most. Errors wait for
// the row's Scan.
func (tx *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := tx.usable(); err != nil {
		return failedRow(tx.w.pool, err)
	}
	row := tx.row(ctx, query, args)
	_ = tx.saw(row.Err())
	return row
}

// row takes a kept statement once a transaction, since a row that was not read
// yet looks like one that was; and only one with arguments, since SQLite refuses
// to bind those to a statement that runs and would simply go on without.
func (tx *Tx) row(ctx context.Context, query string, args []any) *sql.Row {
	if len(args) > 0 && len(query) < longText {
		if s, err := tx.w.statement(ctx, query); err == nil && s != nil && s.lent != tx.w.serial {
			s.lent = tx.w.serial
			return s.QueryRowContext(ctx, args...)
		}
	}
	return tx.w.conn.QueryRowContext(ctx, query, args...)
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
