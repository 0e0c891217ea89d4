package exchange

import (
	"context"
	"time"

	"usher/sync/journal"
)

// relay tells the peer of every checkpoint that is newer than what it was told,
// whoever it came from, and has this node sign its own now and then. The first
// message goes out at once, even if it is empty: the peer waits for it.
func (s *session) relay(ctx context.Context) error {
	told := make(map[journal.Chain]*journal.Checkpoint)
	board := s.local.Checkpoints
	if board == nil {
		board = NewCheckpoints(nil, nil)
	}
	wake, end := board.notices.subscribe()
	defer end()
	own := time.NewTicker(CheckpointEvery)
	defer own.Stop()
	if err := board.refresh(ctx); err != nil && ctx.Err() == nil {
		s.local.Log.ErrorContext(ctx, "signing a checkpoint", "err", err)
	}
	for first := true; ; first = false {
		if err := s.tellCheckpoints(ctx, board, told, first); err != nil {
			return err
		}
		pause := time.NewTimer(gatherRelay)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wake:
		case <-own.C:
			if err := board.refresh(ctx); err != nil && ctx.Err() == nil {
				s.local.Log.ErrorContext(ctx, "signing a checkpoint", "err", err)
			}
		}
	}
}

func (s *session) tellCheckpoints(ctx context.Context, board *Checkpoints, told map[journal.Chain]*journal.Checkpoint, even bool) error {
	for more := true; more; even = false {
		var list [][]byte
		list, more = board.beyond(told, MaxCheckpoints)
		if len(list) == 0 && !even {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case s.control <- &checkpoints{List: list}:
		}
	}
	return nil
}
