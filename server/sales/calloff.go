package sales

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/inventory"
	"usher/server/ticketing"
)

// mostEnded is how many tickets one batch of orders voids at most: the inventory takes
// so many places back at once.
const mostEnded = inventory.MaxPlaces

// Mark is a place in the row of an event's orders: that behind which a batch begins. The zero
// value is before all.
type Mark struct {
	Made int64  `json:"made,omitempty"` // Unix ms
	ID   string `json:"id,omitempty"`
}

// Batch is orders of an event that are ended together, because it doesn't take place.
type Batch struct {
	Job   string // names all of its batches, in the ids of its mail
	Event string
	Moved bool // it takes place at another time: only who was still buying is ended, and all are told
	After Mark
	Most  int    // orders
	Why   string // said to the buyers, and at the doors
	Who   string
	// Left has only those looked at that can still bring somebody in: once all were
	// gone through, for those that came while that went on.
	Left bool
	// Due says when the provider is asked for the refund of a number, from 0.
	Due func(n int) time.Time
	// First is done in the same transaction before anything else, and Last at its end; an
	// error of either undoes all of it.
	First func(context.Context, *sqldb.Tx) error
	Last  func(context.Context, *sqldb.Tx, Ended) error
}

// Ended is what a batch came to.
type Ended struct {
	Orders  int  // looked at
	Tickets int  // voided
	Refunds int  // asked for
	Next    Mark // behind the last
	More    bool
}

// EndBatch ends orders of an event that doesn't take place: money on its way back,
// tickets void, buyers and holders told, all in one transaction with what the caller
// keeps of it. Orders that are not paid, and those over already, take no payment any
// more: one that comes goes back. Of an order with a dispute all are told; its money and
// its places wait for the dispute's end.
func (s *Sales) EndBatch(ctx context.Context, b Batch) (e Ended, err error) {
	var acts []*act
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		if err := b.First(ctx, tx); err != nil {
			return err
		}
		e, acts = Ended{}, nil
		found, err := s.batch(ctx, tx, &b, &e)
		if err != nil {
			return err
		}
		t, err := s.touchAll(ctx, tx, b.Event, found)
		if err != nil {
			return err
		}
		if acts, err = t.end(ctx, tx, &b, &e); err != nil {
			return err
		}
		for _, a := range acts {
			if err := a.write(ctx, tx); err != nil {
				return err
			}
		}
		if err := tell(ctx, tx, acts...); err != nil {
			return err
		}
		return b.Last(ctx, tx, e)
	})
	if err != nil {
		return Ended{}, stored(err, "ending the orders of event %s", b.Event)
	}
	s.Post.Wake()
	for _, a := range acts {
		if a.hold {
			err = errors.Join(err, s.release(ctx, a.ID))
		}
	}
	return e, err
}

// batch finds the orders of a batch: so many that their tickets are not too many.
func (s *Sales) batch(ctx context.Context, tx *sqldb.Tx, b *Batch, e *Ended) ([]Order, error) {
	where := `where event = $1 and (made_at, id) > ($2, $3)`
	if b.Left {
		where += ` and state in ('open', 'paying', 'awaiting', 'paid', 'part_refunded')`
	}
	list, err := orders(ctx, tx, where+` order by made_at, id limit $4`, b.Event, b.After.Made, b.After.ID, b.Most)
	if err != nil {
		return nil, err
	}
	e.More = len(list) == b.Most
	tickets := 0
	for i := range list {
		if tickets += len(list[i].Places()); tickets > mostEnded {
			list, e.More = list[:i], true
			break
		}
	}
	if e.Orders = len(list); e.Orders > 0 {
		last := &list[e.Orders-1]
		e.Next = Mark{last.Made.UnixMilli(), last.ID}
	}
	return list, nil
}

// touched is orders of one event that nobody else changes until the transaction is over.
type touched struct {
	sales   *Sales
	orders  []Order
	tickets map[ticket.ID]ticketing.Ticket
	paid    map[string][2]string // provider and ref of the payment that paid an order
	kept    map[string]int64     // of what was given back, by order
}

// touchAll locks orders in the order of their ids, and reads what belongs to them.
func (s *Sales) touchAll(ctx context.Context, tx *sqldb.Tx, event string, list []Order) (*touched, error) {
	t := &touched{sales: s, orders: make([]Order, len(list)), tickets: map[ticket.ID]ticketing.Ticket{}, paid: map[string][2]string{}, kept: map[string]int64{}}
	if len(list) == 0 {
		return t, nil
	}
	slices.SortFunc(list, func(a, b Order) int { return strings.Compare(a.ID, b.ID) })
	names, args := make([]string, len(list)), make([]any, len(list))
	there := make([]bool, len(list))
	for i := range list {
		names[i], args[i] = fmt.Sprintf("$%d", i+1), list[i].ID
		if err := tx.Later(ctx, touching(&t.orders[i], &there[i], list[i].ID)); err != nil {
			return nil, err
		}
	}
	among := strings.Join(names, ", ")
	err := tx.Later(ctx, sqldb.Call{
		Query: `select order_id, provider, ref from order_payment where accepted = 1 and order_id in (` + among + `)`, Args: args,
		Each: func(rows *sql.Rows) error {
			var id, provider, ref string
			err := rows.Scan(&id, &provider, &ref)
			t.paid[id] = [2]string{provider, ref}
			return err
		},
	}, sqldb.Call{
		Query: `select order_id, kept from order_refund where kept > 0 and order_id in (` + among + `)`, Args: args,
		Each: func(rows *sql.Rows) error {
			var id string
			var kept int64
			err := rows.Scan(&id, &kept)
			t.kept[id] += kept
			return err
		},
	})
	if err == nil {
		err = tx.Flush(ctx)
	}
	if err != nil {
		return nil, err
	}
	var ids []ticket.ID
	for i := range t.orders {
		ids = append(ids, t.orders[i].Tickets...)
	}
	tickets, err := s.Tickets.OfIn(ctx, tx, event, ids)
	for _, k := range tickets {
		t.tickets[k.ID] = k
	}
	return t, err
}

// end ends each order, then gives their places back and voids their tickets at once.
func (t *touched) end(ctx context.Context, tx *sqldb.Tx, b *Batch, e *Ended) (acts []*act, err error) {
	var lines []inventory.Line
	var void []ticket.ID
	// Whoever sold a ticket on has made their order before who bought it: what is held
	// for them is theirs no more once the other is ended.
	slices.SortFunc(t.orders, func(a, b Order) int { return -byTime(a, b) })
	for i := range t.orders {
		a := &act{Order: &t.orders[i], sales: t.sales, now: t.sales.Now()}
		numbers, err := t.endOne(ctx, tx, a, b, e)
		if err != nil {
			return nil, err
		}
		if len(a.events) == 0 {
			continue
		}
		acts = append(acts, a)
		if a.hold {
			void = append(void, a.Tickets...) // issued unpaid; their places go back with the hold
			continue
		}
		lines = append(lines, a.linesOf(numbers)...)
		void = append(void, idsOf(a.Tickets, numbers)...)
	}
	if lines = merged(lines); len(lines) > 0 {
		if err := t.sales.Stock.ReturnIn(ctx, tx, b.Event, lines); err != nil {
			return nil, err
		}
	}
	e.Tickets = len(void)
	if len(void) == 0 {
		return acts, nil
	}
	return acts, t.sales.Tickets.VoidIn(ctx, tx, b.Event, void, ticketing.Cancelled, b.Why)
}

// endOne ends one order, and gives the numbers of its tickets that become void and whose
// places go back.
func (t *touched) endOne(ctx context.Context, tx *sqldb.Tx, a *act, b *Batch, e *Ended) (numbers []int, err error) {
	if b.Moved && !a.State.Buying() {
		return nil, t.moved(ctx, tx, a, b)
	}
	switch {
	case a.State.Buying() || a.State == Awaiting:
		if a.State == Awaiting {
			a.postBack(buyers, a.split(), "called off: "+b.Why)
		}
		a.hold = true
		a.note("cancelled", b.Who, "%s", b.Why)
		a.lookSoon()
		if b.Moved {
			a.mail(mailCancelled, "", refundDetail(0, b.Why))
		} else {
			t.tellAll(a, b, mailCalledOff, 0)
		}
	case a.State == Expired || a.State == Left || a.State == Lapsed:
		a.note("cancelled", b.Who, "%s", b.Why) // so that a payment that comes still goes back
	case a.State.Good():
		all := make([]ticketing.Ticket, len(a.Tickets))
		for n, id := range a.Tickets {
			all[n] = t.tickets[id]
		}
		gone, err := a.sales.soldOn(ctx, tx, a.Order)
		if err != nil {
			return nil, err
		}
		if numbers = a.withoutSold(good(all), gone); len(numbers) == 0 && !slices.ContainsFunc(gone, func(g SoldOn) bool { return g.Held }) {
			return nil, nil // all of it was given back before, or others have it
		}
		amount, err := t.refundRest(ctx, tx, a, b, e, numbers, gone)
		if err != nil {
			return nil, err
		}
		a.note("cancelled", b.Who, "%s", b.Why)
		t.tellAll(a, b, mailCalledOff, amount)
	case a.State == Disputed:
		a.note("told", b.Who, "the event was called off: %s", b.Why)
		t.tellAll(a, b, mailCalledOff, 0)
		return nil, nil // won does the rest, or lost
	default:
		return nil, nil
	}
	return numbers, a.turn(Cancelled)
}

// moved has those told who have something of an order of an event that was moved. Who has
// sold all of it on is told only while they are to be paid for it.
func (t *touched) moved(ctx context.Context, tx *sqldb.Tx, a *act, b *Batch) error {
	if !a.State.Good() && a.State != Awaiting && a.State != Disputed {
		return nil
	}
	gone, err := a.sales.soldOn(ctx, tx, a.Order)
	if err != nil {
		return err
	}
	if len(gone) > 0 && len(gone) == len(a.Tickets) && !slices.ContainsFunc(gone, func(g SoldOn) bool { return g.Held }) {
		return nil
	}
	a.note("told", b.Who, "the event was moved: %s", b.Why)
	t.tellAll(a, b, mailMoved, 0)
	return nil
}

// refundRest has all go back that an order's good tickets are worth, with its own fee.
// So does what was paid for tickets that were sold on and whose price is still held:
// who bought them gets that back.
func (t *touched) refundRest(ctx context.Context, tx *sqldb.Tx, a *act, b *Batch, e *Ended, numbers []int, gone []SoldOn) (int64, error) {
	worth, with := a.worthOf(numbers, gone, true)
	back := a.splitOf(worth, true)
	stays := a.splitOf(with, true).total() - back.total() + t.kept[a.ID]
	amount := min(a.Order.Paid-a.Order.Refunded-stays, a.Left())
	if err := a.settleSellers(ctx, tx, worth); err != nil || amount <= 0 {
		return 0, err
	}
	back.sales += amount - back.total()
	a.Order.Refunded += amount
	a.note("refund", b.Who, "%s: %s", words(amount, a.Currency), b.Why)
	a.postBack(owed, back, "refund: "+b.Why)
	paid := t.paid[a.ID]
	a.refund(refund{
		ID: a.ID + "/refund/cancel", Provider: paid[0], Ref: paid[1], Amount: amount, Currency: a.Currency, Why: b.Why, asked: "cancel", due: b.Due(e.Refunds),
	})
	e.Refunds++
	return amount, nil
}

// merged puts lines of the same pool together.
func merged(lines []inventory.Line) (list []inventory.Line) {
	at := map[string]int{}
	for _, l := range lines {
		i, there := at[l.Pool]
		if !there {
			i = len(list)
			at[l.Pool] = i
			list = append(list, inventory.Line{Pool: l.Pool})
		}
		list[i].Count += l.Count
		list[i].Seats = append(list[i].Seats, l.Seats...)
	}
	return list
}
