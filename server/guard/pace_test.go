package guard_test

import (
	"testing"
	"time"

	"usher/server/clocktest"
	"usher/server/guard"
)

// A pace is each party's own, and time gives it back.
func TestPace(t *testing.T) {
	clock := clocktest.At(time.Unix(1_800_000_000, 0))
	p := guard.NewPace(clock.Now, 3, time.Minute)
	for n := range 4 {
		if p.Allow("a") != (n < 3) {
			t.Errorf("try %d", n+1)
		}
	}
	if !p.Allow("b") {
		t.Error("another party waits for the first")
	}
	clock.Pass(time.Minute)
	if !p.Allow("a") || p.Allow("a") {
		t.Error("a minute gives one more")
	}
}

// What is done beyond the pace has to be waited for, too.
func TestPaceOfWhatIsCountedAfterwards(t *testing.T) {
	clock := clocktest.At(time.Unix(1_800_000_000, 0))
	p := guard.NewPace(clock.Now, 3, time.Minute)
	waits := func(want time.Duration) {
		t.Helper()
		if got := p.Wait("a"); got != want {
			t.Errorf("it has to wait for %v, want %v", got, want)
		}
	}
	for range 3 {
		waits(0)
		p.Count("a")
	}
	waits(time.Minute)
	p.Count("a")
	waits(2 * time.Minute)
	clock.Pass(90 * time.Second)
	waits(30 * time.Second)
	clock.Pass(30 * time.Second)
	waits(0)
}
