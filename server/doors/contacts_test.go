package doors

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/journal"
)

// beside gives another process over the same database.
func (w *world) beside() *world {
	other := &world{t: w.t, tickets: w.tickets, time: w.clock()}
	other.Doors = New(w.db, w.vault, w.journals, w.catalog, rand.Reader, other.clock, slog.New(slog.DiscardHandler))
	w.t.Cleanup(other.Close)
	return other
}

// eventually waits until a device's line at a server is as it should be.
func (w *world) eventually(d *device, what string, is func(DeviceLine) bool) {
	w.t.Helper()
	var line DeviceLine
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if line = d.line(w.board()); is(line) {
			return
		}
	}
	w.t.Fatalf("it never comes true that %s: %+v", what, line)
}

// linkTo links a device to a server until it is cut.
func (d *device) linkTo(w *world) (cut func()) {
	d.w.t.Helper()
	local, err := w.Local(w.t.Context(), event)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	a, b := exchangetest.Pair(nil)
	var sessions sync.WaitGroup
	sessions.Go(func() { _ = exchange.Run(ctx, a, local) })
	sessions.Go(func() { _ = exchange.Run(ctx, b, d.local) })
	return sync.OnceFunc(func() { cancel(); sessions.Wait() })
}

// A server knows of a device that is linked to another one what that one knows: that it
// is linked, how far it holds the server's journal, and when it was heard.
func TestDevicesOfOtherServers(t *testing.T) {
	onEach(t, func(t *testing.T, one *world) {
		two := one.beside()
		north, south := one.enrol("n", "north", grant.RoleScanner), one.enrol("s", "south", grant.RoleScanner)
		two.eventually(north, "it was never heard", func(l DeviceLine) bool { return !l.Linked && l.Heard.IsZero() && l.Behind > 0 })

		defer north.linkTo(one)()
		leave := south.linkTo(two)
		defer leave()
		for _, w := range []*world{one, two} {
			for _, d := range []*device{north, south} {
				w.eventually(d, "both are linked and level", func(l DeviceLine) bool { return l.Linked && l.Behind == 0 && !l.Heard.IsZero() })
			}
		}

		// What the one writes is known by the gate of the other, and each server sees it.
		if err := one.expel(t.Context(), event, &journal.Expel{Node: one.enrol("x", "north", grant.RoleScanner).Chain().Node, Why: "lost"}); err != nil {
			t.Fatal(err)
		}
		for _, w := range []*world{one, two} {
			w.eventually(south, "it has what was written", func(l DeviceLine) bool { return l.Behind == 0 })
			b := w.board()
			if b.Spread.Know != b.Spread.Active {
				w.eventually(north, "it has what was written, too", func(l DeviceLine) bool { return l.Behind == 0 })
			}
		}

		leave()
		one.eventually(south, "it has left the other", func(l DeviceLine) bool { return !l.Linked && l.Behind == 0 })
		cut := south.linkTo(one)
		two.eventually(south, "it is linked again", func(l DeviceLine) bool { return l.Linked })
		cut()
		two.eventually(south, "it has left", func(l DeviceLine) bool { return !l.Linked })
	})
}

// A server that ended without a word has nobody linked to it for long.
func TestDevicesOfAServerThatDied(t *testing.T) {
	onEach(t, func(t *testing.T, one *world) {
		north := one.enrol("n", "north", grant.RoleScanner)
		two := one.beside()
		cut := north.linkTo(one)
		two.eventually(north, "it is linked", func(l DeviceLine) bool { return l.Linked })
		one.Doors.end() // it says no more
		one.workers.Wait()
		cut()
		two.eventually(north, "it is still taken for linked", func(l DeviceLine) bool { return l.Linked })
		two.pass(linkedFor + time.Second)
		two.eventually(north, "it is not", func(l DeviceLine) bool { return !l.Linked })
	})
}

// A gate learns from its server how far the journals of gates at other servers go.
func TestCheckpointsOfOtherServers(t *testing.T) {
	onEach(t, func(t *testing.T, one *world) {
		two := one.beside()
		north, south := one.enrol("n", "north", grant.RoleScanner), one.enrol("s", "south", grant.RoleScanner)
		defer north.linkTo(one)()
		defer south.linkTo(two)()
		for end := time.Now().Add(30 * time.Second); south.local.Checkpoints.Newest(north.Chain()) == nil; time.Sleep(100 * time.Millisecond) {
			one.pass(time.Second) // each checkpoint is newer than the one before
			if time.Now().After(end) {
				t.Fatal("south never hears how far north's journal goes")
			}
		}
	})
}
