package sales

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

const orderColumns = `id, code, event, state, rev, asked, currency, total, paid, refunded, paid_out, cart, details, until, extended,
	method, attempt, ref, url, tickets, made_at, changed_at, paid_at`

// cartText is what the cart's column holds.
type cartText struct {
	Items  []Item `json:"items"`
	Fee    int64  `json:"fee,omitempty"`
	FeeTax int64  `json:"fee_tax,omitempty"`
}

func scanOrder(scan func(...any) error) (o Order, err error) {
	var state, cart, details, tickets string
	var until, made, changed, paidAt int64
	err = scan(&o.ID, &o.Code, &o.Event, &state, &o.rev, &o.asked, &o.Currency, &o.Total, &o.Paid, &o.Refunded, &o.PaidOut, &cart, &details, &until, &o.Extended,
		&o.Method, &o.attempt, &o.ref, &o.url, &tickets, &made, &changed, &paidAt)
	if err != nil {
		return o, err
	}
	o.State, o.Until = State(state), time.UnixMilli(until).UTC()
	o.Made, o.Changed = time.UnixMilli(made).UTC(), time.UnixMilli(changed).UTC()
	if paidAt != 0 {
		o.PaidAt = time.UnixMilli(paidAt).UTC()
	}
	var c cartText
	err = errors.Join(unpack(cart, &c), unpack(details, &o.Details), unpack(tickets, &o.Tickets))
	if err != nil {
		return o, fault.Wrap(fault.Internal, err, "order %s in the database is damaged", o.Code)
	}
	o.Items, o.Fee, o.FeeTax = c.Items, c.Fee, c.FeeTax
	return o, nil
}

// unpack reads JSON of ours; "" is nothing.
func unpack(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

// pack writes JSON of ours.
func pack(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("writing a part of an order: %w", err)
	}
	return string(b), nil
}

// insert is the statement by which a new order is kept, if what must be so is. It
// gives a row then. Another order under the id or the code is left as it is.
func (o *Order) insert(must string) (sqldb.Call, error) {
	cart, err := pack(cartText{o.Items, o.Fee, o.FeeTax})
	if err != nil {
		return sqldb.Call{}, err
	}
	details, err := o.packDetails()
	if err != nil {
		return sqldb.Call{}, err
	}
	return sqldb.Call{
		Query: `insert into sale_order (id, code, event, state, rev, asked, currency, total, paid, refunded, paid_out, cart, details, name, email, until, over_at, extended,
				method, attempt, ref, url, tickets, made_at, changed_at, paid_at)
			select $1, $2, $3, $4, 0, $5, $6, $7, 0, 0, 0, $8, $11, '', '', $9, $9, 0, '', 0, '', '', '', $10, $10, 0 where ` + must + `
			on conflict do nothing returning id`,
		Args: []any{o.ID, o.Code, o.Event, string(o.State), o.asked, o.Currency, o.Total, cart, o.Until.UnixMilli(), o.Made.UnixMilli(), details},
	}, nil
}

// packDetails writes what is known of the buyer: at first it is their language at most.
func (o *Order) packDetails() (string, error) {
	if !o.Complete() && o.Details.Language == "" {
		return "", nil
	}
	return pack(o.Details)
}

// update is the statement by which an order's change is kept. Of an order that was
// only seen it moves rev, and fails (sqldb.IsNull) if somebody else did meanwhile.
func (o *Order) update(seen bool) (sqldb.Call, error) {
	tickets := ""
	details, err := o.packDetails()
	if err != nil {
		return sqldb.Call{}, err
	}
	if len(o.Tickets) > 0 {
		if tickets, err = pack(o.Tickets); err != nil {
			return sqldb.Call{}, err
		}
	}
	var paidAt int64
	if !o.PaidAt.IsZero() {
		paidAt = o.PaidAt.UnixMilli()
	}
	var overAt int64
	if o.State.Buying() || o.State == Awaiting {
		overAt = o.Until.UnixMilli()
	}
	c := sqldb.Call{
		Query: `update sale_order set state = $2, paid = $3, refunded = $4, details = $5, name = $6, email = $7, until = $8, extended = $9,
			method = $10, attempt = $11, ref = $12, url = $13, tickets = $14, changed_at = $15, paid_at = $16, over_at = $17, paid_out = $18`,
		Args: []any{o.ID, string(o.State), o.Paid, o.Refunded, details, o.Details.Name, o.Details.Email, o.Until.UnixMilli(), o.Extended,
			o.Method, o.attempt, o.ref, o.url, tickets, o.Changed.UnixMilli(), paidAt, overAt, o.PaidOut},
	}
	if seen {
		c.Query += `, rev = case when rev = $19 then rev + 1 end`
		c.Args = append(c.Args, o.rev-1)
	}
	c.Query += ` where id = $1`
	return c, nil
}

// Order gives an order by its id.
func (s *Sales) Order(ctx context.Context, id string) (Order, error) {
	o, err := scanOrder(s.DB.Read().QueryRowContext(ctx, `select `+orderColumns+` from sale_order where id = $1`, id).Scan)
	return o, found(err, id)
}

// found gives a failed look at an order its kind.
func found(err error, name string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "there is no order %.40q", name)
	}
	return stored(err, "reading an order")
}

// orders reads several.
func orders(ctx context.Context, q sqldb.Queryer, where string, args ...any) (list []Order, err error) {
	rows, err := q.QueryContext(ctx, `select `+orderColumns+` from sale_order `+where, args...)
	if err != nil {
		return nil, stored(err, "reading orders")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		o, err := scanOrder(rows.Scan)
		if err != nil {
			return nil, stored(err, "reading orders")
		}
		list = append(list, o)
	}
	return list, stored(rows.Err(), "reading orders")
}

// stored gives a failed statement a kind; faults pass as they are.
func stored(err error, doing string, args ...any) error {
	var known *fault.Error
	var kind fault.Kind
	if err == nil || errors.As(err, &known) || errors.As(err, &kind) {
		return err
	}
	doing = fmt.Sprintf(doing, args...)
	switch {
	case sqldb.IsBusy(err):
		return fault.Wrap(fault.Unavailable, err, "%s: the database is busy", doing)
	case sqldb.IsFull(err):
		return fault.Wrap(fault.Unavailable, err, "%s: the disk is full or can't be written to", doing)
	}
	return fault.Wrap(fault.Internal, err, "%s failed", doing)
}

// idsOf gives the ids of tickets.
func idsOf(list []ticket.ID, numbers []int) []ticket.ID {
	ids := make([]ticket.ID, len(numbers))
	for i, n := range numbers {
		ids[i] = list[n]
	}
	return ids
}
