package rig

import (
	"fmt"
	"time"
)

// Clock goes as the servers' clocks do.
type Clock struct {
	From time.Time
	Rate int
}

// NewClock gives a clock that goes so many times as fast as the machine's from now on.
func NewClock(rate int) Clock { return Clock{time.Now().Round(0).UTC(), rate} }

// Now is the time of the clock.
func (c Clock) Now() time.Time { return c.From.Add(time.Since(c.From) * time.Duration(c.Rate)) }

// Variable tells the clock to a server.
func (c Clock) Variable() string {
	return fmt.Sprintf("USHER_CLOCK=%s %d", c.From.Format(time.RFC3339Nano), c.Rate)
}
