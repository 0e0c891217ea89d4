package ticketing

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/money"
)

// Reactivate makes the newest code of a ticket good again that was revoked,
// cancelled or blocked. The codes before it stay void. Doing it again changes
// nothing.
func (o *Office) Reactivate(ctx context.Context, t Ticket, why string) (Ticket, error) {
	return o.makeGood(ctx, t, why, Revoked, Cancelled, Blocked)
}

// Unblock makes the newest code of a ticket good again that was blocked, as
// Reactivate does. One that is void for another reason is refused.
func (o *Office) Unblock(ctx context.Context, t Ticket, why string) (Ticket, error) {
	return o.makeGood(ctx, t, why, Blocked)
}

// makeGood ends one of the states that void a ticket.
func (o *Office) makeGood(ctx context.Context, t Ticket, why string, void ...State) (Ticket, error) {
	if len(why) > maxWhy {
		return t, fault.New(fault.BadInput, "the reason is over %d bytes", maxWhy)
	}
	return o.change(ctx, t, func(ctx context.Context, tx *sqldb.Tx, t *Ticket) error {
		switch {
		case t.State == Valid:
			return nil
		case !slices.Contains(void, t.State):
			return fault.New(fault.Refused, "ticket %s is %s (%s) and not %s", t.ID.Short(), t.State, t.Why, void[0])
		}
		t.State, t.Why, t.Changed = Valid, "", o.now()
		revocation := journal.NewRevoke(journal.Reactivated, t.Changed.UnixMilli(), why,
			[]journal.Revocation{{Ticket: journal.TicketID(t.ID), Minimum: uint32(t.Generation)}})
		_, err := o.journals.Write(ctx, tx, t.Event, journal.KindRevoke, &revocation)
		return err
	})
}

// Transfer gives the ticket to somebody else for the organiser, with a new code; the
// codes before are void from the same moment on.
func (o *Office) Transfer(ctx context.Context, t Ticket, name, email, why string) (Ticket, error) {
	to := Holder{name, email}
	if err := to.check(); err != nil {
		return t, err
	}
	if len(why) > maxWhy {
		return t, fault.New(fault.BadInput, "the reason is over %d bytes", maxWhy)
	}
	key, err := o.vault.Issuer(ctx, t.Event)
	if err != nil {
		return t, err
	}
	return o.change(ctx, t, func(ctx context.Context, tx *sqldb.Tx, t *Ticket) error {
		from := t.holder()
		t.Name, t.Email = name, email
		if err := o.renew(ctx, tx, t, key, cmp.Or(why, journal.NoteTransferred)); err != nil {
			return err
		}
		return passed(ctx, tx, t, Passage{How: ByOrganiser, From: from, To: to, At: t.Changed})
	})
}

// rewrite changes what the ticket's code says.
func (o *Office) rewrite(ctx context.Context, t Ticket, why string, change func(*Ticket) error) (Ticket, error) {
	if len(why) > maxWhy {
		return t, fault.New(fault.BadInput, "the reason is over %d bytes", maxWhy)
	}
	key, err := o.vault.Issuer(ctx, t.Event)
	if err != nil {
		return t, err
	}
	return o.change(ctx, t, func(ctx context.Context, tx *sqldb.Tx, t *Ticket) error {
		if err := change(t); err != nil {
			return err
		}
		return o.renew(ctx, tx, t, key, why)
	})
}

// Bill says whether the ticket is paid for, and if not what is due, in minor
// units of the currency; 0 where that is not said. Its code stays as it is.
func (o *Office) Bill(ctx context.Context, t Ticket, unpaid bool, due int64, currency string) (Ticket, error) {
	if due < 0 || due > 0 && (!unpaid || !money.Known(currency)) {
		return t, fault.New(fault.BadInput, "%d of %.10q due: want an amount with a currency of ISO 4217, of an unpaid ticket", due, currency)
	}
	if due == 0 {
		currency = ""
	}
	return o.change(ctx, t, func(ctx context.Context, tx *sqldb.Tx, t *Ticket) error {
		if t.Unpaid == unpaid && t.Due == due && t.Currency == currency {
			return nil
		}
		t.Unpaid, t.Due, t.Currency, t.Changed = unpaid, due, currency, o.now()
		return o.list(ctx, tx, t.Event, []Ticket{*t})
	})
}

// Issue makes one ticket. It looks at no other but one of the same external id: an
// id that is taken already is not drawn within the life of a venue, and the database
// would refuse it.
func (o *Office) Issue(ctx context.Context, event string, a Attendee) (Ticket, error) {
	if _, err := o.catalog.Event(ctx, event); err != nil {
		return Ticket{}, err
	}
	taken := fault.New(fault.Exists, "event %s has a ticket %.80q already", event, a.External)
	switch same, err := all(ctx, o.db.Read(), `where event = $1 and external_id = $2`, event, a.External); {
	case err != nil:
		return Ticket{}, err
	case len(same) > 0:
		return Ticket{}, taken
	}
	p, err := o.plan(event, "one ticket", &table{rows: []row{{line: 1}}}, []Attendee{a}, nil)
	if err != nil {
		return Ticket{}, err
	}
	quiet := func(Step, int, int) {}
	if err := o.signAll(ctx, event, p.issue, quiet); err != nil {
		return Ticket{}, err
	}
	err = o.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error { return o.store(ctx, tx, event, p, quiet) })
	switch {
	case errors.Is(err, fault.Exists):
		return Ticket{}, taken // by somebody at the same moment
	case err != nil:
		return Ticket{}, stored(err, "issuing a ticket of event %s", event)
	}
	return p.issue[0], nil
}
