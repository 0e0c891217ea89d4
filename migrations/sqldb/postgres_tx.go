package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// endWithin is how long a commit may take. It heeds no context, as nobody could
// tell what became of it; but a server that fell silent must not hold it for ever.
const endWithin = 30 * time.Second

// errRows says that a statement was begun among the rows of another.
var errRows = errors.New("the rows of the statement before are still open: close them first")

// wireTx is a transaction on a connection of its own.
type wireTx struct {
	wire *wire
	conn *sql.Conn
}

// attempt runs fn once.
func (w *wire) attempt(ctx context.Context, fn func(context.Context, *Tx) error) error {
	t, err := w.begin(ctx)
	if err != nil {
		return err
	}
	defer t.release()
	return (&Tx{on: t}).run(ctx, fn)
}

// begin starts a transaction. When the connection proves lost another one is
// tried: nothing was done on it yet.
func (w *wire) begin(ctx context.Context) (wireTx, error) {
	t, err := w.tryBegin(ctx)
	if IsUnreachable(err) && w.life.Err() == nil {
		w.forget()
		t, err = w.tryBegin(ctx)
	}
	if err != nil {
		if w.life.Err() != nil {
			err = errClosed
		}
		return wireTx{}, fmt.Errorf("begin a transaction: %w", lost(err))
	}
	return t, nil
}

func (w *wire) tryBegin(ctx context.Context) (wireTx, error) {
	conn, err := w.writer.Conn(ctx)
	if err != nil {
		return wireTx{}, err
	}
	t := wireTx{w, conn}
	if _, err := t.control(ctx, `begin isolation level read committed read write`); err != nil {
		t.release()
		return wireTx{}, err
	}
	return t, nil
}

// release gives the connection back. The pool closes it instead when it is broken
// or still in a transaction.
func (t wireTx) release() { _ = t.conn.Close() }

// control runs begin, commit or rollback, and gives what the server says was done.
func (t wireTx) control(ctx context.Context, word string) (done string, err error) {
	err = t.raw(func(conn *pgx.Conn) error {
		tag, err := conn.Exec(ctx, word)
		done = tag.String()
		return err
	})
	return done, err
}

// raw lends the driver's own connection.
func (t wireTx) raw(do func(*pgx.Conn) error) error {
	var failed error
	err := t.conn.Raw(func(driverConn any) error {
		conn, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("driver connection %T is not pgx's", driverConn)
		}
		failed = do(conn.Conn())
		return nil
	})
	if err != nil {
		return err
	}
	return failed
}

// idle makes sure that the rows of the statement before are closed; the driver
// would speak of a bad connection.
func (t wireTx) idle() error {
	return t.raw(func(conn *pgx.Conn) error {
		if conn.PgConn().IsBusy() {
			return errRows
		}
		return nil
	})
}

func (wireTx) engine() Engine { return Postgres }

func (t wireTx) pool() *sql.DB { return t.wire.writer }

// undone says that a statement has failed that Tx doesn't know of: one does that
// fails while its rows are read.
func (t wireTx) undone() (is bool) {
	err := t.raw(func(conn *pgx.Conn) error {
		is = conn.PgConn().TxStatus() == 'E'
		return nil
	})
	return is && err == nil
}

func (t wireTx) commit() error {
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	done, err := t.control(ctx, `commit`)
	if err == nil && done != "COMMIT" {
		return errUndone
	}
	return lost(err)
}

func (t wireTx) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	// Should this fail, the pool closes the connection, and that undoes it too.
	_, _ = t.control(ctx, `rollback`)
}

// ExecContext implements Queryer.
func (t wireTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := t.idle(); err != nil {
		return nil, lost(err)
	}
	result, err := t.conn.ExecContext(ctx, query, args...)
	return result, lost(err)
}

// QueryContext implements Queryer.
func (t wireTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := t.idle(); err != nil {
		return nil, lost(err)
	}
	rows, err := t.conn.QueryContext(ctx, query, args...)
	return rows, lost(err)
}

// QueryRowContext implements Queryer.
func (t wireTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := t.idle(); err != nil {
		return failedRow(t.wire.writer, lost(err))
	}
	return told(t.wire.writer, t.conn.QueryRowContext(ctx, query, args...))
}

// exec runs a statement outside any transaction. It isn't interrupted once it has
// begun, as its commit is part of it.
func (w *wire) exec(ctx context.Context, query string, args []any) error {
	return w.alone(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, query, args...)
		return err
	})
}

// execReturning runs a statement outside any transaction, and reads its rows.
func (w *wire) execReturning(ctx context.Context, each func(*sql.Rows) error, query string, args []any) error {
	return w.alone(ctx, func(ctx context.Context, conn *sql.Conn) error {
		rows, err := conn.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		return eachRow(rows, each)
	})
}

// alone lends a connection that works. One that proves lost before the statement
// was sent is replaced.
func (w *wire) alone(ctx context.Context, do func(context.Context, *sql.Conn) error) error {
	conn, err := w.writer.Conn(ctx)
	if err != nil {
		if w.life.Err() != nil {
			err = errClosed
		}
		return lost(err)
	}
	defer func() { _ = conn.Close() }() // the pool's affair: what was done is known
	if ctx.Err() != nil {
		return fmt.Errorf("before the commit: %w", context.Cause(ctx))
	}
	return lost(do(context.WithoutCancel(ctx), conn))
}
