package uplink

import (
	"context"
	"fmt"
	"time"

	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Status is how a gate stands with everybody else.
type Status struct {
	Remotes []Remote
	Others  []exchange.Peer // every node there was a session with, whoever began it
	// Own counts the gate's own records; Unsent those that the server is not
	// known to hold, and Alone those that nobody else is known to hold: they
	// would be lost with this device. A gate that was restarted knows nothing
	// of others until it meets them, and counts them all.
	Own, Unsent, Alone uint64
	// Expelled says that the server ended this gate's enrolment, by its own
	// word in a session or by its journal.
	Expelled bool
	Time     exchange.Estimate // at the time of the status
}

// Remote is how the gate stands with one that it connects to.
type Remote struct {
	URL       string
	Server    bool
	Found     bool // on the network; else it was named
	Connected bool
	Node      journal.NodeID // zero before it was met
	Heard     time.Time      // last message from it, by the gate's own clock; zero: never
	Tries     int            // failed in a row
	Next      time.Time      // when it is tried again; zero: connected, or under way
	Err       error          // why the last session or try ended
}

// Status tells how the gate stands. It reads the store's vector.
func (u *Uplink) Status(ctx context.Context) (Status, error) {
	held, err := u.local.Store.Vector(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("reading how far the gate got: %w", err)
	}
	own := u.own()
	s := Status{
		Others: u.local.Peers.All(), Own: held[own].Seq,
		Time: u.local.Clock.Estimate(u.local.Now()),
	}
	s.Unsent = beyond(s.Own, u.local.Peers.Held(own, u.local.IsServer))
	s.Alone = beyond(s.Own, u.local.Peers.Held(own, func(n journal.NodeID) bool { return n != own.Node }))
	_, limit, known := u.local.Directory.Author(own.Node)
	s.Expelled = known && limit != nil
	for _, r := range u.all() {
		remote := u.status(r)
		s.Expelled = s.Expelled || remote.Server && fault.KindOf(remote.Err) == fault.Forbidden
		s.Remotes = append(s.Remotes, remote)
	}
	return s, nil
}

func beyond(have, sent uint64) uint64 { return have - min(have, sent) }

func (u *Uplink) status(r *remote) Remote {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Remote{URL: r.url(), Server: r.server, Found: r.stop != nil, Tries: r.tries, Next: r.next, Err: r.err}
	if !r.met {
		return s
	}
	s.Node = r.node
	if peer, ok := u.local.Peers.Get(r.node); ok {
		s.Connected, s.Heard = peer.Connected > 0, peer.Heard
	}
	if s.Connected {
		s.Tries, s.Next, s.Err = 0, time.Time{}, nil
	}
	return s
}

// Subscribe gives a channel that gets a value, coalesced, when another node came,
// went or got further, and a function that ends the subscription.
func (u *Uplink) Subscribe() (<-chan struct{}, func()) { return u.local.Peers.Subscribe() }
