package sqldb

import (
	"context"
	"database/sql"
	"fmt"
)

// writerTx is a transaction of SQLite's writer.
type writerTx struct{ w *writer }

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
		return &Tx{on: writerTx{w}}, nil
	}
	if !IsBusy(err) {
		writerTx{w}.rollback()
	}
	return nil, fmt.Errorf("begin a transaction: %w", err)
}

func (t writerTx) engine() Engine { return SQLite }

func (t writerTx) pool() *sql.DB { return t.w.pool }

func (t writerTx) undone() bool { return t.w.undone }

// later runs the call now: it costs no trip.
func (t writerTx) later(ctx context.Context, c *Call) error { return c.run(ctx, t) }

func (t writerTx) flush(context.Context) error { return nil }

func (t writerTx) commit() error {
	if err := t.w.control(`commit`); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// rollback leaves the connection outside any transaction, or drops it.
func (t writerTx) rollback() {
	if err := t.w.control(`rollback`); err != nil && !t.w.undone {
		// Not a transaction that SQLite ended first, so what it is nobody knows.
		// What drop says adds nothing: the error that led here is reported.
		_ = t.w.drop()
	}
}

// ExecContext implements Queryer.
func (t writerTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := t.w.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return t.w.conn.ExecContext(ctx, query, args...)
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext implements Queryer. It never takes a kept statement: the same one
// may be run again while these rows are being read, and SQLite would start them
// over.
func (t writerTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.w.conn.QueryContext(ctx, query, args...)
}

// QueryRowContext implements Queryer. It takes a kept statement once a
// transaction, since a row that was not read yet looks like one that was; and only
// one with arguments, since SQLite refuses to bind those to a statement that runs
// and would simply go on without.
func (t writerTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if len(args) > 0 && len(query) < longText {
		if s, err := t.w.statement(ctx, query); err == nil && s != nil && s.lent != t.w.serial {
			s.lent = t.w.serial
			return s.QueryRowContext(ctx, args...)
		}
	}
	return t.w.conn.QueryRowContext(ctx, query, args...)
}
