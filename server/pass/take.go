package pass

import (
	"context"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// notOffered refuses a pass that isn't offered.
func notOffered(t *ticketing.Ticket) error {
	return fault.New(fault.Refused, "ticket %s has no code that a pass could show", t.ID.Short())
}

// File makes the pass of a ticket for Apple's wallet, as a signed file.
func (p *Passes) File(ctx context.Context, t ticketing.Ticket) ([]byte, error) {
	if p.Apple == nil {
		return nil, fault.New(fault.NotFound, "there are no passes for Apple Wallet here")
	}
	f, err := p.facts(ctx, t.Event)
	if err != nil {
		return nil, err
	}
	if !good(&t, t.Generation, f.event) {
		return nil, notOffered(&t)
	}
	serial, err := p.take(ctx, Apple, &t, f)
	if err != nil {
		return nil, err
	}
	return p.applePass(ctx, serial, &t, f, true)
}

// Link makes the pass of a ticket for Google's wallet, and gives the address that saves it.
func (p *Passes) Link(ctx context.Context, t ticketing.Ticket) (string, error) {
	if p.Google == nil {
		return "", fault.New(fault.NotFound, "there are no passes for Google Wallet here")
	}
	f, err := p.facts(ctx, t.Event)
	if err != nil {
		return "", err
	}
	if !good(&t, t.Generation, f.event) {
		return "", notOffered(&t)
	}
	serial, err := p.take(ctx, Google, &t, f)
	if err != nil {
		return "", err
	}
	err = p.tellClass(ctx, f)
	if err == nil {
		err = p.Google.SetObject(ctx, p.googleObject(serial, &t, f, true))
	}
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "Google Wallet can't be reached now")
	}
	link, err := p.Google.Save(p.Google.Account.ID(serial), p.Public(ctx))
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "the link to Google Wallet can't be signed")
	}
	return link, nil
}

// take notes that somebody has a pass, before they do: a change that comes between is
// told then, too.
func (p *Passes) take(ctx context.Context, app App, t *ticketing.Ticket, f facts) (serial string, err error) {
	if serial, err = p.serialOf(ctx, app, t); err != nil {
		return "", err
	}
	sum, err := p.sum(f)
	if err != nil {
		return "", err
	}
	now := p.Now().UnixMilli()
	err = p.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, `insert into pass_event (event, arrived, facts, class) values ($1, 0, $2, '') on conflict (event) do update set event = excluded.event`, t.Event, sum); err != nil {
			return err
		}
		// Whoever looks at what happened waits here, or was here before: then the ticket
		// is read as that left it.
		found, err := p.Tickets.OfIn(ctx, tx, t.Event, []ticket.ID{t.ID})
		if err != nil {
			return err
		}
		if len(found) != 1 || !good(&found[0], t.Generation, f.event) {
			return notOffered(t)
		}
		_, err = tx.ExecContext(ctx, `insert into pass (serial, app, event, ticket, generation, void, taken_at, changed_at, rev, due_at, tries)
			values ($1, $2, $3, $4, $5, 0, $6, $6, 0, 0, 0) on conflict (serial) do nothing`,
			serial, string(app), t.Event, t.ID.String(), t.Generation, now)
		return err
	})
	return serial, stored(err, "keeping a pass")
}

// Latest gives a pass of Apple's as it is now, and when it changed last; no bytes when
// it didn't since then.
func (p *Passes) Latest(ctx context.Context, serial string, since time.Time) (file []byte, changed time.Time, err error) {
	k, err := p.bySerial(ctx, p.DB.Read(), serial)
	if err != nil {
		return nil, changed, err
	}
	if p.Apple == nil || k.app != Apple {
		return nil, changed, fault.New(fault.NotFound, "there is no such pass")
	}
	changed = k.changed.Truncate(time.Second)
	if !since.IsZero() && !changed.After(since) {
		return nil, changed, nil
	}
	t, f, err := p.about(ctx, &k)
	if err != nil {
		return nil, changed, err
	}
	file, err = p.applePass(ctx, serial, &t, f, good(&t, k.generation, f.event))
	return file, changed, err
}

// about gives the ticket of a pass, and its event.
func (p *Passes) about(ctx context.Context, k *pass) (t ticketing.Ticket, f facts, err error) {
	if f, err = p.facts(ctx, k.event); err != nil {
		return t, f, err
	}
	id, err := ticket.ParseID(k.ticket)
	if err != nil {
		return t, f, fault.Wrap(fault.Internal, err, "the ticket of a pass is damaged")
	}
	list, err := p.Tickets.Of(ctx, k.event, []ticket.ID{id})
	if err != nil {
		return t, f, err
	}
	if len(list) != 1 {
		return t, f, fault.New(fault.NotFound, "the ticket of this pass is no more")
	}
	return list[0], f, nil
}
