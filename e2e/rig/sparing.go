package rig

import (
	"fmt"
	"sync"
	"testing"
)

// Sparing reports each failure once, and of many the first: what is wrong at one
// moment is so at the next.
type Sparing struct {
	testing.TB
	mu   sync.Mutex // covers seen
	seen map[string]bool
}

// enough is how many different failures are told.
const enough = 40

// Errorf implements testing.TB.
func (s *Sparing) Errorf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[text] || len(s.seen) >= enough {
		return
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[text] = true
	s.TB.Errorf("%s", text)
}
