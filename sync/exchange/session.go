package exchange

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"usher/sync/fault"
	"usher/sync/journal"
)

// errDone ends a session that has nothing left to do.
var errDone = errors.New("session done")

// session is one conversation with a peer that was let in. Each of its
// goroutines minds one thing: read takes messages from the peer and hands them
// out, write sends, upload finds what the peer lacks, download checks what comes,
// keep stores it, argue settles forks, relay passes checkpoints on, keepAlive
// listens for life and leave asks the peer to move.
type session struct {
	link  *peerLink
	local *Local
	once  bool // end when level

	progress *progress
	outbox   *outbox
	pulse    *pulse
	forks    *forks
	asking   *asking
	seat     Seat // at this node's arbiter; nil: there is none

	batches  chan *batch   // from read to download
	parcels  chan *parcel  // from download to keep
	disputes chan *dispute // from read to argue
	data     chan message  // from upload to write
	control  chan message  // from argue and relay to write
	parting  chan message  // good-bye, from upload to write
	gone     chan struct{} // closed when the peer said good-bye or hung up after ours

	vectored bool // the peer's first vector has come; for read alone

	owed    chan struct{} // one for each batch that came and is not answered yet
	leaving atomic.Bool   // good-bye is said
	relayed atomic.Bool   // the peer's first checkpoints have come

	mu      sync.Mutex              // covers what follows
	held    journal.Vector          // how far this node holds each chain, as far as the session has seen
	chains  []journal.Chain         // of held, servers' first
	urgent  int                     // how many of them are servers'
	refused map[journal.Chain]error // of the peer's, by this node
}

func newSession(link *peerLink, local *Local, once bool) *session {
	s := &session{
		link: link, local: local, once: once,
		progress: newProgress(local.Now), outbox: newOutbox(), pulse: newPulse(), forks: newForks(),
		batches: make(chan *batch, maxOwed), parcels: make(chan *parcel, maxOwed), owed: make(chan struct{}, maxOwed), disputes: make(chan *dispute, maxDisputesQueued),
		data: make(chan message), control: make(chan message), parting: make(chan message), gone: make(chan struct{}),
		held: journal.Vector{}, refused: map[journal.Chain]error{},
	}
	s.asking = newAsking(s.outbox, s.pulse)
	if local.Arbiter != nil {
		s.seat = local.Arbiter.Attend(link.peer)
	}
	return s
}

func (s *session) run(ctx context.Context) error {
	defer s.pulse.end()
	defer s.progress.end()
	defer s.attend()() // before anybody hears that the two are connected
	s.connected(+1)
	defer s.connected(-1)
	group, inner := errgroup.WithContext(ctx)
	for _, mind := range []func(context.Context) error{s.read, s.sendOn, s.upload, s.download, s.keep, s.argue, s.relay, s.keepAlive, s.leave} {
		group.Go(func() error { return mind(inner) })
	}
	err := group.Wait()
	switch {
	case errors.Is(err, errDone):
		return s.remains()
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return s.link.farewell(ctx, s.local, err)
}

// sendOn writes until the session ends. A peer that ends it says why and hangs
// up; where our sending finds the closed carrier before our reading finds the
// word, the reading gets a moment, for its error says more.
func (s *session) sendOn(ctx context.Context) error {
	err := s.write(ctx)
	if fault.KindOf(err) == fault.Unavailable {
		moment := time.NewTimer(FarewellTimeout)
		defer moment.Stop()
		select {
		case <-ctx.Done():
		case <-moment.C:
		}
	}
	return err
}

func (s *session) connected(change int) {
	s.local.Peers.change(s.link.peer, func(p *Peer) bool {
		p.Connected += change
		p.Heard = s.local.Now()
		return true
	})
}

// stillWelcome says whether the peer still belongs to the event.
func (s *session) stillWelcome() error {
	_, limit, known := s.local.Directory.Author(s.link.peer)
	switch {
	case known && limit != nil && !owes(s.holds(), s.link.peer, limit):
		return expelled(s.link.peer)
	case !known && !s.link.introduced:
		return fault.At(fault.Unauthorised, "node", "node %s is not enrolled any more", s.link.peer)
	}
	return nil
}

// grew notes how far this node holds chains, and gives those that went on.
func (s *session) grew(heads journal.Vector) journal.Vector {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := make(journal.Vector)
	before := len(s.held)
	for chain, head := range heads {
		if s.held[chain].Seq < head.Seq {
			s.held[chain], fresh[chain] = head, head
		}
	}
	if len(s.held) != before {
		s.sort()
	}
	return fresh
}

// sort orders the chains for sending: a server's before all others.
func (s *session) sort() {
	s.chains = s.held.Chains()
	server := func(c journal.Chain) bool { return s.local.IsServer(c.Node) }
	s.urgent = 0
	slices.SortStableFunc(s.chains, func(a, b journal.Chain) int {
		switch x, y := server(a), server(b); {
		case x && !y:
			return -1
		case y && !x:
			return +1
		}
		return 0
	})
	for s.urgent < len(s.chains) && server(s.chains[s.urgent]) {
		s.urgent++
	}
}

// holds gives a copy of how far this node got.
func (s *session) holds() journal.Vector {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held.Clone()
}

// level says whether neither side lacks anything that the other has and does not
// keep back, and all is acknowledged. What the peer said since upload last looked
// counts: it may be what there is to send, or a fork to be settled.
func (s *session) level() bool {
	peer, settled := s.progress.status()
	if !settled || len(s.owed) > 0 || !s.relayed.Load() || !s.pulse.measured() || s.forks.open() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, more := s.progress.next(s.held, s.chains, s.urgent); more {
		return false
	}
	for chain, theirs := range peer {
		own := s.held[chain]
		lacking := own.Seq < theirs.Seq && s.refused[chain] == nil
		parted := own.Seq == theirs.Seq && own.Hash != theirs.Hash && !s.progress.rested(chain)
		if (lacking || parted) && !s.progress.isForked(chain) {
			return false
		}
	}
	return true
}

// remains is what a session that came level could not bring over.
func (s *session) remains() error {
	if !s.once {
		return nil
	}
	left := s.progress.kept()
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(left, s.refused)
	var errs []error
	for _, chain := range slices.SortedFunc(maps.Keys(left), journal.Chain.Compare) {
		errs = append(errs, fmt.Errorf("chain %s: %w", chain, left[chain]))
	}
	return errors.Join(errs...)
}
