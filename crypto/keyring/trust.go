package keyring

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

// Why a ring is not trusted. Match them with errors.Is.
var (
	ErrNotPinned = errors.New("the ring's roots are not the pinned ones")
	ErrThreshold = errors.New("too few roots signed the ring")
	ErrSignature = errors.New("a signature on the ring is bad")
	ErrRollback  = errors.New("the ring is older than the one already known")
	ErrGap       = errors.New("a ring between is missing")
	ErrFork      = errors.New("the ring does not follow from the one already known")
)

// Pins names the roots a gate was told to trust: SHA-256 of each root public
// key, sorted.
type Pins [][32]byte

// PinsOf gives the pins of some roots.
func PinsOf(roots []ed25519.PublicKey) Pins {
	pins := make(Pins, len(roots))
	for i, root := range roots {
		pins[i] = sha256.Sum256(root)
	}
	slices.SortFunc(pins, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	return pins
}

// Digest shortens the pins for a card that is typed: the first ten bytes of
// SHA-256 over the pins in their order. Eighty bits are out of reach for who
// would need a second set of roots to match a given card.
func (p Pins) Digest() [10]byte {
	h := sha256.New()
	for _, pin := range p {
		h.Write(pin[:])
	}
	return [10]byte(h.Sum(nil))
}

// Equal says whether both pin the same roots.
func (p Pins) Equal(other Pins) bool { return slices.Equal(p, other) }

// VerifyPinned checks a ring that a gate meets first: its roots are exactly the
// pinned ones, and at least its threshold of them signed it. Signatures of other
// keys, such as the roots of the ring before, are not looked at.
func (s *SignedRing) VerifyPinned(pins Pins) error {
	if !PinsOf(s.Ring.Roots).Equal(pins) {
		return fmt.Errorf("ring %d: %w", s.Ring.Seq, ErrNotPinned)
	}
	return s.verifyThreshold("own", s.Ring.Roots, s.Ring.Threshold)
}

// VerifyAfter checks one step of the chain from prev, which must be trusted: the
// next number, the hash of prev, no earlier issue time, signed by a threshold of
// prev's roots and of its own, and by nobody else.
func (s *SignedRing) VerifyAfter(prev *SignedRing) error {
	if err := s.follows(prev); err != nil {
		return fmt.Errorf("ring %d after ring %d: %w", s.Ring.Seq, prev.Ring.Seq, err)
	}
	for _, sig := range s.sigs {
		if !isRoot(sig.id, prev.Ring.Roots) && !isRoot(sig.id, s.Ring.Roots) {
			return fmt.Errorf("ring %d: %w: %s is neither an old nor a new root", s.Ring.Seq, ErrSignature, sig.id)
		}
	}
	if err := s.verifyThreshold("old", prev.Ring.Roots, prev.Ring.Threshold); err != nil {
		return err
	}
	return s.verifyThreshold("own", s.Ring.Roots, s.Ring.Threshold)
}

func (s *SignedRing) follows(prev *SignedRing) error {
	switch {
	case s.Ring.Seq <= prev.Ring.Seq:
		return ErrRollback
	case s.Ring.Seq != prev.Ring.Seq+1:
		return ErrGap
	case s.Ring.Previous == nil || *s.Ring.Previous != prev.Hash():
		return fmt.Errorf("%w: it names another ring before it", ErrFork)
	case s.Ring.IssuedAt < prev.Ring.IssuedAt:
		return fmt.Errorf("%w: it was issued earlier", ErrFork)
	}
	return nil
}

func isRoot(id KeyID, roots []ed25519.PublicKey) bool {
	return slices.ContainsFunc(roots, func(root ed25519.PublicKey) bool { return IDOf(root) == id })
}

// verifyThreshold wants good signatures of at least threshold of the roots, and
// no bad one of any.
func (s *SignedRing) verifyThreshold(whose string, roots []ed25519.PublicKey, threshold int) error {
	good := 0
	for _, root := range roots {
		at, signed := slices.BinarySearchFunc(s.sigs, IDOf(root), rootSig.compare)
		if !signed {
			continue
		}
		if !Verify(root, ProtectedEdDSA, ringAAD, s.body, s.sigs[at].sig[:]) {
			return fmt.Errorf("ring %d: %w: that of root %s", s.Ring.Seq, ErrSignature, IDOf(root))
		}
		good++
	}
	if good < threshold {
		return fmt.Errorf("ring %d: %w: %d of its %s roots, want %d", s.Ring.Seq, ErrThreshold, good, whose, threshold)
	}
	return nil
}

// Walk goes along a chain from prev, which must be trusted, and gives the last
// ring. Rings that prev has already passed are left out, so a whole chain may be
// given again and again; one with prev's number has to be prev's ring. Nothing
// of the chain is trusted if one step fails.
func Walk(prev *SignedRing, chain ...*SignedRing) (*SignedRing, error) {
	for _, next := range chain {
		switch {
		case next.Ring.Seq < prev.Ring.Seq:
			continue
		case next.Ring.Seq == prev.Ring.Seq:
			if next.Hash() != prev.Hash() {
				return nil, fmt.Errorf("two rings have the number %d: %w", next.Ring.Seq, ErrFork)
			}
			continue
		}
		if err := next.VerifyAfter(prev); err != nil {
			return nil, err
		}
		prev = next
	}
	return prev, nil
}
