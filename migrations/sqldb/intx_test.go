package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/migrations/sqldb"
)

var errStopped = errors.New("stopped")

// engineError gives a real error of the engine's.
func engineError(t *testing.T, trouble func(t *testing.T, db *sqldb.DB) error) error {
	t.Helper()
	err := trouble(t, openItems(t, newPath(t), sqldb.Options{BusyTimeout: time.Millisecond}))
	if err == nil {
		t.Fatal("no trouble")
	}
	return err
}

// busy is what a second process gets while db writes.
func busy(t *testing.T, db *sqldb.DB) (err error) {
	if _, began := db.SQL().ExecContext(t.Context(), addItem, 1); began != nil {
		t.Fatal(began)
	}
	inWriter(t, db, func(sqldb.Queryer) { _, err = db.SQL().ExecContext(t.Context(), addItem, 2) })
	return err
}

func twice(t *testing.T, db *sqldb.DB) error {
	write(t, db, addItem, 1)
	return tryWrite(t.Context(), db, addItem, 1)
}

// full makes the database as large as it may get.
func full(t *testing.T, db *sqldb.DB) error {
	return db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		limit(t, tx, 1)
		_, err := tx.ExecContext(ctx, fillItems)
		return err
	})
}

func TestWhatIsTriedAgain(t *testing.T) {
	inTheWay := engineError(t, busy)
	for _, c := range []struct {
		name string
		err  error
		runs int
	}{
		{"none", nil, 1},
		{"busy", inTheWay, sqldb.MaxTries},
		{"busy, wrapped", fmt.Errorf("reading: %w", inTheWay), sqldb.MaxTries},
		{"a row that is there", engineError(t, twice), 1},
		{"a full disk", engineError(t, full), 1},
		{"the function's own", errStopped, 1},
		{"a context's end", context.Canceled, 1},
		{"no rows", sql.ErrNoRows, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, db *sqldb.DB) {
				runs := 0
				err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
					runs++
					if _, err := tx.ExecContext(ctx, addItem, 1); err != nil { // would fail where a run before was kept
						t.Error(err)
					}
					return c.err
				})
				if !errors.Is(err, c.err) {
					t.Errorf("got %v, want %v", err, c.err)
				}
				if runs != c.runs {
					t.Errorf("%d runs, want %d", runs, c.runs)
				}
				if c.err == nil {
					wantItems(t, db, 1)
				} else {
					wantItems(t, db)
				}
			})
		})
	}
}

func TestTriedAgainUntilItSucceeds(t *testing.T) {
	inTheWay := engineError(t, busy)
	db := openItems(t, newPath(t), sqldb.Options{})
	runs := 0
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		runs++
		if _, err := tx.ExecContext(ctx, addItem, runs); err != nil {
			return err
		}
		if runs < sqldb.MaxTries {
			return inTheWay
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantItems(t, db, sqldb.MaxTries)
}

// Another process that writes is waited for, beyond its busy timeout.
func TestAnotherProcessIsWaitedFor(t *testing.T) {
	path := newPath(t)
	other := openItems(t, path, sqldb.Options{})
	db := open(t, path, sqldb.Options{BusyTimeout: time.Millisecond})
	begun, let := make(chan struct{}), make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		err := other.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			close(begun)
			<-let
			_, err := tx.ExecContext(ctx, addItem, 1)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	ran := false
	err := db.InTx(t.Context(), func(context.Context, *sqldb.Tx) error {
		ran = true
		return nil
	})
	if !sqldb.IsBusy(err) || ran {
		t.Errorf("while the other wrote: %v, and ran is %v", err, ran)
	}
	ended, cancel := context.WithCancel(t.Context())
	time.AfterFunc(15*time.Millisecond, cancel) // before it has given up by itself
	if err := tryWrite(ended, db, addItem, 2); !errors.Is(err, context.Canceled) && !sqldb.IsBusy(err) {
		t.Errorf("while the other wrote and nobody waited any more: %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { close(let) })
	for err = tryWrite(t.Context(), db, addItem, 3); sqldb.IsBusy(err); err = tryWrite(t.Context(), db, addItem, 3) {
	}
	if err != nil {
		t.Error(err)
	}
	running.Wait()
	wantItems(t, db, 1, 3)
}

// Whatever ends fn other than a nil, nothing of it is kept and the next one runs.
func TestRolledBack(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(ctx context.Context, cancel context.CancelCauseFunc, tx *sqldb.Tx) error
		want error // nil: it has none to return
	}{
		{"error", func(context.Context, context.CancelCauseFunc, *sqldb.Tx) error { return errStopped }, errStopped},
		{"panic", func(context.Context, context.CancelCauseFunc, *sqldb.Tx) error { panic(errStopped) }, nil},
		{"goexit", func(context.Context, context.CancelCauseFunc, *sqldb.Tx) error { runtime.Goexit(); return nil }, nil},
		{"context", func(_ context.Context, cancel context.CancelCauseFunc, _ *sqldb.Tx) error {
			cancel(errStopped)
			return nil
		}, errStopped},
		{"statement", func(ctx context.Context, _ context.CancelCauseFunc, tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, `insert into nowhere (n) values (1)`)
			return fmt.Errorf("%w: %w", errStopped, err)
		}, errStopped},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, db *sqldb.DB) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				var got error
				done := make(chan any)
				go func() {
					defer func() {
						recovered := recover()
						if recovered != nil && recovered != error(errStopped) {
							t.Errorf("panic %v", recovered)
						}
						close(done)
					}()
					got = db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
						if _, err := tx.ExecContext(ctx, addItem, 1); err != nil {
							t.Error(err)
						}
						return c.end(ctx, cancel, tx)
					})
				}()
				<-done
				if !errors.Is(got, c.want) {
					t.Errorf("got %v, want %v", got, c.want)
				}
				wantItems(t, db)
				write(t, db, addItem, 2)
				wantItems(t, db, 2)
			})
		})
	}
}

func TestContextThatHasEnded(t *testing.T) {
	db := openItems(t, newPath(t), sqldb.Options{})
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errStopped)
	err := db.InTx(ended, func(context.Context, *sqldb.Tx) error {
		t.Error("fn was run")
		return nil
	})
	if !errors.Is(err, errStopped) && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// While waiting for the turn, too.
	inWriter(t, db, func(sqldb.Queryer) {
		if err := tryWrite(ended, db, addItem, 1); !errors.Is(err, errStopped) {
			t.Errorf("waiting for the turn: %v, want the cause", err)
		}
	})
	wantItems(t, db)
}

// A statement that runs long ends with its context, and its transaction with it.
func TestContextInterruptsAStatement(t *testing.T) {
	db := openItems(t, newPath(t), sqldb.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	err := db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, addItem, -1); err != nil {
			return err
		}
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err := tx.ExecContext(ctx, `with recursive c (n) as (select 1 union all select n + 1 from c where n < 1000000000)
			insert into item (n) select n from c where n < 0`)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context ended", err)
	}
	wantItems(t, db)
	write(t, db, addItem, 2)
	wantItems(t, db, 2)
}

func TestNoTransactionInside(t *testing.T) {
	db, other := openItems(t, newPath(t), sqldb.Options{}), openItems(t, newPath(t), sqldb.Options{})
	err := db.InTx(t.Context(), func(ctx context.Context, _ *sqldb.Tx) error {
		if err := tryWrite(ctx, db, addItem, 1); err == nil || !strings.Contains(err.Error(), "inside another") {
			t.Errorf("inside: %v", err)
		}
		return tryWrite(ctx, other, addItem, 1)
	})
	if err != nil {
		t.Errorf("of another database: %v", err)
	}
	wantItems(t, db)
	wantItems(t, other, 1)
}
