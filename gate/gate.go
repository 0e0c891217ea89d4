// Package gate assembles a gate: its store, the state that its records amount
// to, its clock, its turnstile, and its uplink to the server and other gates.
//
// Open gives a gate that can judge; it needs no network then or later. An Agent
// adds the door page and keeps the gate in step with others while there is a
// network. Only one process at a time may hold a gate's data open; Reach works
// with a gate either way, itself or through the agent that holds it.
package gate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/gate/clock"
	"usher/gate/door"
	"usher/gate/shift"
	"usher/gate/signin"
	"usher/gate/store"
	"usher/gate/turnstile"
	"usher/gate/uplink"
	"usher/sync/admission"
	"usher/sync/exchange"
	"usher/sync/journal"
	"usher/sync/state"
)

// Config is what a gate is made of. Zero members get their defaults.
type Config struct {
	Data  string   // folder of the data; a gate must be enrolled in it
	Peers []string // other gates' agents to exchange with, http://HOST:PORT
	// Servers are further addresses of the server beside the one that the gate was
	// enrolled with, or of others on the same database.
	Servers []string
	TLS     TLS // how phones come in; default: in plain text, without a camera
	// Find says where an agent looks for other gates by itself; see Finding.
	Find Finding
	// ClaimWait is how long an admission waits at most for the server's word on what
	// others did with the ticket; default: uplink.ClaimWait.
	ClaimWait time.Duration
	// Dial connects to a base URL; nil: over WebSocket.
	Dial  func(ctx context.Context, base string) (exchange.Conn, error)
	Clock *clock.Source    // default: the system's
	Now   func() time.Time // the device's clock; default: time.Now
	Rand  io.Reader        // default: the system's
	Log   *slog.Logger     // default: none
}

// Gate is an opened gate.
type Gate struct {
	Config
	Store     *store.Store
	Enrolment *store.Enrolment
	State     *state.State
	Time      *clock.Clock
	Turnstile *turnstile.Turnstile
	Desk      *signin.Desk // where people sign in
	Shift     *shift.Keeper
	Uplink    *uplink.Uplink

	author      *journal.Author
	checkpoints *exchange.Checkpoints
	peers       *exchange.Peers
	unlock      func() error
	ready       *readiness
	word        firstWord
}

// Open opens the gate in the data folder, for this process alone:
// store.ErrLocked when another process has it open.
func Open(ctx context.Context, cfg Config) (_ *Gate, err error) {
	cfg = cfg.withDefaults()
	g := &Gate{Config: cfg, peers: new(exchange.Peers)}
	if g.unlock, err = store.Lock(cfg.Data); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.Close())
		}
	}()
	if g.Store, err = store.OpenExisting(ctx, cfg.Data); err != nil {
		return nil, err
	}
	if g.Enrolment, err = g.Store.Enrolment(ctx); err != nil {
		return nil, err
	}
	key, err := g.Store.DeviceKey()
	if err != nil {
		return nil, err
	}
	g.author = &journal.Author{Signer: key}
	if err := g.loadState(ctx); err != nil {
		return nil, err
	}
	if err := g.loadClock(ctx); err != nil {
		return nil, err
	}
	g.Turnstile, err = turnstile.Open(ctx, turnstile.Config{
		Store: g.Store, State: g.State, Clock: g.Time, Author: g.author, Gate: g.Enrolment.Gate, Kiosk: g.Enrolment.Role == grant.RoleKiosk,
		Mono: cfg.Clock.Mono, Rand: cfg.Rand, Ready: func() admission.Reason { reason, _ := g.ready.why(); return reason }, Sure: g.assurance, Linked: g.linked, Claim: g.claim,
		Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	g.Desk, err = signin.Open(ctx, signin.Config{
		List: g.State, Tries: g.Store, Device: g.Enrolment.Role, Mono: cfg.Clock.Mono, Now: cfg.Now, Rand: cfg.Rand, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	g.openShift()
	return g, g.openUplink(ctx)
}

func (cfg Config) withDefaults() Config {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Clock == nil {
		source := clock.System(time.Now())
		cfg.Clock = &source
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// loadState computes from the records what they amount to.
func (g *Gate) loadState(ctx context.Context) error {
	guestKey, err := g.Store.GuestKey()
	if err != nil {
		return err
	}
	staffKey, err := g.Store.StaffKey()
	if err != nil {
		return err
	}
	g.State = state.New(state.Config{
		Event: g.Enrolment.Event, Pins: g.Enrolment.Pins, Server: g.Enrolment.Server, GuestKey: guestKey, StaffKey: staffKey,
	})
	ring, err := keyring.ParseSigned(g.Enrolment.Ring)
	if err != nil {
		return fmt.Errorf("the key ring that the gate was enrolled with: %w", err)
	}
	if err := g.State.TrustRing(ring); err != nil {
		return fmt.Errorf("the key ring that the gate was enrolled with: %w", err)
	}
	if err := g.Store.Each(ctx, func(r *journal.Record) error {
		_, err := g.State.Apply(r)
		return err
	}); err != nil {
		return err
	}
	kept, err := g.Store.Checkpoints(ctx)
	if err != nil {
		return err
	}
	for _, c := range kept {
		g.State.Hear(c)
	}
	if err := g.heedEnded(); err != nil {
		return err
	}
	g.ready = &readiness{gate: g, complete: g.Enrolment.Complete}
	g.ready.look(ctx)
	g.checkpoints = exchange.NewCheckpoints(g.checkpoint, g.heard, kept...)
	return nil
}

// loadClock starts the corrected clock from the offset that was measured last.
func (g *Gate) loadClock(ctx context.Context) error {
	kept, known, err := g.Store.Offset(ctx)
	if err != nil {
		return err
	}
	var offset *clock.Offset
	if known {
		offset = &clock.Offset{Offset: kept.Offset, Uncertainty: kept.Uncertainty}
	}
	newest, err := g.newestOwn(ctx)
	if err != nil {
		return err
	}
	g.Time = clock.New(*g.Clock, offset, newest)
	return nil
}

// newestOwn is the time of the newest own record by the device's clock, Unix ms.
func (g *Gate) newestOwn(ctx context.Context) (int64, error) {
	vector, err := g.Store.Vector(ctx)
	if err != nil {
		return 0, err
	}
	head := vector[g.author.Chain()]
	if head.Seq == 0 {
		return 0, nil
	}
	raw, err := g.Store.Read(ctx, g.author.Chain(), head.Seq, 1, 1)
	if err != nil || len(raw) == 0 {
		return 0, err
	}
	r, err := journal.Parse(raw[0])
	if err != nil {
		return 0, fmt.Errorf("the gate's newest record: %w", err)
	}
	return r.Stamp.Time, nil
}

// clockFar is how far a device's clock may be off before its holder is told. The
// gate corrects it either way; but a clock that is a day off is a sign of a fault,
// and nothing corrects it after a restart without a network.
const clockFar = time.Hour

// checkpointLife is how long a gate's word on its own journal counts.
const checkpointLife = 24 * time.Hour

// firstWord has a gate wait for the time before it says anything of its own journal: the
// clock may have been set while the gate was off, and what it says of tomorrow is its
// newest word to everybody until then.
type firstWord struct {
	told  atomic.Bool  // the time, since the gate was started
	asked atomic.Int64 // for the first word, by the monotonic clock, ns; 0: not yet
}

// timeWithin is how long a gate waits to be told the time. Nobody may know it.
const timeWithin = 3 * time.Second

func (w *firstWord) waits(mono time.Duration) bool {
	w.asked.CompareAndSwap(0, max(1, int64(mono)))
	return !w.told.Load() && mono-time.Duration(w.asked.Load()) < timeWithin
}

// checkpoint signs how far the gate's own journal goes; nil: the time has to come first.
func (g *Gate) checkpoint(ctx context.Context) (*journal.Checkpoint, error) {
	if g.word.waits(g.Clock.Mono()) {
		return nil, nil
	}
	vector, err := g.Store.Vector(ctx)
	if err != nil {
		return nil, err
	}
	now := g.Time.Moment().At
	return g.author.Checkpoint(vector[g.author.Chain()], now, now+checkpointLife.Milliseconds())
}

// heard takes in a verified checkpoint of another node.
func (g *Gate) heard(c *journal.Checkpoint) {
	g.State.Hear(c)
	if err := g.Store.KeepCheckpoint(context.Background(), c); err != nil {
		g.Log.Warn("a checkpoint could not be kept", "author", c.Chain.String(), "error", err)
	}
	g.ready.look(context.Background())
}

// Code is the code of the gate that this device is at now: the server may have
// moved it since it was enrolled.
func (g *Gate) Code() string {
	if code, _, known := g.State.GateOf(g.Enrolment.Node); known {
		return code
	}
	return g.Enrolment.Gate
}

// heedEnded takes into account what the gate was told of the end of its enrolment
// before it was started last.
func (g *Gate) heedEnded() error {
	record, err := g.Store.Ended()
	if err != nil || record == nil {
		return err
	}
	r, err := journal.Parse(record)
	if err != nil {
		return fmt.Errorf("the record that ended the gate's enrolment: %w", err)
	}
	g.State.Heed(r, g.Enrolment.Node)
	return nil
}

// ended takes in that another node showed the record which ended this gate's
// enrolment. One that the server did not sign changes nothing.
func (g *Gate) ended(record []byte) {
	r, err := journal.Parse(record)
	if err != nil || !g.State.Heed(r, g.Enrolment.Node) {
		g.Log.Warn("another node says that this gate is expelled, and can't prove it")
		return
	}
	if err := g.Store.SaveEnded(record); err != nil {
		g.Log.Error("the end of the enrolment could not be kept", "error", err)
	}
}

// linked reports whether another node is in touch right now.
func (g *Gate) linked() bool {
	return slices.ContainsFunc(g.peers.All(), func(p exchange.Peer) bool { return p.Connected > 0 })
}

func (g *Gate) assurance() journal.Assurance {
	return g.State.Assurance(g.author.Chain().Node, g.Time.Moment().At)
}

// accept makes verified records durable and takes in what they say.
func (g *Gate) accept(ctx context.Context, records []*journal.Record) error {
	if err := g.Store.Append(ctx, records); err != nil {
		return err
	}
	for _, r := range records {
		if _, err := g.State.Apply(r); err != nil {
			return fmt.Errorf("applying record %d of %s: %w", r.Seq, r.Chain, err)
		}
	}
	g.ready.look(ctx)
	return nil
}

func (g *Gate) local() exchange.Local {
	return exchange.Local{
		Event: g.Enrolment.Event, Self: g.author.Signer, Store: g.Store, Directory: g.State, Accept: g.accept,
		Subscribe: g.State.Subscribe, IsServer: g.State.IsServer, Ended: g.State.Ended, Checkpoints: g.checkpoints, Peers: g.peers, Introduction: g.Enrolment.Record,
		Now: g.Now, Rand: g.Rand, Log: g.Log,
	}
}

// Close ends the gate's work and lets go of its data.
func (g *Gate) Close() error {
	var errs []error
	if g.Turnstile != nil {
		g.Turnstile.Close()
		errs = append(errs, g.Turnstile.FlushShown(context.Background()))
	}
	if g.Store != nil {
		errs = append(errs, g.Store.Close())
	}
	return errors.Join(append(errs, g.unlock())...)
}

// Status is what the gate knows of itself and of the others.
func (g *Gate) Status(ctx context.Context) door.Status {
	now := g.Time.Moment()
	s := door.Status{
		Gate: g.Code(), Event: g.Enrolment.Event, Role: g.Enrolment.Role, Node: g.Enrolment.Node, Ready: true, Assurance: g.assurance(),
		Training: g.Turnstile.Training(), ListAge: -1, ListSeq: g.State.Position().Seq, Clock: "good", Faults: g.State.Faults(),
	}
	if reason, why := g.ready.why(); reason != "" {
		s.Ready, s.NotReady, s.Reason = false, why, reason
	}
	if e := g.State.Event(); e != nil {
		s.EventName, s.Rehearsal, s.Language, s.DownTo = e.Name, e.Rehearsal, e.Language, e.Policy.DownTo.String()
		if here, ok := e.GateByCode(s.Gate); ok {
			s.GateName = here.Name
		}
		if age, known := g.State.ListAge(now.At); known {
			s.ListAge = age / 1000
			s.ListStale = s.ListAge > e.Policy.StaleAfter
		}
	}
	switch {
	case now.Suspect:
		s.Clock = "suspect"
	case !now.Synced:
		s.Clock = "unsynced"
	}
	if o, ok := g.Time.Offset(); ok {
		s.OffsetMS, s.ErrorMS = o.Offset.Milliseconds(), o.Uncertainty.Milliseconds()
		if s.Clock == "good" && o.Offset.Abs() >= clockFar {
			s.Clock = "far"
		}
	}
	s.Unheard = s.Assurance.Unheard
	for _, c := range g.State.Conflicts() {
		if c.Open {
			s.Conflicts++
		}
	}
	g.linkStatus(ctx, &s)
	return s
}
