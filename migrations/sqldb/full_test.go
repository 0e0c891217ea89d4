package sqldb_test

import (
	"context"
	"fmt"
	"testing"

	"usher/migrations/sqldb"
)

// fillItems adds more than a database of limit's size has room for.
const fillItems = `with recursive c (n) as (select 1000 union all select n + 1 from c where n < 1200)
	insert into item (n, text) select n, printf('%.*c', 1000, 'x') from c`

// limit lets the file get pages long, or as long as it is if that is more. It is
// of the connection that q uses.
func limit(t *testing.T, q sqldb.Queryer, pages int) {
	t.Helper()
	text(t, q, fmt.Sprintf("pragma max_page_count(%d)", pages))
}

const noLimit = 1 << 30

// A full disk fails the transaction that needs more room, and says so. What was
// there stays; what has room is written; with room again, all is as before.
func TestDiskFull(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	write(t, db, addItem, 1)
	inWriter(t, db, func(q sqldb.Queryer) { limit(t, q, 1) })
	own, cancel := sqldb.Notices(db)
	defer cancel()

	// By a statement, by one whose error fn forgets, and by many that each fit.
	for name, fn := range map[string]func(context.Context, *sqldb.Tx) error{
		"returned": func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, fillItems)
			return err
		},
		"forgotten": func(ctx context.Context, tx *sqldb.Tx) error {
			_, _ = tx.ExecContext(ctx, fillItems)
			return nil
		},
		"little by little": func(ctx context.Context, tx *sqldb.Tx) error {
			for n := range noLimit {
				if _, err := tx.ExecContext(ctx, `insert into item (n, text) values ($1, printf('%.*c', 1000, 'x'))`, 100+n); err != nil {
					return fmt.Errorf("item %d: %w", n, err)
				}
			}
			return nil
		},
	} {
		err := db.InTx(t.Context(), fn)
		if !sqldb.IsFull(err) || sqldb.IsBusy(err) {
			t.Errorf("%s: %v, want an error that says the disk is full", name, err)
		}
		wantItems(t, db, 1)
	}
	select {
	case <-own:
		t.Error("a commit was told of that never was")
	default:
	}
	write(t, db, addItem, 2)
	wantItems(t, db, 1, 2)
	inWriter(t, db, func(q sqldb.Queryer) { limit(t, q, noLimit) })
	write(t, db, fillItems)
	whole(t, db)

	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path, sqldb.Options{})
	whole(t, again)
	if n := text(t, again.Read(), `select count(*) from item`); n != "203" {
		t.Errorf("%s items, want 203", n)
	}
}
