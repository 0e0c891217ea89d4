package doors

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Times of what servers tell each other about devices, through the database. Each says
// what it hears and looks at what the others say, so all know within a second.
const (
	keepPause = 250 * time.Millisecond // between a change and its being kept, so that several are one
	lookEvery = 500 * time.Millisecond
	// linkedFor is how long after the last sign of life a device counts as linked to
	// another server, which may have ended without a word.
	linkedFor = 10 * time.Second
)

// contact is how a device stands with a server.
type contact struct {
	heard  time.Time
	at     journal.Position // how far it was known to hold the server's journal
	server string           // process that it talks to; "": none
}

// contacts is what a process said, and others say, of an event's devices.
type contacts struct {
	keeping sync.Mutex // held while they are stored: older ones don't come after newer ones

	mu      sync.Mutex // covers what follows
	said    map[journal.NodeID]contact
	others  map[journal.NodeID]contact
	written map[journal.Chain]int64 // times of the checkpoints that the database holds
}

// loadContacts restores what is known of other nodes: their newest checkpoints
// and how far each was known to hold the server's journal.
func (d *Doors) loadContacts(event string, l *live) error {
	kept, err := d.journals.Checkpoints(d.ctx, event)
	if err != nil {
		return err
	}
	l.contacts.said, l.contacts.written = map[journal.NodeID]contact{}, map[journal.Chain]int64{}
	for _, c := range kept {
		l.state.Hear(c)
		l.contacts.written[c.Chain] = c.Time
	}
	l.checkpoints = exchange.NewCheckpoints(
		func(ctx context.Context) (*journal.Checkpoint, error) { return d.journals.Checkpoint(ctx, event) },
		func(c *journal.Checkpoint) { d.heard(event, l, c) },
		kept...)
	list, err := d.readContacts(event)
	if err != nil {
		return err
	}
	for node, c := range list {
		l.peers.Restore(node, c.heard, journal.Vector{{Node: l.server, Epoch: c.at.Epoch}: {Seq: c.at.Seq}})
		l.contacts.said[node] = contact{heard: c.heard, at: c.at}
	}
	l.contacts.others = list
	return nil
}

func (d *Doors) readContacts(event string) (list map[journal.NodeID]contact, err error) {
	rows, err := d.db.Read().QueryContext(d.ctx, `select node, heard, epoch, seq, server from contact where event = $1 order by node`, event)
	if err != nil {
		return nil, stored(err, "reading when devices were in touch")
	}
	defer func() { err = errors.Join(err, stored(rows.Close(), "reading when devices were in touch")) }()
	list = map[journal.NodeID]contact{}
	for rows.Next() {
		var node string
		var heard int64
		var c contact
		if err := rows.Scan(&node, &heard, &c.at.Epoch, &c.at.Seq, &c.server); err != nil {
			return nil, stored(err, "reading when devices were in touch")
		}
		id, err := journal.ParseNodeID(node)
		if err != nil {
			return nil, fmt.Errorf("reading when devices were in touch: %w", err)
		}
		c.heard = time.UnixMilli(heard)
		list[id] = c
	}
	return list, stored(rows.Err(), "reading when devices were in touch")
}

// heard takes in a verified checkpoint of a gate.
func (d *Doors) heard(event string, l *live, c *journal.Checkpoint) {
	l.state.Hear(c)
	if l.contacts.isWritten(c) {
		return
	}
	if err := d.journals.KeepCheckpoint(d.ctx, event, c); err != nil && d.ctx.Err() == nil {
		d.log.Warn("a gate's checkpoint could not be kept", "event", event, "gate", c.Chain.String(), "error", err)
	}
}

func (c *contacts) isWritten(p *journal.Checkpoint) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return p.Time <= c.written[p.Chain]
}

// share tells the other servers how devices stand with this one, and looks at what they
// tell, until Close.
func (d *Doors) share(event string, l *live) {
	met, forget := l.peers.Subscribe()
	defer forget()
	look, keep := time.NewTicker(lookEvery), time.NewTimer(keepPause)
	defer look.Stop()
	defer keep.Stop()
	due := true
	for failing := false; ; {
		var err error
		select {
		case <-d.ctx.Done():
			return
		case <-met:
			if !due {
				keep.Reset(keepPause)
				due = true
			}
			continue
		case <-keep.C:
			due = false
			if err = d.keepContacts(d.ctx, event, l, false); err != nil {
				keep.Reset(linkedFor / 10)
				due = true
			}
		case <-look.C:
			err = d.lookAround(event, l)
		}
		if err != nil && !failing && d.ctx.Err() == nil {
			d.log.Warn("servers can't tell each other about devices", "event", event, "error", err)
		}
		failing = err != nil
	}
}

// lookAround takes in what other servers say of devices.
func (d *Doors) lookAround(event string, l *live) error {
	list, err := d.readContacts(event)
	if err != nil {
		return err
	}
	l.contacts.mu.Lock()
	l.contacts.others = list
	l.contacts.mu.Unlock()
	fresh, err := d.journals.CheckpointsBeyond(d.ctx, event, func(chain journal.Chain) int64 {
		if c := l.checkpoints.Newest(chain); c != nil {
			return c.Time
		}
		return 0
	})
	for _, c := range fresh {
		l.contacts.mu.Lock()
		l.contacts.written[c.Chain] = max(l.contacts.written[c.Chain], c.Time)
		l.contacts.mu.Unlock()
		l.checkpoints.Keep(c)
	}
	return err
}

// elsewhere is how a device stands with the server that heard it last, perhaps this one.
func (c *contacts) elsewhere(node journal.NodeID) contact {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.others[node]
}

// KeepContacts stores when each device was last in touch, so that a restarted
// server still says so. Call it now and then, and before closing.
func (d *Doors) KeepContacts(ctx context.Context) error {
	d.mu.Lock()
	open := make(map[string]*live, len(d.events))
	for event, l := range d.events {
		select {
		case <-l.opened:
			open[event] = l
		default:
		}
	}
	d.mu.Unlock()
	for event, l := range open {
		if l.err != nil {
			continue
		}
		if err := d.keepContacts(ctx, event, l, true); err != nil {
			return err
		}
	}
	return nil
}

// keepContacts stores how devices stand with this server where that changed. Unless all
// is asked for, that a device was heard once more is no change.
func (d *Doors) keepContacts(ctx context.Context, event string, l *live, all bool) error {
	l.contacts.keeping.Lock()
	defer l.contacts.keeping.Unlock()
	changed := map[journal.NodeID]contact{}
	for _, p := range l.peers.All() {
		now := contact{heard: p.Heard, at: l.held(p)}
		if p.Connected > 0 {
			now.server = d.id
		}
		if !p.Heard.IsZero() && l.contacts.news(p.Node, now, all) {
			changed[p.Node] = now
		}
	}
	if len(changed) == 0 {
		return nil
	}
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		for _, node := range slices.SortedFunc(maps.Keys(changed), journal.NodeID.Compare) { // all in one order: servers don't block each other
			if err := d.keepContact(ctx, tx, event, node, changed[node]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return stored(err, "keeping when devices were in touch")
	}
	l.contacts.mu.Lock()
	defer l.contacts.mu.Unlock()
	maps.Copy(l.contacts.said, changed)
	return nil
}

// news reports whether something is to be said of a device.
func (c *contacts) news(node journal.NodeID, now contact, all bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, said := c.said[node]
	return !said || now.server != before.server || now.at != before.at || all && now.heard.After(before.heard)
}

// keepContact stores how a device stands with this server. What another one heard later
// stays, and so does that the device talks to another one.
func (d *Doors) keepContact(ctx context.Context, tx *sqldb.Tx, event string, node journal.NodeID, c contact) error {
	_, err := tx.ExecContext(ctx, `
		insert into contact (event, node, heard, epoch, seq, server) values ($1, $2, $3, $4, $5, $6)
		on conflict (event, node) do update set
			heard = case when excluded.heard >= contact.heard then excluded.heard else contact.heard end,
			epoch = case when excluded.heard >= contact.heard then excluded.epoch else contact.epoch end,
			seq = case when excluded.heard >= contact.heard then excluded.seq else contact.seq end,
			server = case when excluded.server <> '' or contact.server = $7 then excluded.server else contact.server end`,
		event, node.String(), c.heard.UnixMilli(), c.at.Epoch, c.at.Seq, c.server, d.id)
	return err
}

// held is how far a peer is known to hold the server's journal.
func (l *live) held(p exchange.Peer) journal.Position {
	var at journal.Position
	for chain, head := range p.Vector {
		here := journal.Position{Epoch: chain.Epoch, Seq: head.Seq}
		if chain.Node == l.server && at.Before(here) {
			at = here
		}
	}
	return at
}

// newSelf draws the name of this process.
func (d *Doors) newSelf() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.id != "" {
		return nil
	}
	var b [8]byte
	if _, err := io.ReadFull(d.rand, b[:]); err != nil {
		return fault.Wrap(fault.Internal, err, "the source of randomness fails")
	}
	d.id = fmt.Sprintf("%x", b)
	return nil
}
