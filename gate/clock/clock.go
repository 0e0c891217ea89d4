// Package clock tells a gate the server's time by a clock that may be wrong.
//
// A handheld's clock is off by minutes or a day, and somebody may set it during
// the evening. The clock here is corrected by the offset that each exchange
// with the server measures, and between exchanges it runs on the monotonic
// clock, so a step of the device's clock moves nothing; it only shows, as
// Suspect, until the next measurement.
package clock

import (
	"sync"
	"time"

	"usher/sync/admission"
	"usher/sync/journal"
)

// stepTolerance is the smallest step of the device's clock that counts as one:
// below it is ordinary slewing.
const stepTolerance = 2 * time.Second

// Offset is how far the device's clock is from the server's.
type Offset struct {
	Offset      time.Duration // to add to the device's clock
	Uncertainty time.Duration // the true offset is within ± this
}

// Source is the device's two clocks.
type Source struct {
	Wall func() time.Time     // what people set
	Mono func() time.Duration // time since some instant, which nobody can set
}

// System is the source of a real device. start is when the process began, with
// its monotonic reading.
func System(start time.Time) Source {
	return Source{
		Wall: func() time.Time { return time.Now().Round(0) },
		Mono: func() time.Duration { return time.Since(start) },
	}
}

// Clock is a corrected clock. It is safe for use by several goroutines.
type Clock struct {
	source Source

	mu      sync.Mutex    // covers what follows
	wall    time.Time     // the source at the last correction
	mono    time.Duration // likewise
	offset  Offset
	synced  bool
	suspect bool // the clock was behind the journal at start
}

// New makes a clock over the source. newest is the time of the newest own
// record by the device's clock, Unix ms, or 0: a clock behind it is suspect from
// the start.
func New(source Source, kept *Offset, newest int64) *Clock {
	c := &Clock{source: source, wall: source.Wall(), mono: source.Mono()}
	if kept != nil {
		c.offset, c.synced = *kept, true
	}
	c.suspect = c.wall.UnixMilli() < newest-stepTolerance.Milliseconds()
	return c
}

// reading gives the device's time as if nobody had set its clock since the last
// correction, and how far somebody did.
func (c *Clock) reading() (at time.Time, step time.Duration) {
	at = c.wall.Add(c.source.Mono() - c.mono)
	return at, c.source.Wall().Sub(at)
}

// Stamp is the present for a record: the device's time and its offset.
func (c *Clock) Stamp() journal.Stamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, _ := c.reading()
	return journal.Stamp{
		Time: at.UnixMilli(), Synced: c.synced,
		Offset: c.offset.Offset.Milliseconds(), Uncertainty: c.offset.Uncertainty.Milliseconds(),
	}
}

// Moment is the present for a decision: corrected time and what is doubtful
// about it.
func (c *Clock) Moment() admission.Moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, step := c.reading()
	m := admission.Moment{At: at.UnixMilli(), Synced: c.synced, Suspect: c.suspect || step.Abs() > max(stepTolerance, c.offset.Uncertainty)}
	if c.synced {
		m.At += c.offset.Offset.Milliseconds()
		m.Uncertainty = c.offset.Uncertainty.Milliseconds()
	}
	return m
}

// Correct takes a new measurement of the offset, which was made against the
// device's clock as it reads now.
func (c *Clock) Correct(o Offset) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall, c.mono = c.source.Wall(), c.source.Mono()
	c.offset, c.synced, c.suspect = o, true, false
}

// Offset is the correction in use; ok is false before the first measurement.
func (c *Clock) Offset() (o Offset, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset, c.synced
}
