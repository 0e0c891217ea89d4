package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// flight is calls that go to the server in one round trip, and what came back. The
// server runs them one after the other and, after one that failed, none.
//
// It goes through database/sql as the one argument of a query, so that its answers
// are scanned as all others are: each call that gives rows is a result set.
type flight struct {
	calls   []Call
	begins  bool // the first call is the begin
	commits bool // the last call is the commit
	last    bool // the last call gives rows, which somebody reads as they are

	at   int    // the call whose answer is read next
	done string // what the server says was done by the one before
	rows int64  // and to how many rows
	err  error  // of the call that failed
}

// gives says whether a call gives rows.
func (f *flight) gives(i int) bool {
	return f.calls[i].Each != nil || f.last && i == len(f.calls)-1
}

// fail notes the error of the call whose answer was to be read. Statements that can't
// be prepared, which the driver does before the first is run, say so by themselves.
func (f *flight) fail(err error) error {
	var whose pgx.ErrPreprocessingBatch
	switch {
	case f.err != nil:
	case f.at == len(f.calls) || f.last && f.at == len(f.calls)-1 || errors.As(err, &whose):
		f.err = err
	default:
		f.err = f.calls[f.at].explain(err)
	}
	return f.err
}

// undone says that nothing of a flight that failed is kept, whatever became of the
// connection: it may be sent again.
func (f *flight) undone() bool {
	// What the server says instead of beginning comes before it began.
	return !f.commits || f.begins && f.at == 0 && stateOf(f.err) != "" || pgconn.SafeToRetry(f.err) || errors.Is(f.err, driver.ErrBadConn)
}

// again makes the flight one that was not sent.
func (f *flight) again() { f.at, f.done, f.rows, f.err = 0, "", 0, nil }

// read calls Each for all rows that the flight gives.
func (f *flight) read(rows *sql.Rows) error {
	var failed error
	for more := true; more && failed == nil; more = rows.NextResultSet() {
		for failed == nil && f.at < len(f.calls) && rows.Next() {
			if err := f.calls[f.at].Each(rows); err != nil {
				failed = f.calls[f.at].explain(err)
			}
		}
	}
	err := errors.Join(rows.Err(), rows.Close())
	if f.err != nil {
		err = f.err
	}
	return errors.Join(failed, err)
}

// flying makes connections that take flights.
type flying struct{ driver.Connector }

// Connect implements driver.Connector.
func (f flying) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := f.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := c.(*stdlib.Conn)
	if !ok {
		return nil, fmt.Errorf("driver connection %T is not pgx's", c)
	}
	return &wireConn{conn}, nil
}

// wireConn is a connection that takes flights.
type wireConn struct{ *stdlib.Conn }

// QueryContext implements driver.QueryerContext.
func (c *wireConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 1 {
		if f, ok := args[0].Value.(*flight); ok {
			return c.fly(ctx, f)
		}
	}
	return c.Conn.QueryContext(ctx, query, args)
}

// fly sends a flight, and reads answers up to the first row.
func (c *wireConn) fly(ctx context.Context, f *flight) (driver.Rows, error) {
	if c.Conn.Conn().IsClosed() {
		return nil, f.fail(driver.ErrBadConn)
	}
	var b pgx.Batch
	for i := range f.calls {
		b.Queue(f.calls[i].Query, f.calls[i].Args...)
	}
	r := &answers{flight: f, results: c.Conn.Conn().SendBatch(ctx, &b)}
	if err := r.advance(); err != nil && err != io.EOF {
		return nil, err
	}
	return r, nil
}

// answers are the answers to a flight: a result set for each call that gives rows.
type answers struct {
	flight  *flight
	results pgx.BatchResults
	rows    pgx.Rows // of the call at flight.at; nil: there are no more
	columns []string
	ahead   bool // its first row was fetched, to see whether the call failed
	more    bool // and there is one
	closed  bool
}

// advance reads answers up to the next rows; io.EOF says that there are no more, and
// that all of the flight is done.
func (r *answers) advance() error {
	f := r.flight
	for ; f.at < len(f.calls); f.at++ {
		if !f.gives(f.at) {
			tag, err := r.results.Exec()
			if err != nil {
				return r.fail(err)
			}
			f.done, f.rows = tag.String(), tag.RowsAffected()
			continue
		}
		rows, err := r.results.Query()
		if err != nil {
			return r.fail(err)
		}
		r.rows, r.columns, r.ahead, r.more = rows, nil, true, rows.Next()
		if err := rows.Err(); err != nil {
			return r.fail(err)
		}
		return nil
	}
	r.closed = true
	if err := r.results.Close(); err != nil {
		return f.fail(err)
	}
	return io.EOF
}

// fail gives up the rest, which the server has not run.
func (r *answers) fail(err error) error {
	err = r.flight.fail(err)
	r.rows, r.closed = nil, true
	_ = r.results.Close() // says the same, or breaks the connection
	return err
}

// Columns implements driver.Rows.
func (r *answers) Columns() []string {
	if r.rows == nil {
		return nil
	}
	if r.columns == nil {
		for _, d := range r.rows.FieldDescriptions() {
			r.columns = append(r.columns, d.Name)
		}
	}
	return r.columns
}

// Next implements driver.Rows.
func (r *answers) Next(dest []driver.Value) error {
	if r.rows == nil {
		return io.EOF
	}
	if !r.ahead {
		r.more = r.rows.Next()
	}
	if r.ahead = false; !r.more {
		if err := r.rows.Err(); err != nil {
			return r.fail(err)
		}
		return io.EOF
	}
	values, err := r.rows.Values()
	if err != nil {
		return err
	}
	for i := range dest {
		if dest[i], err = valueOf(values[i]); err != nil {
			return fmt.Errorf("column %s: %w", r.Columns()[i], err)
		}
	}
	return nil
}

// valueOf gives what database/sql scans from.
func valueOf(v any) (driver.Value, error) {
	if own, ok := v.(driver.Valuer); ok {
		return own.Value()
	}
	return driver.DefaultParameterConverter.ConvertValue(v)
}

// HasNextResultSet implements driver.RowsNextResultSet.
func (r *answers) HasNextResultSet() bool {
	f := r.flight
	return !r.closed && !(f.last && f.at == len(f.calls)-1)
}

// NextResultSet implements driver.RowsNextResultSet.
func (r *answers) NextResultSet() error {
	switch {
	case r.closed && r.flight.err != nil:
		return r.flight.err
	case r.closed:
		return io.EOF
	}
	r.rows.Close()
	if err := r.rows.Err(); err != nil {
		return r.fail(err)
	}
	tag := r.rows.CommandTag()
	r.rows, r.flight.done, r.flight.rows = nil, tag.String(), tag.RowsAffected()
	r.flight.at++
	return r.advance()
}

// Close implements driver.Rows: it reads what is left of the answers.
func (r *answers) Close() error {
	for !r.closed {
		if err := r.NextResultSet(); err != nil && err != io.EOF {
			return err
		}
	}
	return r.flight.err
}
