package migrations

import (
	"context"
	"database/sql"
	"errors"
)

// lockKey is the first half of the advisory lock of whoever changes tables, which
// nothing else in the database locks; the second half is the schema's.
const lockKey int32 = 0x75736872 // "ushr"

// alone waits until nobody else changes the tables of a PostgreSQL database, and
// keeps others waiting until free is called. The lock belongs to a transaction, so
// it goes with the process that holds it, however that ends.
func alone(ctx context.Context, db *sql.DB) (free func(), err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, query := range []string{
		// Others may need long, and so may we: this transaction only waits meanwhile.
		`set local lock_timeout = 0`,
		`set local idle_in_transaction_session_timeout = 0`,
	} {
		if _, err := tx.ExecContext(ctx, query); err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
	}
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock($1::int, hashtext(current_schema()))`, lockKey); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	// A connection that was lost has freed the lock as well.
	return func() { _ = tx.Rollback() }, nil
}
