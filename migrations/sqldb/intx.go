package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	// maxTries is how often a transaction is tried that another process is in the
	// way of. Each try has waited the busy timeout.
	maxTries = 4
	// firstPause is the wait before the second try; each next one is four times
	// as long.
	firstPause = 10 * time.Millisecond
)

// inTx marks a context as inside a transaction of one database.
type inTx struct{ db *DB }

// InTx runs fn in a transaction and commits when fn gives no error: on SQLite one
// at a time, on PostgreSQL several side by side, each statement of which sees what
// was committed before it (READ COMMITTED). When InTx returns nil what fn wrote is
// durable, as Synchronous says; on an error or a panic nothing of it is kept.
//
// When another transaction is in the way (IsBusy) fn is run again, a few times: it
// must do nothing outside the transaction that can't be done twice. Nothing else
// is tried again; after a failed commit in particular, only the database knows
// what became of it. When ctx ends before the commit begins, nothing is written;
// after that it is no longer asked.
//
// Inside fn, InTx with fn's context is refused, as it would wait for itself.
func (db *DB) InTx(ctx context.Context, fn func(context.Context, *Tx) error) error {
	return db.write(ctx, func(inside context.Context) error { return db.own.attempt(inside, fn) })
}

// Exec runs one statement as a transaction of its own, with all that InTx
// promises and at less cost: the database begins and commits it by itself.
func (db *DB) Exec(ctx context.Context, query string, args ...any) error {
	return db.write(ctx, func(ctx context.Context) error { return db.own.exec(ctx, query, args) })
}

// ExecReturning is Exec for a statement that gives rows, whatever it writes: on
// PostgreSQL it takes a single round trip. each is called for every row, and its
// first error ends the call; what the statement wrote is kept all the same, so each
// should only read. When the statement is tried again the rows come again.
func (db *DB) ExecReturning(ctx context.Context, each func(*sql.Rows) error, query string, args ...any) error {
	return db.write(ctx, func(ctx context.Context) error { return db.own.execReturning(ctx, each, query, args) })
}

// eachRow calls do for every row, and closes them.
func eachRow(rows *sql.Rows, do func(*sql.Rows) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// write makes attempts at a transaction until no other is in the way.
func (db *DB) write(ctx context.Context, attempt func(context.Context) error) error {
	if db.own == nil {
		return fmt.Errorf("write to %s: it was opened for reading only", db.path)
	}
	if ctx.Value(inTx{db}) != nil {
		return errors.New("a transaction was begun inside another; pass the Tx on instead")
	}
	inside := context.WithValue(ctx, inTx{db}, true)
	pause := firstPause
	for try := 1; ; try++ {
		err := attempt(inside)
		if err == nil {
			db.notices.send()
			if db.wire != nil {
				db.wire.tell()
			}
			return nil
		}
		if !IsBusy(err) || try == maxTries {
			return err
		}
		if ended := sleep(ctx, pause); ended != nil {
			return errors.Join(ended, err)
		}
		pause *= 4
	}
}

// exec runs a statement outside any transaction.
func (w *writer) exec(ctx context.Context, query string, args []any) error {
	return w.alone(ctx, query, func(s *statement) (err error) {
		if s != nil {
			_, err = s.ExecContext(context.Background(), args...)
		} else {
			_, err = w.conn.ExecContext(context.Background(), query, args...)
		}
		return err
	})
}

// execReturning runs a statement that gives rows outside any transaction. It writes
// all that it writes before the first row, and commits behind the last.
func (w *writer) execReturning(ctx context.Context, each func(*sql.Rows) error, query string, args []any) error {
	return w.alone(ctx, query, func(s *statement) (err error) {
		var rows *sql.Rows
		if s != nil {
			rows, err = s.QueryContext(context.Background(), args...)
		} else {
			rows, err = w.conn.QueryContext(context.Background(), query, args...)
		}
		if err != nil {
			return err
		}
		return eachRow(rows, each)
	})
}

// alone takes the turn for one statement outside any transaction, and lends it
// prepared; nil when there is no room to keep it. As a commit is part of it, it isn't
// interrupted once it has begun: see control.
func (w *writer) alone(ctx context.Context, query string, do func(*statement) error) error {
	if err := w.take(ctx); err != nil {
		return err
	}
	defer w.give()
	if err := w.connect(ctx); err != nil {
		return fmt.Errorf("open the writing connection: %w", err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("before the commit: %w", context.Cause(ctx))
	}
	w.serial++
	s, err := w.statement(context.Background(), query)
	if err != nil {
		return err
	}
	return do(s)
}

// attempt runs fn once.
func (w *writer) attempt(ctx context.Context, fn func(context.Context, *Tx) error) error {
	if err := w.take(ctx); err != nil {
		return err
	}
	defer w.give()
	tx, err := w.begin(ctx)
	if err != nil {
		return err
	}
	return tx.run(ctx, fn)
}

// run runs fn in the transaction that has begun, and ends it either way.
func (tx *Tx) run(ctx context.Context, fn func(context.Context, *Tx) error) error {
	defer tx.end()
	if err := fn(ctx, tx); err != nil {
		return tx.explain(err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("before the commit: %w", context.Cause(ctx))
	}
	return tx.commit()
}

// explain adds the statement that failed to an error that doesn't tell of it:
// what came after it only followed from it.
func (tx *Tx) explain(err error) error {
	if tx.failed == nil || errors.Is(err, tx.failed) {
		return err
	}
	return fmt.Errorf("%w (after %w)", err, tx.failed)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
