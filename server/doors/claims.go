package doors

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"usher/sync/exchange"
	"usher/sync/journal"
)

// Limits of what devices can claim. A claim holds up other devices' claims of the same
// ticket, and nothing else: a gate that is not granted one decides by itself.
const (
	// ClaimHold is how long a device that was granted a ticket may take until the record
	// of its decision is here. It is longer than a rival waits, so that the record of a
	// slow one is still waited for by who comes late.
	ClaimHold = 300 * time.Millisecond
	// ClaimPatience is how long a rival waits for its turn. It is shorter than a gate waits
	// for an answer, so that nobody takes a busy ticket for a dead line.
	ClaimPatience = 120 * time.Millisecond
	// maxClaims bounds the claims of one device, and maxAllClaims those of an event, that
	// wait or hold: one beyond is granted and holds nothing.
	maxClaims    = 256
	maxAllClaims = 16_384
)

// claimTimes are how long a claim holds and how long one waits for its turn.
type claimTimes struct{ hold, patience time.Duration }

// ClaimTimes has devices hold tickets and wait for them as long from now on, in place of
// ClaimHold and ClaimPatience. Gates' own patience is to fit (gate.Config).
func (d *Doors) ClaimTimes(hold, patience time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.claimTimes = claimTimes{hold, patience}
}

func (d *Doors) times() claimTimes {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.claimTimes
}

// claims has the devices of an event decide on a ticket one at a time: exchange.Arbiter.
// They are in memory, and of the sessions with this process alone.
//
// The claims of one ticket are a queue. Those at its front that are of one device are
// granted, once this server may (turns); they leave it when the record of the device's
// decision has been taken into account, when its session ends, or after ClaimHold. Those
// behind leave it, answered, after ClaimPatience. An answer names what the server holds
// of the ticket at that moment, so that who decides next has seen it.
type claims struct {
	times func() claimTimes
	known func(by journal.NodeID, ticket journal.TicketID) []exchange.Mark
	turns turns
	open  atomic.Int64 // claims in queues

	mu     sync.Mutex // covers what follows
	queues map[journal.TicketID]*queue
	each   map[journal.NodeID]int
}

// queue is the claims of a ticket. claims.mu covers it.
type queue struct {
	claims  []*claim
	turn    journal.NodeID // whose claims are at the front
	granted bool           // those are, or may be
	longer  bool           // one more was granted since this server got its turn
	leasing chan struct{}  // notices for the goroutine that sees to it: claims.lease; nil: there is none
}

// notice has the goroutine that leases look at the queue again.
func (q *queue) notice() {
	select {
	case q.leasing <- struct{}{}:
	default:
	}
}

var _ exchange.Arbiter = (*claims)(nil)

// claim is one place in a queue. claims.mu covers it.
type claim struct {
	seat    *seat
	ticket  journal.TicketID
	answer  func([]exchange.Mark)
	granted bool
	timer   *time.Timer // ends the wait, and then the hold
}

// seat is where the claims of one session come from.
type seat struct {
	of   *claims
	node journal.NodeID
	open map[*claim]struct{} // claims.mu covers it
}

func newClaims(known func(journal.NodeID, journal.TicketID) []exchange.Mark, times func() claimTimes, turns turns) *claims {
	return &claims{
		known: known, times: times, turns: turns,
		queues: map[journal.TicketID]*queue{}, each: map[journal.NodeID]int{},
	}
}

// Attend implements exchange.Arbiter.
func (c *claims) Attend(node journal.NodeID) exchange.Seat {
	return &seat{of: c, node: node, open: map[*claim]struct{}{}}
}

// Claim implements exchange.Seat.
func (s *seat) Claim(ticket journal.TicketID, answer func([]exchange.Mark)) {
	s.of.reply(s.of.add(s, ticket, answer))
}

// Leave implements exchange.Seat.
func (s *seat) Leave() {
	s.of.reply(s.of.leave(s))
}

// reply answers claims. It is called without the lock: to look up what is known takes
// its time.
func (c *claims) reply(due []*claim) {
	for _, cl := range due {
		cl.answer(c.known(cl.seat.node, cl.ticket))
	}
}

// add puts a claim at the end of its queue, and gives those that are due an answer.
func (c *claims) add(s *seat, ticket journal.TicketID, answer func([]exchange.Mark)) (due []*claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cl := &claim{seat: s, ticket: ticket, answer: answer}
	if c.each[s.node] >= maxClaims || c.open.Load() >= maxAllClaims {
		return []*claim{cl}
	}
	q := c.queues[ticket]
	if q == nil {
		q = &queue{}
		c.queues[ticket] = q
	}
	q.claims = append(q.claims, cl)
	c.each[s.node]++
	c.open.Add(1)
	s.open[cl] = struct{}{}
	if due = c.advance(ticket); !cl.granted {
		cl.timer = time.AfterFunc(c.times().patience, func() { c.reply(c.expire(cl, false)) })
	}
	return due
}

// advance grants the claims at the front of a queue that are of one device, and gives
// those that were not before. c.mu is held.
func (c *claims) advance(ticket journal.TicketID) (due []*claim) {
	q := c.queues[ticket]
	if q == nil || len(q.claims) == 0 {
		return nil
	}
	if front := q.claims[0].seat.node; front != q.turn {
		q.turn = front
		q.granted = q.leasing == nil && !c.beginLease(ticket, q)
		q.notice()
	}
	if !q.granted {
		return nil
	}
	for _, cl := range q.claims {
		if cl.seat.node != q.turn {
			break
		}
		if cl.granted {
			continue
		}
		cl.granted = true
		if cl.timer != nil {
			cl.timer.Stop()
		}
		cl.timer = time.AfterFunc(c.times().hold, func() { c.reply(c.expire(cl, true)) })
		due = append(due, cl)
	}
	if len(due) > 0 {
		q.longer = true
		q.notice()
	}
	return due
}

// remove takes a claim out of its queue. c.mu is held.
func (c *claims) remove(cl *claim) {
	cl.timer.Stop()
	delete(cl.seat.open, cl)
	c.open.Add(-1)
	if c.each[cl.seat.node]--; c.each[cl.seat.node] == 0 {
		delete(c.each, cl.seat.node)
	}
	q := c.queues[cl.ticket]
	q.claims = slices.DeleteFunc(q.claims, func(o *claim) bool { return o == cl })
	switch {
	case len(q.claims) > 0:
	case q.leasing == nil:
		delete(c.queues, cl.ticket)
	default:
		q.turn, q.granted = journal.NodeID{}, false
		q.notice()
	}
}

// expire ends a claim whose time to wait, or once it is granted to hold, is over.
func (c *claims) expire(cl *claim, granted bool) (due []*claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, open := cl.seat.open[cl]; !open || cl.granted != granted {
		return nil
	}
	return c.end(cl)
}

// end takes a claim out of its queue, and gives those that are due an answer: itself if
// it had none, and whoever is next. c.mu is held.
func (c *claims) end(cl *claim) (due []*claim) {
	c.remove(cl)
	if !cl.granted {
		due = append(due, cl)
	}
	return append(due, c.advance(cl.ticket)...)
}

// arrived takes in that a record counts in the live picture. The oldest claim of its
// author for the ticket has done its work.
func (c *claims) arrived(r *journal.Record) {
	if r.Kind != journal.KindScan || c.open.Load() == 0 {
		return
	}
	scan, err := journal.Read[journal.Scan](r)
	if err != nil {
		return // it says nothing of a ticket
	}
	c.reply(c.decided(r.Chain.Node, scan.Ticket))
}

func (c *claims) decided(by journal.NodeID, ticket journal.TicketID) []*claim {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.queues[ticket]
	if q == nil {
		return nil
	}
	for _, cl := range q.claims {
		if cl.seat.node == by {
			return c.end(cl)
		}
	}
	return nil
}

// leave ends the claims of a session, and gives those of others that are due an answer.
func (c *claims) leave(s *seat) (due []*claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := slices.Collect(maps.Keys(s.open))
	for _, cl := range left {
		c.remove(cl)
	}
	for _, cl := range left {
		due = append(due, c.advance(cl.ticket)...)
	}
	return due
}

// known is what the server holds of a ticket that others wrote, the newest first: the
// newest record of each chain.
func (l *live) known(by journal.NodeID, ticket journal.TicketID) []exchange.Mark {
	var marks []exchange.Mark
	if void := l.state.Void(ticket); void.Set {
		marks = append(marks, exchange.Mark{Chain: journal.Chain{Node: l.server, Epoch: void.At.Epoch}, Seq: void.At.Seq})
	}
	for _, act := range slices.Backward(l.state.Past(ticket)) {
		named := slices.ContainsFunc(marks, func(m exchange.Mark) bool { return m.Chain == act.Chain })
		if act.Chain.Node != by && !named && len(marks) < exchange.MaxMarks {
			marks = append(marks, exchange.Mark{Chain: act.Chain, Seq: act.Seq})
		}
	}
	return marks
}
