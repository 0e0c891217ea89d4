package doors

import (
	"context"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"time"

	"usher/sync/journal"
)

// Leases are names that one of the servers of a database has at a time.
type Leases interface {
	// Take gives this server the name for so long, or once more so long. ok is false
	// while another has it; with an error nobody knows.
	Take(ctx context.Context, name string, hold time.Duration) (ok bool, err error)
	// Give gives a name back before its time.
	Give(ctx context.Context, name string) error
}

const (
	// leasePoll is how often a server looks whether a ticket is free that another has.
	leasePoll = 10 * time.Millisecond
	// leasePause is how long no leases are asked for after one that failed: a Redis that
	// doesn't answer holds up one claim in this time, and not all.
	leasePause = time.Second
)

// errPaused says that no lease is asked for at the moment.
var errPaused = errors.New("leases are paused")

// turns is how claims wait for those at other servers. The zero value waits for nobody.
//
// A lease decides nothing, as a claim does not: it has the claims of one ticket at
// several servers granted one server after the other. Whoever has it looks at what the
// others have committed before it grants, so that its answer names that.
type turns struct {
	event   string
	sharing *sharing
	// level waits until all that was committed before is in the live picture.
	level func(context.Context) error
	// spawn runs work until the doors close; false: they have.
	spawn func(func(context.Context)) bool
}

// sharing is the leases of a process.
type sharing struct {
	Leases
	paused atomic.Bool // since one failed
}

// pause asks for no lease for a while.
func (s *sharing) pause() {
	if !s.paused.Swap(true) {
		time.AfterFunc(leasePause, func() { s.paused.Store(false) })
	}
}

// ShareClaims has the claims of devices at other servers waited for by leases. Call it
// before the first exchange.
func (d *Doors) ShareClaims(leases Leases) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sharing = &sharing{Leases: leases}
}

// turns is how the claims of an event wait. d.mu is held.
func (d *Doors) turns(event string, l *live) turns {
	return turns{
		event: event, sharing: d.sharing, spawn: d.spawn,
		level: func(ctx context.Context) error { return d.levelled(ctx, l) },
	}
}

// spawn runs work in the background until Close; false once that was called.
func (d *Doors) spawn(work func(context.Context)) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return false
	}
	d.workers.Go(func() { work(d.ctx) })
	return true
}

// levelled waits until all that was committed before is in the live picture of an event.
func (d *Doors) levelled(ctx context.Context, l *live) error {
	done := make(chan error, 1)
	select {
	case l.level <- done:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// beginLease has a goroutine see to it that no other server grants the ticket while this
// one does. false: nobody has to. c.mu is held.
func (c *claims) beginLease(ticket journal.TicketID, q *queue) bool {
	s := c.turns.sharing
	if s == nil || s.paused.Load() {
		return false
	}
	q.leasing = make(chan struct{}, 1)
	if !c.turns.spawn(func(ctx context.Context) { c.lease(ctx, ticket, q) }) {
		q.leasing = nil
	}
	return q.leasing != nil
}

// lease has this server's turns with a ticket, one after the other, while there are
// claims of it: it takes the lease and grants those at the front; again when another
// device's come to the front; and gives it back when there are none.
func (c *claims) lease(ctx context.Context, ticket journal.TicketID, q *queue) {
	name := c.turns.event + "/" + hex.EncodeToString(ticket[:])
	for held := false; ; {
		switch c.next(ctx, ticket, q, held) {
		case leaseEnd:
			return
		case leaseGive:
			c.turns.give(ctx, name, c.within())
			held = false
		case leaseTake:
			got, err := c.turns.take(ctx, name, c.times().hold, c.within())
			held = got || held && err != nil // of one that was had, nobody knows
			if got || err != nil {
				c.reply(c.grant(ticket, q))
				continue
			}
			sleep(ctx, q.leasing, leasePoll)
		case leaseKeep:
			sleep(ctx, q.leasing, c.times().hold)
		}
	}
}

// within is how long a server waits for an answer about a lease, and for the database: a
// part of what a rival may wait in all.
func (c *claims) within() time.Duration { return c.times().patience / 3 }

// step is what is to be done next about a lease.
type step int

const (
	leaseEnd  step = iota
	leaseGive      // there are no claims any more
	leaseTake      // those at the front wait, or hold it for longer
	leaseKeep      // they were granted
)

// next says what is to be done about a lease.
func (c *claims) next(ctx context.Context, ticket journal.TicketID, q *queue, held bool) step {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch none := len(q.claims) == 0; {
	case ctx.Err() != nil: // the doors close: what is left is answered in its time
		q.leasing = nil
		if none {
			delete(c.queues, ticket)
		}
		return leaseEnd
	case none && held:
		return leaseGive
	case none:
		delete(c.queues, ticket)
		return leaseEnd
	case q.granted && !q.longer:
		return leaseKeep
	}
	return leaseTake
}

// grant grants the claims at the front of a queue.
func (c *claims) grant(ticket journal.TicketID, q *queue) (due []*claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q.granted = len(q.claims) > 0
	due = c.advance(ticket)
	q.longer = false
	return due
}

// take takes a lease, and then looks at what was committed before. With an error nobody
// is waited for.
func (t *turns) take(ctx context.Context, name string, hold, within time.Duration) (held bool, err error) {
	if t.sharing.paused.Load() {
		return false, errPaused
	}
	asking, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	held, err = t.sharing.Take(asking, name, hold)
	if held && err == nil {
		err = t.level(asking)
	}
	if err != nil {
		t.sharing.pause()
	}
	return held, err
}

func (t *turns) give(ctx context.Context, name string, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if t.sharing.Give(ctx, name) != nil {
		t.sharing.pause() // it ends by itself
	}
}

// sleep waits for a notice, for so long at most.
func sleep(ctx context.Context, notice <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-notice:
	case <-timer.C:
	}
}
