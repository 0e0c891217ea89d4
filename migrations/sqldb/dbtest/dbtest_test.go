package dbtest_test

import (
	"context"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

func TestEach(t *testing.T) {
	for range 2 { // the second time finds nothing of the first
		dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
				if _, err := tx.ExecContext(ctx, `create table kept (a text not null)`); err != nil {
					return err
				}
				_, err := tx.ExecContext(ctx, `insert into kept (a) values ($1)`, "x")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var n int
			if err := db.Read().QueryRowContext(t.Context(), `select count(*) from kept`).Scan(&n); err != nil || n != 1 {
				t.Fatalf("count %d, %v; want 1", n, err)
			}
		})
	}
}
