// Package ticket turns claims into the text of a QR code and back: CWT claims
// (RFC 8392) in a COSE_Sign1 (RFC 9052) in Base45 (RFC 9285).
//
// # Two forms
//
// "UT1:" is a static ticket, as printed: [Issue] makes its text. "UP1:" is a
// presentation of a holder-bound ticket: [IssueBound] makes the ticket that a
// wallet keeps, [Present] adds the time, signed with the holder's key (RFC 8747),
// and a challenge if a gate asks for one. A copied picture of it is worthless
// within a minute; what it can't stop is a holder who wants to be copied.
//
// # Verifying
//
// [Verify] says whether a text is genuine: signed by an issuing key of the ring,
// and what it claims. It knows no event, no time and no state, so its answer
// never changes for one text and one ring. [Judge] goes on with what a verifier
// without state can know: the key's state and time, the event, nbf, exp,
// generation, proof. Whether the ticket has been in already is not decided here.
// A ticket is known by (event, id): never by its text, bytes or generation.
//
// # Promises
//
//   - Nothing in a payload is used before its signature holds.
//   - Exactly one encoding of a ticket is accepted: the parser is a small cursor
//     over fixed structures, and what it reads encodes to the bytes it read.
//   - Any text, however hostile, gets an [*Error] that names a [Reason] and a
//     place; a foreign QR code costs some tens of nanoseconds.
package ticket

import (
	"crypto/ed25519"

	"usher/crypto/keyring"
)

// Bound is an instant in Unix seconds, or none.
type Bound struct {
	Unix int64 // 0 to 2^40
	Set  bool
}

// At gives the bound at a Unix second.
func At(unix int64) Bound { return Bound{Unix: unix, Set: true} }

// Claims are what a ticket says. Zero values are left out of the encoding.
type Claims struct {
	Event     string // aud: 1 to 16 of A-Z, 0-9 and hyphen
	NotBefore Bound  // nbf, inclusive
	Expires   Bound  // exp, exclusive; after NotBefore
	ID        ID     // cti: stable over reissue and transfer
	// Holder is the holder's public key (cnf), nil for a static ticket.
	Holder     ed25519.PublicKey
	Generation uint16 // one more on every reissue, transfer or re-binding
	Product    uint32 // 0 for none
	Zones      uint32 // bit mask; 0 for the product's
	Seat       string // at most 24 printable ASCII characters
	// NameCommitment has 8 bytes, or is nil.
	NameCommitment []byte
	Admissions     uint8 // how many people enter on it; 0 and 1 both mean one
}

// Ticket is a genuine ticket: its issuer's signature held.
type Ticket struct {
	Claims
	KeyID keyring.KeyID // of the issuing key
	Proof *Proof        // nil for a static ticket, or where only the ticket was given

	evidence []byte // all decoded bytes: the presentation, or the ticket
	ticket   []byte // the ticket's part of evidence
	proof    Proof  // what Proof points to, to spare an allocation
}

// Bytes gives the ticket's CBOR: of a presentation, the ticket inside it. Two
// presentations of one ticket have the same. Don't change them.
func (t *Ticket) Bytes() []byte { return t.ticket }

// Evidence gives all bytes that the text stood for, the proof included. Don't
// change them. [VerifyBytes] reads them back.
func (t *Ticket) Evidence() []byte { return t.evidence }

// Proof is what a holder signed to present a ticket.
type Proof struct {
	Time         int64  // Unix seconds, by the holder's clock
	Challenge    uint32 // six digits a gate showed
	HasChallenge bool

	signed    []byte // the presentation up to the signature
	signature []byte
}

// Keys is where the issuing keys come from: a *keyring.Ring. The id of the key
// returned has to be the id asked for.
type Keys interface {
	Key(keyring.KeyID) (keyring.Key, bool)
}

// The prefixes of the two forms, which name the version of the format too.
const (
	PrefixStatic       = "UT1:"
	PrefixPresentation = "UP1:"
)

// Limits of a token and its fields.
const (
	MaxChars     = 700     // of a text, prefix included
	MaxTime      = 1 << 40 // the last Unix second a time may name
	MaxChallenge = 999999
	MaxSeat      = 24

	maxEvent          = 16
	prefixLen         = len(PrefixStatic)
	maxBytes          = (MaxChars - prefixLen) / 3 * 2 // of a decoded token
	nameCommitmentLen = 8
)

// External AADs: what separates the uses of a key.
const (
	ticketAAD = "usher-ticket-v1"
	proofAAD  = "usher-proof-v1"
)
