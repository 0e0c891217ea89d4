package keyring

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"usher/crypto/canonical"
)

const (
	// ringAAD is the external AAD of a ring's signatures.
	ringAAD = "usher-ring-v1"
	// MaxSignedRing is the most bytes a signed ring may have.
	MaxSignedRing = 1 << 20
	// maxSigs allows for all old and all new roots.
	maxSigs = 2 * MaxRoots
)

// SignedRing is a ring with its signatures, in its one encoding. Don't change
// the Ring inside: the bytes are what was signed.
type SignedRing struct {
	Ring Ring

	body []byte    // the encoded ring, what is signed
	sigs []rootSig // sorted by id
	hash [32]byte  // of body
}

type rootSig struct {
	id  KeyID
	sig [64]byte
}

// Sign puts the ring into its encoding and signs it. Lists may be in any order.
// To follow a ring with other roots, pass old and new ones. Fewer signers than
// the threshold are accepted, because roots may be kept apart: see
// [SignedRing.Countersign].
func (r Ring) Sign(roots ...*Signer) (*SignedRing, error) {
	r = r.sorted()
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("signing a ring: %w", err)
	}
	body, err := canonical.Marshal(r.wire())
	if err != nil {
		return nil, fmt.Errorf("encoding ring %d: %w", r.Seq, err)
	}
	signed := &SignedRing{Ring: r, body: body, hash: sha256.Sum256(body)}
	for _, root := range roots {
		if err := signed.add(root); err != nil {
			return nil, err
		}
	}
	if err := signed.checkSize(); err != nil {
		return nil, err
	}
	return signed, nil
}

// Countersign gives a copy with one more signature, of a root kept elsewhere.
func (s *SignedRing) Countersign(root *Signer) (*SignedRing, error) {
	more := *s
	more.sigs = slices.Clone(s.sigs)
	if err := more.add(root); err != nil {
		return nil, err
	}
	return &more, more.checkSize()
}

func (s *SignedRing) add(root *Signer) error {
	at, there := slices.BinarySearchFunc(s.sigs, root.ID(), rootSig.compare)
	if there {
		return fmt.Errorf("signing ring %d: %s has signed already", s.Ring.Seq, root.ID())
	}
	sig := rootSig{root.ID(), root.Sign(ProtectedEdDSA, ringAAD, s.body)}
	s.sigs = slices.Insert(s.sigs, at, sig)
	return nil
}

func (s rootSig) compare(id KeyID) int { return bytes.Compare(s.id[:], id[:]) }

func (s *SignedRing) checkSize() error {
	if n := len(s.sigs); n == 0 || n > maxSigs {
		return fmt.Errorf("ring %d has %d signatures, want 1 to %d", s.Ring.Seq, n, maxSigs)
	}
	if n := len(s.Bytes()); n > MaxSignedRing {
		return fmt.Errorf("ring %d has %d bytes, want at most %d", s.Ring.Seq, n, MaxSignedRing)
	}
	return nil
}

// Bytes gives the signed ring's one encoding.
func (s *SignedRing) Bytes() []byte {
	wire := wireSignedRing{Ring: s.body}
	for i := range s.sigs {
		wire.Sigs = append(wire.Sigs, wireSig{Kid: s.sigs[i].id[:], Sig: s.sigs[i].sig[:]})
	}
	b, err := canonical.Marshal(wire)
	if err != nil {
		panic("keyring: byte strings don't encode: " + err.Error())
	}
	return b
}

// Hash is SHA-256 of the encoded ring without its signatures, what the next
// ring's Previous holds. Another set of good signatures leaves it as it is.
func (s *SignedRing) Hash() [32]byte { return s.hash }

// ParseSigned reads the bytes of [SignedRing.Bytes] and refuses every other
// encoding and every ring that [Ring.Sign] would refuse. It checks no signature:
// nothing of the ring is to be believed before [SignedRing.VerifyPinned] or
// [SignedRing.VerifyAfter].
func ParseSigned(b []byte) (*SignedRing, error) {
	if len(b) > MaxSignedRing {
		return nil, fmt.Errorf("signed ring has %d bytes, want at most %d", len(b), MaxSignedRing)
	}
	var envelope wireSignedRing
	if err := canonical.Unmarshal(b, &envelope); err != nil {
		return nil, fmt.Errorf("reading a signed ring: %w", err)
	}
	sigs, err := parseSigs(envelope.Sigs)
	if err != nil {
		return nil, fmt.Errorf("reading a signed ring: %w", err)
	}
	var wire wireRing
	if err := canonical.Unmarshal(envelope.Ring, &wire); err != nil {
		return nil, fmt.Errorf("reading a ring: %w", err)
	}
	ring, err := wire.ring()
	if err != nil {
		return nil, fmt.Errorf("reading a ring: %w", err)
	}
	if err := ring.check(); err != nil {
		return nil, fmt.Errorf("reading a ring: %w", err)
	}
	return &SignedRing{ring, envelope.Ring, sigs, sha256.Sum256(envelope.Ring)}, nil
}

func parseSigs(wire []wireSig) ([]rootSig, error) {
	if n := len(wire); n == 0 || n > maxSigs {
		return nil, fmt.Errorf("%d signatures, want 1 to %d", n, maxSigs)
	}
	sigs := make([]rootSig, len(wire))
	for i, w := range wire {
		if len(w.Kid) != len(sigs[i].id) || len(w.Sig) != len(sigs[i].sig) {
			return nil, fmt.Errorf("signature %d: key id of %d bytes and signature of %d, want 4 and 64",
				i+1, len(w.Kid), len(w.Sig))
		}
		sigs[i] = rootSig{KeyID(w.Kid), [64]byte(w.Sig)}
		if i > 0 && sigs[i-1].compare(sigs[i].id) >= 0 {
			return nil, errors.New("signatures are not sorted by key id, or two have one")
		}
	}
	return sigs, nil
}

func (r Ring) wire() wireRing {
	w := wireRing{
		Seq: r.Seq, Organiser: r.Organiser, IssuedAt: r.IssuedAt, Expires: r.Expires,
		Threshold: r.Threshold,
	}
	for _, root := range r.Roots {
		w.Roots = append(w.Roots, root)
	}
	for i := range r.Keys {
		k := &r.Keys[i]
		w.Keys = append(w.Keys, wireKey{
			ID: k.ID[:], Public: k.Public, Role: k.Role, Events: k.Events,
			NotBefore: k.NotBefore, Expires: k.Expires, State: k.State,
		})
	}
	if r.Previous != nil {
		w.Previous = r.Previous[:]
	}
	return w
}

func (w wireRing) ring() (Ring, error) {
	r := Ring{
		Seq: w.Seq, Organiser: w.Organiser, IssuedAt: w.IssuedAt, Expires: w.Expires,
		Threshold: w.Threshold,
	}
	for _, root := range w.Roots {
		r.Roots = append(r.Roots, ed25519.PublicKey(root))
	}
	for i, k := range w.Keys {
		if len(k.ID) != len(KeyID{}) {
			return Ring{}, fmt.Errorf("key %d: id of %d bytes, want 4", i+1, len(k.ID))
		}
		r.Keys = append(r.Keys, Key{
			ID: KeyID(k.ID), Public: k.Public, Role: k.Role, Events: k.Events,
			NotBefore: k.NotBefore, Expires: k.Expires, State: k.State,
		})
	}
	if len(w.Previous) != 0 {
		if len(w.Previous) != sha256.Size {
			return Ring{}, fmt.Errorf("hash of the ring before has %d bytes, want %d", len(w.Previous), sha256.Size)
		}
		previous := [32]byte(w.Previous)
		r.Previous = &previous
	}
	return r, nil
}
