package books

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"usher/migrations/sqldb"
)

// loose are the questions whose answers are what is not settled. $1 is an event, or ""
// for all; $2, where it is asked for, the time of the servers.
var loose = []struct{ what, query string }{
	{"orders that are not finished", `select id from sale_order where ($1 = '' or event = $1) and state in ('open', 'paying', 'refunding', 'disputed')`},
	{"holds", `select id from hold where ($1 = '' or event = $1) and state = 'held'`},
	{"refunds that were not made", `select r.id from order_refund r join sale_order o on o.id = r.order_id where ($1 = '' or o.event = $1) and r.state = 'asked'`},
	{"payments that may change", `select p.ref from sandbox_payment p join sale_order o on o.id = p.order_code where ($1 = '' or o.event = $1)
		and (p.settles_at > $2 or p.disputed_at > $2 or p.decided_at > $2 or (p.settles_at = 0 and p.cancelled_at = 0 and p.ends_at > $2))`},
	{"payments of which the shop doesn't know all", `select p.ref from sandbox_payment p join sale_order o on o.id = p.order_code
		left join order_payment k on k.provider = 'sandbox' and k.ref = p.ref
		where ($1 = '' or o.event = $1) and p.outcome = 'paid' and (k.state is null or k.state <> 'paid'
			or p.decided_at > 0 and p.amount > coalesce((select sum(r.amount) from sandbox_refund r where r.ref = p.ref and r.made_at < p.disputed_at), 0) and k.dispute <> case when p.won = 1 then 'won' else 'lost' end)`},
	{"notices on their way", `select n.delivery from sandbox_notice n join sandbox_payment p on p.ref = n.ref join sale_order o on o.id = p.order_code
		where ($1 = '' or o.event = $1)`},
}

// Unsent is the mail that waits: of a server that died, until others may take it, which
// is longer than a short run is.
const Unsent = `select id || ' is not sent' from mail where state = 'waiting'`

// Unsettled says what is still to come of an event, or of all with "". now is the time
// of the servers.
func Unsettled(ctx context.Context, db *sqldb.DB, event string, now time.Time) (open []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, l := range loose {
		args := []any{event}
		if strings.Contains(l.query, "$2") {
			args = append(args, now.UnixMilli())
		}
		list, err := Strings(ctx, db, l.query, args...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.what, err)
		}
		if len(list) > 0 {
			open = append(open, fmt.Sprintf("%d %s, %s among them", len(list), l.what, list[0]))
		}
	}
	return open, nil
}

// Strings reads a column of texts.
func Strings(ctx context.Context, db *sqldb.DB, query string, args ...any) (list []string, err error) {
	err = Each(ctx, db, query, func(rows *sql.Rows) error {
		var text string
		err := rows.Scan(&text)
		list = append(list, text)
		return err
	}, args...)
	return list, err
}
