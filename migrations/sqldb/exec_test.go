package sqldb_test

import (
	"context"
	"testing"

	"usher/migrations/sqldb"
)

func TestExecIsATransaction(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	own, cancel := sqldb.Notices(db)
	defer cancel()
	exec := func(query string, args ...any) error { return db.Exec(t.Context(), query, args...) }
	if err := exec(addItem, 1); err != nil {
		t.Fatal(err)
	}
	select {
	case <-own:
	default:
		t.Error("nobody was told of the commit")
	}
	wantItems(t, open(t, crashed(t, path), sqldb.Options{}), 1)

	if err := exec(`insert into item (n) values ($1), ($2), ($1)`, 2, 3); !sqldb.IsUnique(err) {
		t.Errorf("one number twice: %v", err)
	}
	wantItems(t, db, 1) // nothing of a statement that failed
	inWriter(t, db, func(q sqldb.Queryer) { limit(t, q, 1) })
	if err := exec(fillItems); !sqldb.IsFull(err) {
		t.Errorf("more than there is room for: %v", err)
	}
	wantItems(t, db, 1)
	inWriter(t, db, func(q sqldb.Queryer) { limit(t, q, noLimit) })
	if err := exec(addItem, 2); err != nil {
		t.Errorf("after statements that failed: %v", err)
	}
	write(t, db, addItem, 3)
	wantItems(t, db, 1, 2, 3)
	whole(t, db)
}

func TestExecIsRefused(t *testing.T) {
	path := newPath(t)
	db := openItems(t, path, sqldb.Options{})
	err := db.InTx(t.Context(), func(ctx context.Context, _ *sqldb.Tx) error { return db.Exec(ctx, addItem, 1) })
	if err == nil {
		t.Error("inside a transaction, where it would wait for itself: no error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // a turn that is free must not win against a context that has ended
		if err := db.Exec(ended, addItem, 1); err == nil {
			t.Fatal("with a context that has ended: no error")
		}
	}
	if err := open(t, path, sqldb.Options{ReadOnly: true}).Exec(t.Context(), addItem, 1); err == nil {
		t.Error("where only reading is allowed: no error")
	}
	wantItems(t, db)
}
