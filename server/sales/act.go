package sales

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"usher/migrations/sqldb"
	"usher/server/inventory"
	"usher/server/post"
	"usher/server/ticketing"
)

// act is what one transaction does to one order. Its writes are gathered and run
// together at its end.
type act struct {
	*Order
	sales  *Sales
	now    time.Time
	seen   bool            // the order is as it was seen, and not the transaction's
	pools  bool            // pools may have to be taken: the journal is for after them
	sale   *inventory.Sale // of its hold; nil: it was not begun
	desk   *ticketing.Desk // issues the tickets; nil: none is open
	events []happening
	moved  []posting
	mails  []post.Mail
	more   []sqldb.Call

	refunds bool  // money is to go back
	undone  int64 // held for sellers so far, who are not paid any more: what of it doesn't go back is the organiser's
	hold    bool  // its places are held still, and go back when it is done
}

// happening is an entry of an order's history.
type happening struct {
	kind, who, text string
}

// errNothing ends a transaction that has nothing to keep.
var errNothing = errors.New("nothing is to be changed")

// errPools ends a transaction that needs pools after it has taken the journal: it is
// done again with pools first.
var errPools = errors.New("pools are to be taken before the journal")

// change does something to an order, as it stands, in one transaction. An act that
// notes no event changes nothing. do may be run again.
func (s *Sales) change(ctx context.Context, id string, do func(context.Context, *sqldb.Tx, *act) error) (Order, error) {
	var a *act
	pools := false
	once := func(ctx context.Context, tx *sqldb.Tx) error {
		o, err := touch(ctx, tx, id)
		if err != nil {
			return err
		}
		a = &act{Order: &o, sales: s, now: s.Now(), pools: pools}
		return a.do(ctx, tx, do)
	}
	err := s.DB.InTx(ctx, once)
	if errors.Is(err, errPools) {
		pools = true
		err = s.DB.InTx(ctx, once)
	}
	switch {
	case errors.Is(err, errNothing):
		return *a.Order, nil
	case err != nil:
		return Order{}, stored(err, "changing an order")
	}
	a.wake()
	return *a.Order, nil
}

// changeSeen is change for an act that asks the database for nothing, on an order as
// somebody has just seen it: one statement after the other and the commit go in one
// round trip, and fail if the order has changed since. Then, and whenever the act
// doesn't want to do anything, the order is looked at again.
func (s *Sales) changeSeen(ctx context.Context, seen Order, do func(context.Context, *sqldb.Tx, *act) error) (Order, error) {
	var a *act
	refused := false
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		o := seen
		o.rev++
		a = &act{Order: &o, sales: s, now: s.Now(), seen: true}
		err := a.do(ctx, tx, do)
		refused = err != nil
		return err
	})
	switch {
	case refused || sqldb.IsNull(err):
		return s.change(ctx, seen.ID, do)
	case err != nil:
		return Order{}, stored(err, "changing an order")
	}
	a.wake()
	return *a.Order, nil
}

// do runs the act, and writes what it came to.
func (a *act) do(ctx context.Context, tx *sqldb.Tx, do func(context.Context, *sqldb.Tx, *act) error) error {
	if err := do(ctx, tx, a); err != nil {
		return err
	}
	if len(a.events) == 0 {
		return errNothing
	}
	return a.keep(ctx, tx)
}

// wake has mail sent that the act has queued.
func (a *act) wake() {
	if len(a.mails) > 0 {
		a.sales.Post.Wake()
	}
}

// touch gives an order that nobody else changes until tx is over.
func touch(ctx context.Context, tx *sqldb.Tx, id string) (o Order, err error) {
	there := false
	if err := tx.Later(ctx, touching(&o, &there, id)); err != nil {
		return o, err
	}
	if err := tx.Flush(ctx); err != nil {
		return o, err
	}
	if !there {
		return o, found(sql.ErrNoRows, id)
	}
	return o, nil
}

// touching is the statement of touch.
func touching(o *Order, there *bool, id string) sqldb.Call {
	return sqldb.Call{
		Query: `update sale_order set rev = rev + 1 where id = $1 returning ` + orderColumns, Args: []any{id},
		Each: func(rows *sql.Rows) (err error) {
			*there = true
			*o, err = scanOrder(rows.Scan)
			return err
		},
	}
}

// note adds to the order's history.
func (a *act) note(kind, who, format string, args ...any) {
	a.events = append(a.events, happening{kind, who, fmt.Sprintf(format, args...)})
}

// mail has a letter sent to the buyer when the act is done. Under an id that was
// used none is.
func (a *act) mail(kind, id, detail string) {
	if a.Details.Email == "" {
		return // nobody to write to: sold over the counter
	}
	a.mails = append(a.mails, post.Mail{ID: kind + "/" + a.ID + id, Kind: kind, About: a.ID, Detail: detail, To: a.Details.Email})
}

// keep writes all that the act came to, with the commit.
func (a *act) keep(ctx context.Context, tx *sqldb.Tx) error {
	if err := a.write(ctx, tx); err != nil {
		return err
	}
	if a.desk != nil {
		if err := a.desk.Close(ctx); err != nil {
			return err
		}
	}
	return tell(ctx, tx, a)
}

// write writes the order, and what the act does beside it.
func (a *act) write(ctx context.Context, tx *sqldb.Tx) error {
	a.Changed = a.now
	a.post(held, sold, a.undone, a.Currency, "not for its seller any more")
	update, err := a.update(a.seen)
	if err != nil {
		return err
	}
	list := append([]sqldb.Call{update}, a.more...)
	for _, m := range a.mails {
		query, args, err := a.sales.Post.Queueing(m)
		if err != nil {
			return err
		}
		list = append(list, sqldb.Call{Query: query, Args: args})
	}
	return tx.Later(ctx, list...)
}

// tell writes acts into the history and the ledger.
func tell(ctx context.Context, tx *sqldb.Tx, acts ...*act) error {
	var events, moved [][]any
	for _, a := range acts {
		for i, e := range a.events {
			events = append(events, []any{a.ID, a.rev, i, a.now.UnixMilli(), e.kind, e.who, e.text})
		}
		for i, p := range a.moved {
			moved = append(moved, []any{a.ID, a.rev, i, a.now.UnixMilli(), p.debit, p.credit, p.amount, p.currency, p.text})
		}
	}
	return errors.Join(
		sqldb.InsertLater(ctx, tx, "order_event", []string{"order_id", "rev", "number", "at", "kind", "who", "text"}, events, nil),
		sqldb.InsertLater(ctx, tx, "ledger", []string{"order_id", "rev", "number", "at", "debit", "credit", "amount", "currency", "text"}, moved, nil))
}
