package inventory

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"usher/sync/fault"
)

// ask is one thing asked of an event's places: to take some or to end holds.
type ask struct {
	take *Request // nil when holds are ended
	end  []string // ids of holds
	as   State    // that they end in: Released, or Expired when their time is over

	done chan struct{} // closed when the rest is set
	hold Hold          // that was taken
	made bool          // just now: it was not there before
	kept bool          // and something with it
	back int           // how many were ended
	err  error

	gone bool // nobody waits for it any more; guarded by Stock.mu
}

// queue is what is asked of one event. One goroutine works on it, while there is
// anything: first that of whoever asked, as nobody waits behind them and to wake
// another would take longer than the work of deciding; then one of its own.
type queue struct {
	event   string
	waiting []*ask // guarded by Stock.mu
	working bool   // guarded by Stock.mu

	plans plans // of the goroutine that works
}

// ask has something decided with all that is asked of the event, and waits. Whoever
// decides it themselves learns what became of it even when ctx ends meanwhile.
func (s *Stock) ask(ctx context.Context, event string, a *ask) error {
	q, err := s.enqueue(event, a)
	if err != nil {
		return err
	}
	if q != nil {
		s.workOnce(q)
		return a.err
	}
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	a.gone = true
	s.mu.Unlock()
	select {
	case <-a.done: // it was decided at the same moment: what is known is told
		return a.err
	default:
		return fmt.Errorf("waiting for places of event %s: %w", event, context.Cause(ctx))
	}
}

// begin has something decided by another goroutine.
func (s *Stock) begin(event string, a *ask) error {
	q, err := s.enqueue(event, a)
	if q != nil {
		go s.work(q)
	}
	return err
}

// enqueue puts an ask into its event's queue. It gives the queue when nobody works on
// it: the caller has to see to it that somebody does.
func (s *Stock) enqueue(event string, a *ask) (idle *queue, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, closing()
	}
	q := s.queues[event]
	if q == nil {
		q = &queue{event: event}
		s.queues[event] = q
	}
	// What gives places back is never refused: it is bounded by what was taken.
	if a.take != nil && len(q.waiting) >= s.cfg.MaxQueue {
		return nil, fault.New(fault.TooMany, "%d people ask for places of event %s at this moment; try again in a few seconds", len(q.waiting), event)
	}
	q.waiting = append(q.waiting, a)
	if q.working {
		return nil, nil
	}
	q.working = true
	s.running.Add(1)
	return q, nil
}

// workOnce decides the batch of whoever found the queue idle. What queues up meanwhile
// is another's work.
func (s *Stock) workOnce(q *queue) {
	if !s.batch(q) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(q.waiting) > 0 {
		go s.work(q)
		return
	}
	s.rest(q)
}

// work decides what waits, batch by batch, until nothing does. What queues up while
// a batch is being committed is the next one.
func (s *Stock) work(q *queue) {
	for s.batch(q) {
		s.gather(q)
	}
}

// batch decides a batch; false when there was none, and nobody works on the queue any
// more.
func (s *Stock) batch(q *queue) bool {
	batch := s.next(q)
	if len(batch) == 0 {
		return false
	}
	s.decide(s.within(), q, batch)
	for _, a := range batch {
		a.hold.Kept = a.kept && a.err == nil
		close(a.done)
	}
	return true
}

// within gives a context that ends when an act has taken too long: after Config.Within,
// or up to a tenth less. All that begin in that tenth share it, since a timer for each
// of them costs a twentieth of what they do.
func (s *Stock) within() context.Context {
	now := time.Now() // not the clock of holds: it is about work
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.After(s.limit.renew) {
		s.limit.ctx, s.limit.end = context.WithTimeout(s.life, s.cfg.Within) // the one before ends by itself
		s.limit.renew = now.Add(s.cfg.Within / 10)
	}
	return s.limit.ctx
}

// yields bounds how often gather lets others go first.
const yields = 8

// gather lets those ask who are ready to: answering a batch has woken as many buyers as
// were in it, and whoever of them, or of the requests that came meanwhile, is about to
// ask belongs to the next batch. A batch of one that goes ahead of them would be a
// commit for which all others wait. It waits for no time, only for those who can run.
func (s *Stock) gather(q *queue) {
	for before, n := -1, 0; n < yields; n++ {
		runtime.Gosched()
		s.mu.Lock()
		now := len(q.waiting)
		s.mu.Unlock()
		if now == before {
			return
		}
		before = now
	}
}

// next takes a batch from the queue. With none left the queue rests.
func (s *Stock) next(q *queue) []*ask {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := make([]*ask, 0, min(len(q.waiting), s.cfg.MaxBatch))
	taken := 0
	for _, a := range q.waiting {
		if len(batch) == s.cfg.MaxBatch {
			break
		}
		taken++
		if !a.gone {
			batch = append(batch, a)
		}
	}
	clear(q.waiting[:taken])
	q.waiting = q.waiting[taken:]
	if len(batch) == 0 {
		s.rest(q)
	}
	return batch
}

// rest says that nobody works on a queue that is empty. It is forgotten unless it knows
// seats. The caller holds mu.
func (s *Stock) rest(q *queue) {
	q.waiting, q.working = nil, false
	if len(q.plans) == 0 {
		delete(s.queues, q.event)
	}
	s.running.Done()
}
