package state

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"usher/crypto/keyring"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

func id(n uint64) journal.TicketID { return journaltest.Ticket(n) }

func TestNothingIsKnownAtFirst(t *testing.T) {
	s := New(Config{Event: eventCode})
	if s.Event() != nil || s.Ring() != nil || len(s.Gates()) != 0 || len(s.Past(id(1))) != 0 || len(s.Conflicts()) != 0 {
		t.Error("a new state knows something")
	}
	if s.Void(id(1)).Set {
		t.Error("a new state has a revocation")
	}
	if reason, why := s.NotReady(journal.NodeID{}); reason != admission.NotReady || why == "" {
		t.Errorf("a new state is ready: %q, %q", reason, why)
	}
}

func TestServerRecordsTakeEffect(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	w.apply(s, w.rosterOf(id(1), id(2)), w.revoke("revoked", id(2)))
	if e := s.Event(); e == nil || e.Name != "Gala, version 1" {
		t.Fatalf("the event is %+v", e)
	}
	if c, ok := s.Roster(id(1)); !ok || c.Product != 1 || c.Event != eventCode || s.RosterLen() != 2 {
		t.Errorf("the roster says %+v, %v of ticket 1", c, ok)
	}
	if v := s.Void(id(2)); !v.Set || v.Reason != "revoked" || v.At != w.known() || s.Revocations() != 1 {
		t.Errorf("ticket 2 is %+v", v)
	}
	if _, ok := s.Key(w.issuer.ID()); !ok {
		t.Error("the issuing key is not known")
	}
	if s.Position() != w.known() {
		t.Errorf("the position is %v, want %v", s.Position(), w.known())
	}
	gates := s.Gates()
	if len(gates) != 2 || gates[0].Gate != "north" || gates[0].Role != "scanner" || gates[0].Expelled {
		t.Errorf("the gates are %+v", gates)
	}
	if reason, why := s.NotReady(w.gate("north").Chain().Node); reason != "" {
		t.Errorf("north is not ready: %s, %s", reason, why)
	}
	if faults, aside := s.Faults(), s.SetAside(); len(faults)+len(aside) != 0 {
		t.Errorf("faults %v, set aside %v", faults, aside)
	}
}

func TestVersionsByPosition(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	first := s.Position()
	w.apply(s, w.event(2, "garden"))
	if e := s.Event(); e.Name != "Gala, version 2" {
		t.Errorf("the newest version is %s", e.Name)
	}
	if e := s.EventAt(first); e.Name != "Gala, version 1" {
		t.Errorf("the version at %v is %s", first, e.Name)
	}
	if e := s.EventAt(journal.Position{Seq: 1}); e != nil {
		t.Errorf("before the first version there is %s", e.Name)
	}
}

func TestRecordsHaveToFitTheirChain(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	a, b := w.admit("north", id(1)), w.admit("north", id(2))
	if _, err := s.Apply(b); !errors.Is(err, journal.ErrGap) {
		t.Errorf("a record after a gap: %v", err)
	}
	w.apply(s, a, b)
	clone := w.gate("north").Fork()
	w.apply(s, w.admit("north", id(3)))
	other := clone.Write(t, journal.KindScan, w.scan("north", id(4), admission.In))
	if _, err := s.Apply(other); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("another record with the head's number: %v", err)
	}
	after := clone.Write(t, journal.KindScan, w.scan("north", id(5), admission.In))
	if _, err := s.Apply(after); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("a record after another head: %v", err)
	}
	if change, err := s.Apply(a); err != nil || change != 0 {
		t.Errorf("a record again: %v, %v", change, err)
	}
	if n := s.Counts(0).Total.Entries; n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
}

func TestChangesAreNamed(t *testing.T) {
	w := newWorld(t)
	s := New(w.config())
	notices, cancel := s.Subscribe()
	steps := append(slices.Clone(w.began[:3]), w.began[3])
	want := []Change{ChangedRing, ChangedEvent, ChangedDirectory, ChangedDirectory}
	steps = append(steps, w.rosterOf(id(1)), w.revoke("blocked", id(9)), w.admit("north", id(1)))
	want = append(want, ChangedRoster, ChangedRevocations, ChangedHistory)
	for i, r := range steps {
		change, err := s.Apply(r)
		if err != nil || !change.Has(want[i]) {
			t.Errorf("a %s record: %v, %v", r.Kind, change, err)
		}
	}
	if len(notices) != 1 {
		t.Errorf("%d notices wait, want one for all", len(notices))
	}
	<-notices
	w.apply(s, steps[0])
	if len(notices) != 0 {
		t.Error("a record that is known already gave a notice")
	}
	cancel()
	w.apply(s, w.admit("north", id(2)))
	if len(notices) != 0 {
		t.Error("a notice after the subscription ended")
	}
}

func TestUnreadableServerRecordsStopTheGate(t *testing.T) {
	north := func(w *world) journal.NodeID { return w.gate("north").Chain().Node }
	extra := map[int]int{99: 1}
	for name, c := range map[string]struct {
		write func(w *world) *journal.Record
		stops bool
	}{
		"event":        {func(w *world) *journal.Record { return w.server.Write(t, journal.KindEvent, extra) }, true},
		"other event":  {func(w *world) *journal.Record { return w.otherEvent() }, true},
		"revoke":       {func(w *world) *journal.Record { return w.server.Write(t, journal.KindRevoke, extra) }, true},
		"roster":       {func(w *world) *journal.Record { return w.server.Write(t, journal.KindRoster, extra) }, true},
		"enrol":        {func(w *world) *journal.Record { return w.server.Write(t, journal.KindEnrol, extra) }, true},
		"expel":        {func(w *world) *journal.Record { return w.server.Write(t, journal.KindExpel, extra) }, true},
		"ring":         {func(w *world) *journal.Record { return w.server.Write(t, journal.KindRing, extra) }, true},
		"unknown kind": {func(w *world) *journal.Record { return w.server.Write(t, 999, extra) }, true},
		"resolve":      {func(w *world) *journal.Record { return w.server.Write(t, journal.KindResolve, extra) }, false},
		"gate's scan":  {func(w *world) *journal.Record { return w.gate("north").Write(t, journal.KindScan, extra) }, false},
		"gate's undo":  {func(w *world) *journal.Record { return w.gate("north").Write(t, journal.KindUndo, extra) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.state(w.began...)
			w.apply(s, c.write(w))
			if len(s.Faults()) != 1 {
				t.Errorf("the faults are %q, want one", s.Faults())
			}
			reason, why := s.NotReady(north(w))
			if c.stops != (reason == admission.NotReady) {
				t.Errorf("ready: %q, %q", reason, why)
			}
		})
	}
}

func (w *world) otherEvent() *journal.Record {
	e := gala(w.server.Stamp.Time/1000, 1)
	e.Code = "OTHER"
	return w.server.Write(w.t, journal.KindEvent, e)
}

func TestLaterEventMakesUpForAnUnreadableOne(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	w.apply(s, w.server.Write(t, journal.KindEvent, map[int]int{99: 1}))
	if e := s.Event(); e == nil || e.Name != "Gala, version 1" {
		t.Errorf("beside an unreadable version the newest is %+v", e)
	}
	w.apply(s, w.event(3))
	if reason, why := s.NotReady(w.gate("north").Chain().Node); reason != "" {
		t.Errorf("not ready: %s, %s", reason, why)
	}
}

func TestUnknownKindsOfGatesAreNoFault(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	w.apply(s, w.gate("north").Write(t, 9, map[int]int{1: 1}), w.admit("north", id(1)))
	if len(s.Faults()) != 0 || s.Counts(0).Total.Entries != 1 {
		t.Errorf("faults %v, counts %+v", s.Faults(), s.Counts(0).Total)
	}
}

func TestReadiness(t *testing.T) {
	w := newWorld(t)
	north := w.gate("north").Chain().Node
	s := New(w.config())
	for i, want := range []string{"key ring", "downloaded", "enrolled"} {
		if reason, why := s.NotReady(north); reason != admission.NotReady || !strings.Contains(why, want) {
			t.Errorf("before record %d: %s, %s", i+1, reason, why)
		}
		w.apply(s, w.began[i])
	}
	e := gala(w.server.Stamp.Time/1000, 2)
	e.Gates = e.Gates[1:]
	w.apply(s, w.began[3], w.server.Write(t, journal.KindEvent, e))
	if reason, _ := s.NotReady(north); reason != admission.GateMissing {
		t.Errorf("without its gate: %s", reason)
	}
	w.apply(s, w.expel("north", 0))
	if reason, _ := s.NotReady(north); reason != admission.DeviceRevoked {
		t.Errorf("expelled: %s", reason)
	}
}

func TestHoleBetweenEpochs(t *testing.T) {
	w := newWorld(t)
	s := New(w.config())
	north := w.gate("north").Chain().Node
	lost := w.revoke("revoked", id(1))
	next := w.server.NextEpoch()
	w.apply(s, w.began...)
	w.apply(s, next.Write(t, journal.KindEvent, gala(1_783_000_000, 2)))
	if reason, why := s.NotReady(north); reason != admission.NotReady || !strings.Contains(why, "records 5 to 5") {
		t.Errorf("with a hole: %s, %s", reason, why)
	}
	w.apply(s, lost)
	if reason, why := s.NotReady(north); reason != "" {
		t.Errorf("without the hole: %s, %s", reason, why)
	}
	if want := (journal.Position{Epoch: 1, Seq: 6}); s.Position() != want {
		t.Errorf("the position is %v, want %v", s.Position(), want)
	}
	if e := s.Event(); e.Name != "Gala, version 2" {
		t.Errorf("the newest version is %s", e.Name)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	for range maxTroubles + 5 {
		w.apply(s, w.gate("north").Write(t, journal.KindUndo, map[int]int{99: 1}))
	}
	faults := s.Faults()
	if len(faults) != maxTroubles+1 || faults[maxTroubles] != "and 5 more" {
		t.Errorf("%d faults, the last %q", len(faults), faults[len(faults)-1])
	}
}

func TestKindsOfFaultsInErrors(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	scan := w.scan("north", id(1), admission.In)
	scan.Evidence = nil
	if _, err := s.VerifyEvidence(scan); !errors.Is(err, fault.Refused) {
		t.Errorf("a typed code that no roster knows: %v", err)
	}
	if err := s.TrustRing(w.foreignRing()); !errors.Is(err, keyring.ErrFork) {
		t.Errorf("a foreign ring: %v", err)
	}
}

// foreignRing is a ring number 1 that other roots signed.
func (w *world) foreignRing() *keyring.SignedRing {
	mallory := *w
	mallory.ring, mallory.root = nil, journaltest.Signer(w.t, "mallory")
	return mallory.nextRing(keyring.Active, mallory.root)
}
