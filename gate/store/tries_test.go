package store

import (
	"maps"
	"testing"
)

// What was tried is known after a restart, until it was got right.
func TestTries(t *testing.T) {
	dir := t.TempDir()
	expect := func(want map[string]int) {
		t.Helper()
		s, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if got, err := s.Tries(t.Context()); err != nil || !maps.Equal(got, want) {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
	}
	do := func(act func(*Store) error) {
		t.Helper()
		s, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := act(s); err != nil {
			t.Error(err)
		}
	}
	expect(map[string]int{})
	do(func(s *Store) error { return s.CountTry(t.Context(), "kim", "device") })
	do(func(s *Store) error { return s.CountTry(t.Context(), "sam", "device") })
	expect(map[string]int{"kim": 1, "sam": 1, "device": 2})
	do(func(s *Store) error { return s.ClearTries(t.Context(), "kim", "device") })
	expect(map[string]int{"sam": 1})
}
