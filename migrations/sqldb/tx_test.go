package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"usher/migrations/sqldb"
)

// Placeholders are bound by number, as everywhere in usher's SQL. A driver that
// binds in order of appearance would swap values in silence.
func TestPlaceholdersGoByNumber(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		check := func(q sqldb.Queryer) {
			if got := text(t, q, `select $2 || ',' || $1`, "one", "two"); got != "two,one" {
				t.Errorf("$2,$1 of one, two is %s", got)
			}
			if got := text(t, q, `select $3 || $1 || $3 || $2`, "a", "b", "c"); got != "cacb" {
				t.Errorf("$3 $1 $3 $2 of a, b, c is %s", got)
			}
		}
		check(db.Read())
		check(db.SQL())
		inWriter(t, db, check)
		write(t, db, `insert into item (text, n) values ($2, $1)`, 5, "five")
		if got := text(t, db.Read(), `select n || text from item`); got != "5five" {
			t.Errorf("inserted %s", got)
		}
	})
}

// After a statement has failed nothing more is run and nothing is kept, and the
// error tells of the first. Otherwise one engine would carry on where the other
// doesn't.
func TestFailedStatementEndsTheTransaction(t *testing.T) {
	for name, fail := range map[string]func(ctx context.Context, tx *sqldb.Tx) error{
		"exec": func(ctx context.Context, tx *sqldb.Tx) error { _, err := tx.ExecContext(ctx, addItem, 1); return err },
		"query": func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := tx.QueryContext(ctx, `select n from nowhere`)
			return err
		},
		"row": func(ctx context.Context, tx *sqldb.Tx) error {
			return tx.QueryRowContext(ctx, `select n from nowhere where n = $1`, 1).Err()
		},
		"no row of an insert": func(ctx context.Context, tx *sqldb.Tx) error {
			return tx.QueryRowContext(ctx, `insert into item (n) values ($1) returning n`, 1).Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, db *sqldb.DB) {
				var first error
				err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
					if _, err := tx.ExecContext(ctx, addItem, 1); err != nil {
						return err
					}
					if first = fail(ctx, tx); first == nil {
						t.Error("nothing failed")
					}
					if _, err := tx.ExecContext(ctx, addItem, 2); !errors.Is(err, first) {
						t.Errorf("exec afterwards: %v", err)
					}
					if _, err := tx.QueryContext(ctx, `select 1`); !errors.Is(err, first) {
						t.Errorf("query afterwards: %v", err)
					}
					var n int
					if err := tx.QueryRowContext(ctx, `select 1`).Scan(&n); !errors.Is(err, first) {
						t.Errorf("row afterwards: %v", err)
					}
					return nil
				})
				if err == nil || !errors.Is(err, first) {
					t.Errorf("committed in spite of it: %v", err)
				}
				wantItems(t, db)
			})
		})
	}
}

// What came after the failed statement only followed from it: both are told.
func TestErrorTellsOfTheFirstFailure(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			_, _ = tx.ExecContext(ctx, `insert into nowhere (n) values (1)`)
			return errStopped
		})
		if !errors.Is(err, errStopped) || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("got %v, want it to tell of nowhere", err)
		}
	})
}

func TestTxIsOverAfterInTx(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB) {
		for name, end := range map[string]error{"committed": nil, "rolled back": errStopped} {
			var kept *sqldb.Tx
			err := db.InTx(t.Context(), func(_ context.Context, tx *sqldb.Tx) error { kept = tx; return end })
			if !errors.Is(err, end) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := kept.ExecContext(t.Context(), addItem, 1); !errors.Is(err, sql.ErrTxDone) {
				t.Errorf("%s: exec gave %v", name, err)
			}
			if _, err := kept.QueryContext(t.Context(), `select 1`); !errors.Is(err, sql.ErrTxDone) {
				t.Errorf("%s: query gave %v", name, err)
			}
			var n int
			if err := kept.QueryRowContext(t.Context(), `select 1`).Scan(&n); !errors.Is(err, sql.ErrTxDone) {
				t.Errorf("%s: row gave %v", name, err)
			}
		}
		wantItems(t, db)
	})
}

// A statement may be run again while a row of it is still to be read.
func TestStatementsThatOverlap(t *testing.T) {
	db := openItems(t, newPath(t), sqldb.Options{})
	write(t, db, `insert into item (n) values (1), (2), (3)`)
	const query = `select n from item where n >= $1 order by n`
	for range 2 { // the second time the statement is a kept one
		inWriter(t, db, func(q sqldb.Queryer) {
			first, second := q.QueryRowContext(t.Context(), query, 1), q.QueryRowContext(t.Context(), query, 2)
			rows, err := q.QueryContext(t.Context(), query, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for want := 1; rows.Next(); want++ {
				var n int
				if err := rows.Scan(&n); err != nil || n != want {
					t.Errorf("row %d is %d (%v)", want, n, err)
				}
				if got := text(t, q, query, 3); got != "3" {
					t.Errorf("inside: %s, want 3", got)
				}
			}
			var a, b int
			if err := errors.Join(first.Scan(&a), second.Scan(&b)); err != nil || a != 1 || b != 2 {
				t.Errorf("rows %d and %d (%v), want 1 and 2", a, b, err)
			}
		})
	}
}

// There are more texts than the writer keeps prepared, and long ones, of which it
// keeps the newest.
func TestMoreStatementsThanAreKept(t *testing.T) {
	db := openItems(t, newPath(t), sqldb.Options{})
	const each = sqldb.MaxKept + 20
	for round := range 2 {
		inWriter(t, db, func(q sqldb.Queryer) {
			for n := range each {
				query := fmt.Sprintf(`insert into item (n, text) values ($1, '%d of its own')`, n)
				if n%50 == 0 {
					query += strings.Repeat(" ", sqldb.LongText)
				}
				if _, err := q.ExecContext(t.Context(), query, round*each+n); err != nil {
					t.Fatalf("statement %d: %v", n, err)
				}
			}
		})
	}
	if n := text(t, db.Read(), `select count(*) from item`); n != fmt.Sprint(2*each) {
		t.Errorf("%s items, want %d", n, 2*each)
	}
}
