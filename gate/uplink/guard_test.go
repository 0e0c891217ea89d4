package uplink

import (
	"fmt"
	"testing"
	"time"
)

// An address that comes again and again is turned away for a while, though it never
// stays; others are not.
func TestTriesAreCounted(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	g := guard{now: func() time.Time { return now }}
	try := func(address string) bool {
		_, ended, ok := g.enter(address)
		if ok {
			ended()
		}
		return ok
	}
	for i := range MaxTries {
		if !try("10.0.0.1") {
			t.Fatalf("try %d is refused", i+1)
		}
	}
	if try("10.0.0.1") || !try("10.0.0.2") {
		t.Error("one too many is let in, or another address is not")
	}
	now = now.Add(TriesPeriod)
	if !try("10.0.0.1") {
		t.Error("in the next period it is refused")
	}
	for i := range 2 * maxCallers {
		try(fmt.Sprintf("10.1.%d.%d", i/256, i%256))
	}
	if len(g.tries) > maxCallers {
		t.Errorf("%d addresses are counted", len(g.tries))
	}
	now = now.Add(-time.Hour) // a clock that is set back
	if !try("10.0.0.3") {
		t.Error("after the clock was set back nobody is let in")
	}
}
