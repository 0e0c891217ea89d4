package uplink

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Pauses between two tries to connect. Each is drawn between its half and its
// whole.
const (
	// FirstPause is the pause after a session that was cut.
	FirstPause = time.Second
	// LongestPause is what pauses grow to, twice as long each time.
	LongestPause = 30 * time.Second
	// RefusedPause is the pause after the remote said no: it has to hear of the
	// gate first, or never will.
	RefusedPause = time.Minute
)

// remote is a node that the gate connects to.
type remote struct {
	base   string // URL
	server bool
	retry  chan struct{} // one place: try now
	stop   func()        // ends the supervision of one that was found; nil: it was named

	mu    sync.Mutex // covers what follows
	node  journal.NodeID
	met   bool      // node is known
	tries int       // failed in a row
	err   error     // of the last try; nil while connected
	next  time.Time // when the next try is due; zero: under way
}

func newRemote(base string, server bool) *remote {
	return &remote{base: base, server: server, retry: make(chan struct{}, 1)}
}

// supervise holds sessions with a remote, one after the other, until ctx ends.
func (u *Uplink) supervise(ctx context.Context, r *remote) {
	for ctx.Err() == nil {
		var err error
		if !u.connectedTo(r) {
			err = u.session(ctx, r, u.hold)
		}
		if ctx.Err() != nil {
			return
		}
		pause := r.failed(err, u.local.Rand, u.local.Now())
		if u.hopeless(r, err) {
			return
		}
		if err != nil {
			u.log.InfoContext(ctx, "connection ended", "remote", r.base, "err", err, "again_in", pause)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.retry:
		}
		timer.Stop()
	}
}

// connectedTo says whether there is a session with the remote that the other
// side began: one is enough.
func (u *Uplink) connectedTo(r *remote) bool {
	r.mu.Lock()
	node, met := r.node, r.met
	r.mu.Unlock()
	if !met {
		return false
	}
	peer, _ := u.local.Peers.Get(node)
	return peer.Connected > 0
}

// session connects and holds one session. A session that the remote let us into
// clears the count of tries.
func (u *Uplink) session(ctx context.Context, r *remote, hold func(context.Context, exchange.Conn, exchange.Local) error) error {
	r.mu.Lock()
	r.next = time.Time{}
	r.mu.Unlock()
	conn, err := u.connect(ctx, r)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", r.base, err)
	}
	local := u.local
	local.Met = func(node journal.NodeID) {
		r.meet(node)
		if u.local.Met != nil {
			u.local.Met(node)
		}
	}
	err = hold(ctx, conn, local)
	u.told(err)
	if err != nil {
		return fmt.Errorf("exchanging with %s: %w", r.base, err)
	}
	return nil
}

// hold holds a session until it is cut, or found to be one too many.
func (u *Uplink) hold(ctx context.Context, conn exchange.Conn, local exchange.Local) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	met, over := local.Met, func() {}
	local.Met = func(node journal.NodeID) {
		met(node)
		over = u.begun(node, cancel)
	}
	defer func() { over() }()
	err := exchange.Run(ctx, conn, local)
	if errors.Is(err, errDouble) {
		return nil
	}
	return err
}

// connect dials a remote. The way to one that was found is short.
func (u *Uplink) connect(ctx context.Context, r *remote) (exchange.Conn, error) {
	if r.stop == nil {
		return u.dial(ctx, r.base)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, FoundTimeout, fault.New(fault.Unavailable, "nobody answers there"))
	defer cancel()
	return u.dial(ctx, r.base)
}

// told passes on what a session's end says of this gate's enrolment.
func (u *Uplink) told(err error) {
	if record := exchange.EndedBy(err); record != nil && u.ended != nil {
		u.ended(record)
	}
}

func (r *remote) meet(node journal.NodeID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.node, r.met, r.tries, r.err = node, true, 0, nil
}

// failed notes how a try ended and gives the pause before the next.
func (r *remote) failed(err error, rand io.Reader, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.tries = 0
	}
	pause := min(FirstPause<<min(r.tries, 10), LongestPause)
	switch fault.KindOf(err) {
	case fault.Forbidden, fault.Unauthorised, fault.Refused, fault.Newer, fault.NotFound:
		pause = RefusedPause
	}
	pause = jitter(pause, rand)
	if r.err = err; err != nil {
		r.tries++
	}
	r.next = now.Add(pause)
	return pause
}

// jitter draws a pause between half of d and d. Without randomness it is d.
func jitter(d time.Duration, rand io.Reader) time.Duration {
	var b [8]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return d
	}
	half := d / 2
	return half + time.Duration(binary.BigEndian.Uint64(b[:])%uint64(half+1))
}
