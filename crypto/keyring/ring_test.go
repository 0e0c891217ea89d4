package keyring

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"usher/crypto/canonical"
)

const (
	issued  = 1_796_000_000
	expires = 1_800_000_000
)

func publics(signers ...*Signer) (pubs []ed25519.PublicKey) {
	for _, s := range signers {
		pubs = append(pubs, s.Public())
	}
	return pubs
}

func keyFor(s *Signer, role Role, events ...string) Key {
	return Key{
		ID: s.ID(), Public: s.Public(), Role: role, Events: events,
		NotBefore: issued, Expires: expires,
	}
}

// firstRing has two of three roots to sign it, and three keys.
func firstRing(t testing.TB) Ring {
	return Ring{
		Seq: 1, Organiser: "Théâtre du Nord", IssuedAt: issued, Expires: expires,
		Roots: publics(signer(t, 1), signer(t, 2), signer(t, 3)), Threshold: 2,
		Keys: []Key{
			keyFor(signer(t, 11), RoleIssuer, "EV26"),
			keyFor(signer(t, 12), RoleJournal, "EV27", "EV26"),
			keyFor(signer(t, 13), RoleEnrolment, "EV26"),
		},
	}
}

func mustSign(t testing.TB, r Ring, roots ...*Signer) *SignedRing {
	t.Helper()
	signed, err := r.Sign(roots...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// after gives an unsigned ring that follows prev.
func after(prev *SignedRing) Ring {
	next := prev.Ring.sorted()
	hash := prev.Hash()
	next.Seq++
	next.Previous = &hash
	return next
}

func TestSignThenParse(t *testing.T) {
	signed := mustSign(t, firstRing(t), signer(t, 2), signer(t, 1))
	got, err := ParseSigned(signed.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), signed.Bytes()) || got.Hash() != signed.Hash() {
		t.Error("parsed and encoded again it is another ring")
	}
	if err := got.VerifyPinned(PinsOf(firstRing(t).Roots)); err != nil {
		t.Error(err)
	}
	key, ok := got.Ring.Key(signer(t, 12).ID())
	if !ok || key.Role != RoleJournal || !key.For("EV27") || key.For("EV2") || !key.ValidAt(issued) || key.ValidAt(expires) {
		t.Errorf("key 12 came back as %+v", key)
	}
	if _, ok := got.Ring.Key(signer(t, 1).ID()); ok {
		t.Error("a root is found among the keys")
	}
}

// TestOrderOfListsDoesNotMatter signs one ring with its lists in any order.
func TestOrderOfListsDoesNotMatter(t *testing.T) {
	want := mustSign(t, firstRing(t), signer(t, 1), signer(t, 2), signer(t, 3)).Bytes()
	rapid.Check(t, func(rt *rapid.T) {
		r := firstRing(t)
		r.Roots = rapid.Permutation(r.Roots).Draw(rt, "roots")
		r.Keys = rapid.Permutation(r.Keys).Draw(rt, "keys")
		signers := rapid.Permutation([]*Signer{signer(t, 1), signer(t, 2), signer(t, 3)}).Draw(rt, "signers")
		before := r.Keys[0].ID
		if got := mustSign(t, r, signers...).Bytes(); !bytes.Equal(got, want) {
			rt.Fatal("another encoding")
		}
		if r.Keys[0].ID != before {
			rt.Fatal("Sign reordered the caller's list")
		}
	})
}

// badRings are rings that must not exist.
func badRings(t testing.TB) map[string]func(*Ring) {
	weak := make(ed25519.PublicKey, 32)
	return map[string]func(*Ring){
		"number 0":                    func(r *Ring) { r.Seq = 0 },
		"number 0 after another":      func(r *Ring) { r.Seq, r.Previous = 0, &[32]byte{1} },
		"first with a predecessor":    func(r *Ring) { r.Previous = &[32]byte{1} },
		"second without one":          func(r *Ring) { r.Seq = 2 },
		"no organiser":                func(r *Ring) { r.Organiser = "" },
		"long organiser":              func(r *Ring) { r.Organiser = strings.Repeat("x", MaxOrganiser+1) },
		"line in organiser":           func(r *Ring) { r.Organiser = "a\nb" },
		"escape in organiser":         func(r *Ring) { r.Organiser = "\x1b[2J" },
		"turned organiser":            func(r *Ring) { r.Organiser = "a\u202eb" },
		"broken organiser":            func(r *Ring) { r.Organiser = "a\xff" },
		"issued before 1970":          func(r *Ring) { r.IssuedAt = -1 },
		"expires when issued":         func(r *Ring) { r.Expires = r.IssuedAt },
		"expires too late":            func(r *Ring) { r.Expires = MaxTime + 1 },
		"no roots":                    func(r *Ring) { r.Roots = nil },
		"nine roots":                  func(r *Ring) { r.Roots = manyRoots(t, MaxRoots+1) },
		"root twice":                  func(r *Ring) { r.Roots[0] = r.Roots[1] },
		"weak root":                   func(r *Ring) { r.Roots[0] = weak },
		"short root":                  func(r *Ring) { r.Roots[0] = r.Roots[0][:31] },
		"threshold 0":                 func(r *Ring) { r.Threshold = 0 },
		"negative threshold":          func(r *Ring) { r.Threshold = -1 },
		"threshold past the roots":    func(r *Ring) { r.Threshold = 4 },
		"key twice":                   func(r *Ring) { r.Keys[0] = r.Keys[1] },
		"root among the keys":         func(r *Ring) { r.Keys[0] = keyFor(signer(t, 1), RoleIssuer, "EV26") },
		"weak key":                    func(r *Ring) { r.Keys[0].Public, r.Keys[0].ID = weak, IDOf(weak) },
		"id of another key":           func(r *Ring) { r.Keys[0].ID = r.Keys[1].ID },
		"id of no key":                func(r *Ring) { r.Keys[0].ID[3] ^= 1 },
		"role 0":                      func(r *Ring) { r.Keys[0].Role = 0 },
		"role 4":                      func(r *Ring) { r.Keys[0].Role = 4 },
		"state 3":                     func(r *Ring) { r.Keys[0].State = 3 },
		"no events":                   func(r *Ring) { r.Keys[0].Events = nil },
		"too many events":             func(r *Ring) { r.Keys[0].Events = manyEvents(MaxEvents + 1) },
		"event twice":                 func(r *Ring) { r.Keys[0].Events = []string{"A", "A"} },
		"event in lower case":         func(r *Ring) { r.Keys[0].Events = []string{"ev26"} },
		"empty event":                 func(r *Ring) { r.Keys[0].Events = []string{""} },
		"event of 17":                 func(r *Ring) { r.Keys[0].Events = []string{strings.Repeat("E", 17)} },
		"key expires at its start":    func(r *Ring) { r.Keys[0].Expires = r.Keys[0].NotBefore },
		"key starts before 1970":      func(r *Ring) { r.Keys[0].NotBefore = -1 },
		"key expires past the end":    func(r *Ring) { r.Keys[0].Expires = MaxTime + 1 },
		"more keys than there may be": func(r *Ring) { r.Keys = manyKeys(t, MaxKeys+1) },
	}
}

func manyRoots(t testing.TB, n int) (roots []ed25519.PublicKey) {
	for i := range n {
		roots = append(roots, signer(t, byte(100+i)).Public())
	}
	return roots
}

func manyEvents(n int) (events []string) {
	for i := range n {
		events = append(events, "E"+strings.Repeat("0", i%8)+strings.Repeat("1", i/8))
	}
	return events
}

func manyKeys(t testing.TB, n int) (keys []Key) {
	seed := make([]byte, SeedSize)
	for i := range n {
		seed[0], seed[1] = byte(i), byte(i>>8)
		s, err := FromSeed(seed)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, keyFor(s, RoleIssuer, "EV26"))
	}
	return keys
}

func TestBadRingsAreNeitherSignedNorParsed(t *testing.T) {
	for name, spoil := range badRings(t) {
		r := firstRing(t)
		spoil(&r)
		if _, err := r.Sign(signer(t, 1)); err == nil {
			t.Errorf("%s: signed", name)
		}
		if _, err := ParseSigned(unchecked(t, r.sorted().wire())); err == nil {
			t.Errorf("%s: parsed", name)
		}
	}
}

// unchecked encodes and signs what no caller of Sign could.
func unchecked(t testing.TB, w wireRing) []byte {
	t.Helper()
	body, err := canonical.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	root := signer(t, 1)
	id, sig := root.ID(), root.Sign(ProtectedEdDSA, ringAAD, body)
	return enveloped(t, body, wireSig{Kid: id[:], Sig: sig[:]})
}

func enveloped(t testing.TB, body []byte, sigs ...wireSig) []byte {
	t.Helper()
	b, err := canonical.Marshal(wireSignedRing{Ring: body, Sigs: sigs})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestUnsortedRings are right but for the order of a list.
func TestUnsortedRings(t *testing.T) {
	for name, spoil := range map[string]func(*wireRing){
		"roots":  func(w *wireRing) { slices.Reverse(w.Roots) },
		"keys":   func(w *wireRing) { slices.Reverse(w.Keys) },
		"events": func(w *wireRing) { w.Keys[slices.IndexFunc(w.Keys, twoEvents)].Events = []string{"EV27", "EV26"} },
	} {
		w := firstRing(t).sorted().wire()
		if _, err := ParseSigned(unchecked(t, w)); err != nil {
			t.Fatalf("before: %v", err)
		}
		spoil(&w)
		if _, err := ParseSigned(unchecked(t, w)); err == nil || !strings.Contains(err.Error(), "sorted") {
			t.Errorf("%s in another order: %v", name, err)
		}
	}
}

func twoEvents(k wireKey) bool { return len(k.Events) == 2 }

func TestOddWireRings(t *testing.T) {
	for name, spoil := range map[string]func(*wireRing){
		"id of 3 bytes":        func(w *wireRing) { w.Keys[0].ID = w.Keys[0].ID[:3] },
		"no id":                func(w *wireRing) { w.Keys[0].ID = nil },
		"key of 33 bytes":      func(w *wireRing) { w.Keys[0].Public = append(w.Keys[0].Public, 0) },
		"hash of 31 bytes":     func(w *wireRing) { w.Seq, w.Previous = 2, make([]byte, 31) },
		"hash of 33 bytes":     func(w *wireRing) { w.Seq, w.Previous = 2, make([]byte, 33) },
		"organiser not UTF-8":  func(w *wireRing) { w.Organiser = "\xff" },
		"threshold past int32": func(w *wireRing) { w.Threshold = 1 << 40 },
	} {
		w := firstRing(t).sorted().wire()
		spoil(&w)
		if _, err := ParseSigned(unchecked(t, w)); err == nil {
			t.Errorf("%s: parsed", name)
		}
	}
}

func TestOddSignatureLists(t *testing.T) {
	body, err := canonical.Marshal(firstRing(t).sorted().wire())
	if err != nil {
		t.Fatal(err)
	}
	sig := func(id byte, idLen, sigLen int) wireSig {
		return wireSig{Kid: bytes.Repeat([]byte{id}, idLen), Sig: make([]byte, sigLen)}
	}
	many := make([]wireSig, maxSigs+1)
	for i := range many {
		many[i] = sig(byte(i), 4, 64)
	}
	for name, sigs := range map[string][]wireSig{
		"none":              nil,
		"unsorted":          {sig(2, 4, 64), sig(1, 4, 64)},
		"one id twice":      {sig(1, 4, 64), sig(1, 4, 64)},
		"short id":          {sig(1, 3, 64)},
		"long signature":    {sig(1, 4, 65)},
		"empty signature":   {sig(1, 4, 0)},
		"more than allowed": many,
	} {
		if _, err := ParseSigned(enveloped(t, body, sigs...)); err == nil {
			t.Errorf("%s: parsed", name)
		}
	}
	if _, err := ParseSigned(enveloped(t, body, many[:maxSigs]...)); err != nil {
		t.Errorf("as many as allowed: %v", err)
	}
}

// TestNoSecondEncodingOfARing flips every bit: what still parses is another
// signature or another ring, never the same twice, and verifies no more.
func TestNoSecondEncodingOfARing(t *testing.T) {
	signed := mustSign(t, firstRing(t), signer(t, 1), signer(t, 2))
	good, pins := signed.Bytes(), PinsOf(firstRing(t).Roots)
	for at := range good {
		for bit := range 8 {
			changed := bytes.Clone(good)
			changed[at] ^= 1 << bit
			got, err := ParseSigned(changed)
			if err == nil && got.VerifyPinned(pins) == nil {
				t.Fatalf("with bit %d of byte %d flipped it is trusted", bit, at)
			}
		}
	}
	for n := range good {
		if _, err := ParseSigned(good[:n]); err == nil {
			t.Fatalf("%d of %d bytes are a ring", n, len(good))
		}
	}
	if _, err := ParseSigned(append(bytes.Clone(good), 0)); err == nil {
		t.Error("a trailing byte is accepted")
	}
	if _, err := ParseSigned(make([]byte, MaxSignedRing+1)); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("more bytes than a ring may have: %v", err)
	}
}

func TestBiggestRing(t *testing.T) {
	r := firstRing(t)
	r.Keys = manyKeys(t, MaxKeys)
	signed := mustSign(t, r, signer(t, 1), signer(t, 2))
	if _, err := ParseSigned(signed.Bytes()); err != nil {
		t.Error(err)
	}
}

func TestCheckEvent(t *testing.T) {
	for _, good := range []string{"A", "EV26", "-", "2026-SUMMER-GALA"} {
		if err := CheckEvent(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "ev26", "EV 26", "EV_26", "É", "2026-SUMMER-GALAS", "EV26\n", strings.Repeat("A", 1<<20)} {
		if err := CheckEvent(bad); err == nil || len(err.Error()) > 150 {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func TestNames(t *testing.T) {
	got := []string{
		RoleIssuer.String(), RoleJournal.String(), RoleEnrolment.String(), Role(9).String(),
		Active.String(), RosterOnly.String(), Revoked.String(), State(9).String(),
	}
	want := []string{"issuer", "journal", "enrolment", "role 9", "active", "roster-only", "revoked", "state 9"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
