package cluster

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"usher/crypto/ticket"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/ticketing"
)

// books are all books in the end: the shop's, and the provider's own.
type books struct {
	orders   map[string]*order   // by id
	byCode   map[string]*order   // likewise
	payments map[string]*charge  // the provider's, by its name for them
	known    map[string]*known   // the shop's of the same
	refunds  map[string]int64    // the shop's that were made, by payment
	asked    map[string]int      // how many refunds the organiser asked for, by order
	balance  map[string]int64    // of each account: what it took less what it gave
	mails    map[string][]letter // by order
	tickets  map[ticket.ID]issued
}

type order struct {
	id, code, event, email string
	state                  sales.State
	total, paid, refunded  int64
	items                  []sales.Item
	fee                    int64
	tickets                []ticket.ID
}

// charge is a payment as the provider has it.
type charge struct {
	ref, order       string
	amount, refunded int64
	state            payment.State // pending, where nothing came of it
	disputed, won    bool
}

// lost is what the buyer's bank took back.
func (c *charge) lost() int64 {
	if c.disputed && !c.won {
		return c.amount
	}
	return 0
}

// fee is what the provider keeps of a payment: 1.5 % and 25 cents (docs/payment.md
// doesn't say so, the sandbox's books do).
func (c *charge) fee() int64 { return min(c.amount, c.amount*150/10_000+25) }

// known is a payment as the shop has it.
type known struct {
	order, state, dispute string
	accepted              bool
	amount                int64
}

type letter struct{ id, kind, state, address string }

type issued struct {
	event, seat, external, order, token string
	state                               ticketing.State
	product                             uint32
	unpaid                              bool
}

// read reads all books.
func (w *town) read() (*books, error) {
	b := &books{orders: map[string]*order{}, byCode: map[string]*order{}, payments: map[string]*charge{}, known: map[string]*known{},
		refunds: map[string]int64{}, asked: map[string]int{}, balance: map[string]int64{}, mails: map[string][]letter{}, tickets: map[ticket.ID]issued{}}
	return b, errors.Join(b.readOrders(w), b.readProvider(w), b.readShop(w), b.readTickets(w))
}

// each calls do for every row of a query.
func (w *town) each(query string, do func(*sql.Rows) error, args ...any) (err error) {
	rows, err := w.db.Read().QueryContext(context.Background(), query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (b *books) readOrders(w *town) error {
	return w.each(`select id, code, event, email, state, total, paid, refunded, cart, tickets from sale_order`, func(rows *sql.Rows) error {
		var o order
		var cart, tickets string
		if err := rows.Scan(&o.id, &o.code, &o.event, &o.email, &o.state, &o.total, &o.paid, &o.refunded, &cart, &tickets); err != nil {
			return err
		}
		var c struct {
			Items []sales.Item
			Fee   int64
		}
		err := json.Unmarshal([]byte(cart), &c)
		if tickets != "" {
			err = errors.Join(err, json.Unmarshal([]byte(tickets), &o.tickets))
		}
		o.items, o.fee = c.Items, c.Fee
		b.orders[o.id], b.byCode[o.code] = &o, &o
		return err
	})
}

// readProvider reads the sandbox's tables. All that was to happen has happened.
func (b *books) readProvider(w *town) error {
	return w.each(`select p.ref, p.order_code, p.amount, p.outcome, p.disputed_at > 0, p.won = 1, p.refunded,
			coalesce((select sum(r.amount) from sandbox_refund r where r.ref = p.ref), 0)
		from sandbox_payment p`, func(rows *sql.Rows) error {
		c := charge{state: payment.Pending}
		var outcome string
		var sum int64
		if err := rows.Scan(&c.ref, &c.order, &c.amount, &outcome, &c.disputed, &c.won, &c.refunded, &sum); err != nil {
			return err
		}
		if outcome != "" {
			c.state = payment.State(outcome)
		}
		if sum != c.refunded {
			w.t.Errorf("the provider gave back %d of payment %s, and its refunds are %d", c.refunded, c.ref, sum)
		}
		b.payments[c.ref] = &c
		return nil
	})
}

func (b *books) readShop(w *town) error {
	err := w.each(`select ref, order_id, state, dispute, accepted = 1, amount from order_payment where provider = 'sandbox'`, func(rows *sql.Rows) error {
		var ref string
		var k known
		err := rows.Scan(&ref, &k.order, &k.state, &k.dispute, &k.accepted, &k.amount)
		b.known[ref] = &k
		return err
	})
	err = errors.Join(err, w.each(`select ref, sum(amount) from order_refund where state = 'done' group by ref`, func(rows *sql.Rows) error {
		var ref string
		var sum int64
		err := rows.Scan(&ref, &sum)
		b.refunds[ref] = sum
		return err
	}))
	err = errors.Join(err, w.each(`select order_id, id from order_refund`, func(rows *sql.Rows) error {
		var order, id string
		err := rows.Scan(&order, &id)
		if strings.HasPrefix(id, order+"/refund/") && id != order+"/refund/cancel" {
			b.asked[order]++
		}
		return err
	}))
	err = errors.Join(err, w.each(`select debit, credit, amount, currency from ledger`, func(rows *sql.Rows) error {
		var debit, credit, currency string
		var amount int64
		err := rows.Scan(&debit, &credit, &amount, &currency)
		if currency != "EUR" {
			w.t.Errorf("the ledger has an amount in %s", currency)
		}
		b.balance[debit] += amount
		b.balance[credit] -= amount
		return err
	}))
	return errors.Join(err, w.each(`select id, kind, about, state, address from mail`, func(rows *sql.Rows) error {
		var l letter
		var about string
		err := rows.Scan(&l.id, &l.kind, &about, &l.state, &l.address)
		b.mails[about] = append(b.mails[about], l)
		return err
	}))
}

func (b *books) readTickets(w *town) error {
	return w.each(`select id, event, seat, external_id, order_code, token, state, product, unpaid = 1 from ticket`, func(rows *sql.Rows) error {
		var id string
		var k issued
		if err := rows.Scan(&id, &k.event, &k.seat, &k.external, &k.order, &k.token, &k.state, &k.product, &k.unpaid); err != nil {
			return err
		}
		parsed, err := ticket.ParseID(id)
		b.tickets[parsed] = k
		return err
	})
}
