// Package doors is the server's side of what happens at the gates: it enrols
// devices, takes part in the exchange of journals, and keeps the live picture of
// each event: who is inside, which gate knows what, and which tickets were let in
// twice.
//
// The picture is a state.State, the same that every gate computes, rebuilt from
// the journals when an event is first asked for and kept live by following them.
// Nothing of it is stored: what the database holds beside the journals are cards
// that wait to be used, and when each device was last in touch.
package doors

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/journals"
	"usher/server/vault"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/state"
)

const (
	// followBatch is how many records are applied between two looks at the journal.
	followBatch = 2000
	// provenAtOnce is how many codes of scans are proved in a row: some
	// milliseconds of one core.
	provenAtOnce = 64
	// followPause is after how long the journals are followed again when that failed.
	followPause = time.Second
)

// Doors is the server's side of the gates. Close ends what it follows.
type Doors struct {
	db       *sqldb.DB
	vault    *vault.Vault
	journals *journals.Journals
	catalog  *catalog.Catalog
	rand     io.Reader
	now      func() time.Time
	log      *slog.Logger

	ctx     context.Context // ends with Close
	end     context.CancelFunc
	workers sync.WaitGroup

	mu         sync.Mutex // covers what follows
	id         string     // of this process; drawn before an event is live
	events     map[string]*live
	screen     func(*journal.Record) error
	claimTimes claimTimes
	sharing    *sharing // nil: this is the only server
}

// live is the running picture of one event.
type live struct {
	state       *state.State
	peers       *exchange.Peers
	checkpoints *exchange.Checkpoints
	server      journal.NodeID
	regained    regained
	claims      *claims
	level       chan chan<- error // asks to follow the journals once more, and to say when that is done
	contacts    contacts
	opened      chan struct{} // closed when the state holds what the journals held at first
	err         error         // why it could not be built; read after opened
}

// New makes the server's side of the gates.
func New(db *sqldb.DB, v *vault.Vault, j *journals.Journals, c *catalog.Catalog, rand io.Reader, now func() time.Time, log *slog.Logger) *Doors {
	ctx, end := context.WithCancel(context.Background())
	return &Doors{db: db, vault: v, journals: j, catalog: c, rand: rand, now: now, log: log, ctx: ctx, end: end, events: map[string]*live{}, claimTimes: claimTimes{ClaimHold, ClaimPatience}}
}

// Close stops following the journals and waits until that has ended.
func (d *Doors) Close() {
	d.mu.Lock() // nothing is spawned any more
	d.end()
	d.mu.Unlock()
	d.workers.Wait()
}

// State gives the live picture of an event. The first call for an event builds
// it from the journals; fault.NotFound if there is no such event.
func (d *Doors) State(ctx context.Context, event string) (*state.State, error) {
	l, err := d.live(ctx, event)
	if err != nil {
		return nil, err
	}
	return l.state, nil
}

func (d *Doors) live(ctx context.Context, event string) (*live, error) {
	if _, err := d.catalog.Event(ctx, event); err != nil {
		return nil, err
	}
	d.mu.Lock()
	l, there := d.events[event]
	if !there {
		l = &live{opened: make(chan struct{}), peers: new(exchange.Peers), level: make(chan chan<- error)}
		l.claims = newClaims(l.known, d.times, d.turns(event, l))
		d.events[event] = l
		d.workers.Go(func() { d.run(event, l) })
	}
	d.mu.Unlock()
	select {
	case <-l.opened:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l.err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.events[event] == l {
			delete(d.events, event) // the next call tries again
		}
	}
	return l, l.err
}

// run builds the picture and follows the journals until Close.
func (d *Doors) run(event string, l *live) {
	wake, cancel := d.journals.Subscribe(event)
	defer cancel()
	after, err := d.build(event, l)
	l.err = err
	close(l.opened)
	if err != nil {
		return
	}
	d.workers.Go(func() { l.state.ProveIdle(d.ctx, provenAtOnce) })
	d.workers.Go(func() { d.share(event, l) })
	met, forget := l.peers.Subscribe()
	defer forget()
	var again <-chan time.Time // after something failed, whose notice is used up
	failing := ""              // as it was logged
	for {
		var levelled []chan<- error
		look, finish := true, false
		select {
		case <-wake:
		case done := <-l.level:
			levelled = waiting(l.level, done)
		case <-met:
			look, finish = false, true
		case <-again:
			again, finish = nil, true
		case <-d.ctx.Done():
			return
		}
		var looked, finished error
		if look {
			after, looked = d.follow(event, l, after)
		}
		for _, done := range levelled {
			done <- looked // has room for it
		}
		if finish {
			finished = d.finishRetiring(event, l)
		}
		switch err := errors.Join(looked, finished); {
		case err == nil && look && finish:
			failing = ""
		case err != nil && d.ctx.Err() == nil:
			if again == nil {
				again = time.After(followPause)
			}
			if text := err.Error(); text != failing {
				failing = text
				d.log.Error("following the journals of an event failed; it is tried again", "event", event, "error", err)
			}
		}
	}
}

// waiting gives all who wait to be levelled at this moment: they share one look.
func waiting(level <-chan chan<- error, first chan<- error) []chan<- error {
	for list := []chan<- error{first}; ; {
		select {
		case done := <-level:
			list = append(list, done)
		default:
			return list
		}
	}
}

func (d *Doors) build(event string, l *live) (after int64, err error) {
	ring, err := d.vault.Ring(d.ctx)
	if err != nil {
		return 0, err
	}
	if l.server, err = serverNode(ring, event); err != nil {
		return 0, err
	}
	l.state = state.New(state.Config{Event: event, Pins: keyring.PinsOf(ring.Ring.Roots), Server: l.server})
	if err := errors.Join(d.newSelf(), d.loadContacts(event, l)); err != nil {
		return 0, err
	}
	return d.follow(event, l, 0)
}

// serverNode finds the event's journal key in the ring. Reading needs no
// passphrase, so it asks the ring and not the vault's private keys.
func serverNode(ring *keyring.SignedRing, event string) (journal.NodeID, error) {
	for _, k := range ring.Ring.Keys {
		if k.Role == keyring.RoleJournal && k.State == keyring.Active && k.For(event) {
			return journal.NodeOf(k.Public), nil
		}
	}
	return journal.NodeID{}, fault.New(fault.NotReady, "the key ring has no journal key for event %s", event)
}

// follow applies what the journals hold after the arrival number, and gives the
// number it came to.
func (d *Doors) follow(event string, l *live, after int64) (int64, error) {
	for {
		arrived, err := d.journals.Tail(d.ctx, event, after, followBatch)
		if err != nil || len(arrived) == 0 {
			return after, err
		}
		for _, a := range arrived {
			if err := d.take(event, l.state, a.Record); err != nil {
				return after, err
			}
			l.claims.arrived(a.Record)
			after = a.ID
		}
	}
}

// stored gives a failed statement a kind; faults pass as they are.
func stored(err error, doing string, args ...any) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return fault.Wrap(fault.Internal, err, "the database failed "+doing, args...)
}

func isNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
