package doors

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"usher/crypto/grant"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/journals"
	"usher/server/vault"
	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// Nobody is talked to who was not enrolled here: each stranger is told why, gets
// no record, and leaves nothing behind.
func TestStrangersAreRefused(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north := w.enrol("n", "north", grant.RoleScanner)
		north.sync()
		for _, c := range []struct {
			name   string
			device func() *device
			want   fault.Kind
			says   string
		}{
			{"without an enrolment", w.stranger, fault.Unauthorised, "is not enrolled for event NIGHT-1"},
			{"with another's enrolment", func() *device {
				d := w.stranger()
				d.local.Introduction = north.local.Introduction
				return d
			}, fault.Unauthorised, "is not enrolled"},
			{"with an enrolment of its own making", func() *device {
				d := w.stranger()
				self := d.Signer.Public()
				d.local.Introduction = journaltest.NewWriter(t, "no server").Write(t, journal.KindEnrol,
					&journal.Enrol{Node: d.Chain().Node, Public: self, Gate: "north", Role: "supervisor", Name: "x"}).Bytes()
				return d
			}, fault.Unauthorised, "is not enrolled"},
			{"with an enrolment that is none", func() *device {
				d := w.stranger()
				d.local.Introduction = []byte("let me in")
				return d
			}, fault.Unauthorised, "is not enrolled"},
			{"of another event", func() *device {
				d := w.stranger()
				d.local.Event = "NIGHT-2"
				return d
			}, fault.Refused, "of event NIGHT-"},
			{"with the server's own key", func() *device {
				d := w.stranger()
				author, err := w.vault.Author(t.Context(), event)
				if err != nil {
					t.Fatal(err)
				}
				d.local.Self = author.Signer
				return d
			}, fault.Refused, "talks to itself, or its key was copied"},
		} {
			dbtest.Unchanged(t, w.db, func() {
				d := c.device()
				server, gate := d.meet()
				if !errors.Is(server, c.want) || !strings.Contains(fault.Message(server), c.says) {
					t.Errorf("a node %s: the server says %v", c.name, server)
				}
				if gate == nil {
					t.Errorf("a node %s was not told", c.name)
				}
				if v, err := d.memory.Vector(t.Context()); err != nil || len(v) > 0 {
					t.Errorf("a node %s was given %v, %v", c.name, v, err)
				}
			})
		}
	})
}

// Whoever sends anything but the protocol is hung up on, with an error that says
// what was wrong, and the database is as it was.
func TestGarbageOnTheLine(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.enrol("n", "north", grant.RoleScanner).sync()
		local, err := w.Local(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		for name, message := range map[string][]byte{
			"nothing":          {},
			"text":             []byte("GET / HTTP/1.1\r\n\r\n"),
			"an empty map":     {0xa0},
			"a deep nest":      []byte(strings.Repeat("\x81", 10_000)),
			"a huge length":    {0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
			"over the longest": make([]byte, exchange.MaxMessage+1),
		} {
			dbtest.Unchanged(t, w.db, func() {
				a, b := exchangetest.Pair(nil)
				if err := b.Send(t.Context(), message); err != nil {
					t.Fatal(err)
				}
				err := exchange.Run(t.Context(), a, local)
				if kind := fault.KindOf(err); kind != fault.BadInput && kind != fault.TooLarge || fault.Message(err) == "" {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	})
}

// What a gate handed in, in batches over several sessions, arrives once; records
// of two gates pass through the server to each other.
func TestRecordsPassThrough(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north, south := w.enrol("n", "north", grant.RoleScanner), w.enrol("s", "south", grant.RoleScanner)
		for i := range 5 {
			north.sync()
			for range 100 {
				north.scan("1", "reject", "already_in", "in")
			}
			if i%2 == 0 {
				south.sync()
			}
		}
		north.sync()
		north.sync()
		south.sync()
		here, err := w.journals.Store(event).Vector(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		there, err := south.memory.Vector(t.Context())
		if err != nil || here[north.Chain()].Seq != 500 || there[north.Chain()] != here[north.Chain()] {
			t.Errorf("the server holds %d, the other gate %d of the gate's 500 records, %v", here[north.Chain()].Seq, there[north.Chain()].Seq, err)
		}
	})
}

// While the keys are locked there is the picture, and no exchange.
func TestLockedVault(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.enrol("n", "north", grant.RoleScanner).sync()
		w.restart()
		locked := vault.New(w.db, rand.Reader, w.clock, "Test Organiser")
		j := journals.New(w.db, locked, w.clock)
		d := New(w.db, locked, j, catalog.New(w.db, locked, j, w.clock), rand.Reader, w.clock, slog.New(slog.DiscardHandler))
		t.Cleanup(d.Close)
		b, err := d.Board(t.Context(), event)
		if err != nil || len(b.Devices) != 1 {
			t.Errorf("the board while the keys are locked: %+v, %v", b, err)
		}
		if _, err := d.Local(t.Context(), event); !errors.Is(err, fault.NotReady) {
			t.Errorf("an exchange while the keys are locked: %v", err)
		}
		card := w.card("north", grant.RoleScanner)
		dbtest.Unchanged(t, w.db, func() {
			if _, err := d.Enrol(t.Context(), newRequest(t, card, "late", "")); !errors.Is(err, fault.NotReady) {
				t.Errorf("an enrolment while the keys are locked: %v", err)
			}
		})
	})
}
