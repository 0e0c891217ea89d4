package sales

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/migrations/sqldb"
	"usher/server/post"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// tellAll has an order's buyer told, and the holders of its tickets who are somebody else,
// where those are good or may be again: each address once.
func (t *touched) tellAll(a *act, b *Batch, kind string, amount int64) {
	if a.Details.Email != "" {
		a.mails = append(a.mails, post.Mail{
			ID: kind + "/" + b.Job + "/" + a.ID, Kind: kind, About: a.ID, Detail: refundDetail(amount, b.Why), To: a.Details.Email,
		})
	}
	for _, id := range a.Tickets {
		if k := t.tickets[id]; (k.State == ticketing.Valid || k.State == ticketing.Blocked) && k.Order == a.Code && k.Email != "" && !strings.EqualFold(k.Email, a.Details.Email) {
			a.mails = append(a.mails, holderMail(kind, b.Job, a.ID, b.Why, k.Email))
		}
	}
}

// holderMail tells somebody who has a ticket and no order; each address once for a job.
func holderMail(kind, job, about, why, to string) post.Mail {
	return post.Mail{ID: kind + "/" + job + "/" + addressKey(to), Kind: kind + toHolder, About: about, Detail: refundDetail(0, why), To: to}
}

// TellHolders queues mail to people who have tickets of an event and no order, in the
// caller's transaction: that it was moved, or called off.
func (s *Sales) TellHolders(ctx context.Context, tx *sqldb.Tx, b Batch, tickets []ticketing.Ticket) (n int, err error) {
	kind := mailCalledOff
	if b.Moved {
		kind = mailMoved
	}
	for i := range tickets {
		if tickets[i].Email == "" {
			continue
		}
		if err := s.Post.Queue(ctx, tx, holderMail(kind, b.Job, aboutEvent+b.Event, b.Why, tickets[i].Email)); err != nil {
			if fault.KindOf(err) == fault.BadInput {
				continue // an address that was imported, and is none
			}
			return n, err
		}
		n++
	}
	return n, nil
}

// Sold gives those of codes that are orders of ours.
func (s *Sales) Sold(ctx context.Context, q sqldb.Queryer, codes []string) (map[string]bool, error) {
	sold := map[string]bool{}
	if len(codes) == 0 {
		return sold, nil
	}
	names, args := make([]string, len(codes)), make([]any, len(codes))
	for i, code := range codes {
		names[i], args[i] = fmt.Sprintf("$%d", i+1), code
	}
	rows, err := q.QueryContext(ctx, `select code from sale_order where code in (`+strings.Join(names, ", ")+`)`, args...)
	if err != nil {
		return nil, stored(err, "looking for orders")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var code string
		if err := rows.Scan(&code); err != nil {
			return nil, stored(err, "looking for orders")
		}
		sold[code] = true
	}
	return sold, stored(rows.Err(), "looking for orders")
}

// Count gives how many orders an event has.
func (s *Sales) Count(ctx context.Context, q sqldb.Queryer, event string) (n int, err error) {
	err = q.QueryRowContext(ctx, `select count(*) from sale_order where event = $1`, event).Scan(&n)
	return n, stored(err, "counting orders")
}

// StageSum is what refunds come to that have come equally far.
type StageSum struct {
	Stage    Stage  `json:"stage"`
	Count    int    `json:"count"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// BackOf sums up how far the money has come that goes back because an event was called
// off, in the order of the stages.
func (s *Sales) BackOf(ctx context.Context, event string) (list []StageSum, err error) {
	rows, err := s.DB.Read().QueryContext(ctx, `select r.state, case when r.tries > 0 then 1 else 0 end, case when r.provider in ('bank', 'cash') then r.provider else '' end, r.currency, count(*), sum(r.amount)
		from order_refund r join sale_order o on o.id = r.order_id where o.event = $1 and r.asked = 'cancel' group by 1, 2, 3, 4`, event)
	if err != nil {
		return nil, stored(err, "summing up refunds")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var g GoingBack
		var n int
		if err := rows.Scan(&g.State, &g.Tries, &g.Provider, &g.Currency, &n, &g.Amount); err != nil {
			return nil, stored(err, "summing up refunds")
		}
		i := slices.IndexFunc(list, func(c StageSum) bool { return c.Stage == g.Stage() && c.Currency == g.Currency })
		if i < 0 {
			i, list = len(list), append(list, StageSum{Stage: g.Stage(), Currency: g.Currency})
		}
		list[i].Count += n
		list[i].Amount += g.Amount
	}
	order := []Stage{Asked, Trying, GoneBack, ByHand, ByTheirBank, Failed}
	slices.SortFunc(list, func(a, b StageSum) int {
		return cmp.Or(strings.Compare(a.Currency, b.Currency), slices.Index(order, a.Stage)-slices.Index(order, b.Stage))
	})
	return list, stored(rows.Err(), "summing up refunds")
}
