package stage

import (
	"sync"
	"time"
)

// Clock is the true time of a case. It moves only when it is told to.
type Clock struct {
	mu    sync.Mutex // covers what follows
	now   time.Time
	began time.Time
}

// NewClock makes a clock that stands at an instant.
func NewClock(at time.Time) *Clock { return &Clock{now: at, began: at} }

// Now is the true time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to an instant. It never goes back.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.now) {
		c.now = at
	}
}

// since is the time that has passed in the case: what nobody can set.
func (c *Clock) since() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.Sub(c.began)
}
