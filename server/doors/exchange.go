package doors

import (
	"context"

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
