package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"usher/crypto/keyring"
	"usher/gate/store"
	"usher/sync/audit"
	"usher/sync/exchange"
	"usher/sync/journal"
	"usher/sync/link"
	"usher/sync/state"
)

// Peek looks at a gate's data without being the gate: it writes nothing, so it
// works whether or not the gate's agent runs.
type Peek struct {
	Store     *store.Store
	Enrolment *store.Enrolment
	ring      *keyring.SignedRing
}

// OpenPeek opens the gate data in a folder for looking. Close its Store.
func OpenPeek(ctx context.Context, dir string) (_ *Peek, err error) {
	p := new(Peek)
	if p.Store, err = store.OpenExisting(ctx, dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Store.Close())
		}
	}()
	if p.Enrolment, err = p.Store.Enrolment(ctx); err != nil {
		return nil, err
	}
	if p.ring, err = keyring.ParseSigned(p.Enrolment.Ring); err != nil {
		return nil, fmt.Errorf("the key ring that the gate was enrolled with: %w", err)
	}
	return p, nil
}

// Close lets go of the data.
func (p *Peek) Close() error { return p.Store.Close() }

// State computes what the gate's records amount to now.
func (p *Peek) State(ctx context.Context) (*state.State, error) {
	s := state.New(state.Config{Event: p.Enrolment.Event, Pins: p.Enrolment.Pins, Server: p.Enrolment.Server})
	if err := s.TrustRing(p.ring); err != nil {
		return nil, fmt.Errorf("the key ring that the gate was enrolled with: %w", err)
	}
	err := p.Store.Each(ctx, func(r *journal.Record) error {
		_, err := s.Apply(r)
		return err
	})
	return s, err
}

// Audit checks all that the gate holds of journals, from the key ring up.
func (p *Peek) Audit(ctx context.Context, progress audit.Progress) (*audit.Report, error) {
	checkpoints, err := p.Store.Checkpoints(ctx)
	if err != nil {
		return nil, err
	}
	forks, err := p.Store.Forks(ctx)
	if err != nil {
		return nil, err
	}
	return audit.Run(ctx, audit.Source{
		Event: p.Enrolment.Event, Store: p.Store, Pins: p.Enrolment.Pins, Rings: []*keyring.SignedRing{p.ring},
		Server: p.Enrolment.Server, Self: p.Enrolment.Node, Checkpoints: checkpoints, Forks: forks,
	}, progress)
}

// Export writes all journals that the gate holds into one file, for nodes that no
// network reaches, and gives how many records those are.
func (p *Peek) Export(ctx context.Context, w io.Writer) (uint64, error) {
	key, err := p.Store.DeviceKey()
	if err != nil {
		return 0, err
	}
	kept, err := p.Store.Checkpoints(ctx)
	if err != nil {
		return 0, err
	}
	return link.WriteFile(ctx, w, exchange.Local{
		Event: p.Enrolment.Event, Self: key, Store: p.Store, Now: time.Now,
		IsServer:    func(node journal.NodeID) bool { return node == p.Enrolment.Server },
		Checkpoints: exchange.NewCheckpoints(nil, nil, kept...),
	})
}
