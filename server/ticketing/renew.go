package ticketing

import (
	"context"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// How often holders may have a new code of a ticket by themselves.
const (
	maxRenewals = 3
	renewalsIn  = 24 * time.Hour
)

// Renew is Reissue by the ticket's holder, whose phone or mail is lost: a code of its own,
// which no phone shows yet; the one before is void. generation is the newest that they
// know. fault.Refused says that it has changed since, is in other hands than those in
// which the caller has seen it, is void, or has something else under way, fault.TooMany
// that this was done a few times within a day.
func (o *Office) Renew(ctx context.Context, t Ticket, generation uint16) (Ticket, error) {
	key, err := o.vault.Issuer(ctx, t.Event)
	if err != nil {
		return t, err
	}
	seen := t
	return o.change(ctx, t, func(ctx context.Context, tx *sqldb.Tx, t *Ticket) error {
		if err := t.SameHands(&seen); err != nil {
			return err
		}
		if t.Generation != generation {
			return fault.New(fault.Refused, "ticket %s has a newer code than this phone knows of; load your tickets again", t.ID.Short())
		}
		pending, err := o.PendingOf(ctx, tx, t.Event, []ticket.ID{t.ID})
		if err != nil {
			return err
		}
		if p, there := pending[t.ID]; there {
			return p.refusal(t.ID)
		}
		var n int
		if err := tx.QueryRowContext(ctx, `select count(*) from ticket_renewal where event = $1 and ticket = $2 and at > $3`,
			t.Event, t.ID.String(), o.now().Add(-renewalsIn).UnixMilli()).Scan(&n); err != nil {
			return err
		}
		if n >= maxRenewals {
			return fault.At(fault.TooMany, "codes", "ticket %s got %d new codes within a day; ask the organiser", t.ID.Short(), n)
		}
		if err := o.renew(ctx, tx, t, key, journal.NoteRenewed); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into ticket_renewal (event, ticket, generation, at) values ($1, $2, $3, $4)`,
			t.Event, t.ID.String(), t.Generation, t.Changed.UnixMilli())
		return err
	})
}
