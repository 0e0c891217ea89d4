package exchange

import (
	"sync"
	"time"
)

// drift bounds how far a device's clock runs from true time, in parts per
// million. Ordinary quartz stays under 50 even in the cold.
const drift = 100

// resolution is what times lose on the wire, there and back.
const resolution = 2 * time.Microsecond

// stepSlack is how far two measurements may contradict each other before the
// clock counts as set: readings are rounded, and goroutines wait for a core.
const stepSlack = 20 * time.Millisecond

// Estimate is what a node knows of the server's time: at the local time At, the
// server's clock showed At+Offset, give or take Uncertainty.
type Estimate struct {
	Offset      time.Duration // to add to the local clock
	Uncertainty time.Duration // the true offset is within ± this
	At          time.Time     // by the local clock
	Known       bool          // false: there has been no measurement
}

// aged is the estimate as it stands at now: what drift may have added counts
// into the uncertainty.
func (e Estimate) aged(now time.Time) Estimate {
	e.Uncertainty += now.Sub(e.At).Abs() / 1_000_000 * drift
	return e
}

// Sample is one exchange of four timestamps with a peer (RFC 5905 section 8).
type Sample struct {
	Offset time.Duration // the peer's clock less ours
	Delay  time.Duration // there and back, without the peer's own time
	At     time.Time     // when the answer came, by the local clock
}

// sampleOf computes a sample: sent and came are ours, received and left the
// peer's. ok is false where the times contradict themselves, because a clock
// was set in between.
func sampleOf(sent, received, left, came time.Time) (s Sample, ok bool) {
	s = Sample{
		Offset: (received.Sub(sent) + left.Sub(came)) / 2,
		Delay:  came.Sub(sent) - left.Sub(received) + resolution,
		At:     came,
	}
	return s, s.Delay >= 0
}

// Clock is a node's idea of the server's time. Sessions correct it with what
// they measure: it keeps the sample of the smallest uncertainty, grown by its
// age. It is safe for use by several goroutines.
type Clock struct {
	mu        sync.Mutex // covers what follows
	estimate  Estimate
	confirmed bool // by a measurement since the clock was made
	authority bool
	changed   func(Estimate, bool)
}

// NewClock gives a clock that begins with a kept estimate, or with an unknown
// one. changed, if not nil, is called with each better estimate, right after
// its measurement; stepped says that it contradicts the one before by more than
// both allow: one of the clocks was set. It is called by one goroutine at a
// time and must not call back.
func NewClock(kept Estimate, changed func(e Estimate, stepped bool)) *Clock {
	return &Clock{estimate: kept, changed: changed}
}

// ServerClock is the clock that all others are measured against. Nothing
// corrects it.
func ServerClock() *Clock {
	return &Clock{estimate: Estimate{Known: true}, authority: true}
}

// Estimate is what the clock knows at now, a reading of the local clock.
func (c *Clock) Estimate(now time.Time) Estimate {
	if c == nil {
		return Estimate{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.authority || !c.estimate.Known {
		return c.estimate
	}
	return c.estimate.aged(now)
}

// offer is what the clock tells others at now. What was kept from an earlier life is
// not told before a measurement has confirmed it: the device's clock may have been set
// since, and others would believe it.
func (c *Clock) offer(now time.Time) Estimate {
	if c == nil {
		return Estimate{}
	}
	c.mu.Lock()
	told := c.authority || c.confirmed
	c.mu.Unlock()
	if !told {
		return Estimate{}
	}
	return c.Estimate(now)
}

// add takes a sample in, measured against a peer that knows the server's time
// as the estimate from says.
func (c *Clock) add(s Sample, from Estimate) {
	if c == nil || c.authority || !from.Known {
		return
	}
	fresh := Estimate{
		Offset: s.Offset + from.Offset, Uncertainty: s.Delay/2 + from.Uncertainty, At: s.At, Known: true,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.estimate.aged(s.At)
	c.confirmed = true
	stepped := kept.Known && (fresh.Offset-kept.Offset).Abs() > fresh.Uncertainty+kept.Uncertainty+stepSlack
	if kept.Known && !stepped && kept.Uncertainty <= fresh.Uncertainty {
		return
	}
	c.estimate = fresh
	if c.changed != nil {
		c.changed(fresh, stepped)
	}
}
