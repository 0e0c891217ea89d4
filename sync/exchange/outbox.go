package exchange

import (
	"context"
	"sync"
	"time"

	"usher/sync/fault"
	"usher/sync/journal"
)

// outbox holds the short messages that a session owes its peer. They are made up
// when the connection is free, so those of one kind become one, and whoever owes
// them never waits for the peer to read.
type outbox struct {
	ready chan struct{} // one place: there is something

	mu       sync.Mutex     // covers what follows
	heads    journal.Vector // how far this node got
	refusals []*refusal     // at most Window: one for each batch that the peer may have on its way
	pong     *pong          // to the newest ping
	ping     uint64         // number of a ping to be sent; 0: none
	claims   []*claim       // at most MaxClaims, as are those that wait for their answer
	grants   []*grant       // at most MaxClaims: see owed
	owed     int            // the peer's claims that are not answered yet
}

func newOutbox() *outbox { return &outbox{ready: make(chan struct{}, 1)} }

// announce says how far this node holds chains durably. An empty vector is
// announced too: it is how a session begins.
func (o *outbox) announce(heads journal.Vector) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.heads == nil {
		o.heads = make(journal.Vector, len(heads))
	}
	for chain, head := range heads {
		o.heads[chain] = head
	}
	signal(o.ready)
}

// refuse answers a batch that was not taken in. A peer that sends on without
// reading its answers is at fault.
func (o *outbox) refuse(b *batch, why error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.refusals) >= Window {
		return fault.New(fault.TooMany, "the other node sends batches and reads no answers")
	}
	o.refusals = append(o.refusals, &refusal{Node: b.Node, Epoch: b.Epoch, First: b.First, Problem: fault.ToProblem(why)})
	signal(o.ready)
	return nil
}

func (o *outbox) answer(number uint64, received time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pong = &pong{Number: number, Received: received.UnixMicro()}
	signal(o.ready)
}

func (o *outbox) ask(number uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ping = number
	signal(o.ready)
}

// claim asks the peer for a ticket.
func (o *outbox) claim(c *claim) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.claims = append(o.claims, c)
	signal(o.ready)
}

// owe notes that the peer wants an answer to a claim. One that claims on without
// reading its answers is at fault.
func (o *outbox) owe() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.owed >= MaxClaims {
		return fault.New(fault.TooMany, "the other node claims more than %d tickets at a time", MaxClaims)
	}
	o.owed++
	return nil
}

// grant answers a claim that is owed an answer.
func (o *outbox) grant(g *grant) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.grants = append(o.grants, g)
	signal(o.ready)
}

// next gives what is owed most urgently, or nil: people wait for claims and their
// answers. Acknowledgements go before refusals: a batch taken in half is answered by
// both, in this order.
func (o *outbox) next() (m message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case len(o.grants) > 0:
		m, o.grants = o.grants[0], o.grants[1:]
		o.owed--
	case len(o.claims) > 0:
		m, o.claims = o.claims[0], o.claims[1:]
	case o.pong != nil:
		m, o.pong = o.pong, nil
	case o.ping != 0:
		m, o.ping = &ping{Number: o.ping}, 0
	case o.heads != nil:
		m, o.heads = pack(o.heads), nil
	case len(o.refusals) > 0:
		m, o.refusals = o.refusals[0], o.refusals[1:]
	}
	return m
}

// write sends what the session has to say: first what the outbox holds, then
// whatever else comes. It is the only goroutine that sends.
func (s *session) write(ctx context.Context) error {
	for {
		m := s.outbox.next()
		if m == nil {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-s.outbox.ready:
				continue
			case m = <-s.parting:
				if err := s.flush(ctx); err != nil {
					return err
				}
			case m = <-s.control:
			case m = <-s.data:
			}
		}
		if err := s.say(ctx, m); err != nil {
			return err
		}
	}
}

// flush sends all that the outbox holds.
func (s *session) flush(ctx context.Context) error {
	for m := s.outbox.next(); m != nil; m = s.outbox.next() {
		if err := s.say(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) say(ctx context.Context, m message) error {
	s.stamp(m)
	err := s.link.send(ctx, m)
	if err != nil && s.leaving.Load() {
		return errDone // two that come level at once: the other was quicker
	}
	return err
}

// stamp puts the present into messages that measure time, as late as can be.
func (s *session) stamp(m message) {
	switch m := m.(type) {
	case *ping:
		s.pulse.left(m.Number, s.local.Now())
	case *pong:
		now := s.local.Now()
		if e := s.local.Clock.offer(now); e.Known {
			offset, uncertainty := e.Offset.Microseconds(), uint64(e.Uncertainty.Microseconds())
			m.Offset, m.Error = &offset, &uncertainty
		}
		m.Sent = max(now.UnixMicro(), m.Received)
	}
}
