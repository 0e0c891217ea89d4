package state

import (
	"reflect"
	"slices"
	"testing"

	"usher/crypto/keyring"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// wantAside checks why the state's records are set aside, by chain and number.
func wantAside(t *testing.T, s *State, want ...string) {
	t.Helper()
	var got []string
	for _, a := range s.SetAside() {
		got = append(got, a.Why)
	}
	if !slices.Equal(got, want) {
		t.Errorf("set aside for %q, want %q", got, want)
	}
	if n := s.Counts(0).SetAside; n != len(want) {
		t.Errorf("%d counted as set aside, want %d", n, len(want))
	}
}

func wantEntries(t *testing.T, s *State, want int) {
	t.Helper()
	if n := s.Counts(0).Total.Entries; n != want {
		t.Errorf("%d entries, want %d", n, want)
	}
}

// proven checks all evidence, which a node does when it is idle.
func proven(s *State) *State {
	for s.Prove(100) > 0 {
	}
	return s
}

func TestScansWaitForTheEnrolment(t *testing.T) {
	w := newWorld(t)
	a, b := w.admit("north", id(1)), w.admit("north", id(2))
	s := w.state(a)
	wantAside(t, s, WhyWaiting)
	wantEntries(t, s, 0)
	w.apply(s, w.began...)
	w.apply(s, b)
	wantAside(t, s)
	wantEntries(t, s, 2)
	if z := s.Counts(0).Zones[0]; z.Inside != 2 {
		t.Errorf("%d inside the hall, want 2", z.Inside)
	}
}

func TestExpelledAfterTheLastBelieved(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	var records []*journal.Record
	for n := range uint64(4) {
		records = append(records, w.admit("north", id(n)))
	}
	w.apply(s, records...)
	wantEntries(t, s, 4)
	w.apply(s, w.expel("north", 2))
	wantEntries(t, s, 2)
	wantAside(t, s, WhyExpelled, WhyExpelled)
	if past := s.Past(id(3)); len(past) != 1 || !past[0].SetAside {
		t.Errorf("the past of a ticket that the expelled gate let in is %+v", past)
	}
	m := s.Gates()[0]
	if !m.Expelled || m.Believed != 2 || m.Why != "lost" || m.Records != 4 {
		t.Errorf("the device is %+v", m)
	}
	if _, limit, ok := s.Author(m.Node); !ok || limit == nil || limit.Last != 2 {
		t.Errorf("the author's limit is %+v", limit)
	}
	w.apply(s, w.admit("north", id(9)))
	wantEntries(t, s, 2)
	w.apply(s, w.expel("north", 3)) // on second thoughts
	wantEntries(t, s, 3)
	w.apply(s, w.enrol("north")) // an expelled key does not come back
	wantEntries(t, s, 3)
}

func TestUndoOfAnExpelledDeviceDoesNotCount(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	in := w.admit("north", id(1))
	w.apply(s, in, w.undo("north", id(1), in))
	wantEntries(t, s, 0)
	w.apply(s, w.expel("north", 1))
	wantEntries(t, s, 1)
	wantAside(t, s, WhyExpelled)
}

func TestKindsThatAnAuthorMayNotWrite(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	north := w.gate("north")
	w.apply(s,
		north.Write(t, journal.KindEvent, gala(1_783_000_000, 66)),
		north.Write(t, journal.KindExpel, &journal.Expel{Node: w.gate("south").Chain().Node, Why: "rival"}))
	wantAside(t, s, WhyAuthor, WhyAuthor)
	if s.Event().Name != "Gala, version 1" || s.Gates()[1].Expelled {
		t.Error("a gate's word was taken for the server's")
	}
	w.apply(s, w.server.Write(t, journal.KindScan, w.scan("north", id(1), admission.In)))
	wantAside(t, s, WhyAuthor, WhyAuthor, WhyAuthor)
	wantEntries(t, s, 0)
}

func TestServerRecordsOfALaterGate(t *testing.T) {
	w := newWorld(t)
	c := w.config()
	c.Server = journal.NodeID{}
	s := New(c)
	w.apply(s, w.gate("north").Write(t, journal.KindEvent, gala(1_783_000_000, 66)))
	w.apply(s, w.began...)
	wantAside(t, s, WhyAuthor)
}

func TestScansOfTheServerThatTheRingNames(t *testing.T) {
	w := newWorld(t)
	c := w.config()
	c.Server = journal.NodeID{}
	s := New(c)
	scan := w.scan("cellar", id(1), admission.In)
	scan.Result, scan.Reason = "reject", "wrong_gate"
	w.apply(s, w.server.NextEpoch().Write(t, journal.KindScan, scan))
	wantAside(t, s, WhyWaiting)
	w.apply(s, w.began...)
	wantAside(t, s, WhyAuthor)
}

func TestFalseEvidence(t *testing.T) {
	mallory := journaltest.Signer(t, "mallory")
	for name, c := range map[string]struct {
		evidence func(w *world) []byte
		why      string
	}{
		"garbage":             {func(*world) []byte { return []byte("let me in") }, WhyEvidence},
		"another ticket":      {func(w *world) []byte { return w.evidence(id(2), w.issuer, eventCode) }, WhyEvidence},
		"another event":       {func(w *world) []byte { return w.evidence(id(1), w.issuer, "OTHER") }, WhyEvidence},
		"a key in no ring":    {func(w *world) []byte { return w.evidence(id(1), mallory, eventCode) }, WhyKeyMissing},
		"the journal's key":   {func(w *world) []byte { return w.evidence(id(1), w.server.Signer, eventCode) }, WhyEvidence},
		"none, not on roster": {func(*world) []byte { return nil }, WhyNotOnRoster},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.state(w.began...)
			scan := w.scan("north", id(1), admission.In)
			scan.Evidence = c.evidence(w)
			if _, err := s.VerifyEvidence(scan); err == nil {
				t.Error("VerifyEvidence finds nothing wrong")
			}
			w.apply(s, w.write("north", scan))
			if past := s.Past(id(1)); len(past) != 1 || !past[0].SetAside {
				t.Errorf("the ticket's past is %+v", past)
			}
			wantAside(t, proven(s), c.why)
			wantEntries(t, s, 0)
			w.apply(s, w.admit("south", id(1)))
			if conflicts := s.Conflicts(); len(conflicts) != 0 {
				t.Errorf("a lie made a conflict: %+v", conflicts)
			}
			wantEntries(t, s, 1)
		})
	}
}

func TestRejectsNeedNoEvidence(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	scan := w.scan("north", id(1), admission.In)
	scan.Result, scan.Reason, scan.Evidence = "reject", "revoked", []byte("whatever")
	w.apply(s, w.write("north", scan))
	wantAside(t, proven(s))
	if n := s.Counts(0).Total.Rejected; n != 1 {
		t.Errorf("%d rejected, want 1", n)
	}
}

func TestEvidenceWaitsForItsKey(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	old := w.issuer
	w.issuer = journaltest.Signer(t, "issuer 2")
	w.apply(s, w.admit("north", id(1)))
	wantAside(t, proven(s), WhyKeyMissing)
	w.apply(s, w.ringRecord(w.nextRing(keyring.Active, w.root)))
	wantAside(t, proven(s))
	wantEntries(t, s, 1)
	// What the old key signed stays good, though the new ring lacks the key.
	scan := w.scan("north", id(2), admission.In)
	scan.Evidence = w.evidence(id(2), old, eventCode)
	w.apply(s, w.write("north", scan))
	wantAside(t, proven(s))
	if c, err := s.VerifyEvidence(scan); err != nil || c.Product != 1 {
		t.Errorf("VerifyEvidence gives %+v, %v", c, err)
	}
}

func TestTypedCodesWaitForTheRoster(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	scan := w.scan("north", id(1), admission.In)
	scan.Evidence, scan.How = nil, "typed"
	w.apply(s, w.write("north", scan))
	wantAside(t, s, WhyNotOnRoster)
	w.apply(s, w.rosterOf(id(1)))
	wantAside(t, s)
	if past := s.Past(id(1)); len(past) != 1 || past[0].Product != 1 {
		t.Errorf("the past is %+v", past)
	}
}

func TestGateThatTheEventNeverHad(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	w.apply(s, w.write("north", w.scan("cellar", id(1), admission.In)))
	wantAside(t, s, WhyGateMissing)
	w.apply(s, w.event(2, "cellar"))
	wantAside(t, s)
	if z := s.Counts(0).Zones[1]; z.Entries != 1 {
		t.Errorf("the cellar's zone has %+v", z)
	}
}

// A gate may know a version of the event that this node is still to get.
func TestGateOfAVersionToCome(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	version := w.event(2, "cellar")
	in := w.write("north", w.scan("cellar", id(1), admission.In))
	w.apply(s, in)
	wantAside(t, s)
	wantEntries(t, s, 1)
	if z := s.Counts(0).Zones; len(z) != 0 {
		t.Errorf("the zones are %+v, the scan's is not known", z)
	}
	w.apply(s, version)
	if z := s.Counts(0).Zones[1]; z.Entries != 1 {
		t.Errorf("the cellar's zone has %+v", z)
	}
}

// A gate that has not got the newest version of the event can't know what zone an
// entry at a gate of that version was into, and may let the ticket in once more. Once
// the version is there that is one conflict, whatever came first; before, it is none.
func TestEntriesAroundAVersionToCome(t *testing.T) {
	w := newWorld(t)
	began := append(w.began, w.enrol("roof"))
	before := w.known()
	version := w.event(2, "cellar") // whose zone is the roof's
	ahead := w.write("north", w.scan("cellar", id(1), admission.In))
	scan := w.scan("roof", id(1), admission.In)
	scan.Known = before
	behind := w.write("roof", scan)
	var first []admission.Conflict
	for i, late := range [][]*journal.Record{{ahead, behind, version}, {behind, ahead, version}, {version, behind, ahead}} {
		s := w.state(began...)
		for _, r := range late {
			if c := s.Conflicts(); len(c) != 0 {
				t.Errorf("order %d: before all is known: %+v", i, c)
			}
			w.apply(s, r)
		}
		c := s.Conflicts()
		if len(c) != 1 || c[0].Kind != admission.DoubleEntry || len(c[0].Duplicates) != 1 {
			t.Fatalf("order %d: %+v", i, c)
		}
		if first == nil {
			first = c
		} else if !reflect.DeepEqual(first, c) {
			t.Errorf("order %d: %+v, and in another order %+v", i, c, first)
		}
		wantAside(t, s)
	}
}

func TestGateThatDidNotCome(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	next := w.rosterOf(id(7))
	w.apply(s, w.write("north", w.scan("cellar", id(1), admission.In)))
	wantAside(t, s)
	w.apply(s, next)
	wantAside(t, s, WhyGateMissing)
}
