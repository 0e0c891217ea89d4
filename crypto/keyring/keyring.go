// Package keyring holds the keys of usher: it makes them, keeps them sealed at
// rest, signs and checks with them, and publishes their public halves as a ring
// that a gate can trust without a network.
//
// # Keys
//
// Every key is Ed25519 (RFC 8032). A [Signer] is a private key in memory; it
// signs the Sig_structure of COSE_Sign1 (RFC 9052 §4.4) under an external AAD
// that names the use, so that a signature made for one use is worthless for
// another. [Verify] is the other half and the only place in usher where a
// signature is checked: S < L and the cofactorless equation are what crypto/ed25519
// does, a canonical y and the absence of small-order keys are [CheckPublic]'s.
//
// A key is known by its [KeyID], the first four bytes of SHA-256 of the public
// key. It is a selector, not a proof: two keys may share one by chance or
// malice, so a ring that would hold both is refused.
//
// # Rings
//
// A [Ring] lists the public keys of one organiser with what each may sign, for
// which events and when. Root keys sign rings and nothing else. Rings form a
// chain: each holds the number and the hash of the one before, and is signed by
// a threshold of the old roots and of its own. A gate pins the roots when it is
// enrolled ([SignedRing.VerifyPinned]), walks every step from there ([Walk]) and
// saves the highest number before it uses it, so that it can't be rolled back.
//
// # Promises
//
//   - One accepted encoding: [ParseSigned], [Open] and [ParseFile] refuse whatever
//     they would not have written themselves, byte for byte.
//   - Nothing here reads a clock, draws randomness or touches a file except
//     through what it is given.
//   - A Signer never shows its key: every way of printing or marshalling it gives
//     its id and the word "redacted". [Signer.Seed] is the only way out.
package keyring

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// KeyID selects a key within a ring: SHA-256(public key)[0:4].
type KeyID [4]byte

// IDOf gives the id of a public key.
func IDOf(pub ed25519.PublicKey) KeyID {
	sum := sha256.Sum256(pub)
	return KeyID(sum[:4])
}

// ParseKeyID reads the eight hex digits that [KeyID.String] writes.
func ParseKeyID(text string) (KeyID, error) {
	var id KeyID
	err := id.UnmarshalText([]byte(text))
	return id, err
}

// String gives the id as eight lower-case hex digits.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText writes the form of [KeyID.String].
func (id KeyID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the form of [KeyID.String]: lower-case hex, nothing else.
func (id *KeyID) UnmarshalText(text []byte) error {
	var parsed KeyID
	if len(text) != hex.EncodedLen(len(parsed)) {
		return fmt.Errorf("key id %.20q: want 8 hex digits", text)
	}
	if _, err := hex.Decode(parsed[:], text); err != nil || parsed.String() != string(text) {
		return fmt.Errorf("key id %q: want 8 lower-case hex digits", text)
	}
	*id = parsed
	return nil
}
