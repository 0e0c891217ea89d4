package catalog

import (
	"testing"

	"pgregory.net/rapid"
)

func TestWhatIsKept(t *testing.T) {
	for _, c := range []struct {
		r          Returns
		cost, kept int64
	}{
		{Returns{}, 2700, 0},
		{Returns{Percent: 1000}, 2700, 270},
		{Returns{Percent: 1000}, 2705, 271}, // 270.5
		{Returns{Percent: 1000}, 2704, 270}, // 270.4
		{Returns{Percent: 10_000}, 2700, 2700},
		{Returns{Keep: 250}, 2700, 250},
		{Returns{Keep: 250}, 100, 100},
		{Returns{Keep: 250}, 0, 0},
	} {
		if got := c.r.Kept(c.cost); got != c.kept {
			t.Errorf("%+v keeps %d of %d, want %d", c.r, got, c.cost, c.kept)
		}
	}
	if at := (&Returns{Hours: 48}).Until(1_000_000); at != 1_000_000-48*3600 {
		t.Errorf("it ends at %d", at)
	}
}

// Never more than all of it is kept, and never less than nothing.
func TestKeptIsAPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Returns{Percent: rapid.Int64Range(0, 10_000).Draw(t, "percent"), Keep: rapid.Int64Range(0, maxPrice).Draw(t, "keep")}
		cost := rapid.Int64Range(0, 2*maxPrice).Draw(t, "cost")
		if kept := r.Kept(cost); kept < 0 || kept > cost {
			t.Fatalf("%d of %d", kept, cost)
		}
	})
}
