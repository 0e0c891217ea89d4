package ticket

import (
	"fmt"

	"usher/crypto/keyring"
)

// Reason is why a token is refused: a stable word that test vectors, journals
// and scripts can rely on. It is itself an error, so errors.Is(err, ReasonExp)
// asks for it.
type Reason string

// The reasons in the order of the checks.
const (
	ReasonLength  Reason = "length"   // longer than a token may be
	ReasonPrefix  Reason = "prefix"   // neither UT1: nor UP1:
	ReasonCharset Reason = "charset"  // a character that is not in Base45
	ReasonBase45  Reason = "base45"   // a group that overflows or is incomplete
	ReasonCBOR    Reason = "cbor"     // not the one encoding of its structure
	ReasonHeader  Reason = "header"   // another protected or unprotected header
	ReasonKid     Reason = "kid"      // no such key in the ring
	ReasonKeyRole Reason = "key-role" // the key doesn't sign tickets
	ReasonKeyWeak Reason = "key-weak" // the key is no proper public key
	ReasonSig     Reason = "sig"      // the issuer's signature is bad

	ReasonDupKey       Reason = "dupkey"        // a map has a key twice
	ReasonClaims       Reason = "claims"        // a claim unknown, missing or out of range
	ReasonHolderKey    Reason = "holder-key"    // the holder's key is no proper public key
	ReasonProofMissing Reason = "proof-missing" // a holder-bound ticket without its proof
	ReasonProofUnbound Reason = "proof-unbound" // a proof of a ticket that has no holder

	ReasonKeyRevoked    Reason = "key-revoked"
	ReasonKeyNotBefore  Reason = "key-nbf"
	ReasonKeyExpired    Reason = "key-exp"
	ReasonKeyRosterOnly Reason = "key-roster-only" // theft suspected, and the roster doesn't know the ticket
	ReasonAud           Reason = "aud"             // for another event
	ReasonKeyAud        Reason = "key-aud"         // the key doesn't sign for the event
	ReasonNotBefore     Reason = "nbf"
	ReasonExpired       Reason = "exp"
	ReasonGeneration    Reason = "gen" // reissued, transferred or revoked

	ReasonProofSig  Reason = "proof-sig"
	ReasonProofTime Reason = "proof-ts"   // a copy, or a clock that is off
	ReasonChallenge Reason = "proof-chal" // the challenge asked for is missing or wrong
)

// Error gives the word.
func (r Reason) Error() string { return string(r) }

// Error is the only kind of error that reading a token gives.
type Error struct {
	Reason Reason
	KeyID  keyring.KeyID // of the token's key, once it is known
	// Offset is where: a character of the text for the reasons up to base45,
	// afterwards a byte of the decoded token; −1 where there is no place.
	Offset int
	Detail string
}

// Error gives the reason, the detail and the place.
func (e *Error) Error() string {
	text := "ticket: " + string(e.Reason) + ": " + e.Detail
	if e.Offset >= 0 {
		text += fmt.Sprintf(" (at %d)", e.Offset)
	}
	return text
}

// Unwrap gives the reason, for errors.Is.
func (e *Error) Unwrap() error { return e.Reason }

// nowhere is the Offset of an error that has no place.
const nowhere = -1

func refuse(reason Reason, detail string) *Error {
	return &Error{Reason: reason, Offset: nowhere, Detail: detail}
}

// ofKey names the key in an error that is about one.
func (e *Error) ofKey(id keyring.KeyID) *Error {
	e.KeyID = id
	return e
}
