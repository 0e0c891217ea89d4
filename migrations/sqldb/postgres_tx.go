package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// endWithin is how long a commit may take. It heeds no context, as nobody could
// tell what became of it; but a server that fell silent must not hold it for ever.
const endWithin = 30 * time.Second

// errRows says that a statement was begun among the rows of another.
var errRows = errors.New("the rows of the statement before are still open: close them first")

// begin is what a transaction's first round trip begins with.
var begin = Call{
	Query: `begin isolation level read committed read write`,
	Wrap:  func(err error) error { return fmt.Errorf("begin a transaction: %w", err) },
}

// commit is what its last one ends with.
var commit = Call{
	Query: `commit`,
	Wrap:  func(err error) error { return fmt.Errorf("commit: %w", err) },
}

// wireTx is a transaction on a connection of its own.
type wireTx struct {
	wire    *wire
	conn    *sql.Conn
	begun   bool   // the server was told of it
	waiting []Call // what goes along with the next statement
	asks    bool   // some of that gives rows
}

// attempt runs fn once.
func (w *wire) attempt(ctx context.Context, fn func(context.Context, *Tx) error) error {
	conn, err := w.connect(ctx)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", lost(err))
	}
	t := &wireTx{wire: w, conn: conn}
	defer t.release()
	return (&Tx{on: t}).run(ctx, fn)
}

// connect lends a connection, another one if the first proves lost.
func (w *wire) connect(ctx context.Context) (*sql.Conn, error) {
	conn, err := w.writer.Conn(ctx)
	if IsUnreachable(err) && w.life.Err() == nil {
		w.forget()
		conn, err = w.writer.Conn(ctx)
	}
	if err != nil && w.life.Err() != nil {
		err = errClosed
	}
	return conn, err
}

// release gives the connection back. The pool closes it instead when it is broken
// or still in a transaction.
func (t *wireTx) release() { _ = t.conn.Close() }

// raw lends the driver's own connection.
func (t *wireTx) raw(do func(*pgx.Conn) error) error {
	var failed error
	err := t.conn.Raw(func(driverConn any) error {
		conn, ok := driverConn.(*wireConn)
		if !ok {
			return fmt.Errorf("driver connection %T is not ours", driverConn)
		}
		failed = do(conn.Conn.Conn())
		return nil
	})
	if err != nil {
		return err
	}
	return failed
}

// idle makes sure that the rows of the statement before are closed; the driver
// would speak of a bad connection.
func (t *wireTx) idle() error {
	return t.raw(func(conn *pgx.Conn) error {
		if conn.PgConn().IsBusy() {
			return errRows
		}
		return nil
	})
}

func (*wireTx) engine() Engine { return Postgres }

func (t *wireTx) pool() *sql.DB { return t.wire.writer }

// undone says that a statement has failed that Tx doesn't know of: one does that
// fails while its rows are read.
func (t *wireTx) undone() (is bool) {
	err := t.raw(func(conn *pgx.Conn) error {
		is = conn.PgConn().TxStatus() == 'E'
		return nil
	})
	return is && err == nil
}

// later keeps a call for the next round trip.
func (t *wireTx) later(ctx context.Context, c *Call) error {
	t.waiting, t.asks = append(t.waiting, *c), t.asks || c.Each != nil
	if len(t.waiting) >= maxWaiting {
		return t.flush(ctx)
	}
	return nil
}

// with gives what the next round trip is to be: begin, if that wasn't said, what
// waits, and more.
func (t *wireTx) with(more ...Call) *flight {
	f := &flight{begins: !t.begun}
	if f.begins {
		f.calls = append(f.calls, begin)
	}
	f.calls = append(append(f.calls, t.waiting...), more...)
	t.waiting, t.asks = nil, false
	return f
}

// send sends a flight. Where the connection proves lost and nothing was done on it
// yet, it is sent on another one.
func (t *wireTx) send(ctx context.Context, f *flight, query func() error) error {
	if err := t.idle(); err != nil {
		return err
	}
	err := query()
	if IsUnreachable(err) && f.begins && f.undone() && t.wire.life.Err() == nil {
		t.release() // first: there may be no connection beside it
		t.wire.forget()
		conn, failed := t.wire.connect(ctx)
		if failed != nil {
			return failed
		}
		t.conn = conn
		f.again()
		err = query()
	}
	t.begun = true
	return err
}

// fly sends a flight that nobody reads from but its calls.
func (t *wireTx) fly(ctx context.Context, f *flight) error {
	var rows *sql.Rows
	err := t.send(ctx, f, func() (err error) {
		rows, err = t.conn.QueryContext(ctx, ``, f)
		return err
	})
	if err == nil {
		err = f.read(rows)
	}
	return lost(err)
}

func (t *wireTx) flush(ctx context.Context) error {
	if len(t.waiting) == 0 {
		return nil
	}
	return t.fly(ctx, t.with())
}

// commit heeds no context, see endWithin. A transaction that did nothing is not
// known to the server, and needs no commit.
func (t *wireTx) commit() error {
	if !t.begun && len(t.waiting) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	f := t.with(commit)
	f.commits = true
	if err := t.fly(ctx, f); err != nil {
		return err
	}
	if f.done != "COMMIT" {
		return commit.explain(errUndone)
	}
	return nil
}

func (t *wireTx) rollback() {
	if !t.begun {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	// Should this fail, the pool closes the connection, and that undoes it too.
	_ = t.raw(func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `rollback`)
		return err
	})
}

// ExecContext implements Queryer.
func (t *wireTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if t.begun && len(t.waiting) == 0 {
		if err := t.idle(); err != nil {
			return nil, err
		}
		result, err := t.conn.ExecContext(ctx, query, args...)
		return result, lost(err)
	}
	f := t.with(Call{Query: query, Args: args, Wrap: asItIs})
	if err := t.fly(ctx, f); err != nil {
		return nil, err
	}
	return driver.RowsAffected(f.rows), nil
}

func asItIs(err error) error { return err }

// alone sees to it that a statement that gives rows can be sent: at once, or in a
// flight behind what waits, of which nothing gives rows.
func (t *wireTx) alone(ctx context.Context, query string, args []any) (*flight, error) {
	if t.asks {
		if err := t.flush(ctx); err != nil {
			return nil, err
		}
	}
	if t.begun && len(t.waiting) == 0 {
		return nil, lost(t.idle())
	}
	f := t.with(Call{Query: query, Args: args})
	f.last = true
	return f, nil
}

// QueryContext implements Queryer.
func (t *wireTx) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	f, err := t.alone(ctx, query, args)
	switch {
	case err != nil:
		return nil, err
	case f == nil:
		rows, err = t.conn.QueryContext(ctx, query, args...)
	default:
		err = t.send(ctx, f, func() (err error) {
			rows, err = t.conn.QueryContext(ctx, ``, f)
			return err
		})
	}
	return rows, lost(err)
}

// QueryRowContext implements Queryer.
func (t *wireTx) QueryRowContext(ctx context.Context, query string, args ...any) (row *sql.Row) {
	f, err := t.alone(ctx, query, args)
	switch {
	case err != nil:
		return failedRow(t.wire.writer, lost(err))
	case f == nil:
		row = t.conn.QueryRowContext(ctx, query, args...)
	default:
		err = t.send(ctx, f, func() error {
			row = t.conn.QueryRowContext(ctx, ``, f)
			return row.Err()
		})
		if row == nil {
			return failedRow(t.wire.writer, lost(err))
		}
	}
	return told(t.wire.writer, row)
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
	conn, err := w.connect(ctx)
	if err != nil {
		return lost(err)
	}
	defer func() { _ = conn.Close() }() // the pool's affair: what was done is known
	if ctx.Err() != nil {
		return fmt.Errorf("before the commit: %w", context.Cause(ctx))
	}
	return lost(do(context.WithoutCancel(ctx), conn))
}
