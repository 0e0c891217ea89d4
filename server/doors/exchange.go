package doors

import (
	"context"
	"fmt"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/exchange"
	"usher/sync/journal"
)

// Local is the server's side of exchanges about an event, shared by all sessions.
// It needs the vault unlocked.
func (d *Doors) Local(ctx context.Context, event string) (exchange.Local, error) {
	l, err := d.live(ctx, event)
	if err != nil {
		return exchange.Local{}, err
	}
	author, err := d.vault.Author(ctx, event)
	if err != nil {
		return exchange.Local{}, err
	}
	store := d.journals.Store(event)
	return exchange.Local{
		Event: event, Self: author.Signer, Store: store, Directory: l.state,
		Accept: func(ctx context.Context, records []*journal.Record) error {
			return d.accept(ctx, event, l, store, records)
		},
		Subscribe: l.state.Subscribe, IsServer: l.state.IsServer, Ended: l.state.Ended,
		Checkpoints: l.checkpoints, Peers: l.peers, Clock: exchange.ServerClock(), Arbiter: l.claims,
		Now: d.now, Rand: d.rand, Log: d.log.With("event", event),
	}, nil
}

// loadContacts restores what is known of other nodes: their newest checkpoints
// and how far each was known to hold the server's journal.
func (d *Doors) loadContacts(event string, l *live) error {
	kept, err := d.journals.Checkpoints(d.ctx, event)
	if err != nil {
		return err
	}
	for _, c := range kept {
		l.state.Hear(c)
	}
	l.checkpoints = exchange.NewCheckpoints(
		func(ctx context.Context) (*journal.Checkpoint, error) { return d.journals.Checkpoint(ctx, event) },
		func(c *journal.Checkpoint) { d.heard(event, l, c) },
		kept...)
	rows, err := d.db.Read().QueryContext(d.ctx, `select node, heard, epoch, seq from contact where event = $1 order by node`, event)
	if err != nil {
		return stored(err, "reading when devices were in touch")
	}
	defer rows.Close()
	for rows.Next() {
		var node string
		var heard int64
		var epoch, seq uint64
		if err := rows.Scan(&node, &heard, &epoch, &seq); err != nil {
			return stored(err, "reading when devices were in touch")
		}
		id, err := journal.ParseNodeID(node)
		if err != nil {
			return fmt.Errorf("reading when devices were in touch: %w", err)
		}
		l.peers.Restore(id, time.UnixMilli(heard), journal.Vector{{Node: l.server, Epoch: epoch}: {Seq: seq}})
	}
	return stored(rows.Err(), "reading when devices were in touch")
}

// heard takes in a verified checkpoint of a gate.
func (d *Doors) heard(event string, l *live, c *journal.Checkpoint) {
	l.state.Hear(c)
	if err := d.journals.KeepCheckpoint(d.ctx, event, c); err != nil && d.ctx.Err() == nil {
		d.log.Warn("a gate's checkpoint could not be kept", "event", event, "gate", c.Chain.String(), "error", err)
	}
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
		if err := d.keepContacts(ctx, event, l); err != nil {
			return err
		}
	}
	return nil
}

func (d *Doors) keepContacts(ctx context.Context, event string, l *live) error {
	peers := l.peers.All()
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		for _, p := range peers {
			if p.Heard.IsZero() {
				continue
			}
			at := l.held(p)
			_, err := tx.ExecContext(ctx, `
				insert into contact (event, node, heard, epoch, seq) values ($1, $2, $3, $4, $5)
				on conflict (event, node) do update set heard = excluded.heard, epoch = excluded.epoch, seq = excluded.seq
				where excluded.heard >= contact.heard`,
				event, p.Node.String(), p.Heard.UnixMilli(), at.Epoch, at.Seq)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return stored(err, "keeping when devices were in touch")
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
