package ticketing

import (
	"context"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Matter is a thing that may be under way with a ticket.
type Matter string

// What a holder may have begun. Only one of them is at a time, and each is refused
// while another is.
const (
	Transfer Matter = "transfer" // offered to somebody
	Resale   Matter = "resale"   // for sale
	Refund   Matter = "refund"   // on its way back
)

// underWay is what a person is told who wants something else meanwhile.
var underWay = map[Matter]string{
	Transfer: "is offered to somebody since %s; take the offer back first",
	Resale:   "is for sale since %s; take it off sale first",
	Refund:   "is being refunded since %s",
}

// Pending is what is under way with a ticket. A ticket that becomes void or gets a new
// code has nothing under way any more, but for one that only moves to a phone.
type Pending struct {
	What  Matter
	Ref   string // which one: an id of those who do it
	Since time.Time
}

// refusal says that the ticket is not free.
func (p *Pending) refusal(id ticket.ID) error {
	return fault.New(fault.Refused, "ticket %s "+underWay[p.What], id.Short(), p.Since.Format(time.RFC3339))
}

// PendIn begins something with tickets, all or nothing, and gives them as they stand;
// nobody else changes them until tx is over. fault.Refused names the first that is void
// or has something else under way. What is under way already stays as it is.
func (o *Office) PendIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID, what Matter, ref string) ([]Ticket, error) {
	tickets, pending, err := o.lookIn(ctx, tx, event, ids)
	if err != nil {
		return nil, err
	}
	since := o.now()
	var rows [][]any
	for i := range tickets {
		t := &tickets[i]
		p, there := pending[t.ID]
		switch {
		case t.State != Valid:
			return nil, fault.New(fault.Refused, "ticket %s is %s (%s)", t.ID.Short(), t.State, t.Why)
		case there && (p.What != what || p.Ref != ref):
			return nil, p.refusal(t.ID)
		case !there:
			rows = append(rows, []any{event, t.ID.String(), string(what), ref, since.UnixMilli()})
		}
	}
	err = sqldb.InsertRows(ctx, tx, "ticket_pending", []string{"event", "ticket", "what", "ref", "since"}, rows)
	return tickets, stored(err, "beginning a %s of tickets of event %s", what, event)
}

// HoldIn gives tickets as they stand; nobody else changes them until tx is over.
func (o *Office) HoldIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID) ([]Ticket, error) {
	return o.touchIn(ctx, tx, event, ids)
}

// StillIn gives tickets as they stand, with all of which that very thing has to be
// under way; nobody else changes them until tx is over. fault.Refused names the first
// with which it isn't.
func (o *Office) StillIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID, what Matter, ref string) ([]Ticket, error) {
	tickets, pending, err := o.lookIn(ctx, tx, event, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if p, there := pending[id]; !there || p.What != what || p.Ref != ref {
			return nil, fault.New(fault.Refused, "this %s of ticket %s is over", what, id.Short())
		}
	}
	return tickets, nil
}

// UnpendIn ends what is under way with tickets, and gives with how many it was. What
// else is under way, or nothing, stays as it is.
func (o *Office) UnpendIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID, what Matter, ref string) (int, error) {
	_, pending, err := o.lookIn(ctx, tx, event, ids)
	if err != nil {
		return 0, err
	}
	var ended []ticket.ID
	for _, id := range ids {
		if p, there := pending[id]; there && p.What == what && p.Ref == ref {
			ended = append(ended, id)
		}
	}
	return len(ended), o.endIn(ctx, tx, event, ended)
}

// PendingOf gives what is under way with tickets, as q sees it.
func (o *Office) PendingOf(ctx context.Context, q sqldb.Queryer, event string, ids []ticket.ID) (map[ticket.ID]Pending, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	among, args := amongIDs("ticket", event, ids)
	rows, err := q.QueryContext(ctx, `select ticket, what, ref, since from ticket_pending `+among, args...)
	if err != nil {
		return nil, stored(err, "reading what is under way with tickets of event %s", event)
	}
	defer rows.Close()
	found := make(map[ticket.ID]Pending)
	for rows.Next() {
		var id, what string
		var p Pending
		var since int64
		if err := rows.Scan(&id, &what, &p.Ref, &since); err != nil {
			return nil, stored(err, "reading what is under way with tickets of event %s", event)
		}
		p.What, p.Since = Matter(what), time.UnixMilli(since).UTC()
		k, err := ticket.ParseID(id)
		if err != nil {
			return nil, stored(err, "reading what is under way with ticket %s", id)
		}
		found[k] = p
	}
	return found, stored(rows.Err(), "reading what is under way with tickets of event %s", event)
}

// Pending is PendingOf outside a transaction.
func (o *Office) Pending(ctx context.Context, event string, ids []ticket.ID) (map[ticket.ID]Pending, error) {
	return o.PendingOf(ctx, o.db.Read(), event, ids)
}

// lookIn gives tickets and what is under way with them, for good until tx is over.
func (o *Office) lookIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID) ([]Ticket, map[ticket.ID]Pending, error) {
	tickets, err := o.touchIn(ctx, tx, event, ids)
	if err != nil {
		return nil, nil, err
	}
	pending, err := o.PendingOf(ctx, tx, event, ids)
	return tickets, pending, err
}

// freeIn ends what is under way with a ticket that is about to get a new code. One that
// only moves to a phone keeps it.
func (o *Office) freeIn(ctx context.Context, tx *sqldb.Tx, t *Ticket) error {
	if t.binding != nil {
		return nil
	}
	return o.endIn(ctx, tx, t.Event, []ticket.ID{t.ID})
}

// endIn ends whatever is under way with tickets, which the caller has touched.
func (o *Office) endIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID) error {
	if len(ids) == 0 {
		return nil
	}
	among, args := amongIDs("ticket", event, ids)
	_, err := tx.ExecContext(ctx, `delete from ticket_pending `+among, args...)
	return stored(err, "ending what is under way with tickets of event %s", event)
}
