package inventory

import (
	"maps"
	"slices"
	"testing"
	"time"
)

// The plan has every seat that is held or sold as taken, and one that was given
// back as free.
func TestTakenSeats(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, "E", Pool{Code: "deck", Name: "Deck", Seats: []Seat{{Code: "A-1", Row: "A", Number: 1}, {Code: "A-2", Row: "A", Number: 2}, {Code: "A-3", Row: "A", Number: 3}}})
		until := w.clock.Now().Add(time.Minute)
		for id, seat := range map[string]string{"h1": "A-1", "h2": "A-3"} {
			if _, err := w.Hold(t.Context(), Request{ID: id, Event: "E", Lines: []Line{{Pool: "deck", Count: 1, Seats: []string{seat}}}, Until: until}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.sell(t, "h1"); err != nil {
			t.Fatal(err)
		}
		check := func(want ...string) {
			t.Helper()
			taken, err := w.TakenSeats(t.Context(), "E", "deck")
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Sorted(maps.Keys(taken)); !slices.Equal(got, want) {
				t.Errorf("taken are %v, want %v", got, want)
			}
		}
		check("A-1", "A-3")
		if err := w.Release(t.Context(), "h2"); err != nil {
			t.Fatal(err)
		}
		check("A-1")
	})
}
