package admission

import (
	"crypto/sha256"
	"slices"
	"testing"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// story tells what happened to one ticket at gates g1, g2 and g3 of one zone,
// and g4 of another.
type story struct {
	t     *testing.T
	event journal.Event
	h     History
	seq   map[string]uint64
}

func newStory(t *testing.T) *story {
	e := journal.Event{
		Code: "EV1", Zone: "Europe/Berlin", Zones: []journal.Zone{{Bit: 0}, {Bit: 1}},
		Products: []journal.Product{{Number: 1, Zones: 3}},
		Gates:    []journal.Gate{{Code: "g1", All: true}, {Code: "g2", All: true}, {Code: "g3", All: true}, {Code: "g4", Zone: 1, All: true}},
	}
	return &story{
		t: t, event: e, seq: map[string]uint64{},
		h: History{Event: "EV1", Ticket: ticket.ID{1}, Known: journal.Position{Seq: 10}},
	}
}

// act adds what a gate wrote at a minute, knowing its own acts and these parents.
func (s *story) act(gate string, minute int64, a Act, parents ...journal.Hash) journal.Hash {
	s.seq[gate]++
	a.Chain, a.Seq = journal.Chain{Node: journal.NodeID{gate[1]}}, s.seq[gate]
	a.Gate, a.At, a.Synced, a.Product, a.Parents = gate, minute*60_000, true, 1, parents
	if gate == "g4" {
		a.Zone = 1
	}
	a.Hash = sha256.Sum256([]byte{gate[1], byte(a.Seq)})
	s.h.Scans = append(s.h.Scans, a)
	return a.Hash
}

func (s *story) in(gate string, minute int64, parents ...journal.Hash) journal.Hash {
	return s.act(gate, minute, Act{Result: Accept, Reason: Entry, Direction: In, Known: journal.Position{Seq: 1}}, parents...)
}

func (s *story) out(gate string, minute int64, parents ...journal.Hash) journal.Hash {
	return s.act(gate, minute, Act{Result: Accept, Reason: Exit, Direction: Out, Known: journal.Position{Seq: 1}}, parents...)
}

func (s *story) undo(gate string, minute int64, of journal.Hash) journal.Hash {
	return s.act(gate, minute, Act{Result: Undo, Undoes: of})
}

func (s *story) resolve(hashes ...journal.Hash) {
	s.h.Resolved = func(h journal.Hash) bool { return slices.Contains(hashes, h) }
}

func (s *story) find() Finding {
	return Judge(func(journal.Position) *journal.Event { return &s.event }, s.h)
}

// one fails unless there is one conflict, of this kind and with these duplicates.
func (s *story) one(kind ConflictKind, original journal.Hash, duplicates ...journal.Hash) Conflict {
	s.t.Helper()
	f := s.find()
	if len(f.Conflicts) != 1 {
		s.t.Fatalf("%d conflicts: %+v", len(f.Conflicts), f.Conflicts)
	}
	c := f.Conflicts[0]
	var got []journal.Hash
	for _, a := range c.Duplicates {
		got = append(got, a.Hash)
	}
	if c.Kind != kind || !slices.Equal(got, duplicates) {
		s.t.Fatalf("%s with %v, want %s with %v", c.Kind, got, kind, duplicates)
	}
	if (c.Original == nil) != original.IsZero() || c.Original != nil && c.Original.Hash != original {
		s.t.Fatalf("original %+v, want %s", c.Original, original)
	}
	return c
}

func (s *story) none() {
	s.t.Helper()
	if f := s.find(); len(f.Conflicts) != 0 {
		s.t.Fatalf("conflicts: %+v", f.Conflicts)
	}
}

func TestTwoGates(t *testing.T) {
	s := newStory(t)
	a := s.in("g1", 10)
	b := s.in("g2", 12)
	c := s.one(DoubleEntry, a, b)
	if !c.Open || c.Zone != 0 || c.Event != "EV1" || c.Ticket != s.h.Ticket || len(c.ID) != 12 {
		t.Errorf("conflict %+v", c)
	}
}

func TestThreeGatesAreOneConflict(t *testing.T) {
	s := newStory(t)
	third := s.in("g3", 12)
	first := s.in("g1", 10)
	before := s.one(DoubleEntry, first, third)
	second := s.in("g2", 11)
	after := s.one(DoubleEntry, first, second, third)
	if before.ID != after.ID {
		t.Errorf("the conflict was %s and is %s", before.ID, after.ID)
	}
}

func TestKnowingIsNoConflict(t *testing.T) {
	s := newStory(t)
	a := s.in("g1", 10)
	out := s.out("g1", 20)
	s.in("g2", 15, out) // a slow clock: it knew of the exit
	s.none()
	s.in("g3", 40, a)
	s.one(DoubleEntry, s.h.Scans[2].Hash, s.h.Scans[3].Hash)
}

func TestExitBetween(t *testing.T) {
	s := newStory(t)
	s.in("g1", 10)
	s.out("g1", 20)
	s.in("g2", 30)
	s.none()
}

func TestZonesConflictApart(t *testing.T) {
	s := newStory(t)
	s.in("g1", 10)
	s.in("g4", 12)
	s.none()
}

func TestOverrideIsNoConflict(t *testing.T) {
	s := newStory(t)
	s.act("g1", 10, Act{Result: Accept, Direction: In, Forced: true})
	forced := s.h.Scans[0].Hash
	s.act("g2", 12, Act{Result: Accept, Direction: In, Forced: true})
	s.none()
	s.one(DoubleEntry, forced, s.in("g3", 14))
}

func TestRuleExceeded(t *testing.T) {
	s := newStory(t)
	for i := range s.event.Gates {
		s.event.Gates[i].Multi = true
		s.event.Gates[i].Rules = []journal.Rule{{Kind: "cooldown_minutes", N: 30}, {Kind: "never"}, {Kind: "new_in_a_later_build"}}
	}
	first := s.in("g1", 10)
	s.in("g1", 45)
	s.one(RuleExceeded, first, s.in("g2", 20), s.h.Scans[1].Hash)
}

func TestAdmittedAfterRevoke(t *testing.T) {
	void := func(s *story, reason string, minute int64, seq uint64, minimum uint32) {
		s.h.Voids = append(s.h.Voids, Void{Minimum: minimum, Reason: reason, Since: minute * 60_000, At: journal.Position{Seq: seq}, Set: true})
	}
	none := journal.Hash{}
	t.Run("before by the clock", func(t *testing.T) {
		s := newStory(t)
		void(s, "refunded", 9, 5, journal.Never)
		c := s.one(AdmittedAfterRevoke, none, s.in("g1", 10))
		if c.Void == nil || c.Void.Reason != "refunded" {
			t.Errorf("void %+v", c.Void)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		s := newStory(t)
		void(s, "cancelled", 9, 5, journal.Never)
		s.one(AdmittedAfterCancel, none, s.in("g1", 10))
	})
	t.Run("the gate knew, whatever its clock said", func(t *testing.T) {
		s := newStory(t)
		void(s, "revoked", 9, 1, journal.Never)
		s.one(AdmittedAfterRevoke, none, s.in("g1", 8))
	})
	t.Run("afterwards, or not surely before", func(t *testing.T) {
		s := newStory(t)
		s.in("g1", 10)
		s.h.Scans[0].Uncertainty = 60_000
		void(s, "revoked", 9, 5, journal.Never)
		s.none()
	})
	t.Run("reactivated before it came in", func(t *testing.T) {
		s := newStory(t)
		void(s, "reactivated", 9, 6, 0)
		void(s, "blocked", 8, 5, journal.Never)
		s.in("g1", 10)
		s.none()
	})
	t.Run("the newer code", func(t *testing.T) {
		s := newStory(t)
		void(s, "superseded", 9, 5, 1)
		s.act("g1", 10, Act{Result: Accept, Direction: In, Generation: 1})
		s.none()
		s.one(AdmittedAfterRevoke, none, s.in("g2", 11))
	})
}

func TestUndoCloses(t *testing.T) {
	for _, undone := range []int{0, 1} {
		s := newStory(t)
		pair := []journal.Hash{s.in("g1", 10), s.in("g2", 12)}
		s.one(DoubleEntry, pair[0], pair[1])
		gate := []string{"g1", "g2"}[undone]
		s.undo([]string{"g2", "g1"}[undone], 13, pair[undone]) // another device's word counts for nothing
		s.one(DoubleEntry, pair[0], pair[1])
		s.undo(gate, 14, pair[undone])
		s.none()
	}
}

func TestResolveClosesAndOthersReopen(t *testing.T) {
	s := newStory(t)
	a, b := s.in("g1", 10), s.in("g2", 12)
	first := s.one(DoubleEntry, a, b)
	s.resolve(b)
	if c := s.one(DoubleEntry, a, b); c.Open || !slices.Equal(c.Resolved, []journal.Hash{b}) {
		t.Errorf("resolved, and still open: %+v", c)
	}
	if c := s.one(DoubleEntry, a, b, s.in("g3", 14)); !c.Open || c.ID != first.ID {
		t.Errorf("another one came, and it is not open again: %+v", c)
	}
}

func TestWaitsForWhatItsGateKnew(t *testing.T) {
	s := newStory(t)
	a := s.in("g1", 10)
	out := s.out("g1", 20)
	s.in("g2", 30, out)
	late := slices.Delete(slices.Clone(s.h.Scans), 1, 2)
	all := s.h.Scans
	s.h.Scans = late
	if f := s.find(); f.Waiting != 1 || len(f.Acts) != 2 || f.Acts[0].Hash != a {
		t.Fatalf("without the exit: %+v", f)
	}
	s.none()
	s.h.Scans = all
	if f := s.find(); f.Waiting != 0 {
		t.Fatalf("with the exit %d wait", f.Waiting)
	}
	s.none()
	s.h.Known = journal.Position{}
	if f := s.find(); f.Waiting != 3 {
		t.Fatalf("with nothing of the server %d wait", f.Waiting)
	}
}

// An act by a gate that knew more of the server's journal than this node waits to be
// judged, but keeps its place among the others: a gate that decides on it here saw
// the past that the merge sees.
func TestWhatWaitsForTheServerKeepsItsPlace(t *testing.T) {
	s := newStory(t)
	out := s.act("g2", 10, Act{Result: Accept, Reason: Exit, Direction: Out, Known: journal.Position{Seq: 2}})
	entry := s.in("g3", 20)
	next := s.act("g3", 30, Act{Result: Reject, Reason: AlreadyUsed, Direction: In, Known: journal.Position{Seq: 1}}, out, entry)
	s.h.Known = journal.Position{Seq: 1}
	for _, waiting := range []int{2, 0} {
		f := s.find()
		var order []journal.Hash
		for _, a := range f.Acts {
			order = append(order, a.Hash)
		}
		if f.Waiting != waiting || !slices.Equal(order, []journal.Hash{out, entry, next}) {
			t.Errorf("the server known up to %d: %d wait, order\n%s", s.h.Known.Seq, f.Waiting, sketch(f.Acts))
		}
		s.h.Known.Seq = 2
	}
}

// What an expelled device wrote after its last believed record keeps its place in
// the order, takes none inside and holds nobody up.
func TestSetAside(t *testing.T) {
	s := newStory(t)
	s.in("g1", 10, journal.Hash{99})
	s.h.Scans[0].SetAside = true
	s.in("g2", 12, s.h.Scans[0].Hash)
	s.none()
	if f := s.find(); f.Waiting != 0 || len(f.Acts) != 2 {
		t.Fatalf("finding %+v", f)
	}
	if heads := Frontier(s.h.Scans[:1]); heads != nil {
		t.Errorf("a new scan would name %v", heads)
	}
}

func TestFromTheFuture(t *testing.T) {
	s := newStory(t)
	a := s.in("g1", 600) // ten hours ahead
	s.act("g2", 20, Act{Result: Reject, Reason: AlreadyUsed, Direction: In, Uncertainty: 500}, a)
	f := s.find()
	if got := f.Acts[0]; got.Hash != a || got.NoLater != 20*60_000+500 || got.At != 600*60_000 {
		t.Errorf("the act from the future: %+v", got)
	}
	if f.Acts[1].NoLater != 0 {
		t.Errorf("marked as well: %+v", f.Acts[1])
	}
	s.h.Scans[1].Synced = false // a clock that was never set proves nothing
	if f := s.find(); f.Acts[0].NoLater != 0 {
		t.Errorf("marked by a clock that was never set: %+v", f.Acts[0])
	}
}

// Where the event of the time or the gate is not known here, nothing is claimed.
func TestUnknownEventOrGate(t *testing.T) {
	s := newStory(t)
	s.in("g1", 10)
	s.in("g2", 12)
	if f := Judge(func(journal.Position) *journal.Event { return nil }, s.h); len(f.Conflicts) != 0 {
		t.Errorf("without an event: %+v", f.Conflicts)
	}
	s.event.Gates = s.event.Gates[:1]
	s.none()
}
