package journaltest

import (
	"errors"
	"testing"

	"usher/sync/journal"
)

// Durable checks that a store that was closed and opened again in the same
// folder holds what it held. open opens the store in dir and gives the function
// that closes it.
func Durable(t *testing.T, open func(t *testing.T, dir string) (journal.Store, func())) {
	dir := t.TempDir()
	w := NewWriter(t, "gate")
	clone := w.Fork()
	clone.Stamp.Time++
	var all []*journal.Record
	for range 3 {
		s, closeStore := open(t, dir)
		want(t, s, all...)
		next := w.Scans(t, 3)
		put(t, s, next...)
		all = append(all, next...)
		refuse(t, s, journal.ErrGap, w.Fork().Scans(t, 2)[1])
		if err := s.KeepFork(t.Context(), journal.Fork{Held: all[0], Seen: clone.Fork().Scans(t, 1)[0]}); err != nil {
			t.Errorf("keeping a fork: %v", err)
		}
		closeStore()
		if err := s.Append(t.Context(), w.Fork().Scans(t, 1)); err == nil || errors.Is(err, journal.ErrBroken) {
			t.Errorf("appending to a closed store: %v, want an error that says it is closed", err)
		}
	}
}
