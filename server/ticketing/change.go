package ticketing

import (
	"context"
	"slices"
	"strings"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/journals"
	"usher/server/vault"
	"usher/sync/fault"
	"usher/sync/guests"
	"usher/sync/journal"
)

// maxWhy bounds the reason that a person gives, in bytes.
const maxWhy = 300

// Find gives the one ticket that a person means by text: its short code, its id
// in hexadecimal, any code of it, or the organiser's external id. event narrows
// the search and may be "". A text that several tickets go by is refused.
func (o *Office) Find(ctx context.Context, event, text string) (Ticket, error) {
	text = ticket.CleanInput(text)
	id, known, err := o.idOf(ctx, text)
	if err != nil {
		return Ticket{}, err
	}
	where, args := `where ($1 = '' or event = $1) and external_id = $2 order by event`, []any{event, text}
	if known {
		// An external id may look like an id of ours.
		where, args = `where ($1 = '' or event = $1) and (external_id = $2 or id = $3) order by event, external_id`, append(args, id.String())
	}
	list, err := all(ctx, o.db.Read(), where, args...)
	if err != nil {
		return Ticket{}, err
	}
	switch len(list) {
	case 0:
		return Ticket{}, fault.New(fault.NotFound, "there is no ticket %.40q", text)
	case 1:
		return list[0], nil
	}
	return Ticket{}, fault.New(fault.BadInput, "%.40q is ticket %s of event %s and ticket %s of event %s: name the event, or use the short code",
		text, list[0].ID.Short(), list[0].Event, list[1].ID.Short(), list[1].Event)
}

// idOf gives the id that text says in one of our own forms. A code counts only
// with its signature; a code that was reissued since is still its ticket's.
func (o *Office) idOf(ctx context.Context, text string) (id ticket.ID, known bool, err error) {
	if strings.HasPrefix(text, ticket.PrefixStatic) || strings.HasPrefix(text, ticket.PrefixPresentation) {
		ring, err := o.vault.Ring(ctx)
		if err != nil {
			return id, false, err
		}
		t, err := ticket.Verify(text, &ring.Ring)
		if err != nil {
			return id, false, fault.Wrap(fault.NotFound, err, "no ticket here has this code")
		}
		return t.ID, true, nil
	}
	if id, err = ticket.ParseID(text); err != nil {
		id, err = ticket.ParseShort(text)
	}
	return id, err == nil, nil
}

// Revoke voids every code of the ticket, for the reason that people at a door
// are told. Doing it again changes nothing.
func (o *Office) Revoke(ctx context.Context, t Ticket, state State, why string) (Ticket, error) {
	if !slices.Contains([]State{Revoked, Cancelled, Blocked}, state) {
		return t, fault.New(fault.BadInput, "%.40q is no state that voids a ticket", state)
	}
	if why == "" || len(why) > maxWhy {
		return t, fault.New(fault.BadInput, "a revocation needs a reason of at most %d bytes", maxWhy)
	}
	return o.change(ctx, t, func(ctx context.Context, tx *sqldb.Tx, t *Ticket) error {
		if t.State == state {
			return nil
		}
		t.State, t.Why, t.Changed = state, why, o.now()
		if err := o.endIn(ctx, tx, t.Event, []ticket.ID{t.ID}); err != nil {
			return err
		}
		revocation := journal.NewRevoke(string(state), t.Changed.UnixMilli(), why,
			[]journal.Revocation{{Ticket: journal.TicketID(t.ID), Minimum: journal.Never}})
		_, err := o.journals.Write(ctx, tx, t.Event, journal.KindRevoke, &revocation)
		return err
	})
}

// Reissue makes a new code for the ticket and voids the ones before, for a lost
// phone or a misprint.
func (o *Office) Reissue(ctx context.Context, t Ticket, why string) (Ticket, error) {
	if len(why) > maxWhy {
		return t, fault.New(fault.BadInput, "the reason is over %d bytes", maxWhy)
	}
	key, err := o.vault.Issuer(ctx, t.Event)
	if err != nil {
		return t, err
	}
	return o.change(ctx, t, func(ctx context.Context, tx *sqldb.Tx, t *Ticket) error {
		return o.renew(ctx, tx, t, key, why)
	})
}

// renew gives the ticket its next generation and code, voids the ones before, and
// tells the gates.
func (o *Office) renew(ctx context.Context, tx *sqldb.Tx, t *Ticket, key *keyring.Signer, why string) error {
	if err := o.freeIn(ctx, tx, t); err != nil {
		return err
	}
	if err := o.next(t, key, o.now()); err != nil {
		return err
	}
	return o.replaced(ctx, tx, t.Event, []Ticket{*t}, why, t.Changed, []journal.Revocation{{Ticket: journal.TicketID(t.ID), Minimum: uint32(t.Generation)}})
}

// list tells the gates that tickets exist as they are, and who holds them.
func (o *Office) list(ctx context.Context, tx *sqldb.Tx, event string, tickets []Ticket) error {
	if len(tickets) == 0 {
		return nil
	}
	pen, err := o.journals.Open(ctx, tx, event)
	if err != nil {
		return err
	}
	return o.listBy(ctx, pen, event, tickets)
}

// listBy is list for who has the journal open.
func (o *Office) listBy(ctx context.Context, pen *journals.Pen, event string, tickets []Ticket) error {
	if _, err := pen.Write(ctx, journal.KindRoster, rosters(tickets)...); err != nil {
		return err
	}
	return o.nameBy(ctx, pen, event, tickets)
}

// name tells the gates who holds tickets.
func (o *Office) name(ctx context.Context, tx *sqldb.Tx, event string, tickets []Ticket) error {
	if len(tickets) == 0 {
		return nil
	}
	pen, err := o.journals.Open(ctx, tx, event)
	if err != nil {
		return err
	}
	return o.nameBy(ctx, pen, event, tickets)
}

// nameBy is name for who has the journal open.
func (o *Office) nameBy(ctx context.Context, pen *journals.Pen, event string, tickets []Ticket) error {
	author, err := pen.Author(ctx)
	if err != nil {
		return err
	}
	key, err := vault.GuestKey(author, event)
	if err != nil {
		return err
	}
	list := make([]guests.Guest, len(tickets))
	for i := range tickets {
		list[i] = tickets[i].guest()
	}
	sealed, err := guests.Seal(key, event, o.rand, list)
	if err != nil {
		return err
	}
	contents := make([]any, len(sealed))
	for i := range sealed {
		contents[i] = sealed[i]
	}
	_, err = pen.Write(ctx, journal.KindGuests, contents...)
	return err
}

// change runs do on the ticket as it stands and stores what do made of it, in
// one transaction. The ticket's row is touched first, so that two changes of one
// ticket come one after the other on every engine.
func (o *Office) change(ctx context.Context, t Ticket, do func(context.Context, *sqldb.Tx, *Ticket) error) (Ticket, error) {
	err := o.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		row := tx.QueryRowContext(ctx, `
			update ticket set changed_at = changed_at where event = $1 and id = $2
			returning `+ticketSelected, t.Event, t.ID.String())
		var err error
		if t, err = scanTicket(row.Scan); err != nil {
			return err
		}
		if err := do(ctx, tx, &t); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			update ticket set generation = $3, state = $4, why = $5, changed_at = $6, kid = $7, token = $8,
			       name = $9, email = $10, product = $11, zones = $12, not_before = $13, expires = $14, unpaid = $15, due = $16, currency = $17,
			       seat = $18, admissions = $19
			where event = $1 and id = $2`,
			t.Event, t.ID.String(), t.Generation, string(t.State), t.Why, t.Changed.UnixMilli(), t.Key.String(), t.Token,
			t.Name, t.Email, t.Product, t.Zones, t.NotBefore, t.Expires, flag(t.Unpaid), t.Due, t.Currency, t.Seat, t.Admissions)
		return err
	})
	return t, stored(err, "changing ticket %s", t.ID.Short())
}
