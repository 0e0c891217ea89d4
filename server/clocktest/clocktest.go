// Package clocktest is the clock of tests: it stands still until a test moves it.
package clocktest

import (
	"sync/atomic"
	"time"
)

// Clock is such a clock, in UTC. It is safe for use by several goroutines.
type Clock struct{ ns atomic.Int64 }

// At gives a clock that shows a time.
func At(t time.Time) *Clock {
	c := &Clock{}
	c.Set(t)
	return c
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time { return time.Unix(0, c.ns.Load()).UTC() }

// Set has the clock show a time.
func (c *Clock) Set(t time.Time) { c.ns.Store(t.UnixNano()) }

// Pass moves the clock on.
func (c *Clock) Pass(d time.Duration) { c.ns.Add(int64(d)) }
