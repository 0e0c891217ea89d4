package doors

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// The counts are those of what came from the gates, by gate and by zone.
func TestBoardCounts(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north, south, deck := w.enrol("n", "north", grant.RoleScanner), w.enrol("s", "south", grant.RoleScanner), w.enrol("d", "deck", grant.RoleScanner)
		for _, d := range []*device{north, south, deck} {
			d.sync()
		}
		for _, k := range []string{"1", "2", "3"} {
			north.admit(k)
		}
		north.scan("4", "reject", "void", "in")
		south.admit("5")
		south.scan("5", "accept", "exit", "out")
		deck.admit("6")
		if b := w.board(); b.Zones[0].Inside != 0 || b.Gates[0].Entries != 0 {
			t.Errorf("before a gate was heard from: %+v", b)
		}
		for _, d := range []*device{north, south, deck} {
			d.sync()
		}
		b := w.board()
		if b.Event != event || b.Name != "Harbour Night" || b.TimeZone != "Europe/Berlin" || !b.Rehearsal || !b.At.Equal(w.clock()) {
			t.Errorf("the board is of %+v", b)
		}
		if want := []ZoneLine{{"hall", "Hall", 3, 300}, {"deck", "Sun deck", 1, 0}}; !slices.Equal(b.Zones, want) {
			t.Errorf("the zones are %v, want %v", b.Zones, want)
		}
		want := []GateLine{
			{Code: "north", Name: "North door", Zone: "Hall", Entries: 3, Rejected: 1, Devices: 1},
			{Code: "south", Name: "South door", Zone: "Hall", Entries: 1, Exits: 1, Devices: 1},
			{Code: "deck", Name: "Deck stairs", Zone: "Sun deck", Entries: 1, Devices: 1},
		}
		if !slices.Equal(b.Gates, want) {
			t.Errorf("the gates are %v, want %v", b.Gates, want)
		}
		if line := north.line(b); line.Records != 4 || !line.LastScan.Equal(time.UnixMilli(north.Stamp.Time-1000)) {
			t.Errorf("the north door's device is %+v", line)
		}
		// It is all computed from the journals, so another process has the same.
		if again := w.restart().board(); !slices.Equal(again.Zones, b.Zones) || !slices.Equal(again.Gates, b.Gates) {
			t.Errorf("after a restart: %v %v", again.Zones, again.Gates)
		}
	})
}

// How far each device is known to have come, when it was heard from, and for how
// long those that lack something have been silent.
func TestBoardSpread(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		if s := w.board().Spread; s != (Spread{}) {
			t.Errorf("without devices: %+v", s)
		}
		north, south, deck := w.enrol("n", "north", grant.RoleScanner), w.enrol("s", "south", grant.RoleScanner), w.enrol("d", "deck", grant.RoleScanner)
		b := w.board()
		if want := (Spread{Active: 3, Longest: -1}); b.Spread != want {
			t.Errorf("before anybody was heard from: %+v, want %+v", b.Spread, want)
		}
		if line := north.line(b); line.Behind == 0 || !line.Heard.IsZero() {
			t.Errorf("a device that was never heard from is %+v", line)
		}
		for _, d := range []*device{north, south, deck} {
			d.sync()
		}
		if want := (Spread{Active: 3, Know: 3}); w.board().Spread != want {
			t.Errorf("when all are level: %+v, want %+v", w.board().Spread, want)
		}
		w.pass(4 * time.Minute)
		w.apply(strings.Replace(file, "capacity = 300", "capacity = 200", 1)) // a record that gates have to get
		south.sync()
		b = w.board()
		if want := (Spread{Active: 3, Know: 1, Longest: 240}); b.Spread != want {
			t.Errorf("with two that have gone quiet: %+v, want %+v", b.Spread, want)
		}
		if behind, level := north.line(b), south.line(b); behind.Behind != 1 || !behind.Heard.Equal(start) || level.Behind != 0 || !level.Heard.Equal(w.clock()) {
			t.Errorf("one that lacks a record is %+v, one that doesn't is %+v", behind, level)
		}
		// A restarted server still says so.
		w = w.restart()
		north.w, south.w, deck.w = w, w, w
		again := w.board()
		if again.Spread != b.Spread || !north.line(again).Heard.Equal(start) {
			t.Errorf("after a restart: %+v, want %+v; the quiet one was heard at %s", again.Spread, b.Spread, north.line(again).Heard)
		}
		// Who is gone for good is waited for no more.
		if err := w.Expel(t.Context(), event, north.Node, "lost"); err != nil {
			t.Fatal(err)
		}
		deck.sync()
		south.sync()
		b = w.board()
		if want := (Spread{Active: 2, Know: 2}); b.Spread != want {
			t.Errorf("without the lost one: %+v, want %+v", b.Spread, want)
		}
		if i := slices.IndexFunc(b.Gates, func(g GateLine) bool { return g.Code == "north" }); b.Gates[i].Devices != 0 || !north.line(b).Expelled {
			t.Errorf("the lost device still counts: %+v", b.Gates[i])
		}
	})
}

// A gate that is taken out of the file keeps its device on the board, and what it
// let in stays counted; new devices are not sent there.
func TestGateThatIsTakenOut(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		south := w.enrol("s", "south", grant.RoleScanner)
		south.sync()
		south.admit("1")
		south.sync()
		card := w.card("south", grant.RoleScanner)
		w.apply(strings.Replace(file, "[[gate]]\ncode = \"south\"\nname = \"South door\"\nzone = \"hall\"\n", "", 1))
		b := w.board()
		if len(b.Gates) != 2 || b.Zones[0].Inside != 1 || south.line(b).Gate != "south" {
			t.Errorf("the board has gates %v, zones %v, devices %v", b.Gates, b.Zones, b.Devices)
		}
		if _, err := w.NewCard(t.Context(), address, event, "south", grant.RoleScanner, time.Hour); !errors.Is(err, fault.NotFound) {
			t.Errorf("a card for a gate that is gone: %v", err)
		}
		if _, err := w.Enrol(t.Context(), newRequest(t, card, "late", "late")); !errors.Is(err, fault.NotFound) || !strings.Contains(fault.Message(err), `no gate "south"`) {
			t.Errorf("a card that was made before the gate went: %v", err)
		}
		if err := w.Move(t.Context(), event, south.Node, "deck"); err != nil {
			t.Fatal(err)
		}
		south.sync()
		if line := south.line(w.board()); line.Gate != "deck" || line.Authority.IsZero() || line.Authority != south.Authority {
			t.Errorf("the device was moved to the deck, is at %s and has the certificate %q", line.Gate, line.Authority)
		}
		if gate, _, _ := south.state.GateOf(south.Node); gate != "deck" {
			t.Errorf("the device itself thinks it is at %s", gate)
		}
	})
}

// A device that was cloned or set back shows.
func TestForkIsOnTheBoard(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north := w.enrol("n", "north", grant.RoleScanner)
		north.sync()
		before := *north.Writer
		north.admit("1")
		north.sync()
		// The same device from a backup: its store lacks what it wrote since.
		clone := &device{Writer: &before, Admitted: north.Admitted, w: w, memory: journaltest.NewMemory()}
		clone.open(north.local.Introduction)
		clone.admit("2")
		var forks []journal.Fork
		clone.stay(func() bool {
			b, err := w.Board(t.Context(), event)
			if err == nil && north.line(b).Forked {
				forks, err = w.journals.Forks(t.Context(), event)
			}
			return err != nil || len(forks) > 0
		})
		if len(forks) != 1 || forks[0].Held.Chain.Node != north.Node || forks[0].Held.Seq != 1 {
			t.Errorf("the proofs are %v", forks)
		}
	})
}

func TestBoardOfNoEvent(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for _, ask := range []func() error{
			func() error { _, err := w.Board(t.Context(), "NONE"); return err },
			func() error { _, err := w.State(t.Context(), "NONE"); return err },
			func() error { _, err := w.Local(t.Context(), "NONE"); return err },
			func() error { _, err := w.Conflicts(t.Context(), "NONE"); return err },
			func() error { _, err := w.Resolve(t.Context(), "NONE", "x", "y", "z"); return err },
			func() error { return w.Expel(t.Context(), "NONE", journal.NodeID{}, "x") },
			func() error { return w.Retire(t.Context(), "NONE", journal.NodeID{}, "x") },
			func() error { return w.Move(t.Context(), "NONE", journal.NodeID{}, "north") },
		} {
			if err := ask(); !errors.Is(err, fault.NotFound) || !strings.Contains(fault.Message(err), `no event "NONE"`) {
				t.Errorf("of no event: %v", err)
			}
		}
	})
}
