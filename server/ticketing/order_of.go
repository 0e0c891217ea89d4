package ticketing

import (
	"context"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
)

// MoveIn makes a ticket one of another order, in the caller's transaction. Gates hear of
// it with the ticket's next code: see GiveIn.
func (o *Office) MoveIn(ctx context.Context, tx *sqldb.Tx, event string, id ticket.ID, order string) error {
	_, err := tx.ExecContext(ctx, `update ticket set order_code = $3 where event = $1 and id = $2`, event, id.String(), order)
	return stored(err, "changing ticket %s", id.Short())
}
