package network

import (
	"os"
	"slices"
	"strings"
	"testing"

	"usher/e2e/venue"
	"usher/gate"
	"usher/server/doors"
	"usher/sync/admission"
)

// backedUp runs a venue up to a backup of the server and some more: north hears what
// was said after it, south does not.
func backedUp(t *testing.T) (v *venue.Venue, north, south *venue.Post) {
	v = venue.New(t, 6, "north", "south")
	v.CloseServer()
	v.Must(os.CopyFS(v.Path("backup"), os.DirFS(v.Path("server"))))
	v.OpenServer(v.Path("server"))
	v.Serve()
	north, south = v.Start("north", "", gate.Config{}), v.Start("south", "", gate.Config{})
	south.Halt()
	v.Revoke(v.Codes[0])
	north.Scan(v.Codes[1])
	venue.Until(t, "north to know of the revocation, and to be known", func() bool {
		return north.Look(v.Codes[0]).Reason == admission.Revoked && north.Now().Unsent == 0
	})
	v.CloseServer()
	v.OpenServer(v.Path("backup"))
	south = v.Start("south", "", gate.Config{})
	return v, north, south
}

func boardOf(v *venue.Venue) *doors.Board {
	v.T.Helper()
	b, err := v.Doors.Board(v.T.Context(), venue.Event)
	v.Must(err)
	return b
}

func meet(v *venue.Venue, posts ...*venue.Post) {
	v.T.Helper()
	for _, p := range posts {
		venue.Until(v.T, "a gate to be in touch with the server", func() bool { p.Uplink.Retry(); return p.Now().Server })
	}
}

func says(faults []string, words string) bool {
	return slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, words) })
}

// allKnow waits until what was said before the loss and after it is known everywhere:
// at the server in so many revocations.
func allKnow(t *testing.T, v *venue.Venue, revoked int, posts ...*venue.Post) {
	t.Helper()
	for _, p := range posts {
		venue.Until(t, "both revocations and the entry to be known at a gate", func() bool {
			return p.Look(v.Codes[0]).Reason == admission.Revoked && p.Look(v.Codes[2]).Reason == admission.Revoked &&
				p.Look(v.Codes[1]).Reason == admission.AlreadyUsed
		})
	}
	venue.Until(t, "both revocations and the entry to be known at the server", func() bool {
		b := boardOf(v)
		return b.Revoked == revoked && b.Counts.Total.Entries == 1
	})
}

// A server that was restored, and told so, goes on in a new epoch; what it had lost
// comes back from the gates.
func TestRestoredServer(t *testing.T) {
	v, north, south := backedUp(t)
	begun, err := v.Restored(t.Context(), venue.Event)
	if err != nil || begun.Chain.Epoch != 1 || begun.Again != 0 {
		t.Fatalf("%+v, %v", begun, err)
	}
	v.Revoke(v.Codes[2])
	v.Serve()
	meet(v, north, south)
	allKnow(t, v, 2, north, south)
	if faults := boardOf(v).Faults; !says(faults, "gave back records") {
		t.Errorf("the manager is not told that the data come from a backup: %q", faults)
	}
	for _, p := range []*venue.Post{north, south} {
		if s := p.Now(); len(s.Faults) != 0 || !s.Ready {
			t.Errorf("%s: ready %v, faults %q", s.GateName, s.Ready, s.Faults)
		}
	}
}

// A server that was restored and not told so, and has written nothing since, takes
// its own journal back and goes on behind it.
func TestRestoredServerThatWroteNothing(t *testing.T) {
	v, north, south := backedUp(t)
	v.Serve()
	meet(v, north, south)
	venue.Until(t, "the server to take its journal back", func() bool { return boardOf(v).Revoked == 1 })
	v.Revoke(v.Codes[2])
	allKnow(t, v, 2, north, south)
	if faults := boardOf(v).Faults; !says(faults, "gave back records") {
		t.Errorf("the manager is not told that the data come from a backup: %q", faults)
	}
	if s := north.Now(); len(s.Faults) != 0 {
		t.Errorf("faults at north: %q", s.Faults)
	}
}

// A server that was restored and wrote on is contradicted by the gates. Both sides
// say so and what to do; that done, both branches are known to all.
func TestRestoredServerThatWroteOn(t *testing.T) {
	v, north, south := backedUp(t)
	v.Revoke(v.Codes[2])
	v.Serve()
	meet(v, north, south)
	venue.Until(t, "north to say that the server's data come from a backup", func() bool { return says(north.Now().Faults, "usher journal restored") })
	venue.Until(t, "the server to say so", func() bool { return says(boardOf(v).Faults, "usher journal restored") })
	if north.Look(v.Codes[2]).Reason == admission.Revoked {
		t.Error("north took a record that contradicts the one it has")
	}
	begun, err := v.Restored(t.Context(), venue.Event)
	if err != nil || begun.Chain.Epoch != 1 || begun.Again != 2 {
		t.Fatalf("%+v, %v", begun, err)
	}
	allKnow(t, v, 3, north, south) // the server's own one twice
	if faults := boardOf(v).Faults; says(faults, "usher journal restored") {
		t.Errorf("settled, and the manager is told: %q", faults)
	}
	venue.Until(t, "north to say no more", func() bool { return !says(north.Now().Faults, "usher journal restored") })
}
