package exchange

import (
	"context"
	"time"
)

// leave asks the peer to move once this node is leaving.
func (s *session) leave(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.local.Leaving:
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case s.control <- &move{Within: uint64(MoveWithin / time.Millisecond)}:
		return nil
	}
}

// moveCame passes on that the peer asks for it. Only a server has others in its place.
func (s *session) moveCame(m *move) {
	if s.local.Moved != nil && s.local.IsServer(s.link.peer) {
		s.local.Moved(time.Duration(m.Within) * time.Millisecond)
	}
}
