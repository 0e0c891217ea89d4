package exchange

import (
	"context"
	"slices"
	"sync"
	"time"

	"usher/sync/journal"
)

// Mark names a record that a node should hold before it decides: the one of the chain
// with the number, and so all before it.
type Mark struct {
	Chain journal.Chain
	Seq   uint64
}

// Arbiter has the nodes that ask it decide on a ticket one at a time. It is safe for
// use by several goroutines.
type Arbiter interface {
	// Attend begins a session's claims.
	Attend(node journal.NodeID) Seat
}

// Seat is where the claims of one session are made.
type Seat interface {
	// Claim asks for a ticket. answer is called once, perhaps before Claim returns:
	// when it is the node's turn to decide, with the records that it should have seen,
	// or when it has waited long enough. It does not wait, and calls nothing here.
	Claim(ticket journal.TicketID, answer func([]Mark))
	// Leave gives up every claim of the session. Nothing is answered after it.
	Leave()
}

// Claims knows the sessions with servers that can be asked for a ticket, for the
// sessions of one Local. The zero value is ready. It is safe for use by several
// goroutines.
type Claims struct {
	mu   sync.Mutex // covers open
	open []*asking  // the newest last
}

// Answering reports whether there is a server that would answer a claim now. It is
// quick, so that a node without a link pays nothing.
func (c *Claims) Answering() bool { return c.pick() != nil }

// Ask claims a ticket, and waits until the server answers, its session ends or ctx
// does. The marks are the records that this node should have seen before it decides.
// asked is false where there was nobody to ask.
//
// After a claim that was not answered in time none is made until it was, over a line
// that is QuickEnough: whoever does not answer costs one wait.
func (c *Claims) Ask(ctx context.Context, ticket journal.TicketID) (marks []Mark, asked bool) {
	a := c.pick()
	if a == nil {
		return nil, false
	}
	return a.ask(ctx, ticket)
}

// pick gives the newest session that would answer, nil where none would.
func (c *Claims) pick() *asking {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range slices.Backward(c.open) {
		if a.ready() {
			return a
		}
	}
	return nil
}

func (c *Claims) join(a *asking) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, a)
}

func (c *Claims) leave(a *asking) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = slices.DeleteFunc(c.open, func(o *asking) bool { return o == a })
}

// asking is a session's side of the claims that this node makes.
type asking struct {
	outbox *outbox
	pulse  *pulse
	over   chan struct{} // closed when the session ends

	mu     sync.Mutex               // covers what follows
	number uint64                   // of the newest claim
	waits  map[uint64]chan<- []Mark // claims without an answer; nil: given up
	late   int                      // of them, how many were given up
	paused bool                     // since one was given up
}

func newAsking(o *outbox, p *pulse) *asking {
	return &asking{outbox: o, pulse: p, over: make(chan struct{}), waits: map[uint64]chan<- []Mark{}}
}

// ready reports whether the peer is likely to answer, and at once.
func (a *asking) ready() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.paused && len(a.waits) < MaxClaims && a.pulse.answering()
}

func (a *asking) ask(ctx context.Context, ticket journal.TicketID) ([]Mark, bool) {
	answer := make(chan []Mark, 1)
	a.mu.Lock()
	if len(a.waits) >= MaxClaims {
		a.mu.Unlock()
		return nil, false
	}
	a.number++
	number := a.number
	a.waits[number] = answer
	a.outbox.claim(&claim{Number: number, Ticket: ticket})
	a.mu.Unlock()
	select {
	case marks := <-answer:
		return marks, true
	case <-a.over:
	case <-ctx.Done():
		a.giveUp(number)
	}
	return nil, true
}

// giveUp stops waiting for an answer, and pauses claims until it has come.
func (a *asking) giveUp(number uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waits[number] == nil {
		return // it came this moment
	}
	a.waits[number] = nil
	a.late++
	a.paused = true
}

// granted takes an answer in. One that nothing was asked for says nothing.
func (a *asking) granted(g *grant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	answer, asked := a.waits[g.Number]
	if !asked {
		return
	}
	delete(a.waits, g.Number)
	if answer == nil {
		a.late--
		return
	}
	marks := make([]Mark, len(g.Marks))
	for i, m := range g.Marks {
		marks[i] = Mark{journal.Chain{Node: m.Node, Epoch: m.Epoch}, m.Seq}
	}
	answer <- marks // has room for it
}

// pulsed takes in how long a message takes there and back at present.
func (a *asking) pulsed(delay time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.late == 0 && delay <= QuickEnough {
		a.paused = false
	}
}

// attend has a server be asked for tickets while the session lasts, and gives what ends
// the claims of both nodes.
func (s *session) attend() (end func()) {
	claims := s.local.Claims
	asks := claims != nil && !s.once && s.local.IsServer(s.link.peer)
	if asks {
		claims.join(s.asking)
	}
	return func() {
		if asks {
			claims.leave(s.asking)
		}
		close(s.asking.over)
		if s.seat != nil {
			s.seat.Leave()
		}
	}
}

// claimCame has a claim of the peer's answered when its turn comes.
func (s *session) claimCame(m *claim) error {
	if err := s.outbox.owe(); err != nil {
		return err
	}
	if s.seat == nil {
		s.outbox.grant(&grant{Number: m.Number})
		return nil
	}
	s.seat.Claim(m.Ticket, func(marks []Mark) {
		g := &grant{Number: m.Number}
		for _, to := range marks[:min(len(marks), MaxMarks)] {
			g.Marks = append(g.Marks, mark{to.Chain.Node, to.Chain.Epoch, to.Seq})
		}
		s.outbox.grant(g)
	})
	return nil
}
