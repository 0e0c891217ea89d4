package ticketing

import (
	"context"

	"usher/migrations/sqldb"
)

// AfterIn gives tickets of an event that are not void for good, in the order of their
// ids behind one, so many at most; "" is before all.
func (o *Office) AfterIn(ctx context.Context, q sqldb.Queryer, event, after string, most int) ([]Ticket, error) {
	return all(ctx, q, `where event = $1 and id > $2 and state in ('valid', 'blocked') order by id limit $3`, event, after, most)
}
