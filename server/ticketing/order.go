package ticketing

import (
	"context"
	"fmt"
	"strings"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/journals"
	"usher/sync/fault"
	"usher/sync/journal"
)

// The acts of this file are on the tickets of one order, all in the caller's
// transaction: what was paid and what opens a door change together or not at all.
// They write into the event's journal, so they wait for each other.

// Desk issues tickets of an event in one transaction, for which it has the event's
// journal. They are written when it is closed, all at once.
type Desk struct {
	office *Office
	tx     *sqldb.Tx
	event  string
	asked  func() (*keyring.Signer, error)
	pen    *journals.Pen

	key    *keyring.Signer // nil before it was needed
	ids    map[ticket.ID]bool
	issued []Ticket
}

// Open opens a desk. What it has to know it asks by Tx.Later, so it costs nothing
// more where something else is asked next. The journal is the last that a
// transaction takes.
func (o *Office) Open(ctx context.Context, tx *sqldb.Tx, event string) (*Desk, error) {
	d := &Desk{office: o, tx: tx, event: event, ids: make(map[ticket.ID]bool)}
	var err error
	if d.asked, err = o.vault.AskIssuer(ctx, tx, event); err != nil {
		return nil, err
	}
	d.pen, err = o.journals.Open(ctx, tx, event)
	return d, err
}

// IssueIn makes tickets for people. An external id that is taken is fault.Exists,
// at the latest with the commit.
func (o *Office) IssueIn(ctx context.Context, tx *sqldb.Tx, event string, people []Attendee) ([]Ticket, error) {
	d, err := o.Open(ctx, tx, event)
	if err != nil {
		return nil, err
	}
	tickets, err := d.Issue(ctx, people)
	if err != nil {
		return nil, err
	}
	return tickets, d.Close(ctx)
}

// Issue makes tickets for people, as IssueIn does.
func (d *Desk) Issue(ctx context.Context, people []Attendee) ([]Ticket, error) {
	if d.key == nil {
		if _, err := d.pen.Author(ctx); err != nil { // now, before anything waits that is written
			return nil, err
		}
		var err error
		if d.key, err = d.asked(); err != nil {
			return nil, err
		}
	}
	tickets, now := make([]Ticket, len(people)), d.office.now()
	for i := range people {
		id, err := d.office.drawID(d.ids)
		if err != nil {
			return nil, err
		}
		tickets[i] = people[i].ticket(d.event, id)
		if err := tickets[i].sign(d.key); err != nil {
			return nil, fault.Wrap(fault.BadInput, err, "ticket of %q can't be signed", people[i].External)
		}
		tickets[i].Changed = now
	}
	d.issued = append(d.issued, tickets...)
	return tickets, nil
}

// Close writes what was issued: it waits for the transaction's next statement.
func (d *Desk) Close(ctx context.Context) error {
	if len(d.issued) == 0 {
		return nil
	}
	values := make([][]any, len(d.issued))
	for i := range d.issued {
		values[i] = d.issued[i].values()
	}
	if err := sqldb.InsertLater(ctx, d.tx, "ticket", ticketColumns, values, d.taken); err != nil {
		return err
	}
	err := d.office.listBy(ctx, d.pen, d.event, d.issued)
	d.issued = nil
	return stored(err, "issuing tickets of event %s", d.event)
}

// taken says what an error of the tickets' insert means.
func (d *Desk) taken(err error) error {
	if sqldb.IsUnique(err) {
		return fault.Wrap(fault.Exists, err, "event %s has tickets of these names already", d.event)
	}
	return stored(err, "issuing tickets of event %s", d.event)
}

// OfIn gives tickets by their ids, in that order, as q sees them.
func (o *Office) OfIn(ctx context.Context, q sqldb.Queryer, event string, ids []ticket.ID) ([]Ticket, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	among, args := amongIDs("id", event, ids)
	found, err := all(ctx, q, among, args...)
	if err != nil {
		return nil, err
	}
	return inOrderOf(ids, found)
}

// Of is OfIn outside a transaction.
func (o *Office) Of(ctx context.Context, event string, ids []ticket.ID) ([]Ticket, error) {
	return o.OfIn(ctx, o.db.Read(), event, ids)
}

// VoidIn voids every code of tickets, as Revoke does of one. Those that are void for
// good already, and in that state, stay as they are.
func (o *Office) VoidIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID, state State, why string) error {
	if state != Revoked && state != Cancelled && state != Blocked || why == "" || len(why) > maxWhy {
		return fault.New(fault.Internal, "state %.20q and a reason of %d bytes void no ticket", state, len(why))
	}
	return o.changeIn(ctx, tx, event, ids, state, string(state), why, func(t *Ticket) (journal.Revocation, bool) {
		if t.State == state || state == Blocked && t.State != Valid {
			return journal.Revocation{}, false
		}
		return journal.Revocation{Ticket: journal.TicketID(t.ID), Minimum: journal.Never}, true
	})
}

// UnblockIn makes the newest codes of tickets good again that were blocked; others
// stay as they are.
func (o *Office) UnblockIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID, why string) error {
	return o.changeIn(ctx, tx, event, ids, Valid, journal.Reactivated, why, func(t *Ticket) (journal.Revocation, bool) {
		if t.State != Blocked {
			return journal.Revocation{}, false
		}
		return journal.Revocation{Ticket: journal.TicketID(t.ID), Minimum: uint32(t.Generation)}, true
	})
}

// changeIn changes the state of those tickets that change says, and tells the gates in one record.
func (o *Office) changeIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID, to State, told, why string, change func(*Ticket) (journal.Revocation, bool)) error {
	tickets, err := o.touchIn(ctx, tx, event, ids)
	if err != nil {
		return err
	}
	now := o.now()
	ids = nil
	var list []journal.Revocation
	for i := range tickets {
		revocation, changed := change(&tickets[i])
		if !changed {
			continue
		}
		ids = append(ids, tickets[i].ID)
		list = append(list, revocation)
	}
	if len(list) == 0 {
		return nil
	}
	among, args := amongIDs("id", event, ids)
	n := len(args)
	args = append(args, string(to), why, now.UnixMilli())
	if to == Valid {
		args[n+1] = "" // why it is good again is for the gates
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf(`update ticket set state = $%d, why = $%d, changed_at = $%d %s`, n+1, n+2, n+3, among), args...)
	if err != nil {
		return stored(err, "changing tickets of event %s", event)
	}
	if told != journal.Reactivated {
		if err := o.endIn(ctx, tx, event, ids); err != nil {
			return err
		}
	}
	record := journal.NewRevoke(told, now.UnixMilli(), why, list)
	_, err = o.journals.Write(ctx, tx, event, journal.KindRevoke, &record)
	return err
}

// PaidIn notes that tickets are paid for which were issued unpaid.
func (o *Office) PaidIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID) error {
	tickets, err := o.touchIn(ctx, tx, event, ids)
	if err != nil {
		return err
	}
	now := o.now()
	var paid []Ticket
	for _, t := range tickets {
		if !t.Unpaid {
			continue
		}
		t.Unpaid, t.Due, t.Currency, t.Changed = false, 0, "", now
		if _, err := tx.ExecContext(ctx, `update ticket set unpaid = 0, due = 0, currency = '', changed_at = $3 where event = $1 and id = $2`,
			t.Event, t.ID.String(), now.UnixMilli()); err != nil {
			return stored(err, "changing ticket %s", t.ID.Short())
		}
		paid = append(paid, t)
	}
	return o.list(ctx, tx, event, paid)
}

// touchIn gives tickets, which nobody else changes until tx is over.
func (o *Office) touchIn(ctx context.Context, tx *sqldb.Tx, event string, ids []ticket.ID) ([]Ticket, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	among, args := amongIDs("id", event, ids)
	if _, err := tx.ExecContext(ctx, `update ticket set changed_at = changed_at `+among, args...); err != nil {
		return nil, stored(err, "changing tickets of event %s", event)
	}
	return o.OfIn(ctx, tx, event, ids)
}

// amongIDs picks tickets by their ids in a column.
func amongIDs(column, event string, ids []ticket.ID) (where string, args []any) {
	args = []any{event}
	places := make([]string, len(ids))
	for i, id := range ids {
		args = append(args, id.String())
		places[i] = fmt.Sprintf("$%d", i+2)
	}
	return `where event = $1 and ` + column + ` in (` + strings.Join(places, ", ") + `)`, args
}

func inOrderOf(ids []ticket.ID, found []Ticket) ([]Ticket, error) {
	by := make(map[ticket.ID]Ticket, len(found))
	for _, t := range found {
		by[t.ID] = t
	}
	list := make([]Ticket, len(ids))
	for i, id := range ids {
		t, there := by[id]
		if !there {
			return nil, fault.New(fault.NotFound, "there is no ticket %s", id.Short())
		}
		list[i] = t
	}
	return list, nil
}
