package inventory

import (
	"context"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// How holds go that are over. What became of their places stands in the pool, in the
// seats and in the orders; the hold itself only answers whoever repeats a request.
const (
	// KeepEnded is how long a hold is kept after it was sold or given back.
	KeepEnded = 30 * 24 * time.Hour
	// pruneAtOnce is how many one step deletes: so few that a buyer who comes meanwhile
	// doesn't notice.
	pruneAtOnce = 200
	// pruneEvery is the pause between two steps, and pruneRest that when nothing is left.
	pruneEvery = time.Second
	pruneRest  = time.Minute
)

const old = `select id from hold where state <> 'held' and changed_at < $1 order by changed_at limit $2`

// Prune deletes some of the holds that have been over for KeepEnded, and says how many
// those were: none when none are left. Servers may do so side by side.
func (s *Stock) Prune(ctx context.Context) (n int, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		done, err := tx.ExecContext(ctx, `delete from hold where id in (`+old+`)`, s.now().Add(-KeepEnded).UnixMilli(), pruneAtOnce)
		if err != nil {
			return err
		}
		deleted, err := done.RowsAffected()
		n = int(deleted)
		return err
	})
	return n, stored(err, "deleting holds that are long over")
}

// pruneSome does one step, and says when the next is.
func (s *Stock) pruneSome(ctx context.Context) time.Duration {
	n, err := s.Prune(ctx)
	if err != nil && ctx.Err() == nil {
		s.cfg.Log.Warn("deleting holds that are long over", "error", err)
	}
	if n == pruneAtOnce {
		return pruneEvery
	}
	return pruneRest
}

// isSold says whether a seat's holder has bought it. A hold that is gone was: one that
// is given back frees its seats first.
func isSold(ctx context.Context, q sqldb.Queryer, holder string) (bool, error) {
	h, err := look(ctx, q, holder)
	if fault.KindOf(err) == fault.NotFound {
		return true, nil
	}
	return h.State == Sold, err
}
