package doors

import (
	"cmp"
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/migrations/sqldb"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Limits of what a person types, in bytes. Records hold a little more.
const (
	maxWhy = 300
	maxBy  = 100
)

// typed refuses a text that no record holds, or that would not be shown as it is.
func typed(what, text string, most int) error {
	if len(text) > most {
		return fault.New(fault.BadInput, "%s: it has %d bytes, want at most %d", what, len(text), most)
	}
	for _, c := range text {
		if c == utf8.RuneError || unicode.IsControl(c) {
			return fault.New(fault.BadInput, "%s: it has a control character", what)
		}
	}
	return nil
}

// clipped is a text as a record holds it, cut where it is longer.
func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("…")], "") + "…"
}

// Conflicts lists the conflicts of an event, open ones and those dealt with.
func (d *Doors) Conflicts(ctx context.Context, event string) ([]admission.Conflict, error) {
	st, err := d.State(ctx, event)
	if err != nil {
		return nil, err
	}
	return st.Conflicts(), nil
}

// Resolve closes a conflict: a person has dealt with the admissions that were too
// many. It says so to every gate. A further admission opens it again.
func (d *Doors) Resolve(ctx context.Context, event, conflict, why, by string) (admission.Conflict, error) {
	st, err := d.State(ctx, event)
	if err != nil {
		return admission.Conflict{}, err
	}
	c, there := st.Conflict(conflict)
	switch {
	case !there:
		return c, fault.New(fault.NotFound, "event %s has no conflict %.40s", event, conflict)
	case !c.Open:
		return c, fault.New(fault.Exists, "conflict %s is closed already", conflict)
	case strings.TrimSpace(why) == "":
		return c, fault.New(fault.BadInput, "closing a conflict needs a reason")
	}
	if err := cmp.Or(typed("the reason", why, maxWhy), typed("who closes it", by, maxBy)); err != nil {
		return c, err
	}
	resolve := &journal.Resolve{Ticket: journal.TicketID(c.Ticket), Why: why, By: by}
	for _, a := range c.Duplicates {
		resolve.Admissions = append(resolve.Admissions, a.Hash)
	}
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := d.journals.Write(ctx, tx, event, journal.KindResolve, resolve)
		return err
	})
	return c, stored(err, "closing conflict %s", conflict)
}

// Move puts a device at another gate of its event, with the key and the role that
// it has.
func (d *Doors) Move(ctx context.Context, event string, node journal.NodeID, gate string) error {
	e, err := d.catalog.Event(ctx, event)
	if err != nil {
		return err
	}
	if _, there := e.GateByCode(gate); !there {
		return fault.New(fault.NotFound, "event %s has no gate %.40q", event, gate)
	}
	st, err := d.State(ctx, event)
	if err != nil {
		return err
	}
	pub, limit, ok := st.Author(node)
	if !ok || limit != nil || st.IsServer(node) {
		return fault.New(fault.NotFound, "event %s has no active device %s", event, node)
	}
	for _, m := range st.Gates() {
		if m.Node != node || m.Gate == gate {
			continue
		}
		err = d.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
			moved := &journal.Enrol{Node: node, Public: pub, Gate: gate, Role: m.Role, Name: m.Name}
			if !m.Authority.IsZero() {
				moved.Authority = m.Authority[:]
			}
			_, err := d.journals.Write(ctx, tx, event, journal.KindEnrol, moved)
			return err
		})
	}
	return stored(err, "moving device %s to gate %s", node, gate)
}

// Retire ends a device's enrolment without doubting what it wrote: a handheld that
// is handed in, or somebody's shift that is over. What it writes until it hears of
// it is believed; once it is known to have heard, the server says which record was
// the last. Of a device that was stolen nothing more is believed: Expel.
func (d *Doors) Retire(ctx context.Context, event string, node journal.NodeID, why string) error {
	st, err := d.State(ctx, event)
	if err != nil {
		return err
	}
	if _, limit, ok := st.Author(node); !ok || limit != nil || st.IsServer(node) {
		return fault.New(fault.NotFound, "event %s has no active device %s", event, node)
	}
	if err := typed("the reason", why, maxWhy); err != nil {
		return err
	}
	return d.expel(ctx, event, &journal.Expel{Node: node, Last: journal.Retiring, Why: why})
}

func (d *Doors) expel(ctx context.Context, event string, e *journal.Expel) error {
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := d.journals.Write(ctx, tx, event, journal.KindExpel, e)
		return err
	})
	return stored(err, "ending the enrolment of device %s", e.Node)
}

// finishRetiring says of devices that are known to have heard that their enrolment
// is over which record of theirs was the last: none comes after it.
func (d *Doors) finishRetiring(event string, l *live) error {
	for node, told := range l.state.Retiring() {
		p, met := l.peers.Get(node)
		if !met || l.held(p).Before(told) {
			continue
		}
		held, err := d.journals.Store(event).Vector(d.ctx)
		if err != nil {
			return err
		}
		chain := journal.Chain{Node: node}
		if p.Vector[chain].Seq > held[chain].Seq {
			continue // it has not handed in all of it
		}
		e := &journal.Expel{Node: node, Last: held[chain].Seq, Why: l.state.WhyEnded(node)}
		if err := d.expel(d.ctx, event, e); err != nil {
			return err
		}
	}
	return nil
}

// Expel ends a device's enrolment. Records of it beyond what the server holds
// now are no longer believed: they are kept apart and shown. It may be one that is
// being retired, and was lost before it handed in what it has.
func (d *Doors) Expel(ctx context.Context, event string, node journal.NodeID, why string) error {
	st, err := d.State(ctx, event)
	if err != nil {
		return err
	}
	_, limit, ok := st.Author(node)
	if ended := limit != nil && limit.Last != journal.Retiring; !ok || ended || st.IsServer(node) {
		return fault.New(fault.NotFound, "event %s has no active device %s", event, node)
	}
	if err := typed("the reason", why, maxWhy); err != nil {
		return err
	}
	held, err := d.journals.Store(event).Vector(ctx)
	if err != nil {
		return err
	}
	last := held[journal.Chain{Node: node}].Seq
	return d.expel(ctx, event, &journal.Expel{Node: node, Last: last, Why: why})
}
