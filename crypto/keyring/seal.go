package keyring

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"

	"usher/crypto/canonical"
)

// Params are the costs of argon2id (RFC 9106) that a passphrase is stretched
// with.
type Params struct {
	Time    uint32 // passes
	KiB     uint32 // memory
	Threads uint8  // lanes
}

// DefaultParams takes about a quarter of a second.
var DefaultParams = Params{Time: 3, KiB: 64 << 10, Threads: 4}

// Limits of what [Open] spends on a sealed key before it knows whether it is
// one.
const (
	MaxSealTime    = 10
	MaxSealKiB     = 1 << 20 // 1 GiB
	MaxSealThreads = 64
)

const (
	sealVersion = 1
	sealAAD     = "usher-seal-v1"
	saltSize    = 16
	// MaxSealed is the most bytes a sealed key may have; real ones have under 130.
	MaxSealed = 256
)

// ErrPassphrase means that a sealed key doesn't open: another passphrase, another
// key than the one asked for, or changed bytes. Which of them can't be told.
var ErrPassphrase = errors.New("wrong passphrase, or not the key that was asked for")

func (p Params) check() error {
	if p.Time < 1 || p.Time > MaxSealTime {
		return fmt.Errorf("argon2id with %d passes, want 1 to %d", p.Time, MaxSealTime)
	}
	if p.Threads < 1 || p.Threads > MaxSealThreads {
		return fmt.Errorf("argon2id with %d lanes, want 1 to %d", p.Threads, MaxSealThreads)
	}
	if least := 8 * uint32(p.Threads); p.KiB < least || p.KiB > MaxSealKiB {
		return fmt.Errorf("argon2id with %d KiB, want %d to %d", p.KiB, least, MaxSealKiB)
	}
	return nil
}

// Seal encrypts a key with a passphrase for keeping it at rest: argon2id, then
// XChaCha20-Poly1305 with the key's id as additional data. It draws salt and
// nonce from rand.
func Seal(rand io.Reader, passphrase []byte, s *Signer, p Params) ([]byte, error) {
	if len(passphrase) == 0 {
		return nil, fmt.Errorf("sealing key %s: the passphrase is empty", s.ID())
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("sealing key %s: %w", s.ID(), err)
	}
	var drawn [saltSize + chacha20poly1305.NonceSizeX]byte
	if _, err := io.ReadFull(rand, drawn[:]); err != nil {
		return nil, fmt.Errorf("sealing key %s: drawing randomness: %w", s.ID(), err)
	}
	wire := wireSealed{
		Version: sealVersion,
		Salt:    drawn[:saltSize],
		Params:  wireParams{Time: p.Time, KiB: p.KiB, Threads: p.Threads},
		Nonce:   drawn[saltSize:],
	}
	aead, err := chacha20poly1305.NewX(p.stretch(passphrase, wire.Salt))
	if err != nil {
		return nil, fmt.Errorf("sealing key %s: %w", s.ID(), err)
	}
	wire.Ciphertext = aead.Seal(nil, wire.Nonce, s.Seed(), sealedFor(s.ID()))
	return canonical.Marshal(wire)
}

// Open decrypts what [Seal] made of the key with that id. It refuses costs past
// the limits before it spends anything, and gives [ErrPassphrase] where the
// bytes don't open.
func Open(passphrase, sealed []byte, id KeyID) (*Signer, error) {
	wire, err := parseSealed(sealed)
	if err != nil {
		return nil, fmt.Errorf("opening key %s: %w", id, err)
	}
	aead, err := chacha20poly1305.NewX(wire.Params.params().stretch(passphrase, wire.Salt))
	if err != nil {
		return nil, fmt.Errorf("opening key %s: %w", id, err)
	}
	seed, err := aead.Open(nil, wire.Nonce, wire.Ciphertext, sealedFor(id))
	if err != nil {
		return nil, fmt.Errorf("opening key %s: %w", id, ErrPassphrase)
	}
	s, err := FromSeed(seed)
	if err != nil {
		return nil, fmt.Errorf("opening key %s: %w", id, err)
	}
	if s.ID() != id {
		return nil, fmt.Errorf("opening key %s: inside is key %s", id, s.ID())
	}
	return s, nil
}

func parseSealed(sealed []byte) (wireSealed, error) {
	var wire wireSealed
	if len(sealed) > MaxSealed {
		return wire, fmt.Errorf("sealed key has %d bytes, want at most %d", len(sealed), MaxSealed)
	}
	if err := canonical.Unmarshal(sealed, &wire); err != nil {
		return wire, fmt.Errorf("reading a sealed key: %w", err)
	}
	if wire.Version != sealVersion {
		return wire, fmt.Errorf("sealed key is of version %d, this usher knows %d", wire.Version, sealVersion)
	}
	const ciphertextSize = SeedSize + chacha20poly1305.Overhead
	if len(wire.Salt) != saltSize || len(wire.Nonce) != chacha20poly1305.NonceSizeX || len(wire.Ciphertext) != ciphertextSize {
		return wire, fmt.Errorf("sealed key has salt, nonce and ciphertext of %d, %d and %d bytes, want %d, %d and %d",
			len(wire.Salt), len(wire.Nonce), len(wire.Ciphertext), saltSize, chacha20poly1305.NonceSizeX, ciphertextSize)
	}
	return wire, wire.Params.params().check()
}

func (p Params) stretch(passphrase, salt []byte) []byte {
	return argon2.IDKey(passphrase, salt, p.Time, p.KiB, p.Threads, chacha20poly1305.KeySize)
}

func sealedFor(id KeyID) []byte { return append([]byte(sealAAD), id[:]...) }
