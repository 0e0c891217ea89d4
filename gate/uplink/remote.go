package uplink

import (
	"context"
	"encoding/binary"
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
	// TurnPause is the pause before another address of the server is tried.
	TurnPause = 200 * time.Millisecond
	// RefusedPause is the pause after the remote said no: it has to hear of the
	// gate first, or never will.
	RefusedPause = time.Minute
)

// remote is a node that the gate connects to.
type remote struct {
	base   string   // URL
	others []string // its further URLs, where it has some: a server, of those on its database
	server bool
	retry  chan struct{} // one place: try now
	stop   func()        // ends the supervision of one that was found; nil: it was named

	mu    sync.Mutex // covers what follows
	node  journal.NodeID
	met   bool      // node is known
	at    int       // which of the URLs is next: 0 for base
	tries int       // failed in a row
	err   error     // of the last try; nil while connected
	next  time.Time // when the next try is due; zero: under way
}

func newRemote(base string, server bool, others ...string) *remote {
	return &remote{base: base, others: others, server: server, retry: make(chan struct{}, 1)}
}

// address is the URL that is next.
func (r *remote) address() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.url()
}

// url is address while r.mu is held.
func (r *remote) url() string {
	if r.at == 0 {
		return r.base
	}
	return r.others[r.at-1]
}

// turn has another URL be next, if there is one. r.mu is held.
func (r *remote) turn() { r.at = (r.at + 1) % (1 + len(r.others)) }

// supervise holds sessions with a remote, one after the other, until ctx ends.
func (u *Uplink) supervise(ctx context.Context, r *remote) {
	for ctx.Err() == nil {
		var err error
		if !u.connectedTo(r) {
			err = u.session(ctx, r, func(ctx context.Context, conn exchange.Conn, local exchange.Local) error {
				return u.hold(ctx, r, conn, local)
			})
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
		return fmt.Errorf("connecting to %s: %w", r.address(), err)
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
		return fmt.Errorf("exchanging with %s: %w", r.address(), err)
	}
	return nil
}

// connect dials a remote. The way to one that was found is short.
func (u *Uplink) connect(ctx context.Context, r *remote) (exchange.Conn, error) {
	if r.stop == nil {
		return u.dial(ctx, r.address())
	}
	ctx, cancel := context.WithTimeoutCause(ctx, FoundTimeout, fault.New(fault.Unavailable, "nobody answers there"))
	defer cancel()
	return u.dial(ctx, r.address())
}

// told passes on what a session's end says of this gate's enrolment.
func (u *Uplink) told(err error) {
	if record := exchange.EndedBy(err); record != nil && u.ended != nil {
		u.ended(record)
	}
}

// elsewhere has another URL be next, if there is one.
func (r *remote) elsewhere() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn()
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
	pause := min(FirstPause<<min(r.tries/(1+len(r.others)), 10), LongestPause)
	switch fault.KindOf(err) {
	case fault.Forbidden, fault.Unauthorised, fault.Refused, fault.Newer, fault.NotFound:
		pause = RefusedPause
	}
	pause = jitter(pause, rand)
	if r.err = err; err != nil {
		r.tries++
		if r.turn(); r.at != 0 {
			pause = jitter(TurnPause, rand) // the others may be well
		}
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
