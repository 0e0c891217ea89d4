package sales

import (
	"context"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// How often a buyer may have the tickets sent again.
const (
	maxSentAgain = 3
	sentAgainIn  = 24 * time.Hour
)

// SendAgain sends the tickets of an order once more to its address, for its buyer:
// fault.TooMany when that was done a few times within a day.
func (s *Sales) SendAgain(ctx context.Context, id string) (Order, error) {
	return s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		var n int
		err := tx.QueryRowContext(ctx, `select count(*) from order_event where order_id = $1 and kind = 'sent again' and who = 'buyer' and at > $2`,
			a.ID, a.now.Add(-sentAgainIn).UnixMilli()).Scan(&n)
		if err != nil {
			return err
		}
		if n >= maxSentAgain {
			return fault.New(fault.TooMany, "the tickets of order %s were sent %d times within a day", a.Code, n)
		}
		return a.resend("", "buyer")
	})
}
