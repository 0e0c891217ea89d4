package uplink

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"usher/sync/exchange"
)

// timekeeper hands measurements of the clock on to who keeps them, off the
// session's goroutine: a slow disk must not make the next measurement worse.
type timekeeper struct {
	clock *exchange.Clock
	times Times
	log   *slog.Logger
	ready chan struct{} // one place: there is a measurement

	mu      sync.Mutex // covers what follows
	newest  exchange.Estimate
	stepped bool
	waiting bool
}

func newTimekeeper(ctx context.Context, times Times, log *slog.Logger) (*timekeeper, error) {
	kept, err := times.Offset(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the clock's offset: %w", err)
	}
	k := &timekeeper{times: times, log: log, ready: make(chan struct{}, 1)}
	k.clock = exchange.NewClock(kept, k.measured)
	return k, nil
}

// measured is called by the clock.
func (k *timekeeper) measured(e exchange.Estimate, stepped bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.newest, k.stepped, k.waiting = e, k.stepped || stepped, true
	select {
	case k.ready <- struct{}{}:
	default:
	}
}

// run hands on until ctx ends, and then what is left. What it began it finishes.
func (k *timekeeper) run(ctx context.Context) {
	for {
		select {
		case <-k.ready:
			k.handOn(context.WithoutCancel(ctx))
		case <-ctx.Done():
			k.handOn(context.WithoutCancel(ctx))
			return
		}
	}
}

func (k *timekeeper) handOn(ctx context.Context) {
	k.mu.Lock()
	e, stepped, waiting := k.newest, k.stepped, k.waiting
	k.stepped, k.waiting = false, false
	k.mu.Unlock()
	if !waiting {
		return
	}
	if err := k.times.Correct(ctx, e, stepped); err != nil {
		k.log.ErrorContext(ctx, "keeping the clock's offset", "err", err)
	}
}
