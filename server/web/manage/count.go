package manage

import (
	"context"
	"sync"
	"time"
)

// To count the tickets of an event is to read each of them. Of a large one that was
// counted in the last minute, what was found then is said again.
const (
	large   = 10_000
	saidFor = time.Minute
)

// counts are how many tickets large events had.
type counts struct {
	mu   sync.Mutex
	seen map[string]counted
}

type counted struct {
	n  int
	at time.Time
}

// of gives how many tickets an event has, by count or as it was.
func (c *counts) of(ctx context.Context, event string, now time.Time, count func(context.Context, string) (int, error)) (int, error) {
	c.mu.Lock()
	last, known := c.seen[event]
	c.mu.Unlock()
	if age := now.Sub(last.at); known && age >= 0 && age < saidFor {
		return last.n, nil
	}
	n, err := count(ctx, event)
	if err != nil || n < large {
		return n, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]counted{}
	}
	c.seen[event] = counted{n, now}
	return n, nil
}
