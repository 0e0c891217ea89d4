// Package sealed hides the content of records from nodes that have no need of it.
// A record travels through every node like all others; only those that were given
// the key of the event and the use can read what is sealed inside.
//
// A [Key] is a secret, and prints as its name.
package sealed

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"

	"usher/sync/fault"
	"usher/sync/journal"
)

// NonceSize is the size of a nonce, in bytes.
const NonceSize = chacha20poly1305.NonceSizeX

// keyName separates the name of a key from its other uses.
const keyName = "usher-sealed-key-name-v1"

// Key opens what is sealed for one use in one event: XChaCha20-Poly1305.
type Key [chacha20poly1305.KeySize]byte

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k == Key{} }

// String names the key without showing it.
func (k Key) String() string {
	sum := sha256.Sum256(append([]byte(keyName), k[:]...))
	return "redacted key " + hex.EncodeToString(sum[:4])
}

// Format writes [Key.String] whatever the verb and flags.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// MarshalText is [Key.String], for JSON and logs; it can't be read back.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// errKey is why nothing opens with a wrong key, or in another use or event.
var errKey = errors.New("not sealed with this key for this use and event")

// Seal encrypts a content for a use in an event. The nonce is drawn from rand.
func (k Key) Seal(use, event string, rand io.Reader, content any) (nonce, box []byte, err error) {
	aead, err := chacha20poly1305.NewX(k[:])
	if err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "can't use the key of the %s list", use)
	}
	plain, err := journal.Encode(content)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "can't write the %s list", use)
	}
	nonce = make([]byte, NonceSize)
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "can't draw randomness for the %s list", use)
	}
	return nonce, aead.Seal(nil, nonce, plain, additional(use, event)), nil
}

// Open decrypts into a content: fault.Refused where the key is another one,
// fault.BadInput where what was sealed can't be read.
func (k Key) Open(use, event string, nonce, box []byte, into any) error {
	aead, err := chacha20poly1305.NewX(k[:])
	if err != nil {
		return fault.Wrap(fault.Internal, err, "can't use the key of the %s list", use)
	}
	if len(nonce) != NonceSize {
		return fault.New(fault.BadInput, "a %s list with a nonce of %d bytes", use, len(nonce))
	}
	plain, err := aead.Open(nil, nonce, box, additional(use, event))
	if err != nil {
		return fault.Wrap(fault.Refused, errKey, "the %s list does not open with this device's key of it", use)
	}
	if err := journal.Decode(plain, into); err != nil {
		return fault.Wrap(fault.BadInput, err, "the %s list can't be read", use)
	}
	return nil
}

// additional binds a sealed content to its use and its event.
func additional(use, event string) []byte { return []byte("usher-" + use + "-v1\x00" + event) }
