package sales

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/migrations/sqldb"
)

// How orders go that came to nothing. Whatever moved money, or might still, stays: the
// books are made of it.
const (
	// KeepAbandoned is how long an order is kept that was left or not paid in time: as
	// long as its hold, so that the same key asked again meanwhile finds both or neither.
	KeepAbandoned = 30 * 24 * time.Hour
	// pruneAtOnce is how many one step deletes: so few that a buyer who comes meanwhile
	// doesn't notice.
	pruneAtOnce = 100
	// pruneEvery is the pause between two steps, and pruneRest that when nothing is left.
	pruneEvery = time.Second
	pruneRest  = time.Minute
)

// abandoned are orders that came to nothing before $1: no money came, none is booked and
// none can come any more.
const abandoned = `(state = 'left' or state = 'expired') and made_at < $1 and changed_at < $1 and over_at = 0 and paid = 0 and tickets = ''
	and not exists (select 1 from order_payment p where p.order_id = sale_order.id
		and (p.state not in ('failed', 'cancelled') or p.accepted <> 0 or p.look_at > 0))
	and not exists (select 1 from order_refund r where r.order_id = sale_order.id)
	and not exists (select 1 from ledger l where l.order_id = sale_order.id)`

// Prune deletes some of the orders that came to nothing and are older than KeepAbandoned,
// with all that is kept of them, and says how many those were. Servers may do so side by
// side.
func (s *Sales) Prune(ctx context.Context) (n int, err error) {
	before := s.Now().Add(-KeepAbandoned).UnixMilli()
	var some bool
	err = s.DB.Read().QueryRowContext(ctx, `select exists (select 1 from sale_order where `+abandoned+`)`, before).Scan(&some)
	if err != nil || !some {
		return 0, stored(err, "looking for orders that came to nothing")
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		gone, err := takeAbandoned(ctx, tx, before)
		n = len(gone)
		if err != nil || n == 0 {
			return err
		}
		return tx.Later(ctx, deleting(gone)...)
	})
	return n, stored(err, "deleting orders that came to nothing")
}

// takeAbandoned gives orders to delete, which nobody else changes any more.
func takeAbandoned(ctx context.Context, tx *sqldb.Tx, before int64) (list []Order, err error) {
	rows, err := tx.QueryContext(ctx, `update sale_order set rev = rev + 1
		where id in (select id from sale_order where `+abandoned+` order by made_at limit $2) and `+abandoned+` returning `+orderColumns, before, pruneAtOnce)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		o, err := scanOrder(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, rows.Err()
}

// deleting are the statements that delete orders: first what belongs to them.
func deleting(gone []Order) []sqldb.Call {
	ids, marks := make([]any, len(gone)), make([]string, len(gone))
	var list []sqldb.Call
	for i, o := range gone {
		ids[i], marks[i] = o.ID, fmt.Sprintf("$%d", i+1)
		for _, word := range wordsOf(o.Details.Name, o.Details.Email) {
			list = append(list, sqldb.Call{
				Query: `delete from sale_word where word = $1 and made_at = $2 and order_id = $3`, Args: []any{word, o.Made.UnixMilli(), o.ID},
			})
		}
	}
	in := ` in (` + strings.Join(marks, ", ") + `)`
	for _, from := range []string{`order_event where order_id`, `order_payment where order_id`, `sale_order where id`} {
		list = append(list, sqldb.Call{Query: `delete from ` + from + in, Args: ids})
	}
	return list
}

// pruneSome does one step, and says when the next is.
func (s *Sales) pruneSome(ctx context.Context) (time.Duration, error) {
	n, err := s.Prune(ctx)
	if n == pruneAtOnce {
		return pruneEvery, err
	}
	return pruneRest, err
}
