package journaltest

import (
	"errors"
	"testing"

	"usher/sync/journal"
)

func TestMemory(t *testing.T) {
	Store(t, func(*testing.T) journal.Store { return NewMemory() })
}

func TestMemoryFails(t *testing.T) {
	full := errors.New("disk full")
	m := NewMemory()
	all := NewWriter(t, "a").Scans(t, 2)
	put(t, m, all[0])
	m.Fail(full)
	if err := m.Append(t.Context(), all); !errors.Is(err, full) {
		t.Errorf("Append on a failing store: %v", err)
	}
	if _, err := m.Vector(t.Context()); !errors.Is(err, full) {
		t.Errorf("Vector of a failing store: %v", err)
	}
	m.Fail(nil)
	want(t, m, all[0])
}

func TestMemoryKeepsForks(t *testing.T) {
	m := NewMemory()
	w := NewWriter(t, "a")
	clone := w.Fork()
	clone.Stamp.Time++
	fork := journal.Fork{Held: w.Scans(t, 1)[0], Seen: clone.Scans(t, 1)[0]}
	for range 2 {
		if err := m.KeepFork(t.Context(), fork); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(m.Forks()); n != 1 {
		t.Errorf("%d forks kept, want 1", n)
	}
}
