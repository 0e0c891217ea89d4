package pass

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/ticketing"
	"usher/sync/fault"
	"usher/sync/journal"
)

const (
	// lookEvery is how often journals are looked at for what passes have to say.
	lookEvery = 5 * time.Second
	// atOnce is how many records, and how many tickets, are looked at at a time.
	atOnce = 500
	// keptFor is how long passes are kept when their event is over.
	keptFor = 30 * 24 * time.Hour
)

// Run keeps passes in step with their tickets until ctx ends.
func (p *Passes) Run(ctx context.Context) {
	if p.Apple == nil && p.Google == nil {
		return
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	failing := ""
	for {
		switch err := p.Step(ctx); {
		case err == nil:
			failing = ""
		case ctx.Err() == nil && err.Error() != failing:
			failing = err.Error()
			p.Log.WarnContext(ctx, "passes in wallets could not be brought up to date", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Step does what is due now: it looks at what happened, and tells it.
func (p *Passes) Step(ctx context.Context) error {
	events, err := texts(ctx, p.DB.Read(), `select event from pass_event order by event`)
	if err != nil {
		return stored(err, "looking which events have passes")
	}
	var failed []error
	for _, event := range events { // one that is damaged is no other's affair
		failed = append(failed, p.look(ctx, event))
	}
	return errors.Join(append(failed, p.tellDue(ctx))...)
}

// look notes what changed of an event's passes since the last look.
func (p *Passes) look(ctx context.Context, event string) error {
	f, err := p.facts(ctx, event)
	if err != nil {
		return err
	}
	if p.Now().Sub(time.Unix(f.event.Ends, 0)) > keptFor {
		return p.forget(ctx, event)
	}
	sum, err := p.sum(f)
	if err != nil {
		return err
	}
	for {
		more, err := p.lookAt(ctx, f, sum)
		if err != nil || !more {
			return err
		}
	}
}

// lookAt reads the next part of the journal, and says whether there is more.
func (p *Passes) lookAt(ctx context.Context, f facts, sum string) (more bool, err error) {
	event := f.event.Code
	var arrived int64
	var before string
	if err := p.DB.Read().QueryRowContext(ctx, `select arrived, facts from pass_event where event = $1`, event).Scan(&arrived, &before); err != nil {
		return false, stored(err, "reading how far passes are")
	}
	records, err := p.Journals.Tail(ctx, event, arrived, atOnce)
	if err != nil {
		return false, err
	}
	more = len(records) == atOnce
	all := !more && before != sum // facts are told once the journal is read to its end
	if len(records) == 0 && before == sum {
		return false, nil
	}
	last, named := arrived, map[ticket.ID]bool{}
	for _, r := range records {
		last = r.ID
		if r.Kind != journal.KindRevoke {
			continue
		}
		revoke, err := journal.Read[journal.Revoke](r.Record)
		if err != nil {
			return false, fault.Wrap(fault.Internal, err, "record %d of event %s is damaged", r.ID, event)
		}
		for i := range revoke.Len() {
			named[ticket.ID(revoke.At(i).Ticket)] = true
		}
	}
	now := sum
	if more {
		now = before
	}
	err = p.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		// Of servers that look at the same, the first notes it.
		done, err := tx.ExecContext(ctx, `update pass_event set arrived = $3, facts = $4 where event = $1 and arrived = $2 and facts = $5`, event, arrived, last, now, before)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if all {
			return p.markAll(ctx, tx, f)
		}
		return p.mark(ctx, tx, f, slices.Collect(maps.Keys(named)))
	})
	return more, stored(err, "noting what changed of passes")
}

// markAll notes that every pass of an event says something else.
func (p *Passes) markAll(ctx context.Context, tx *sqldb.Tx, f facts) error {
	passes, err := list(ctx, tx, `select `+columns+` from pass where event = $1 order by serial`, f.event.Code)
	if err != nil {
		return err
	}
	return p.note(ctx, tx, f, passes, func(pass, bool) bool { return true })
}

// mark notes which passes of tickets became void, or good again.
func (p *Passes) mark(ctx context.Context, tx *sqldb.Tx, f facts, ids []ticket.ID) error {
	for part := range slices.Chunk(ids, atOnce) {
		among, args := amongTickets(f.event.Code, part)
		passes, err := list(ctx, tx, `select `+columns+` from pass where `+among+` order by serial`, args...)
		if err != nil {
			return err
		}
		if err := p.note(ctx, tx, f, passes, func(k pass, void bool) bool { return k.void != void }); err != nil {
			return err
		}
	}
	return nil
}

func amongTickets(event string, ids []ticket.ID) (where string, args []any) {
	args = []any{event}
	marks := make([]string, len(ids))
	for i, id := range ids {
		args = append(args, id.String())
		marks[i] = fmt.Sprintf("$%d", i+2)
	}
	return "event = $1 and ticket in (" + strings.Join(marks, ", ") + ")", args
}

// note numbers a change of those passes that changed, and has it told.
func (p *Passes) note(ctx context.Context, tx *sqldb.Tx, f facts, passes []pass, changed func(k pass, void bool) bool) error {
	var rev int64
	for part := range slices.Chunk(passes, atOnce) {
		tickets, err := p.ticketsOf(ctx, tx, f.event.Code, part)
		if err != nil {
			return err
		}
		var serials [2][]string // of passes that are good, and void
		for _, k := range part {
			t, there := tickets[k.ticket]
			void := !there || !good(&t, k.generation, f.event)
			if !changed(k, void) {
				continue
			}
			if rev == 0 {
				if err := tx.QueryRowContext(ctx, `insert into pass_rev (one, rev) values (1, 1) on conflict (one) do update set rev = pass_rev.rev + 1 returning rev`).Scan(&rev); err != nil {
					return err
				}
			}
			serials[flag(void)] = append(serials[flag(void)], k.serial)
		}
		for void, part := range serials {
			if err := p.noteAll(ctx, tx, part, void, rev); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Passes) noteAll(ctx context.Context, tx *sqldb.Tx, serials []string, void int, rev int64) error {
	if len(serials) == 0 {
		return nil
	}
	args := []any{void, rev, p.Now().UnixMilli(), flag(p.Push != nil)}
	marks := make([]string, len(serials))
	for i, serial := range serials {
		args = append(args, serial)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	// Devices ask by the second: two changes within one are two seconds to them.
	_, err := tx.ExecContext(ctx, `update pass set void = $1, rev = $2, tries = 0,
		changed_at = case when changed_at + 1000 > $3 then changed_at + 1000 else $3 end,
		due_at = case when app = 'google' or $4 = 1 then $3 else 0 end
		where serial in (`+strings.Join(marks, ", ")+`)`, args...)
	return err
}

// ticketsOf gives the tickets of passes, by their id.
func (p *Passes) ticketsOf(ctx context.Context, tx *sqldb.Tx, event string, passes []pass) (map[string]ticketing.Ticket, error) {
	var ids []ticket.ID
	seen := map[string]bool{}
	for _, k := range passes {
		id, err := ticket.ParseID(k.ticket)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the ticket of a pass is damaged")
		}
		if !seen[k.ticket] {
			seen[k.ticket] = true
			ids = append(ids, id)
		}
	}
	found, err := p.Tickets.OfIn(ctx, tx, event, ids)
	if err != nil {
		return nil, err
	}
	byID := map[string]ticketing.Ticket{}
	for _, t := range found {
		byID[t.ID.String()] = t
	}
	return byID, nil
}

// forget drops the passes of an event that is long over.
func (p *Passes) forget(ctx context.Context, event string) error {
	return stored(p.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		for _, query := range []string{
			`delete from pass_device where serial in (select serial from pass where event = $1)`,
			`delete from pass where event = $1`, `delete from pass_event where event = $1`,
		} {
			if _, err := tx.ExecContext(ctx, query, event); err != nil {
				return err
			}
		}
		return nil
	}), "forgetting the passes of an event that is over")
}
