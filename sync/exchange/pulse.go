package exchange

import (
	"context"
	"sync"
	"time"

	"usher/sync/fault"
)

// pulse keeps a session alive, notices when it is not, and measures the peer's
// clock.
type pulse struct {
	silence *time.Timer   // runs out when nothing comes for SilenceLimit
	silent  chan struct{} // closed when it does

	mu    sync.Mutex             // covers what follows
	pings [maxPings]outgoingPing // the newest, by number
	timed bool                   // there was a measurement in this session
	asked uint64                 // the newest ping that left
	heard uint64                 // the newest that was answered
}

// maxPings is how many pings may be on their way: on a line so slow that more
// are, the oldest are forgotten.
const maxPings = 16

type outgoingPing struct {
	number uint64
	left   time.Time
}

func newPulse() *pulse {
	p := &pulse{silent: make(chan struct{})}
	p.silence = time.AfterFunc(SilenceLimit, sync.OnceFunc(func() { close(p.silent) }))
	return p
}

// beat notes that a message came.
func (p *pulse) beat() { p.silence.Reset(SilenceLimit) }

func (p *pulse) end() { p.silence.Stop() }

func (p *pulse) left(number uint64, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pings[number%maxPings] = outgoingPing{number, now}
	p.asked = number
}

// measure turns an answer into a sample. Answers to what was not asked, and
// times that contradict themselves, give none.
func (p *pulse) measure(m *pong, came time.Time) (Sample, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.pings[m.Number%maxPings]
	if asked.number != m.Number || m.Number == 0 {
		return Sample{}, false
	}
	p.pings[m.Number%maxPings] = outgoingPing{}
	p.heard = max(p.heard, m.Number)
	s, ok := sampleOf(asked.left, time.UnixMicro(m.Received), time.UnixMicro(m.Sent), came)
	p.timed = p.timed || ok
	return s, ok
}

func (p *pulse) measured() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.timed
}

// answering reports whether the peer has answered every ping but, perhaps, the newest.
// Of the first ones, which follow each other quickly, it need not: it has just proved
// itself.
func (p *pulse) answering() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked <= firstPings || p.asked <= p.heard+1
}

// keepAlive asks the peer for signs of life, ends the session when there are
// none, and looks whether the peer still belongs to the event.
func (s *session) keepAlive(ctx context.Context) error {
	timer := time.NewTimer(atOnce)
	defer timer.Stop()
	for number := uint64(1); ; number++ {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.pulse.silent:
			return fault.New(fault.Unavailable, "node %s was silent for %v", s.link.peer, SilenceLimit)
		case <-timer.C:
		}
		if err := s.stillWelcome(); err != nil {
			return err
		}
		s.outbox.ask(number)
		if number < firstPings {
			timer.Reset(firstPingEvery)
		} else {
			timer.Reset(PingEvery)
		}
	}
}

// pongCame takes a measurement in.
func (s *session) pongCame(m *pong, came time.Time) {
	sample, ok := s.pulse.measure(m, came)
	if !ok {
		return
	}
	s.asking.pulsed(sample.Delay)
	s.local.Peers.change(s.link.peer, func(p *Peer) bool {
		p.Sample = sample
		return false
	})
	if m.Offset != nil {
		s.local.Clock.add(sample, Estimate{
			Offset:      time.Duration(*m.Offset) * time.Microsecond,
			Uncertainty: time.Duration(*m.Error) * time.Microsecond,
			Known:       true,
		})
	}
	signal(s.progress.changed)
}
