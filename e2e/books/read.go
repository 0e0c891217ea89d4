package books

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/server/sales"
)

// Read reads all books. Of the provider's, all that was to happen has to have happened.
func Read(ctx context.Context, db *sqldb.DB) (*Books, error) {
	b := &Books{
		Orders: map[string]*Order{}, ByCode: map[string]*Order{}, Payments: map[string]*Charge{}, Known: map[string]*Known{}, Hand: map[string]*Known{},
		Refunds: map[string]int64{}, Covered: map[string]int64{}, Asked: map[string]int{}, Balance: map[string]int64{}, Mails: map[string][]Mail{}, Tickets: map[ticket.ID]Ticket{},
	}
	each := func(query string, do func(*sql.Rows) error) error { return Each(ctx, db, query, do) }
	return b, errors.Join(b.readOrders(each), b.readProvider(each), b.readPayments(each), b.readLedger(each), b.readTickets(each))
}

// Each calls do for every row of a query.
func Each(ctx context.Context, db *sqldb.DB, query string, do func(*sql.Rows) error, args ...any) (err error) {
	rows, err := db.Read().QueryContext(ctx, query, args...)
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

// query asks for rows.
type query func(string, func(*sql.Rows) error) error

func (b *Books) readOrders(each query) error {
	return each(`select id, code, event, email, method, state, total, paid, refunded, paid_out, cart, tickets from sale_order`, func(rows *sql.Rows) error {
		var o Order
		var cart, tickets string
		if err := rows.Scan(&o.ID, &o.Code, &o.Event, &o.Email, &o.Method, &o.State, &o.Total, &o.Paid, &o.Refunded, &o.PaidOut, &cart, &tickets); err != nil {
			return err
		}
		var c struct {
			Items []sales.Item
			Fee   int64
		}
		err := json.Unmarshal([]byte(cart), &c)
		if tickets != "" {
			err = errors.Join(err, json.Unmarshal([]byte(tickets), &o.Tickets))
		}
		o.Items, o.Fee = c.Items, c.Fee
		b.Orders[o.ID], b.ByCode[o.Code] = &o, &o
		return err
	})
}

// readProvider reads the sandbox's tables.
func (b *Books) readProvider(each query) error {
	return each(`select p.ref, p.order_code, p.amount, p.outcome, p.disputed_at > 0, p.won = 1, p.refunded,
			coalesce((select sum(r.amount) from sandbox_refund r where r.ref = p.ref), 0),
			coalesce((select sum(r.amount) from sandbox_refund r where r.ref = p.ref and r.made_at < p.disputed_at), 0)
		from sandbox_payment p`, func(rows *sql.Rows) error {
		c := Charge{State: payment.Pending}
		var outcome string
		var sum int64
		if err := rows.Scan(&c.Ref, &c.Order, &c.Amount, &outcome, &c.Disputed, &c.Won, &c.Refunded, &sum, &c.Before); err != nil {
			return err
		}
		if outcome != "" {
			c.State = payment.State(outcome)
		}
		if sum != c.Refunded {
			b.Wrong = append(b.Wrong, fmt.Sprintf("the provider gave back %d of payment %s, and its refunds are %d", c.Refunded, c.Ref, sum))
		}
		b.Payments[c.Ref] = &c
		return nil
	})
}

func (b *Books) readPayments(each query) error {
	err := each(`select ref, provider, order_id, state, dispute, accepted = 1, amount from order_payment`, func(rows *sql.Rows) error {
		var ref string
		var k Known
		err := rows.Scan(&ref, &k.Via, &k.Order, &k.State, &k.Dispute, &k.Accepted, &k.Amount)
		if k.Via == "sandbox" {
			b.Known[ref] = &k
		} else {
			b.Hand[k.Via+" "+ref] = &k
		}
		return err
	})
	err = errors.Join(err, each(`select ref, state, sum(amount) from order_refund where state in ('done', 'charged_back') group by ref, state`, func(rows *sql.Rows) error {
		var ref, state string
		var sum int64
		err := rows.Scan(&ref, &state, &sum)
		if state == "done" {
			b.Refunds[ref] = sum
		} else {
			b.Covered[ref] = sum
		}
		return err
	}))
	return errors.Join(err, each(`select order_id, id from order_refund`, func(rows *sql.Rows) error {
		var order, id string
		err := rows.Scan(&order, &id)
		if strings.HasPrefix(id, order+"/refund/") && id != order+"/refund/cancel" {
			b.Asked[order]++
		}
		return err
	}))
}

func (b *Books) readLedger(each query) error {
	err := each(`select debit, credit, amount, currency from ledger`, func(rows *sql.Rows) error {
		var debit, credit, currency string
		var amount int64
		err := rows.Scan(&debit, &credit, &amount, &currency)
		if currency != "EUR" {
			b.Wrong = append(b.Wrong, "the ledger has an amount in "+currency)
		}
		b.Balance[debit] += amount
		b.Balance[credit] -= amount
		return err
	})
	return errors.Join(err, each(`select id, kind, about, state, address from mail`, func(rows *sql.Rows) error {
		var l Mail
		var about string
		err := rows.Scan(&l.ID, &l.Kind, &about, &l.State, &l.Address)
		b.Mails[about] = append(b.Mails[about], l)
		return err
	}))
}

func (b *Books) readTickets(each query) error {
	return each(`select id, event, seat, external_id, order_code, token, name, email, state, product, generation, unpaid = 1 from ticket`, func(rows *sql.Rows) error {
		var id string
		var k Ticket
		if err := rows.Scan(&id, &k.Event, &k.Seat, &k.External, &k.Order, &k.Token, &k.Name, &k.Email, &k.State, &k.Product, &k.Generation, &k.Unpaid); err != nil {
			return err
		}
		parsed, err := ticket.ParseID(id)
		b.Tickets[parsed] = k
		return err
	})
}
