package resale

import (
	"context"
	"errors"

	"usher/migrations/sqldb"
)

// prune has the pools go of listings that are over or sold: each is one place that nobody
// can have any more. The place of one that ended while somebody held it stays until they
// have given it back.
func (r *Resale) prune(ctx context.Context) error {
	after := ""
	for {
		some, err := listings(ctx, r.DB.Read(), `where aside = 1 and state <> 'open' and id > $1 order by id limit $2`, after, atOnce)
		if err != nil || len(some) == 0 {
			return err
		}
		var all []error
		for i := range some {
			all = append(all, r.dropPool(ctx, &some[i]))
		}
		if err := errors.Join(all...); err != nil || len(some) < atOnce {
			return err
		}
		after = some[len(some)-1].ID
	}
}

func (r *Resale) dropPool(ctx context.Context, l *Listing) error {
	err := r.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		gone, err := r.Stock.DropIn(ctx, tx, l.Event, l.pool(), l.State == Sold)
		if err != nil || !gone {
			return err
		}
		_, err = tx.ExecContext(ctx, `update resale_listing set aside = 0 where id = $1`, l.ID)
		return err
	})
	return stored(err, "dropping the place of a listing")
}
