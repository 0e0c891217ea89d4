package network

import (
	"os"
	"slices"
	"strings"
	"testing"

	"usher/gate"
	"usher/server/doors"
	"usher/sync/admission"
)

// backedUp runs a venue up to a backup of the server and some more: north hears what
// was said after it, south does not.
func backedUp(t *testing.T) (v *venue, north, south *post) {
	v = newVenue(t, 6, "north", "south")
	v.closeServer()
	v.must(os.CopyFS(v.path("backup"), os.DirFS(v.path("server"))))
	v.openServer(v.path("server"))
	v.serve()
	north, south = v.start("north", "", gate.Config{}), v.start("south", "", gate.Config{})
	south.halt()
	v.revoke(v.codes[0])
	north.scan(v.codes[1])
	until(t, "north to know of the revocation, and to be known", func() bool {
		return north.look(v.codes[0]).Reason == admission.Revoked && north.status().Unsent == 0
	})
	v.closeServer()
	v.openServer(v.path("backup"))
	south = v.start("south", "", gate.Config{})
	return v, north, south
}

func (v *venue) board() *doors.Board {
	v.t.Helper()
	b, err := v.Doors.Board(v.t.Context(), event)
	v.must(err)
	return b
}

func (v *venue) meet(posts ...*post) {
	v.t.Helper()
	for _, p := range posts {
		until(v.t, "a gate to be in touch with the server", func() bool { p.Uplink.Retry(); return p.status().Server })
	}
}

func says(faults []string, words string) bool {
	return slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, words) })
}

// allKnow waits until what was said before the loss and after it is known everywhere:
// at the server in so many revocations.
func allKnow(t *testing.T, v *venue, revoked int, posts ...*post) {
	t.Helper()
	for _, p := range posts {
		until(t, "both revocations and the entry to be known at a gate", func() bool {
			return p.look(v.codes[0]).Reason == admission.Revoked && p.look(v.codes[2]).Reason == admission.Revoked &&
				p.look(v.codes[1]).Reason == admission.AlreadyUsed
		})
	}
	until(t, "both revocations and the entry to be known at the server", func() bool {
		b := v.board()
		return b.Revoked == revoked && b.Counts.Total.Entries == 1
	})
}

// A server that was restored, and told so, goes on in a new epoch; what it had lost
// comes back from the gates.
func TestRestoredServer(t *testing.T) {
	v, north, south := backedUp(t)
	begun, err := v.Restored(t.Context(), event)
	if err != nil || begun.Chain.Epoch != 1 || begun.Again != 0 {
		t.Fatalf("%+v, %v", begun, err)
	}
	v.revoke(v.codes[2])
	v.serve()
	v.meet(north, south)
	allKnow(t, v, 2, north, south)
	if faults := v.board().Faults; !says(faults, "gave back records") {
		t.Errorf("the manager is not told that the data come from a backup: %q", faults)
	}
	for _, p := range []*post{north, south} {
		if s := p.status(); len(s.Faults) != 0 || !s.Ready {
			t.Errorf("%s: ready %v, faults %q", s.GateName, s.Ready, s.Faults)
		}
	}
}

// A server that was restored and not told so, and has written nothing since, takes
// its own journal back and goes on behind it.
func TestRestoredServerThatWroteNothing(t *testing.T) {
	v, north, south := backedUp(t)
	v.serve()
	v.meet(north, south)
	until(t, "the server to take its journal back", func() bool { return v.board().Revoked == 1 })
	v.revoke(v.codes[2])
	allKnow(t, v, 2, north, south)
	if faults := v.board().Faults; !says(faults, "gave back records") {
		t.Errorf("the manager is not told that the data come from a backup: %q", faults)
	}
	if s := north.status(); len(s.Faults) != 0 {
		t.Errorf("faults at north: %q", s.Faults)
	}
}

// A server that was restored and wrote on is contradicted by the gates. Both sides
// say so and what to do; that done, both branches are known to all.
func TestRestoredServerThatWroteOn(t *testing.T) {
	v, north, south := backedUp(t)
	v.revoke(v.codes[2])
	v.serve()
	v.meet(north, south)
	until(t, "north to say that the server's data come from a backup", func() bool { return says(north.status().Faults, "usher journal restored") })
	until(t, "the server to say so", func() bool { return says(v.board().Faults, "usher journal restored") })
	if north.look(v.codes[2]).Reason == admission.Revoked {
		t.Error("north took a record that contradicts the one it has")
	}
	begun, err := v.Restored(t.Context(), event)
	if err != nil || begun.Chain.Epoch != 1 || begun.Again != 2 {
		t.Fatalf("%+v, %v", begun, err)
	}
	allKnow(t, v, 3, north, south) // the server's own one twice
	if faults := v.board().Faults; says(faults, "usher journal restored") {
		t.Errorf("settled, and the manager is told: %q", faults)
	}
	until(t, "north to say no more", func() bool { return !says(north.status().Faults, "usher journal restored") })
}
