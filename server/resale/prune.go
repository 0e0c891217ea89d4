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
	var all []error
	for after := ""; ; {
		some, err := listings(ctx, r.DB.Read(), `where aside = 1 and state <> 'open' and id > $1 order by id limit $2`, after, atOnce)
		if err != nil {
			return errors.Join(append(all, err)...)
		}
		for i := range some {
			after = some[i].ID
			all = append(all, r.dropPool(ctx, &some[i]))
		}
		if len(some) < atOnce {
			return errors.Join(all...)
		}
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
