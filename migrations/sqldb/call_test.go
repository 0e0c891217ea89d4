package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
)

func addLater(n int) sqldb.Call { return sqldb.Call{Query: addItem, Args: []any{n}} }

// count asks how many items there are.
func count(n *int) sqldb.Call {
	return sqldb.Call{Query: `select count(*) from item`, Each: func(rows *sql.Rows) error { return rows.Scan(n) }}
}

// What waits is run in its order, and before what comes after it.
func TestLaterIsInOrder(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		var first, second, last int
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			if err := tx.Later(ctx, addLater(1), count(&first), addLater(2), count(&second)); err != nil {
				return err
			}
			if got := text(t, tx, `select count(*) from item`); got != "2" {
				t.Errorf("a row sees %s items", got)
			}
			if first != 1 || second != 2 {
				t.Errorf("the answers are %d and %d", first, second)
			}
			if err := tx.Later(ctx, addLater(3)); err != nil {
				return err
			}
			if list, err := items(ctx, tx); err != nil || !slices.Equal(list, []int{1, 2, 3}) {
				t.Errorf("rows see %v, %v", list, err)
			}
			if err := tx.Later(ctx, addLater(4)); err != nil {
				return err
			}
			done, err := tx.ExecContext(ctx, `update item set text = 'x' where n < 5`)
			if err != nil {
				return err
			}
			if n, err := done.RowsAffected(); err != nil || n != 4 {
				t.Errorf("%d rows are changed, %v", n, err)
			}
			return tx.Later(ctx, addLater(5), count(&last))
		})
		if err != nil || last != 5 {
			t.Errorf("%d in the end, %v", last, err)
		}
		wantItems(t, db, 1, 2, 3, 4, 5)
	})
}

// A statement that fails undoes all of the transaction wherever it stands, is named,
// and nothing is run behind it.
func TestLaterThatFails(t *testing.T) {
	own := errors.New("what it means")
	wrong := map[string]sqldb.Call{
		"twice":   {Query: addItem, Args: []any{1}},
		"nowhere": {Query: `insert into nowhere (n) values ($1)`, Args: []any{1}},
		"wrapped": {Query: addItem, Args: []any{1}, Wrap: func(err error) error { return errors.Join(own, err) }},
		"each":    {Query: `select n from item`, Each: func(*sql.Rows) error { return own }},
	}
	then := map[string]func(context.Context, *sqldb.Tx) error{
		"flush": func(ctx context.Context, tx *sqldb.Tx) error { return tx.Flush(ctx) },
		"exec":  func(ctx context.Context, tx *sqldb.Tx) error { _, err := tx.ExecContext(ctx, addItem, 8); return err },
		"row":   func(ctx context.Context, tx *sqldb.Tx) error { return tx.QueryRowContext(ctx, `select 1`).Err() },
		"rows":  func(ctx context.Context, tx *sqldb.Tx) error { _, err := items(ctx, tx); return err },
		"passed over": func(ctx context.Context, tx *sqldb.Tx) error {
			_, _ = tx.ExecContext(ctx, addItem, 8)
			return nil
		},
	}
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		for what, call := range wrong {
			for how, next := range then {
				var behind int
				err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
					if err := tx.Later(ctx, addLater(1), addLater(2), call, addLater(3), count(&behind)); err != nil {
						return err
					}
					return next(ctx, tx)
				})
				named := err != nil && (what == "nowhere" && strings.Contains(err.Error(), "nowhere") ||
					what == "twice" && sqldb.IsUnique(err) && strings.HasPrefix(strings.TrimPrefix(err.Error(), "the transaction has failed: "), "insert into item (n)") ||
					(what == "wrapped" || what == "each") && errors.Is(err, own))
				if !named || behind != 0 {
					t.Errorf("%s, then %s: %v; behind it there are %d", what, how, err, behind)
				}
				wantItems(t, db)
			}
		}
	})
}

// With the commit: a statement that fails says so, and is no commit that failed.
func TestLaterThatFailsWithTheCommit(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		write(t, db, addItem, 1)
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			return tx.Later(ctx, addLater(2), addLater(1), addLater(3))
		})
		if !sqldb.IsUnique(err) || strings.Contains(err.Error(), "commit") || errors.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
		wantItems(t, db, 1)
		write(t, db, addItem, 2) // on whatever connection
		wantItems(t, db, 1, 2)
	})
}

// What is given back undoes what waits.
func TestLaterIsRolledBack(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			if err := tx.Later(ctx, addLater(1)); err != nil {
				return err
			}
			return errStopped
		})
		if !errors.Is(err, errStopped) {
			t.Errorf("got %v", err)
		}
		wantItems(t, db)
	})
}

// Of two that wait for each other with their commits one is tried again.
func TestLaterIsTriedAgain(t *testing.T) {
	db := postgresItems(t, dbtest.NewPostgresURL(t), sqldb.Options{})
	write(t, db, `insert into item (n, text) values (1, ''), (2, '')`)
	var first, running sync.WaitGroup
	first.Add(2)
	runs := make([]int, 2)
	for i := range 2 {
		running.Go(func() {
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
				const more = `update item set text = text || 'x' where n = $1`
				if err := errors.Join(tx.Later(ctx, sqldb.Call{Query: more, Args: []any{1 + i}}), tx.Flush(ctx)); err != nil {
					return err
				}
				if runs[i]++; runs[i] == 1 {
					first.Done()
					first.Wait()
				}
				return tx.Later(ctx, sqldb.Call{Query: more, Args: []any{2 - i}})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if got := text(t, db.Read(), `select min(text) || max(text) from item`); got != "xxxx" || runs[0]+runs[1] != 3 {
		t.Errorf("the rows say %s after runs %v", got, runs)
	}
}

// A transaction costs a round trip for each time that it has to know something, and
// one with the commit.
func TestRoundTrips(t *testing.T) {
	address, trips := dbtest.Counted(t, dbtest.NewPostgresURL(t))
	db := postgresItems(t, address, sqldb.Options{})
	db.Carry(nobody{}) // who is told of commits otherwise than by this database
	for _, c := range []struct {
		name string
		want int
		do   func(ctx context.Context, tx *sqldb.Tx) error
	}{
		{"nothing", 0, func(context.Context, *sqldb.Tx) error { return nil }},
		{"only writes", 1, func(ctx context.Context, tx *sqldb.Tx) error {
			return tx.Later(ctx, addLater(1), addLater(2), addLater(3))
		}},
		{"an answer with the commit", 1, func(ctx context.Context, tx *sqldb.Tx) error {
			var n int
			return tx.Later(ctx, addLater(1), count(&n))
		}},
		{"one statement", 2, func(ctx context.Context, tx *sqldb.Tx) error { _, err := tx.ExecContext(ctx, addItem, 1); return err }},
		{"two questions at once", 2, func(ctx context.Context, tx *sqldb.Tx) error {
			var a, b int
			return errors.Join(tx.Later(ctx, count(&a), addLater(1), count(&b)), tx.Flush(ctx))
		}},
		{"one after the other", 3, func(ctx context.Context, tx *sqldb.Tx) error {
			if _, err := items(ctx, tx); err != nil {
				return err
			}
			if err := tx.Later(ctx, addLater(1)); err != nil {
				return err
			}
			if got := text(t, tx, `select count(*) from item`); got != "1" {
				t.Errorf("a row sees %s items", got)
			}
			return tx.Later(ctx, addLater(2))
		}},
		{"more than wait at once", 3, func(ctx context.Context, tx *sqldb.Tx) error {
			for n := range 2*sqldb.MaxWaiting + 1 {
				if err := tx.Later(ctx, addLater(n)); err != nil {
					return err
				}
			}
			return nil
		}},
	} {
		least := 1 << 30
		for range 3 { // statements are prepared the first time, and idle connections tried
			write(t, db, `delete from item`)
			trips.Reset()
			if err := db.InTx(t.Context(), c.do); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			least = min(least, len(trips.All()))
		}
		if least != c.want {
			t.Errorf("%s: %d round trips, want %d: %q", c.name, least, c.want, trips.All())
		}
	}
}

// nobody is told of commits.
type nobody struct{}

func (nobody) Tell(context.Context) error { return nil }

func (nobody) Hear(ctx context.Context, heard func()) error {
	heard()
	<-ctx.Done()
	return ctx.Err()
}

// Whatever is mixed, both engines say the same as a slice would.
func TestLaterIsAsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		rapid.Check(t, func(rt *rapid.T) {
			write(t, db, `delete from item`)
			failing := rapid.Bool().Draw(rt, "failing")
			var have []int
			var counted, want []int
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
				have, counted, want = nil, nil, nil
				for i, what := range rapid.SliceOfN(rapid.IntRange(0, 4), 0, 12).Draw(rt, "statements") {
					switch what {
					case 0:
						have = append(have, i)
						if err := tx.Later(ctx, addLater(i)); err != nil {
							return err
						}
					case 1:
						have = append(have, i)
						if _, err := tx.ExecContext(ctx, addItem, i); err != nil {
							return err
						}
					case 2:
						want = append(want, len(have))
						ask := sqldb.Call{Query: `select count(*) from item`, Each: func(rows *sql.Rows) error {
							var n int
							err := rows.Scan(&n)
							counted = append(counted, n)
							return err
						}}
						if err := tx.Later(ctx, ask); err != nil {
							return err
						}
					case 3:
						if list, err := items(ctx, tx); err != nil || !slices.Equal(list, have) {
							return fmt.Errorf("rows see %v, want %v: %w", list, have, err)
						}
					case 4:
						var n int
						if err := tx.QueryRowContext(ctx, `select count(*) from item where n >= $1`, 0).Scan(&n); err != nil || n != len(have) {
							return fmt.Errorf("a row sees %d, want %d: %w", n, len(have), err)
						}
					}
				}
				if failing {
					return errors.Join(tx.Later(ctx, addLater(100), addLater(100)), tx.Later(ctx, addLater(101)))
				}
				return nil
			})
			if failing != (err != nil) || failing && !sqldb.IsUnique(err) {
				rt.Fatalf("it ends with %v", err)
			}
			if !slices.Equal(counted, want) {
				rt.Fatalf("counted %v, want %v", counted, want)
			}
			if failing {
				have = nil
			}
			if list, err := items(t.Context(), db.Read()); err != nil || !slices.Equal(list, have) {
				rt.Fatalf("in the end there are %v, want %v: %v", list, have, err)
			}
		})
	})
}
