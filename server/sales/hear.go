package sales

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/server/ticketing"
	"usher/sync/fault"
)

const (
	// maxHeard is how many payments are recorded by one transaction.
	maxHeard = 64
	// hearWithin is how long that may take.
	hearWithin = 10 * time.Second
)

// hearing is what a provider says of a payment of an order, and what came of it.
type hearing struct {
	id, provider string
	p            payment.Payment
	made         bool // only that it was made: what became of it is for another hearing

	lead chan struct{} // closed when it is for this one to record all that wait
	done chan struct{} // closed when the rest is set

	order Order
	owing bool // there are refunds that are still to be made
	err   error
}

// alone says whether a payment is recorded by itself: what became of it after it was
// made may take pools, for which nobody waits who has the journal.
func (h *hearing) alone() bool { return h.p.Refunded > 0 || h.p.Dispute.State != "" }

// hearings are the payments that wait to be recorded. All who pay for one event write
// into its journal, one after the other, so what queues up while a transaction is
// committed is recorded by the next one, together. Whoever comes while nobody is at it
// does it; then the first who waits does.
type hearings struct {
	mu      sync.Mutex
	busy    bool
	waiting []*hearing
}

// come joins in, and says whether it is for h to record.
func (q *hearings) come(h *hearing) (lead bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, h)
	lead, q.busy = !q.busy, true
	return lead
}

// take gives what is recorded together: what h leads, in the order of coming, of each
// order one.
func (q *hearings) take(h *hearing) []*hearing {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch, orders := []*hearing{h}, map[string]bool{h.id: true}
	q.waiting = slices.DeleteFunc(q.waiting, func(w *hearing) bool {
		switch {
		case w == h:
			return true
		case h.alone() || w.alone() || orders[w.id] || len(batch) == maxHeard:
			return false
		}
		batch, orders[w.id] = append(batch, w), true
		return true
	})
	return batch
}

// pass has the next one lead.
func (q *hearings) pass() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy = len(q.waiting) > 0; q.busy {
		close(q.waiting[0].lead)
	}
}

// leave takes one out that nobody waits for any more, unless it leads or is being
// recorded.
func (q *hearings) leave(h *hearing) (left bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-h.lead:
		return false
	default:
	}
	n := len(q.waiting)
	q.waiting = slices.DeleteFunc(q.waiting, func(w *hearing) bool { return w == h })
	return len(q.waiting) < n
}

// hear takes in what a provider says of a payment of an order, and says whether there
// are refunds that are still to be made. What became of the payment afterwards is for a
// transaction of its own: tickets are there to be voided once they are issued.
func (s *Sales) hear(ctx context.Context, id, provider string, p payment.Payment) (Order, bool, error) {
	if whole := (hearing{p: p}); whole.alone() && p.State == payment.Paid {
		first := p
		first.Refunded, first.Dispute = 0, payment.Dispute{}
		if o, owing, err := s.hearOne(ctx, &hearing{id: id, provider: provider, p: first, made: true}); err != nil {
			return o, owing, err
		}
	}
	return s.hearOne(ctx, &hearing{id: id, provider: provider, p: p})
}

// hearOne is hear of what one transaction is enough for.
func (s *Sales) hearOne(ctx context.Context, h *hearing) (Order, bool, error) {
	h.lead, h.done = make(chan struct{}), make(chan struct{})
	q := &s.hearings
	if !q.come(h) {
		select {
		case <-h.done:
			return h.order, h.owing, h.err
		case <-h.lead:
		case <-ctx.Done():
			if q.leave(h) {
				return Order{}, false, fault.Wrap(fault.Unavailable, context.Cause(ctx), "the payment waits to be recorded: ask again in a moment")
			}
			select { // it is decided by now which
			case <-h.done:
				return h.order, h.owing, h.err
			case <-h.lead:
			}
		}
	}
	s.leadHearing(context.WithoutCancel(ctx), h) // others wait for it
	return h.order, h.owing, h.err
}

// leadHearing records what h leads.
func (s *Sales) leadHearing(ctx context.Context, h *hearing) {
	ctx, cancel := context.WithTimeout(ctx, hearWithin)
	defer cancel()
	defer s.hearings.pass()
	batch := s.hearings.take(h)
	for _, one := range batch {
		one.err = errBroke
		defer close(one.done)
	}
	s.hearAll(ctx, batch)
}

// errBroke is what is said should recording end by a panic.
var errBroke = fault.New(fault.Internal, "recording a payment broke off")

// errAlone ends a transaction of several payments of which one can't be recorded
// along with others.
var errAlone = errors.New("a payment is to be recorded by itself")

// hearAll records payments: together, and one by one where that fails over one of them.
func (s *Sales) hearAll(ctx context.Context, batch []*hearing) {
	slices.SortFunc(batch, func(a, b *hearing) int { return cmp.Compare(a.id, b.id) })
	err := s.hearTogether(ctx, batch, false)
	if len(batch) > 1 && err != nil && !sqldb.IsUnreachable(err) && !sqldb.IsBusy(err) && ctx.Err() == nil {
		for i := range batch {
			s.hearAll(ctx, batch[i:i+1])
		}
		return
	}
	if errors.Is(err, errPools) {
		err = s.hearTogether(ctx, batch, true)
	}
	for _, h := range batch {
		if err != nil {
			h.order, h.owing, h.err = Order{}, false, stored(err, "recording a payment")
		}
	}
}

// hearTogether records payments in one transaction, in three round trips: it asks for
// the orders and what is known of their payments, then sells their holds while it asks
// for what tickets take, and writes with the commit. They are in the order of their
// orders' ids, as rows are locked in one order. pools says that places may have to be
// taken again: see errPools.
func (s *Sales) hearTogether(ctx context.Context, batch []*hearing, pools bool) error {
	list := make([]*heard, len(batch))
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		for i, h := range batch {
			h.order, h.owing, h.err = Order{}, false, nil
			list[i] = &heard{hearing: h, act: &act{Order: &h.order, sales: s, now: s.Now(), pools: pools}}
			if err := list[i].ask(ctx, tx); err != nil {
				return err
			}
		}
		if err := tx.Flush(ctx); err != nil {
			return err
		}
		if err := foresee(ctx, tx, list); err != nil {
			return err
		}
		return record(ctx, tx, list)
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	for _, h := range list {
		if err == nil && h.there {
			h.wake()
		}
	}
	return err
}

// heard is a hearing as a transaction works on it.
type heard struct {
	*hearing
	*act
	there bool  // the order
	have  known // of the payment
	open  int   // refunds that are to be made
}

// ask asks for the order, its payment, how many refunds are open, and what went back of the
// payment.
func (h *heard) ask(ctx context.Context, tx *sqldb.Tx) error {
	return tx.Later(ctx, touching(&h.order, &h.there, h.id), remember(&h.have, h.id, h.provider, h.p, h.now), sqldb.Call{
		Query: `select coalesce(sum(case when state = 'asked' then 1 else 0 end), 0),
				coalesce(sum(case when state = 'done' and provider = $2 and ref = $3 then amount else 0 end), 0)
			from order_refund where order_id = $1`, Args: []any{h.id, h.provider, h.p.Ref},
		Each: func(rows *sql.Rows) error {
			var back int64
			err := rows.Scan(&h.open, &back)
			if !h.made {
				h.have.back = back
			}
			return err
		},
	})
}

// pays says whether the payment will pay its order, if there are places.
func (h *heard) pays() bool {
	if !h.there || h.p.State != payment.Paid || h.have.state == payment.Paid {
		return false
	}
	why, _ := h.unacceptable(h.p)
	return why == ""
}

// foresee sells the holds of the orders that will be paid, and opens the journals that
// their tickets will be written to, one desk for each event.
func foresee(ctx context.Context, tx *sqldb.Tx, list []*heard) error {
	paid := slices.DeleteFunc(slices.Clone(list), func(h *heard) bool { return !h.pays() })
	for _, h := range paid {
		if len(list) > 1 && (len(h.Tickets) > 0 || h.Resold()) {
			return errAlone // its tickets are locked before the journal
		}
		var err error
		if h.sale, err = h.sales.Stock.SellLater(ctx, tx, h.id); err != nil {
			return err
		}
	}
	slices.SortStableFunc(paid, func(a, b *heard) int { return cmp.Compare(a.Event, b.Event) })
	var desk *ticketing.Desk
	for i, h := range paid {
		if h.pools || len(h.Tickets) > 0 || h.Resold() {
			continue
		}
		if i == 0 || paid[i-1].Event != h.Event {
			var err error
			if desk, err = h.sales.Tickets.Open(ctx, tx, h.Event); err != nil {
				return err
			}
		}
		h.desk = desk
	}
	return tx.Flush(ctx)
}

// record writes what is new of each, and what they share at once: tickets by event,
// history and ledger. Of an order that isn't there only its own caller is told.
func record(ctx context.Context, tx *sqldb.Tx, list []*heard) error {
	var acts []*act
	var desks []*ticketing.Desk
	for _, h := range list {
		if !h.there {
			h.err = found(sql.ErrNoRows, h.id)
			continue
		}
		err := h.hear(ctx, tx, h.provider, h.p, h.have)
		h.owing = h.open > 0 || h.refunds
		if err != nil {
			return err
		}
		if len(h.events) == 0 {
			continue
		}
		acts = append(acts, h.act)
		if h.desk != nil && !slices.Contains(desks, h.desk) {
			desks = append(desks, h.desk)
		}
	}
	if len(acts) == 0 {
		return errNothing
	}
	for _, a := range acts { // once all is known that any of them asks
		if err := a.write(ctx, tx); err != nil {
			return err
		}
	}
	for _, desk := range desks {
		if err := desk.Close(ctx); err != nil {
			return err
		}
	}
	return tell(ctx, tx, acts...)
}

// remember asks for what is recorded of a payment. One that isn't recorded was started
// by a server that died before it could say so.
func remember(have *known, id, provider string, p payment.Payment, now time.Time) sqldb.Call {
	return sqldb.Call{
		Query: `insert into order_payment (provider, ref, order_id, state, accepted, amount, currency, fee, dispute, taken, won, lost, made_at, changed_at, look_at, looks)
			select $1, $2, $3, 'pending', 0, $4, $5, 0, '', 0, 0, 0, $6, $6, $7, 0 from sale_order where id = $3
			on conflict (provider, ref) do update set looks = order_payment.looks
			returning state, accepted, fee, dispute, taken, won, lost`,
		Args: []any{provider, p.Ref, id, p.Amount, p.Currency, now.UnixMilli(), nextLook(now, payment.Pending, 0)},
		Each: func(rows *sql.Rows) error {
			var state, dispute string
			var accepted int
			err := rows.Scan(&state, &accepted, &have.fee, &dispute, &have.sums.taken, &have.sums.won, &have.sums.lost)
			have.state, have.accepted, have.dispute = payment.State(state), accepted != 0, payment.DisputeState(dispute)
			return err
		},
	}
}
