package keyring

import (
	"bytes"
	"errors"
	"testing"
)

func TestVerifyPinned(t *testing.T) {
	a, b, c, stranger := signer(t, 1), signer(t, 2), signer(t, 3), signer(t, 9)
	pins := PinsOf(publics(c, a, b))
	for name, v := range map[string]struct {
		signers []*Signer
		pins    Pins
		want    error
	}{
		"two of three":       {[]*Signer{a, b}, pins, nil},
		"another two":        {[]*Signer{c, a}, pins, nil},
		"all":                {[]*Signer{a, b, c}, pins, nil},
		"two and a stranger": {[]*Signer{a, b, stranger}, pins, nil},
		"one":                {[]*Signer{a}, pins, ErrThreshold},
		"one and a stranger": {[]*Signer{a, stranger}, pins, ErrThreshold},
		"strangers":          {[]*Signer{stranger, signer(t, 8)}, pins, ErrThreshold},
		"fewer pins":         {[]*Signer{a, b}, PinsOf(publics(a, b)), ErrNotPinned},
		"more pins":          {[]*Signer{a, b}, PinsOf(publics(a, b, c, stranger)), ErrNotPinned},
		"another pin":        {[]*Signer{a, b}, PinsOf(publics(a, b, stranger)), ErrNotPinned},
		"no pins":            {[]*Signer{a, b}, nil, ErrNotPinned},
	} {
		signed := mustSign(t, firstRing(t), v.signers...)
		if err := signed.VerifyPinned(v.pins); !errors.Is(err, v.want) {
			t.Errorf("%s: %v, want %v", name, err, v.want)
		}
	}
}

func TestABadSignatureIsRefusedBesideEnoughGoodOnes(t *testing.T) {
	signed := mustSign(t, firstRing(t), signer(t, 1), signer(t, 2), signer(t, 3))
	signed.sigs[0].sig[5] ^= 1
	if err := signed.VerifyPinned(PinsOf(signed.Ring.Roots)); !errors.Is(err, ErrSignature) {
		t.Errorf("%v, want %v", err, ErrSignature)
	}
}

func TestCountersign(t *testing.T) {
	first := mustSign(t, firstRing(t), signer(t, 2))
	pins := PinsOf(first.Ring.Roots)
	both, err := first.Countersign(signer(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := both.VerifyPinned(pins); err != nil {
		t.Error(err)
	}
	if err := first.VerifyPinned(pins); !errors.Is(err, ErrThreshold) {
		t.Errorf("Countersign changed its receiver: %v", err)
	}
	if both.Hash() != first.Hash() {
		t.Error("another signature gave the ring another hash")
	}
	want := mustSign(t, firstRing(t), signer(t, 1), signer(t, 2))
	if !bytes.Equal(both.Bytes(), want.Bytes()) {
		t.Error("signed apart and together it has two encodings")
	}
	if _, err := both.Countersign(signer(t, 1)); err == nil {
		t.Error("a root signed twice")
	}
	if _, err := firstRing(t).Sign(signer(t, 1), signer(t, 1)); err == nil {
		t.Error("a root signed twice at once")
	}
	if _, err := firstRing(t).Sign(); err == nil {
		t.Error("a ring without a signature was made")
	}
}

// TestRotation moves from roots 1, 2, 3 to roots 3, 4, 5, two of three each.
func TestRotation(t *testing.T) {
	first := mustSign(t, firstRing(t), signer(t, 1), signer(t, 2))
	second := after(first)
	second.Roots = publics(signer(t, 3), signer(t, 4), signer(t, 5))
	for name, v := range map[string]struct {
		signers []byte
		want    error
	}{
		"two old, two new":            {[]byte{1, 2, 4, 5}, nil},
		"one in both":                 {[]byte{1, 3, 4}, nil},
		"all":                         {[]byte{1, 2, 3, 4, 5}, nil},
		"only old":                    {[]byte{1, 2}, ErrThreshold},
		"only new":                    {[]byte{4, 5}, ErrThreshold},
		"one old, two new":            {[]byte{1, 4, 5}, ErrThreshold},
		"two old, one new":            {[]byte{1, 2, 4}, ErrThreshold},
		"enough, and a stranger":      {[]byte{1, 2, 4, 5, 9}, ErrSignature},
		"one that counts on one side": {[]byte{1, 3}, ErrThreshold},
	} {
		var signers []*Signer
		for _, n := range v.signers {
			signers = append(signers, signer(t, n))
		}
		if err := mustSign(t, second, signers...).VerifyAfter(first); !errors.Is(err, v.want) {
			t.Errorf("%s: %v, want %v", name, err, v.want)
		}
	}
}

func TestVerifyAfterRefuses(t *testing.T) {
	roots := []*Signer{signer(t, 1), signer(t, 2)}
	first := mustSign(t, firstRing(t), roots...)
	for name, v := range map[string]struct {
		spoil func(*Ring)
		want  error
	}{
		"nothing wrong":      {func(*Ring) {}, nil},
		"the same number":    {func(r *Ring) { r.Seq, r.Previous = 1, nil }, ErrRollback},
		"a number left out":  {func(r *Ring) { r.Seq = 3 }, ErrGap},
		"another ring":       {func(r *Ring) { r.Previous[0] ^= 1 }, ErrFork},
		"issued before":      {func(r *Ring) { r.IssuedAt-- }, ErrFork},
		"issued at one time": {func(r *Ring) { r.IssuedAt = issued }, nil},
	} {
		r := after(first)
		v.spoil(&r)
		if err := mustSign(t, r, roots...).VerifyAfter(first); !errors.Is(err, v.want) {
			t.Errorf("%s: %v, want %v", name, err, v.want)
		}
	}
}

// chainOf gives n rings, each signed by the same two roots.
func chainOf(t testing.TB, n int) []*SignedRing {
	chain := []*SignedRing{mustSign(t, firstRing(t), signer(t, 1), signer(t, 2))}
	for len(chain) < n {
		chain = append(chain, mustSign(t, after(chain[len(chain)-1]), signer(t, 1), signer(t, 2)))
	}
	return chain
}

func TestWalk(t *testing.T) {
	chain := chainOf(t, 5)
	rival := after(chain[1])
	rival.Organiser = "Somebody Else"
	fork := mustSign(t, rival, signer(t, 1), signer(t, 2))
	unsigned := mustSign(t, after(chain[4]), signer(t, 1))
	for name, v := range map[string]struct {
		from  *SignedRing
		chain []*SignedRing
		last  uint64
		want  error
	}{
		"nothing":                {chain[0], nil, 1, nil},
		"the whole chain":        {chain[0], chain, 5, nil},
		"the rest":               {chain[2], chain[3:], 5, nil},
		"again from its end":     {chain[4], chain, 5, nil},
		"only what is past":      {chain[4], chain[:2], 5, nil},
		"a step missing":         {chain[0], []*SignedRing{chain[2]}, 0, ErrGap},
		"out of order":           {chain[0], []*SignedRing{chain[1], chain[3], chain[2]}, 0, ErrGap},
		"a fork ahead":           {chain[0], []*SignedRing{chain[1], fork, chain[3]}, 0, ErrFork},
		"a fork of where it is":  {chain[2], []*SignedRing{fork}, 0, ErrFork},
		"a last step not signed": {chain[0], append(chain[:5:5], unsigned), 0, ErrThreshold},
	} {
		got, err := Walk(v.from, v.chain...)
		if !errors.Is(err, v.want) {
			t.Errorf("%s: %v, want %v", name, err, v.want)
		}
		if err == nil && got.Ring.Seq != v.last || err != nil && got != nil {
			t.Errorf("%s: ended at %v", name, got)
		}
	}
}

func TestPins(t *testing.T) {
	a, b := signer(t, 1), signer(t, 2)
	if !PinsOf(publics(a, b)).Equal(PinsOf(publics(b, a))) {
		t.Error("the order of roots matters")
	}
	if PinsOf(publics(a, b)).Digest() == PinsOf(publics(a)).Digest() {
		t.Error("two sets have one digest")
	}
}
