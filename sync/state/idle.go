package state

import (
	"context"
	"time"
)

// How long ProveIdle rests between two turns.
const (
	restQuiet = 20 * time.Millisecond  // while nothing else happens
	restBusy  = 200 * time.Millisecond // while records come
)

// ProveIdle has codes proved (see [State.Prove]) until ctx ends: a few at a time,
// with a rest after each turn that is long while records come, so that whoever
// scans hardly notices. It does nothing while there is nothing to prove. A turn
// that has begun is ended before it returns.
func (s *State) ProveIdle(ctx context.Context, atOnce int) {
	changed, cancel := s.Subscribe()
	defer cancel()
	turn := time.NewTimer(restBusy)
	defer turn.Stop()
	for {
		select {
		case <-turn.C:
		case <-ctx.Done():
			return
		}
		rest := restQuiet
		select {
		case <-changed:
			rest = restBusy
		default:
		}
		if s.Prove(atOnce) == 0 {
			select {
			case <-changed:
				rest = restBusy
			case <-ctx.Done():
				return
			}
		}
		turn.Reset(rest)
	}
}
