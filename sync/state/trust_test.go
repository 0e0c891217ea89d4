package state

import (
	"crypto/ed25519"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"usher/crypto/keyring"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

func TestRingsAreWalked(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	old := w.root
	w.root = journaltest.Signer(t, "root 2")
	w.apply(s, w.ringRecord(w.nextRing(keyring.RosterOnly, old, w.root)))
	if s.Ring().Seq != 2 || s.SignedRing().Hash() != w.ring.Hash() {
		t.Errorf("the ring is number %d", s.Ring().Seq)
	}
	if key, _ := s.Key(w.issuer.ID()); key.State != keyring.RosterOnly {
		t.Errorf("the issuing key is %s", key.State)
	}
	w.apply(s, w.ringRecord(w.nextRing(keyring.Active, w.root)))
	if s.Ring().Seq != 3 || len(s.Faults()) != 0 {
		t.Errorf("the ring is number %d, faults %q", s.Ring().Seq, s.Faults())
	}
}

func TestBadRingsAreRefusedAndShown(t *testing.T) {
	for name, write := range map[string]func(w *world) *keyring.SignedRing{
		"not signed by the old roots": func(w *world) *keyring.SignedRing {
			w.root = journaltest.Signer(t, "mallory")
			return w.nextRing(keyring.Revoked, w.root)
		},
		"another first ring": (*world).foreignRing,
		"another second ring": func(w *world) *keyring.SignedRing {
			return w.nextRing(keyring.Revoked, w.root)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.state(w.began...)
			if name == "another second ring" {
				first := w.ring
				w.apply(s, w.ringRecord(w.nextRing(keyring.Active, w.root)))
				w.ring = first
			}
			before := s.Ring().Seq
			w.apply(s, w.ringRecord(write(w)))
			if key, _ := s.Key(w.issuer.ID()); key.State != keyring.Active || s.Ring().Seq != before {
				t.Errorf("the ring is number %d, the issuing key %s", s.Ring().Seq, key.State)
			}
			if len(s.Faults()) != 1 {
				t.Errorf("the faults are %q, want one", s.Faults())
			}
			w.apply(s, w.revoke("revoked", id(1)))
			if !s.Void(id(1)).Set {
				t.Error("the server's next record did not count")
			}
		})
	}
}

func TestNothingIsBelievedWithoutThePinnedRoots(t *testing.T) {
	w := newWorld(t)
	c := w.config()
	c.Pins = keyring.PinsOf([]ed25519.PublicKey{journaltest.Signer(t, "other root").Public()})
	s := New(c)
	w.apply(s, w.began...)
	if s.Ring() != nil || s.Event() != nil || len(s.Gates()) != 0 {
		t.Errorf("ring %v, event %v, gates %v", s.Ring(), s.Event(), s.Gates())
	}
	if _, _, ok := s.Author(w.server.Chain().Node); ok {
		t.Error("the server is an author")
	}
	if n := s.Counts(0).SetAside; n != len(w.began) {
		t.Errorf("%d records set aside, want %d", n, len(w.began))
	}
	for _, a := range s.SetAside() {
		if a.Why != WhyWaiting {
			t.Errorf("record %d is set aside for %q", a.Seq, a.Why)
		}
	}
}

// A gate that was enrolled after the roots changed pins the new ones: it gets at
// the older rings through the hash that the first pinned one has of them.
func TestRingsBeforeThePinnedOne(t *testing.T) {
	w := newWorld(t)
	old := w.root
	w.root = journaltest.Signer(t, "root 2")
	second := w.ringRecord(w.nextRing(keyring.Active, old, w.root))
	s := w.state(w.began...)
	if s.Ring() != nil || s.Event() != nil {
		t.Fatal("a ring of unpinned roots is believed")
	}
	w.apply(s, second)
	if s.Ring() == nil || s.Ring().Seq != 2 || s.Event() == nil || len(s.Gates()) != 2 || s.Position().Seq != 5 {
		t.Errorf("ring %v, event %v, %d gates, position %v", s.Ring(), s.Event(), len(s.Gates()), s.Position())
	}
	if len(s.Faults()) != 0 {
		t.Errorf("faults: %q", s.Faults())
	}
	w.ring = nil
	w.server.Stamp.Time += 3_600_000
	w.apply(s, w.ringRecord(w.nextRing(keyring.Active, old, w.root)))
	if len(s.Faults()) != 1 {
		t.Errorf("another ring 1: faults %q, want one", s.Faults())
	}
}

func TestRingFromAnEnrolment(t *testing.T) {
	w := newWorld(t)
	s := New(w.config())
	if err := s.TrustRing(w.foreignRing()); !errors.Is(err, keyring.ErrNotPinned) {
		t.Errorf("a foreign ring: %v", err)
	}
	first := w.ring
	second := w.nextRing(keyring.Active, w.root)
	if err := s.TrustRing(second); err != nil {
		t.Fatal(err)
	}
	pub, limit, ok := s.Author(w.server.Chain().Node)
	if !ok || limit != nil || !pub.Equal(w.server.Signer.Public()) {
		t.Error("the server's key is not known from the ring")
	}
	if err := s.TrustRing(first); err != nil || s.Ring().Seq != 2 {
		t.Errorf("an older ring: %v, the ring is number %d", err, s.Ring().Seq)
	}
	w.nextRing(keyring.Active, w.root)
	if err := s.TrustRing(w.nextRing(keyring.Active, w.root)); !errors.Is(err, keyring.ErrGap) || s.Ring().Seq != 2 {
		t.Errorf("a ring after a gap: %v, the ring is number %d", err, s.Ring().Seq)
	}
	w.apply(s, w.began...)
	if s.Event() == nil || s.Ring().Seq != 2 {
		t.Error("the journal that goes before the ring does not count")
	}
}

func TestServerFromTheRing(t *testing.T) {
	w := newWorld(t)
	c := w.config()
	c.Server = journal.NodeID{}
	s := New(c)
	stranger := journaltest.NewWriter(t, "stranger")
	w.apply(s, stranger.Write(t, journal.KindEvent, gala(1_783_000_000, 66)))
	w.apply(s, w.began...)
	if e := s.Event(); e == nil || e.Name != "Gala, version 1" || !s.IsServer(w.server.Chain().Node) {
		t.Errorf("the event is %+v", e)
	}
	w.apply(s, stranger.Write(t, journal.KindEvent, gala(1_783_000_000, 67)))
	aside := s.SetAside()
	if len(aside) != 2 || aside[0].Why != WhyAuthor || aside[1].Why != WhyAuthor {
		t.Errorf("set aside: %+v, want both records of the stranger", aside)
	}
}

func TestRevokedJournalKeyWritesNoMore(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	ring := w.ring.Ring
	hash := w.ring.Hash()
	ring.Seq, ring.Previous = 2, &hash
	for i := range ring.Keys {
		if ring.Keys[i].Role == keyring.RoleJournal {
			ring.Keys[i].State = keyring.Revoked
		}
	}
	signed, err := ring.Sign(w.root)
	if err != nil {
		t.Fatal(err)
	}
	w.apply(s, w.ringRecord(signed), w.revoke("revoked", id(1)))
	if s.Void(id(1)).Set {
		t.Error("a revocation by a revoked key counts")
	}
	if _, _, ok := s.Author(w.server.Chain().Node); ok {
		t.Error("a revoked key is an author's")
	}
	if reason, _ := s.NotReady(w.gate("north").Chain().Node); reason == "" {
		t.Error("the gate is ready")
	}
}

// Rings may come in any order: those that hang together are trusted, and the
// newest of them is used.
func TestRingOrderDoesNotMatter(t *testing.T) {
	w := newWorld(t)
	all := []*keyring.SignedRing{w.ring}
	for i := range 4 {
		old := w.root
		if i == 1 { // what the pins name from here on
			w.root = journaltest.Signer(t, "root 2")
			all = append(all, w.nextRing(keyring.Active, old, w.root))
			continue
		}
		all = append(all, w.nextRing(keyring.Active, w.root))
	}
	rapid.Check(t, func(t *rapid.T) {
		s := New(w.config())
		for _, ring := range rapid.Permutation(all).Draw(t, "order") {
			if _, err := s.takeRing(ring); err != nil {
				t.Fatal(err)
			}
		}
		if s.rings.low != 1 || s.rings.high != 5 || len(s.rings.trusted) != 5 || len(s.rings.apart) != 0 {
			t.Fatalf("rings %d to %d are trusted, %d wait", s.rings.low, s.rings.high, len(s.rings.apart))
		}
	})
}
