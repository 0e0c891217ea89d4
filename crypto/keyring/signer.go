package keyring

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"
)

// SeedSize is the length of an Ed25519 seed, the secret half of a [Signer].
const SeedSize = ed25519.SeedSize

// Signer is an Ed25519 private key in memory. It may be used by several
// goroutines at once and is never printed; see [Signer.Seed].
type Signer struct {
	// private gives the key. It is a function because fmt doesn't call the
	// methods of unexported fields but follows pointers: of a Signer somewhere
	// inside a struct it finds an address, and nothing else.
	private func() *privateKey
}

type privateKey struct {
	key   ed25519.PrivateKey
	print [sha256.Size]byte
}

// Generate makes a new key from 32 bytes of rand.
func Generate(rand io.Reader) (*Signer, error) {
	var seed [SeedSize]byte
	if _, err := io.ReadFull(rand, seed[:]); err != nil {
		return nil, fmt.Errorf("drawing randomness for a key: %w", err)
	}
	return FromSeed(seed[:])
}

// FromSeed gives the key of a 32-byte seed (RFC 8032 §5.1.5).
func FromSeed(seed []byte) (*Signer, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("key seed has %d bytes, want %d", len(seed), SeedSize)
	}
	key := ed25519.NewKeyFromSeed(seed)
	private := &privateKey{key, sha256.Sum256(publicOf(key))}
	return &Signer{func() *privateKey { return private }}, nil
}

// Seed gives the secret itself, for sealing it or writing it to a file that only
// its owner can read. Nothing else lets it out.
func (s *Signer) Seed() []byte { return s.private().key.Seed() }

// Derive gives a 32-byte secret that only the holder of the key can make, the same
// every time, another for each label: HKDF-SHA256 (RFC 5869) of the seed. It
// tells nothing of the key.
func (s *Signer) Derive(label string) ([32]byte, error) {
	secret, err := hkdf.Key(sha256.New, s.Seed(), nil, label, 32)
	if err != nil {
		return [32]byte{}, fmt.Errorf("deriving a secret from key %s: %w", s.ID(), err)
	}
	return [32]byte(secret), nil
}

// Public gives the public half.
func (s *Signer) Public() ed25519.PublicKey {
	return append(ed25519.PublicKey(nil), publicOf(s.private().key)...)
}

// ID is [IDOf] the public half.
func (s *Signer) ID() KeyID { return KeyID(s.private().print[:4]) }

// Fingerprint is the SHA-256 of the public half, of which ids are the first bytes.
func (s *Signer) Fingerprint() [sha256.Size]byte { return s.private().print }

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(key[SeedSize:])
}
