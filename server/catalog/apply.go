package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// KeysOutlive is how long an event's keys are good after its end: people look
// into conflicts, and resolve them, long after the doors are closed.
const KeysOutlive = 400 * 24 * time.Hour

// maxContent is the most bytes that an event may come to in its record. The rest
// of a record takes a few hundred.
const maxContent = journal.MaxRecordBytes - 1024

// Apply makes the database say what the spec says, in one transaction. A new
// event gets its keys; the gates are told by records in the event's journal. A
// spec that changes nothing writes nothing. A change that would turn a live
// event with admissions into a rehearsal, or the other way round, gives
// fault.Refused; one that is made at the same moment elsewhere
// fault.Unavailable.
func (c *Catalog) Apply(ctx context.Context, s *Spec) (Report, error) {
	var report Report
	err := c.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		before, err := c.EventIn(ctx, tx, s.Code)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		known, err := loadNumbers(ctx, tx, s.Code)
		if err != nil {
			return err
		}
		after, err := s.number(known)
		if err != nil {
			return err
		}
		shop, err := c.shopChange(ctx, tx, s, after)
		if err != nil {
			return err
		}
		report = compare(before, after, s.Terms, known)
		report.add(compareShops(shop.before, shop.after, location(s.Zone)))
		report.Notes = shop.after.notes()
		return c.write(ctx, tx, &change{spec: s, before: before, after: after, numbers: known, shop: shop})
	})
	if err != nil {
		return Report{}, fmt.Errorf("applying %s to event %s: %w", s.File, s.Code, err)
	}
	c.shelf.put(s.Code, shelved{})
	return report, nil
}

// location gives a time zone that was checked.
func location(name string) *time.Location {
	if l, err := time.LoadLocation(name); err == nil {
		return l
	}
	return time.UTC
}

// change is what one Apply has to write.
type change struct {
	spec    *Spec
	before  *Event // nil for a new event
	after   *journal.Event
	numbers *numbers
	shop    *shopChange
}

func (c *Catalog) write(ctx context.Context, tx *sqldb.Tx, ch *change) error {
	content, err := journal.Encode(ch.after)
	if err != nil {
		return fmt.Errorf("encoding the event: %w", err)
	}
	if len(content) > maxContent {
		return fault.At(fault.TooLarge, ch.spec.File, "the event comes to %d bytes in the record that gates get, limit %d: shorten its questions, choices, rules and check-outs", len(content), maxContent)
	}
	told := false
	if ch.before != nil {
		old, err := journal.Encode(&ch.before.Event)
		if err != nil {
			return fmt.Errorf("encoding the event as it was: %w", err)
		}
		told = bytes.Equal(old, content)
		if told && ch.before.Terms == ch.spec.Terms && !ch.shop.changed {
			return nil
		}
		if err := c.mayTurn(ctx, tx, ch); err != nil {
			return err
		}
	}
	if err := c.keepEvent(ctx, tx, ch, content); err != nil {
		return err
	}
	if err := ch.numbers.keep(ctx, tx, ch.spec.Code, c.now().UnixMilli()); err != nil {
		return err
	}
	if err := c.keepShop(ctx, tx, ch.spec, ch.shop); err != nil {
		return err
	}
	if told {
		return nil
	}
	return c.tell(ctx, tx, ch)
}

// mayTurn refuses to turn admissions that were rehearsed into real ones, and
// real ones into rehearsed.
func (c *Catalog) mayTurn(ctx context.Context, tx *sqldb.Tx, ch *change) error {
	if ch.before.Rehearsal == ch.after.Rehearsal {
		return nil
	}
	admitted, err := c.journals.Admitted(ctx, tx, ch.spec.Code)
	if err != nil || !admitted {
		return err
	}
	if ch.after.Rehearsal {
		return fault.At(fault.Refused, ch.spec.File, "rehearsal: event %s is live and has let people in; a rehearsal needs an event code of its own", ch.spec.Code)
	}
	return fault.At(fault.Refused, ch.spec.File, "rehearsal: event %s is a rehearsal and has let people in, who would count as inside; the live event needs an event code of its own", ch.spec.Code)
}

// keepEvent writes the event's row, if it is still as it was read.
func (c *Catalog) keepEvent(ctx context.Context, tx *sqldb.Tx, ch *change, content []byte) error {
	at := c.now().UnixMilli()
	text, args := `insert into event (code, rev, content, terms, standing, created_at, updated_at) values ($1, 1, $2, $3, '', $4, $4)
		on conflict do nothing`, []any{ch.spec.Code, content, ch.spec.Terms, at}
	if ch.before != nil {
		text = `update event set rev = rev + 1, content = $2, terms = $3, updated_at = $4 where code = $1 and rev = $5`
		args = append(args, ch.before.rev)
	}
	done, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("keeping the event: %w", err)
	}
	switch n, err := done.RowsAffected(); {
	case err != nil:
		return fmt.Errorf("keeping the event: %w", err)
	case n == 0:
		return fault.New(fault.Unavailable, "event %s was changed by somebody else at the same moment: apply the file again", ch.spec.Code)
	}
	return nil
}

// tell makes keys that last and writes what gates have to know.
func (c *Catalog) tell(ctx context.Context, tx *sqldb.Tx, ch *change) error {
	expires := time.Unix(ch.after.Ends, 0).Add(KeysOutlive)
	var err error
	if ch.before == nil {
		_, err = c.vault.CreateEvent(ctx, tx, ch.spec.Code, expires)
	} else {
		_, err = c.vault.Extend(ctx, tx, ch.spec.Code, expires)
	}
	if err != nil {
		return err
	}
	if _, err := c.journals.PublishRings(ctx, tx, ch.spec.Code); err != nil {
		return err
	}
	_, err = c.journals.Write(ctx, tx, ch.spec.Code, journal.KindEvent, ch.after)
	return err
}

// Rotate gives the event a new issuing key and tells its gates.
func (c *Catalog) Rotate(ctx context.Context, event string) (keyring.Key, error) {
	var made keyring.Key
	err := c.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		var err error
		if made, _, err = c.vault.Rotate(ctx, tx, event); err != nil {
			return err
		}
		_, err = c.journals.PublishRings(ctx, tx, event)
		return err
	})
	return made, err
}

// SetKeyState changes how far one of the event's issuing keys is believed and
// tells its gates; errors are those of vault.SetState.
func (c *Catalog) SetKeyState(ctx context.Context, event string, kid keyring.KeyID, state keyring.State) error {
	return c.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		ring, err := c.vault.SetState(ctx, tx, kid, state)
		if err != nil {
			return err
		}
		if key, ok := ring.Ring.Key(kid); !ok || !key.For(event) {
			return fault.New(fault.NotFound, "key %s is none of event %s", kid, event)
		}
		_, err = c.journals.PublishRings(ctx, tx, event)
		return err
	})
}
