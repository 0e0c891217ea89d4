package uplink

import (
	"context"
	"errors"
	"time"

	"usher/sync/exchange"
	"usher/sync/journal"
)

// MovePause is the pause between two tries to move to another server, drawn between
// its half and its whole; after quickMoves of them pauses grow as others do.
const (
	MovePause  = time.Second
	quickMoves = 10
)

// errMoved ends a session that another one took the place of.
var errMoved = errors.New("the session goes on with another server")

// held is a session that runs.
type held struct {
	alive context.Context // ends with it
	end   context.CancelCauseFunc
	met   chan struct{}      // closed once the remote let us in
	moves chan time.Duration // one place: the remote asks us to move, within the time
	ended chan struct{}      // closed when it is over
	count *went              // of the session; set before met is closed
	err   error              // why it ended; set before ended is closed
}

// hold holds a session until it is cut, or found to be one too many. Where the server
// asks for it, another session takes its place: the first ends when the second is
// there, so that the gate is never without one.
func (u *Uplink) hold(ctx context.Context, r *remote, conn exchange.Conn, local exchange.Local) error {
	h := u.start(ctx, conn, local, nil)
	for {
		select {
		case <-h.ended:
			return h.err
		case within := <-h.moves:
			if next := u.move(ctx, r, local, h, within); next != nil {
				h = next
			}
		}
	}
}

// start begins a session over conn. It takes the place of the one counted as before,
// unless that is nil.
func (u *Uplink) start(ctx context.Context, conn exchange.Conn, local exchange.Local, before *went) *held {
	h := &held{met: make(chan struct{}), moves: make(chan time.Duration, 1), ended: make(chan struct{})}
	h.alive, h.end = context.WithCancelCause(ctx)
	met := local.Met
	local.Met = func(node journal.NodeID) {
		met(node)
		h.count = u.begun(node, h.end, before)
		close(h.met)
	}
	local.Moved = func(within time.Duration) {
		select {
		case h.moves <- within:
		default: // asked already
		}
	}
	go func() {
		defer close(h.ended)
		defer h.end(nil)
		h.err = exchange.Run(h.alive, conn, local)
		if errors.Is(h.err, errDouble) || errors.Is(h.err, errMoved) {
			h.err = nil
		}
		u.over(h.count)
	}()
	return h
}

// move begins a session that takes the place of another, at an instant within a time,
// and ends that one. It gives nil when the old one ended before there was a new one.
func (u *Uplink) move(ctx context.Context, r *remote, local exchange.Local, old *held, within time.Duration) *held {
	pause := jitter(2*within, u.local.Rand) - within
	for tries := 0; sleep(old.alive, pause); tries++ {
		pause = jitter(min(MovePause<<min(max(0, tries-quickMoves), 10), LongestPause), u.local.Rand)
		r.elsewhere()
		conn, err := u.connect(old.alive, r)
		if err != nil {
			u.log.DebugContext(ctx, "no other server answers yet", "remote", r.address(), "err", err, "again_in", pause)
			continue
		}
		next := u.start(ctx, conn, local, old.count)
		select {
		case <-next.ended:
			continue
		case <-next.met:
		}
		sleep(old.alive, u.claimWait) // whoever waits for its answer to a claim still gets it
		old.end(errMoved)
		<-old.ended
		return next
	}
	return nil
}

// sleep waits, and reports whether ctx has not ended. It never waits for nothing: a timer
// that is due already breaks the race detector under a simulated clock (golang/go issue
// 78156).
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(max(d, time.Nanosecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
