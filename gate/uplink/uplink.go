// Package uplink keeps a gate in step with its server and with other gates.
//
// There is one supervisor for each remote: it connects, holds a session of
// sync/exchange, and when that ends connects again, after a pause that grows and
// is never the same twice, so that a hundred gates don't knock at once when a
// server is back. A gate that reaches nobody for days is content: nothing here
// is on the way of a scan, nothing piles up in memory, and what was not sent is
// in the store.
//
// Other gates connect to [Uplink.Handler], and a session is the same whoever
// began it. Gates that were found on the network are tried as [Uplink.Offer] says:
// a few at a time, and never at the cost of a link that holds.
//
// [Uplink.Status] tells the people at the door how things stand: who is in
// reach, when each was last heard, and how many records would be lost with this
// device.
package uplink

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"usher/sync/exchange"
	"usher/sync/journal"
	"usher/sync/link"
)

// Config is what an uplink needs. Local's clock and randomness serve it as well.
type Config struct {
	Local  exchange.Local
	Server string      // the server's URL; "" for a gate that has none in reach
	Others []string    // further URLs of the server, or of others on its database
	Peers  []string    // other gates' URLs
	Times  Times       // keeps the clock's offset; nil: Local.Clock is used as it is
	TLS    *tls.Config // for https; nil: the system's trust
	// Ended takes a record that, as another node says, ends this gate's enrolment.
	// It is not verified. nil: nobody wants to know.
	Ended func(record []byte)
	// Applied reports whether the gate has taken a chain into account as far as a
	// number; nil: claims don't wait for it.
	Applied func(journal.Chain, uint64) bool
	// ClaimWait bounds the wait of a claim; 0: the constant of that name.
	ClaimWait time.Duration
	// Dial connects to a base URL; nil: sync/link, over WebSocket.
	Dial func(ctx context.Context, base string) (exchange.Conn, error)
}

// Times keeps what a gate knows of the server's time while it is not running,
// and hears of every better measurement.
type Times interface {
	// Offset gives the estimate kept; Known is false when there is none.
	Offset(ctx context.Context) (exchange.Estimate, error)
	// Correct takes a better estimate. stepped says that it contradicts the one
	// before: somebody set a clock.
	Correct(ctx context.Context, e exchange.Estimate, stepped bool) error
}

// Uplink is a gate's connection to everybody else. Make it with New.
type Uplink struct {
	local exchange.Local
	dial  func(ctx context.Context, base string) (exchange.Conn, error)
	ended func(record []byte)
	times *timekeeper
	log   *slog.Logger
	guard guard

	applied   func(journal.Chain, uint64) bool
	claimWait time.Duration

	mu       sync.Mutex // covers what follows
	remotes  []*remote
	found    found
	sessions sessions
	running  context.Context // of Run; nil before and after
	group    sync.WaitGroup  // what Run waits for; joined while running has not ended
}

// New makes an uplink. Nothing happens before Run or Sync.
func New(ctx context.Context, cfg Config) (*Uplink, error) {
	u := &Uplink{local: cfg.Local, dial: cfg.Dial, ended: cfg.Ended, log: cfg.Local.Log, applied: cfg.Applied, claimWait: cfg.ClaimWait}
	if u.applied == nil {
		u.applied = func(journal.Chain, uint64) bool { return true }
	}
	if u.claimWait == 0 {
		u.claimWait = ClaimWait
	}
	u.local.Claims = new(exchange.Claims)
	if u.log == nil {
		u.log = slog.New(slog.DiscardHandler)
	}
	u.guard.now = cfg.Local.Now
	if u.local.Peers == nil {
		u.local.Peers = new(exchange.Peers)
	}
	if u.dial == nil {
		u.dial = over(link.Dialer{TLS: cfg.TLS}, cfg.Local.Event)
	}
	if cfg.Times != nil {
		var err error
		if u.times, err = newTimekeeper(ctx, cfg.Times, u.log); err != nil {
			return nil, err
		}
		u.local.Clock = u.times.clock
	}
	if cfg.Server != "" {
		u.remotes = append(u.remotes, newRemote(cfg.Server, true, cfg.Others...))
	}
	for _, base := range cfg.Peers {
		u.remotes = append(u.remotes, newRemote(base, false))
	}
	for _, r := range u.remotes {
		for _, base := range append([]string{r.base}, r.others...) {
			if _, err := link.Address(base, cfg.Local.Event); err != nil {
				return nil, err
			}
		}
	}
	return u, nil
}

func over(dialer link.Dialer, event string) func(context.Context, string) (exchange.Conn, error) {
	return func(ctx context.Context, base string) (exchange.Conn, error) {
		address, err := link.Address(base, event)
		if err != nil {
			return nil, err
		}
		return dialer.Dial(ctx, address)
	}
}

// errRunning refuses a second Run.
var errRunning = errors.New("this uplink is running already")

// Run keeps the gate in step until ctx ends, and gives ctx's error after every
// session has ended.
func (u *Uplink) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	u.mu.Lock()
	if u.running != nil {
		u.mu.Unlock()
		return errRunning
	}
	u.running = ctx
	for _, r := range u.remotes {
		u.group.Go(func() { u.supervise(ctx, r) })
	}
	if u.times != nil {
		u.group.Go(func() { u.times.run(ctx) })
	}
	u.group.Go(func() { u.lookAgain(ctx) })
	u.choose()
	u.mu.Unlock()
	<-ctx.Done()
	u.closed()
	u.group.Wait()
	u.mu.Lock()
	u.running = nil
	u.mu.Unlock()
	return context.Cause(ctx)
}

// closed returns when who was joining the group has joined: after ctx ended,
// nobody else does.
func (u *Uplink) closed() {
	u.mu.Lock()
	defer u.mu.Unlock()
}

// Add keeps the gate in step with another gate as well. One that is known
// already changes nothing.
func (u *Uplink) Add(base string) error {
	if _, err := link.Address(base, u.local.Event); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if slices.ContainsFunc(u.remotes, func(r *remote) bool { return r.base == base }) {
		return nil
	}
	r := newRemote(base, false)
	u.remotes = append(u.remotes, r)
	if ctx := u.running; ctx != nil && ctx.Err() == nil {
		u.group.Go(func() { u.supervise(ctx, r) })
	}
	return nil
}

// Retry has every remote that waits to connect again do so now.
func (u *Uplink) Retry() {
	for _, r := range u.all() {
		select {
		case r.retry <- struct{}{}:
		default:
		}
	}
}

func (u *Uplink) all() []*remote {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.remotes)
}

// own is the gate's own chain.
func (u *Uplink) own() journal.Chain {
	return journal.Chain{Node: journal.NodeOf(u.local.Self.Public())}
}
