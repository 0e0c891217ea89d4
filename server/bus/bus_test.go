package bus_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/migrations/sqldb/dbtest"
	"usher/server/bus"
	"usher/sync/fault"
)

// redisURL is where the tests' Redis is.
func redisURL(t *testing.T) string {
	t.Helper()
	address := os.Getenv("USHER_TEST_REDIS_URL")
	if address == "" {
		t.Fatal("there is no Redis for the tests; run them by: bash deploy/dev/services.sh go test ./...")
	}
	return address
}

func open(t *testing.T, address, channel, self string) *bus.Bus {
	t.Helper()
	b, err := bus.Open(address, channel, self)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// hearing has a bus hear until the test ends, as a server does: again and again.
func hearing(t *testing.T, b *bus.Bus) (words <-chan struct{}) {
	t.Helper()
	heard := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			if err := b.Hear(ctx, func() { heard <- struct{}{} }); err == nil {
				t.Error("it hears no more and says nothing")
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return heard
}

func wait(t *testing.T, words <-chan struct{}) {
	t.Helper()
	select {
	case <-words:
	case <-time.After(time.Minute):
		t.Fatal("no word")
	}
}

// Each hears the others of its channel, and neither itself nor another channel.
func TestWordPasses(t *testing.T) {
	channel := "test:" + rand.Text()
	one, two := open(t, redisURL(t), channel, "one"), open(t, redisURL(t), channel, "two")
	stranger := open(t, redisURL(t), channel+"x", "stranger")
	at1, at2 := hearing(t, one), hearing(t, two)
	wait(t, at1) // it listens
	wait(t, at2)
	for range 3 {
		for _, b := range []*bus.Bus{stranger, one} {
			if err := b.Tell(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		wait(t, at2)
	}
	if err := two.Tell(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, at1)
	if len(at1) > 0 || len(at2) > 0 {
		t.Errorf("%d and %d words more", len(at1), len(at2))
	}
}

// takes wants that a server has a name after it asked for it, or not.
func takes(t *testing.T, b *bus.Bus, name string, hold time.Duration, want bool) {
	t.Helper()
	if got, err := b.Take(t.Context(), name, hold); err != nil || got != want {
		t.Fatalf("%s: %v, %v, want %v", name, got, err, want)
	}
}

// A name is one server's at a time, until it gives it back or its time is over.
func TestLeases(t *testing.T) {
	channel := "test:" + rand.Text()
	address, way := dbtest.Behind(t, redisURL(t))
	one, two := open(t, redisURL(t), channel, "one"), open(t, address, channel, "two")
	takes(t, one, "a", time.Hour, true)
	takes(t, two, "a", time.Hour, false)
	takes(t, two, "b", time.Hour, true)
	takes(t, open(t, redisURL(t), channel+"x", "stranger"), "a", time.Minute, true)
	if err := two.Give(t.Context(), "a"); err != nil { // it has none
		t.Fatal(err)
	}
	takes(t, two, "a", time.Hour, false)
	if err := one.Give(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	takes(t, two, "a", time.Hour, true)
	takes(t, two, "a", time.Millisecond, true) // once more: so long from now
	for got := false; !got; {
		var err error
		if got, err = one.Take(t.Context(), "a", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	way.Cut()
	if got, err := two.Take(t.Context(), "c", time.Minute); err == nil {
		t.Errorf("took %v without Redis", got)
	}
	if err := two.Give(t.Context(), "b"); err == nil {
		t.Error("gave to nobody, and says it did")
	}
}

// Without Redis nothing waits and State says so; when it is back, so is the link.
func TestRedisGone(t *testing.T) {
	channel := "test:" + rand.Text()
	address, way := dbtest.Behind(t, redisURL(t))
	b, other := open(t, address, channel, "one"), open(t, redisURL(t), channel, "two")
	words := hearing(t, b)
	wait(t, words)
	if err := errors.Join(b.Tell(t.Context()), b.State()); err != nil {
		t.Fatal(err)
	}
	way.Cut()
	if err := b.Tell(t.Context()); err == nil {
		t.Error("told nobody, and says it did")
	}
	if err := b.State(); !errors.Is(err, fault.Unavailable) || strings.Contains(fault.Message(err), "127.0.0.1") {
		t.Errorf("the state is %v", err)
	}
	way.Mend()
	wait(t, words) // it listens again
	if err := errors.Join(b.Tell(t.Context()), b.State()); err != nil {
		t.Errorf("after it is back: %v", err)
	}
	if err := other.Tell(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, words)
}

// A server that could not tell once tells again, however much the others have to say.
func TestTellsAgainAmongOthers(t *testing.T) {
	channel := "test:" + rand.Text()
	b, other := open(t, redisURL(t), channel, "one"), open(t, redisURL(t), channel, "two")
	ctx, cancel := context.WithCancel(t.Context())
	listens := make(chan struct{})
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = b.Hear(ctx, sync.OnceFunc(func() { close(listens) })) })
	wait(t, listens)
	running.Go(func() {
		for ctx.Err() == nil {
			if err := other.Tell(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	late, end := context.WithTimeout(t.Context(), 0)
	defer end()
	if err := b.Tell(late); err == nil || b.State() == nil {
		t.Fatalf("told when it was too late: %v, %v", err, b.State())
	}
	for by := time.Now().Add(time.Minute); b.State() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(by) {
			t.Fatal("it tells nobody any more")
		}
	}
}

// A Redis that takes connections and says nothing holds up one word, and no more.
func TestSilentRedis(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var came atomic.Int64
	var taking sync.WaitGroup
	taking.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			defer conn.Close()
		}
	})
	t.Cleanup(func() { _ = listener.Close(); taking.Wait() })
	b := open(t, "redis://"+listener.Addr().String(), "test", "one")
	if err := b.Tell(t.Context()); err == nil {
		t.Error("told nobody, and says it did")
	}
	before := came.Load()
	for range 50 {
		if err := b.Tell(t.Context()); err == nil {
			t.Error("told nobody, and says it did")
		}
	}
	if n := came.Load() - before; before == 0 || n > 0 {
		t.Errorf("after %d tries it was asked %d times more", before, n)
	}
}

func TestAddressesOfRedis(t *testing.T) {
	for _, address := range []string{"", "db.example:6379", "http://u:secret@db.example", "redis://u:secret@db.example/x", "redis://u:secret@db.example:a:b"} {
		if _, err := bus.Open(address, "c", "s"); !errors.Is(err, fault.BadInput) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
