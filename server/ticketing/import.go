package ticketing

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Report says what an import did.
type Report struct {
	Event     string `json:"event"`
	Rows      int    `json:"rows"`
	Issued    int    `json:"issued"`    // new tickets
	Updated   int    `json:"updated"`   // tickets of which something changed that no code says
	Unchanged int    `json:"unchanged"` // tickets that were there as they are
}

// Step names what an import is doing, for a progress bar.
type Step string

// The steps of an import, in order.
const (
	StepRead  Step = "reading"
	StepSign  Step = "signing"
	StepStore Step = "storing"
)

// Progress is told how far a step is. It must be quick; it is called from one
// goroutine at a time.
type Progress func(step Step, done, total int)

// Import issues tickets to the people of a list, all in one transaction or, with
// an error that names lines and columns, none. name is what errors call the
// list.
func (o *Office) Import(ctx context.Context, event, name string, r io.Reader, progress Progress) (Report, error) {
	if progress == nil {
		progress = func(Step, int, int) {}
	}
	e, err := o.catalog.Event(ctx, event)
	if err != nil {
		return Report{}, err
	}
	progress(StepRead, 0, 0)
	t, err := readCSV(name, r)
	if err != nil {
		return Report{}, err
	}
	rd, err := newReader(&e.Event)
	if err != nil {
		return Report{}, err
	}
	people, err := rd.attendees(name, t)
	if err != nil {
		return Report{}, err
	}
	progress(StepRead, len(people), len(people))
	return o.admit(ctx, event, name, t, people, progress)
}

// admit compares the list with what is there, signs what is new outside the
// transaction, and stores all of it in one.
func (o *Office) admit(ctx context.Context, event, name string, t *table, people []Attendee, progress Progress) (Report, error) {
	have, err := o.byExternal(ctx, o.db.Read(), event)
	if err != nil {
		return Report{}, err
	}
	p, err := o.plan(event, name, t, people, have)
	if err != nil {
		return Report{}, err
	}
	if err := o.signAll(ctx, event, p.issue, progress); err != nil {
		return Report{}, err
	}
	err = o.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error { return o.store(ctx, tx, event, p, progress) })
	if err != nil {
		return Report{}, stored(err, "importing %s into event %s", name, event)
	}
	return Report{Event: event, Rows: len(people), Issued: len(p.issue), Updated: len(p.update), Unchanged: p.unchanged}, nil
}

func (o *Office) byExternal(ctx context.Context, q sqldb.Queryer, event string) (map[string]Ticket, error) {
	have := map[string]Ticket{}
	err := each(ctx, q, `where event = $1`, []any{event}, func(t Ticket) error {
		t.Token = "" // not needed here, and a large event has many
		have[t.External] = t
		return nil
	})
	return have, err
}

// plan is what an import will do.
type plan struct {
	issue     []Ticket
	update    []Ticket
	billed    map[ticket.ID]bool // those to update that were paid for, or no longer are
	passed    map[ticket.ID]bool // those to update that are somebody else's from then on
	unchanged int
}

func (o *Office) plan(event, name string, t *table, people []Attendee, have map[string]Ticket) (plan, error) {
	p := plan{billed: map[ticket.ID]bool{}, passed: map[ticket.ID]bool{}}
	bad := &problems{name: name}
	ids := make(map[ticket.ID]bool, len(have)+len(people))
	for _, old := range have {
		ids[old.ID] = true
	}
	for i, a := range people {
		old, there := have[a.External]
		switch {
		case !there:
			id, err := o.drawID(ids)
			if err != nil {
				return p, err
			}
			p.issue = append(p.issue, a.ticket(event, id))
		case a.needsNewCode(old) != "":
			bad.add(t.rows[i].line, a.needsNewCode(old), "differs from ticket %s, which was issued to %q; a change of it needs a new code: revoke or reissue that ticket", old.ID.Short(), a.External)
		default:
			p.amend(old, t.amended(t.rows[i], a, old))
		}
	}
	return p, bad.err()
}

// amend notes what of a ticket changes without a new code.
func (p *plan) amend(old, amended Ticket) {
	if old == amended {
		p.unchanged++
		return
	}
	p.update = append(p.update, amended)
	if old.Unpaid != amended.Unpaid {
		p.billed[old.ID] = true
	}
	if old.anothers(&amended) {
		p.passed[old.ID] = true
	}
}

// anothers says whether a ticket is somebody else's in a list. An address says who they
// are; one that is added, or taken away, of the same name is the same person's.
func (t *Ticket) anothers(in *Ticket) bool {
	if t.Email == "" || in.Email == "" {
		return t.Email != in.Email && t.Name != in.Name
	}
	return !strings.EqualFold(t.Email, in.Email)
}

// amended gives a ticket as a row wants it, in what no code says. A column that
// the list doesn't have, and an empty cell of paid, leave the ticket as it is.
func (t *table) amended(r row, a Attendee, k Ticket) Ticket {
	k.Name, k.Email = a.Name, a.Email
	if t.has(colOrder) {
		k.Order = a.Order
	}
	if t.has(colNote) {
		k.Note = a.Note
	}
	if t.cell(r, colPaid) != "" && k.Unpaid != a.Unpaid {
		k.Unpaid, k.Due, k.Currency = a.Unpaid, 0, ""
	}
	return k
}

// drawID draws a ticket id that no ticket of the event has. Zero is never drawn:
// in records it means that there is no ticket.
func (o *Office) drawID(taken map[ticket.ID]bool) (ticket.ID, error) {
	for {
		var id ticket.ID
		if _, err := io.ReadFull(o.rand, id[:]); err != nil {
			return id, fault.Wrap(fault.Internal, err, "can't draw a random ticket id")
		}
		if id != (ticket.ID{}) && !taken[id] {
			taken[id] = true
			return id, nil
		}
	}
}

func (a *Attendee) ticket(event string, id ticket.ID) Ticket {
	return Ticket{
		Event: event, ID: id, External: a.External, Name: a.Name, Email: a.Email, Product: a.Product, Seat: a.Seat, Zones: a.Zones,
		NotBefore: a.NotBefore, Expires: a.Expires, Admissions: a.Admissions, State: Valid,
		Order: a.Order, Note: a.Note, Answers: a.Answers, Unpaid: a.Unpaid, Due: a.Due, Currency: a.Currency,
	}
}

// needsNewCode names the first column in which the list says something else than
// the ticket's code does, "" when there is none.
func (a *Attendee) needsNewCode(t Ticket) column {
	switch {
	case a.Product != t.Product:
		return colProduct
	case a.Seat != t.Seat:
		return colSeat
	case a.Zones != t.Zones:
		return colZone
	case a.NotBefore != t.NotBefore:
		return colFrom
	case a.Expires != t.Expires:
		return colUntil
	case a.Admissions != t.Admissions:
		return colAdmissions
	}
	return ""
}

// store writes the plan: tickets, changed names, and the roster that tells the
// gates which tickets exist.
func (o *Office) store(ctx context.Context, tx *sqldb.Tx, event string, p plan, progress Progress) error {
	now := o.now()
	total := len(p.issue) + len(p.update)
	for done := 0; done < len(p.issue); done += storeBatch {
		batch := p.issue[done:min(done+storeBatch, len(p.issue))]
		values := make([][]any, len(batch))
		for i := range batch {
			batch[i].Changed = now
			values[i] = batch[i].values()
		}
		if err := sqldb.InsertRows(ctx, tx, "ticket", ticketColumns, values); err != nil {
			if sqldb.IsUnique(err) {
				return fault.Wrap(fault.Exists, err, "somebody else imported the same people into event %s just now; import again", event)
			}
			return err
		}
		progress(StepStore, done+len(batch), total)
	}
	var named, billed []Ticket
	for i := range p.update {
		t, err := o.update(ctx, tx, &p.update[i], &p, now)
		if err != nil {
			return fmt.Errorf("updating ticket %s: %w", p.update[i].ID, err)
		}
		if p.billed[t.ID] {
			billed = append(billed, t)
		} else {
			named = append(named, t)
		}
		progress(StepStore, len(p.issue)+i+1, total)
	}
	if err := o.list(ctx, tx, event, slices.Concat(p.issue, billed)); err != nil {
		return err
	}
	return o.name(ctx, tx, event, named)
}

// update stores what an import changes of a ticket, and gives it as it stands
// then: somebody may have reissued it since it was read.
func (o *Office) update(ctx context.Context, tx *sqldb.Tx, t *Ticket, p *plan, now time.Time) (Ticket, error) {
	var before []Ticket
	if p.passed[t.ID] {
		var err error
		if before, err = o.touchIn(ctx, tx, t.Event, []ticket.ID{t.ID}); err != nil {
			return *t, err
		}
	}
	if p.billed[t.ID] {
		if _, err := tx.ExecContext(ctx, `update ticket set unpaid = $3, due = $4, currency = $5 where event = $1 and id = $2`,
			t.Event, t.ID.String(), flag(t.Unpaid), t.Due, t.Currency); err != nil {
			return *t, err
		}
	}
	row := tx.QueryRowContext(ctx, `
		update ticket set name = $3, email = $4, order_code = $5, note = $6, changed_at = $7 where event = $1 and id = $2
		returning `+ticketSelected, t.Event, t.ID.String(), t.Name, t.Email, t.Order, t.Note, now.UnixMilli())
	after, err := scanTicket(row.Scan)
	if err != nil || before == nil {
		return after, err
	}
	return after, passed(ctx, tx, &after, Passage{How: ByOrganiser, From: before[0].holder(), To: after.holder(), At: now})
}

// storeBatch is how many tickets one insert holds.
const storeBatch = 1000
