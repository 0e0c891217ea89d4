package sales

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usher/migrations/sqldb"
	"usher/server/post"
)

// act is what one transaction does to one order. Its writes are gathered and run
// together at its end.
type act struct {
	*Order
	sales  *Sales
	now    time.Time
	events []happening
	moved  []posting
	mails  []post.Mail
	more   []statement
}

// happening is an entry of an order's history.
type happening struct {
	kind, who, text string
}

// errNothing ends a transaction that has nothing to keep.
var errNothing = errors.New("nothing is to be changed")

// change does something to an order, as it stands, in one transaction. An act that
// notes no event changes nothing. do may be run again.
func (s *Sales) change(ctx context.Context, id string, do func(context.Context, *sqldb.Tx, *act) error) (Order, error) {
	var o Order
	mailed := false
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		var err error
		if o, err = touch(ctx, tx, id); err != nil {
			return err
		}
		a := &act{Order: &o, sales: s, now: s.Now()}
		if err := do(ctx, tx, a); err != nil {
			return err
		}
		if len(a.events) == 0 {
			return errNothing
		}
		mailed = len(a.mails) > 0
		return a.keep(ctx, tx)
	})
	switch {
	case errors.Is(err, errNothing):
		return o, nil
	case err != nil:
		return Order{}, stored(err, "changing an order")
	}
	if mailed {
		s.Post.Wake()
	}
	return o, nil
}

// touch gives an order that nobody else changes until tx is over.
func touch(ctx context.Context, tx *sqldb.Tx, id string) (Order, error) {
	o, err := scanOrder(tx.QueryRowContext(ctx, `update sale_order set rev = rev + 1 where id = $1 returning `+orderColumns, id).Scan)
	return o, found(err, id)
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

// keep writes all that the act came to.
func (a *act) keep(ctx context.Context, tx *sqldb.Tx) error {
	a.Changed = a.now
	update, err := a.update()
	if err != nil {
		return err
	}
	list := append([]statement{update}, a.more...)
	for _, m := range a.mails {
		query, args, err := a.sales.Post.Queueing(m)
		if err != nil {
			return err
		}
		list = append(list, statement{query, args})
	}
	if err := run(ctx, tx, list); err != nil {
		return err
	}
	return a.tell(ctx, tx)
}

// tell writes the act into the history and the ledger.
func (a *act) tell(ctx context.Context, tx *sqldb.Tx) error {
	events, moved := make([][]any, len(a.events)), make([][]any, len(a.moved))
	for i, e := range a.events {
		events[i] = []any{a.ID, a.rev, i, a.now.UnixMilli(), e.kind, e.who, e.text}
	}
	for i, p := range a.moved {
		moved[i] = []any{a.ID, a.rev, i, a.now.UnixMilli(), p.debit, p.credit, p.amount, p.currency, p.text}
	}
	return errors.Join(
		sqldb.InsertRows(ctx, tx, "order_event", []string{"order_id", "rev", "number", "at", "kind", "who", "text"}, events),
		sqldb.InsertRows(ctx, tx, "ledger", []string{"order_id", "rev", "number", "at", "debit", "credit", "amount", "currency", "text"}, moved))
}
