package exchange

import (
	"testing"
	"time"
)

// A device's clock may have been set while it was off: what it measured before then is
// told to nobody, who would believe it, before somebody has measured it anew.
func TestKeptEstimateIsNotToldBeforeItIsConfirmed(t *testing.T) {
	now := time.Date(2026, 7, 4, 20, 0, 0, 0, time.UTC)
	kept := Estimate{Offset: time.Minute, Uncertainty: time.Millisecond, At: now, Known: true}
	for name, offset := range map[string]time.Duration{"the same": time.Minute, "another": 9 * time.Minute} {
		c := NewClock(kept, nil)
		if e := c.offer(now); e.Known {
			t.Errorf("tells %v at first", e.Offset)
		}
		if e := c.Estimate(now); !e.Known || e.Offset != time.Minute {
			t.Errorf("goes by %v itself", e)
		}
		c.add(Sample{Offset: offset, Delay: time.Millisecond, At: now}, Estimate{Known: true})
		if e := c.offer(now); !e.Known || e.Offset != offset {
			t.Errorf("%s was measured: tells %v", name, e)
		}
	}
	if !ServerClock().offer(now).Known {
		t.Error("a server does not tell its time")
	}
}
