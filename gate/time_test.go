package gate

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/gate/clock"
	"usher/gate/gatetest"
	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/state"
)

// A device whose clock is a day ahead says nothing of itself before the server has told
// it the time: until tomorrow nothing that it says after that would count as newer, and
// it would pass for heard of a moment ago, though it were dead.
func TestFirstWordIsNotOfTomorrow(t *testing.T) {
	v := gatetest.New(t, time.Now(), nil)
	device := v.Enrol(t, "handheld", gatetest.North)
	held := journaltest.NewMemory()
	if err := held.Append(t.Context(), v.Records); err != nil {
		t.Fatal(err)
	}
	knows := state.New(state.Config{Event: v.Event.Code, Pins: keyring.PinsOf(v.Ring.Ring.Roots)})
	for _, r := range v.Records {
		if _, err := knows.Apply(r); err != nil {
			t.Fatal(err)
		}
	}
	heard := make(chan *journal.Checkpoint, 100)
	server := exchange.Local{
		Event: v.Event.Code, Self: v.Server.Signer, Store: held, Directory: knows, Accept: held.Append, Subscribe: knows.Subscribe, IsServer: knows.IsServer,
		Checkpoints: exchange.NewCheckpoints(nil, func(c *journal.Checkpoint) { heard <- c }), Clock: exchange.ServerClock(), Now: time.Now, Rand: rand.Reader,
	}
	ahead := func() time.Time { return time.Now().Add(24 * time.Hour) }
	source := clock.System(time.Now())
	source.Wall = func() time.Time { return ahead().Round(0) }
	ctx, cancel := context.WithCancel(t.Context())
	var sessions sync.WaitGroup
	g, err := Open(t.Context(), Config{
		Data: v.Folder(t, device), Clock: &source, Now: ahead,
		Dial: func(context.Context, string) (exchange.Conn, error) {
			near, far := exchangetest.Pair(nil)
			sessions.Go(func() { _ = exchange.Run(ctx, far, server) /* ends with ctx */ })
			return near, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	sessions.Go(func() { _ = g.Uplink.Run(ctx) /* likewise */ })
	c := <-heard
	if off := time.Until(time.UnixMilli(c.Time)); c.Chain.Node != device.Node() || off.Abs() > time.Hour {
		t.Errorf("the first word of %s is %v from now", c.Chain, off)
	}
	cancel()
	sessions.Wait()
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// Where nobody knows the time, a gate speaks of itself after a moment all the same.
func TestWordWithoutTheTime(t *testing.T) {
	v := gatetest.New(t, time.Now(), nil)
	var mono time.Duration
	source := clock.System(time.Now())
	source.Mono = func() time.Duration { return mono }
	g, err := Open(t.Context(), Config{Data: v.Folder(t, v.Enrol(t, "handheld", gatetest.North)), Clock: &source})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		passed time.Duration
		says   bool
	}{{0, false}, {timeWithin - 1, false}, {timeWithin, true}, {time.Hour, true}} {
		mono = time.Minute + step.passed
		c, err := g.checkpoint(t.Context())
		if err != nil || (c != nil) != step.says {
			t.Errorf("after %v it says %v, %v", step.passed, c, err)
		}
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}
