package manage

import (
	"context"
	"testing"
	"time"
)

// A large event is counted once a minute, a small one each time.
func TestLargeEventsAreCountedOnceAMinute(t *testing.T) {
	var c counts
	now, asked, have := time.Unix(1_800_000_000, 0), 0, large
	count := func(context.Context, string) (int, error) { asked++; return have, nil }
	for i, step := range []struct {
		pass        time.Duration
		have        int
		want, asked int
	}{
		{0, large - 1, large - 1, 1}, {0, large, large, 2}, {time.Second, large + 1, large, 2}, {saidFor - time.Second, large + 2, large + 2, 3},
		{-time.Hour, large + 3, large + 3, 4}, // a clock that was set back
		{time.Hour, 5, 5, 5}, {0, 6, 6, 6},
	} {
		now, have = now.Add(step.pass), step.have
		if n, err := c.of(t.Context(), "NIGHT", now, count); err != nil || n != step.want || asked != step.asked {
			t.Errorf("step %d: %d, counted %d times, %v, want %d and %d", i, n, asked, err, step.want, step.asked)
		}
	}
}
