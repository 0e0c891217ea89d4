package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
)

const (
	// maxKept is how many prepared statements the writer keeps; any more are
	// prepared each time.
	maxKept = 256
	// longText is from how many bytes on a statement is bulk: of those only the
	// newest is kept, since they come in runs.
	longText = 2000
)

// errClosed says that the database was closed before the transaction began.
var errClosed = errors.New("the database is closed")

// writer is the one connection that writes, and the statements prepared on it.
// Whoever has the turn owns all the rest.
//
// It is held rather than lent by a pool, with begin and commit as prepared
// statements of their own, because database/sql's way (a goroutine and four
// preparations a transaction) costs three times as much.
type writer struct {
	turn   chan struct{} // holds one token
	closed chan struct{}

	pool   *sql.DB
	conn   *sql.Conn // nil until it is needed, and after it broke
	kept   map[string]*statement
	bulk   string // the newest long one among kept
	serial uint64 // counts transactions
	undone bool   // SQLite gave up the running transaction by itself
}

// statement is a prepared statement. lent is the transaction in which a row was
// last asked of it: whether the row has been read since, nobody can tell.
type statement struct {
	*sql.Stmt
	lent uint64
}

func openWriter(ctx context.Context, dsn string) (*writer, error) {
	pool, err := openPool(dsn, 1)
	if err != nil {
		return nil, err
	}
	pool.SetMaxIdleConns(0) // a connection we let go of is closed, not kept
	w := &writer{pool: pool, turn: make(chan struct{}, 1), closed: make(chan struct{})}
	if err := w.connect(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	w.turn <- struct{}{}
	return w, nil
}

// connect opens the connection if there is none.
func (w *writer) connect(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.pool.Conn(ctx)
	if err != nil {
		return err
	}
	err = conn.Raw(func(driverConn any) error {
		hooks, ok := driverConn.(sqlite.HookRegisterer)
		if !ok {
			return fmt.Errorf("driver connection %T tells nothing of rollbacks", driverConn)
		}
		hooks.RegisterRollbackHook(func() { w.undone = true })
		return nil
	})
	if err == nil {
		err = inWAL(ctx, conn)
	}
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	w.conn, w.kept = conn, make(map[string]*statement)
	return nil
}

// inWAL makes sure that the log is in use: SQLite answers with another mode, and
// no error, where a file system can't share memory between processes.
func inWAL(ctx context.Context, conn *sql.Conn) error {
	var mode string
	if err := conn.QueryRowContext(ctx, `pragma journal_mode`).Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the file system can't keep a write-ahead log (journal mode %q): use a local disk", mode)
	}
	return nil
}

// take waits for the turn, in order of asking.
func (w *writer) take(ctx context.Context) error {
	select {
	case <-w.turn:
		return nil
	case <-w.closed:
		return errClosed
	case <-ctx.Done():
		return fmt.Errorf("wait for the turn to write: %w", context.Cause(ctx))
	}
}

func (w *writer) give() { w.turn <- struct{}{} }

// statement gives the prepared statement of query, nil when there is no room.
func (w *writer) statement(ctx context.Context, query string) (*statement, error) {
	if s := w.kept[query]; s != nil {
		return s, nil
	}
	long := len(query) >= longText
	if long && w.kept[w.bulk] != nil {
		err := w.kept[w.bulk].Close()
		if delete(w.kept, w.bulk); err != nil {
			return nil, err
		}
	}
	if len(w.kept) >= maxKept {
		return nil, nil
	}
	stmt, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if long {
		w.bulk = query
	}
	s := &statement{Stmt: stmt}
	w.kept[query] = s
	return s, nil
}

// control runs begin, commit or rollback, whatever happens to any context
// meanwhile: a commit that is interrupted when it has just been done reports an
// interruption (modernc.org/sqlite, stmt.exec), and nobody could tell.
func (w *writer) control(word string) error {
	s, err := w.statement(context.Background(), word)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(context.Background())
	return err
}

// drop closes the connection; the next transaction opens another.
func (w *writer) drop() error {
	if w.conn == nil {
		return nil
	}
	errs := make([]error, 0, len(w.kept)+1)
	for _, s := range w.kept {
		errs = append(errs, s.Close())
	}
	errs = append(errs, w.conn.Close())
	w.conn, w.kept = nil, nil
	return errors.Join(errs...)
}

// close waits for the turn, keeps it, and closes the connection.
func (w *writer) close() error {
	close(w.closed)
	<-w.turn
	return errors.Join(w.drop(), w.pool.Close())
}
