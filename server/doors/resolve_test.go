package doors

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// twice has two gates let one ticket in that don't know of each other.
func (w *world) twice(external string, a, b *device) admission.Conflict {
	w.t.Helper()
	a.sync()
	b.sync()
	first := a.admit(external)
	w.pass(time.Minute)
	second := b.admit(external)
	a.sync()
	b.sync()
	for _, c := range w.board().Conflicts {
		if c.Ticket == w.tickets[external].ID {
			if c.Kind != admission.DoubleEntry || c.Original.Hash != first.Hash() || len(c.Duplicates) != 1 || c.Duplicates[0].Hash != second.Hash() {
				w.t.Fatalf("the conflict is %+v", c)
			}
			return c
		}
	}
	w.t.Fatalf("ticket %s was let in twice, and there is no conflict", external)
	return admission.Conflict{}
}

// A conflict is listed, closed by a person with a reason, and told to the gates
// as such; one more admission opens it again.
func TestResolve(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north, south := w.enrol("n", "north", grant.RoleScanner), w.enrol("s", "south", grant.RoleScanner)
		if list, err := w.Conflicts(t.Context(), event); err != nil || len(list) != 0 {
			t.Errorf("at the beginning: %v, %v", list, err)
		}
		c := w.twice("1", north, south)
		if b := w.board(); b.Open != 1 || len(b.Conflicts) != 1 || !b.Conflicts[0].Open {
			t.Errorf("the board has %d open of %v", b.Open, b.Conflicts)
		}
		closed, err := w.Resolve(t.Context(), event, c.ID, "twins, seen on camera", "Mo")
		if err != nil || closed.ID != c.ID {
			t.Fatalf("closing it: %+v, %v", closed, err)
		}
		if b := w.board(); b.Open != 0 || len(b.Conflicts) != 1 || b.Conflicts[0].Open || len(b.Conflicts[0].Resolved) != 1 {
			t.Errorf("after it was closed the board has %d open of %+v", b.Open, b.Conflicts)
		}
		north.sync()
		if got := north.state.Resolutions(journal.TicketID(c.Ticket)); len(got) != 1 || got[0].Why != "twins, seen on camera" || got[0].By != "Mo" {
			t.Errorf("the gate was told %+v", got)
		}
		// Open ones come first.
		other := w.twice("2", north, south)
		if ids := boardIDs(w.board()); !slices.Equal(ids, []string{other.ID, c.ID}) {
			t.Errorf("the board lists %v, want the open %s before %s", ids, other.ID, c.ID)
		}
		third := w.enrol("third", "north", grant.RoleScanner)
		third.sync()
		third.admit("1")
		third.sync()
		if again := w.board(); again.Open != 2 {
			t.Errorf("one more admission of a closed conflict's ticket leaves %d open: %+v", again.Open, again.Conflicts)
		}
	})
}

func boardIDs(b *Board) []string {
	var ids []string
	for _, c := range b.Conflicts {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestResolveRefuses(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north, south := w.enrol("n", "north", grant.RoleScanner), w.enrol("s", "south", grant.RoleScanner)
		open, closed := w.twice("1", north, south), w.twice("2", north, south)
		if _, err := w.Resolve(t.Context(), event, closed.ID, "dealt with", ""); err != nil {
			t.Fatal(err)
		}
		w.settle()
		for _, c := range []struct {
			name, id, why, by string
			want              fault.Kind
			says              string
		}{
			{"no such conflict", "0123456789ab", "x", "", fault.NotFound, "event NIGHT-1 has no conflict 0123456789ab"},
			{"a long id", strings.Repeat("x", 5000), "x", "", fault.NotFound, "has no conflict x"},
			{"closed already", closed.ID, "x", "", fault.Exists, "is closed already"},
			{"no reason", open.ID, "", "", fault.BadInput, "closing a conflict needs a reason"},
			{"blanks for a reason", open.ID, " \n", "", fault.BadInput, "closing a conflict needs a reason"},
			{"a long reason", open.ID, strings.Repeat("w", maxWhy+1), "", fault.BadInput, "the reason: it has 301 bytes, want at most 300"},
			{"a reason with control characters", open.ID, "\x1b[2J", "", fault.BadInput, "the reason: it has a control character"},
			{"a reason that is no text", open.ID, "\xff", "", fault.BadInput, "the reason: it has a control character"},
			{"a long name", open.ID, "x", strings.Repeat("w", maxBy+1), fault.BadInput, "who closes it: it has 101 bytes, want at most 100"},
		} {
			dbtest.Unchanged(t, w.db, func() {
				_, err := w.Resolve(t.Context(), event, c.id, c.why, c.by)
				if message := fault.Message(err); !errors.Is(err, c.want) || !strings.Contains(message, c.says) || len(message) > 300 {
					t.Errorf("%s: %v", c.name, err)
				}
			})
		}
		if _, err := w.Resolve(t.Context(), event, open.ID, strings.Repeat("ü", maxWhy/2), strings.Repeat("w", maxBy)); err != nil {
			t.Errorf("a reason as long as may be: %v", err)
		}
		if b := w.board(); b.Open != 0 {
			t.Errorf("a conflict is open that was closed with the longest reason: %+v", b.Conflicts)
		}
	})
}

// What a device that was expelled wrote up to then is believed, what it wrote
// later is kept apart, and it is let into no exchange.
func TestExpel(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north := w.enrol("n", "north", grant.RoleScanner)
		north.sync()
		north.admit("1")
		north.sync()
		north.admit("2") // not handed in
		if err := w.Expel(t.Context(), event, north.Node, "stolen"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		server, gate := north.meet()
		if !errors.Is(server, fault.Forbidden) || !errors.Is(gate, fault.Forbidden) {
			t.Errorf("an expelled device: %v at the server, %v at the device", server, gate)
		}
		b := w.board()
		if line := north.line(b); !line.Expelled || line.Records != 1 || b.Gates[0].Entries != 1 {
			t.Errorf("the board has %+v, and %d entries", line, b.Gates[0].Entries)
		}
		st, err := w.State(t.Context(), event)
		if err != nil || st.WhyEnded(north.Node) != "stolen" {
			t.Errorf("it was expelled because %q, %v", st.WhyEnded(north.Node), err)
		}
		// Another gate hears of it.
		south := w.enrol("s", "south", grant.RoleScanner)
		south.sync()
		if _, limit, ok := south.state.Author(north.Node); !ok || limit == nil || limit.Last != 1 {
			t.Errorf("the other gate was told %+v, %v", limit, ok)
		}
	})
}

// A device that is handed in is believed to its last record; one that was lost on
// the way there can still be expelled.
func TestRetire(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north, south := w.enrol("n", "north", grant.RoleScanner), w.enrol("s", "south", grant.RoleScanner)
		north.sync()
		south.sync()
		north.admit("1")
		for _, d := range []*device{north, south} {
			if err := w.Retire(t.Context(), event, d.Node, "shift over"); err != nil {
				t.Fatal(err)
			}
		}
		w.settle()
		if server, gate := north.meet(); gate != nil {
			t.Errorf("handing in: %v at the server, %v at the device", server, gate)
		}
		st, err := w.State(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		for limit := uint64(journal.Retiring); limit == journal.Retiring; {
			w.settle()
			_, expel, _ := st.Author(north.Node)
			limit = expel.Last
		}
		if _, expel, _ := st.Author(north.Node); expel.Last != 1 || expel.Why != "shift over" {
			t.Errorf("its last record is %d, because %q", expel.Last, expel.Why)
		}
		if b := w.board(); b.Gates[0].Entries != 1 {
			t.Errorf("what it let in counts %d times", b.Gates[0].Entries)
		}
		if err := w.Expel(t.Context(), event, south.Node, "lost on the way"); err != nil {
			t.Errorf("expelling a device that was to be handed in: %v", err)
		}
		w.settle()
		if _, expel, _ := st.Author(south.Node); expel == nil || expel.Last != 0 || expel.Why != "lost on the way" {
			t.Errorf("of the lost one is believed %+v", expel)
		}
	})
}

// Only what is a device, and active, can be ended or moved.
func TestDevicesThatCannotBe(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		gone, north := w.enrol("gone", "north", grant.RoleScanner), w.enrol("n", "north", grant.RoleScanner)
		if err := w.Expel(t.Context(), event, gone.Node, "stolen"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		for _, c := range []struct {
			name string
			node journal.NodeID
		}{
			{"nobody", journal.NodeID{}}, {"a stranger", w.stranger().Chain().Node},
			{"the server", north.Server}, {"one that was expelled", gone.Node},
		} {
			dbtest.Unchanged(t, w.db, func() {
				for act, err := range map[string]error{
					"expelling": w.Expel(t.Context(), event, c.node, "x"),
					"retiring":  w.Retire(t.Context(), event, c.node, "x"),
					"moving":    w.Move(t.Context(), event, c.node, "south"),
				} {
					if !errors.Is(err, fault.NotFound) || !strings.Contains(fault.Message(err), "no active device") {
						t.Errorf("%s %s: %v", act, c.name, err)
					}
				}
			})
		}
		dbtest.Unchanged(t, w.db, func() {
			long := strings.Repeat("w", maxWhy+1)
			for _, err := range []error{w.Expel(t.Context(), event, north.Node, long), w.Retire(t.Context(), event, north.Node, long)} {
				if !errors.Is(err, fault.BadInput) || !strings.Contains(fault.Message(err), "the reason: it has 301 bytes, want at most 300") {
					t.Errorf("with a reason that no record holds: %v", err)
				}
			}
			if err := w.Move(t.Context(), event, north.Node, "east"); !errors.Is(err, fault.NotFound) || !strings.Contains(fault.Message(err), `no gate "east"`) {
				t.Errorf("moving to no gate: %v", err)
			}
			if err := w.Move(t.Context(), event, north.Node, "north"); err != nil {
				t.Errorf("moving to where it is: %v", err)
			}
		})
	})
}
