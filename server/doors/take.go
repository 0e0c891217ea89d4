package doors

import (
	"context"
	"fmt"

	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/state"
)

// Screen has check asked about every record of a gate before it is taken into
// account. A record that check fails on is kept, acknowledged and passed on like
// every other; it counts for nothing in the live picture, holds up no record
// behind it, and a notice tells the gate that wrote it. When the picture is built
// anew, check is asked again.
func (d *Doors) Screen(check func(*journal.Record) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.screen = check
}

// take makes a record count in the live picture, or withholds it where that
// fails, so that one bad record holds up no other.
func (d *Doors) take(event string, st *state.State, r *journal.Record) error {
	failed := d.consider(st, r)
	if r.Kind.FromServer() {
		if failed != nil {
			// The record is kept and passed on; it just says nothing here.
			d.log.Warn("a record can't be applied", "event", event, "author", r.Chain.String(), "seq", r.Seq, "error", failed)
		}
		return nil
	}
	// The notice first: whoever sees that the picture has come so far finds it said.
	if err := d.notify(d.ctx, event, st, r, failed); err != nil || failed == nil {
		return err
	}
	d.log.Error("a gate's record can't be taken into account", "event", event, "author", r.Chain.String(), "seq", r.Seq, "error", failed)
	if err := st.Withhold(r); err != nil {
		d.log.Warn("and it fits no chain", "event", event, "author", r.Chain.String(), "seq", r.Seq, "error", err)
	}
	return nil
}

// consider applies a record. A panic over it is that record's fault alone.
func (d *Doors) consider(st *state.State, r *journal.Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "record %d of %s: %v", r.Seq, r.Chain, p)
		}
	}()
	d.mu.Lock()
	check := d.screen
	d.mu.Unlock()
	if check != nil && !r.Kind.FromServer() {
		if err := check(r); err != nil {
			return err
		}
	}
	_, err = st.Apply(r)
	return err
}

// notify tells the gates whether a record is taken into account, where they were
// told otherwise or nothing.
func (d *Doors) notify(ctx context.Context, event string, st *state.State, r *journal.Record, failed error) error {
	told := st.Noticed(r.Chain, r.Seq)
	if told == (failed != nil) || !d.vault.Unlocked() {
		return nil
	}
	n := &journal.Notice{Node: r.Chain.Node, Epoch: r.Chain.Epoch, Seq: r.Seq}
	if failed != nil {
		n.Why = clipped(fault.Message(failed), maxWhy)
	}
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := d.journals.Write(ctx, tx, event, journal.KindNotice, n)
		return err
	})
	if err != nil {
		return fmt.Errorf("telling the gates about record %d of %s: %w", r.Seq, r.Chain, err)
	}
	return nil
}
