// Package enrolment is what a device and a server say to each other when a
// device becomes a gate, and how each checks the other.
//
// The device makes its own key and proves with the card's one-time code that it
// may have it admitted ([NewRequest]); the code itself never travels. The server
// answers with the key ring and the journal record that admits the device
// ([Reply]). The device believes none of it for having come over some network:
// [Reply.Verify] walks from the root keys that the card pinned, to the ring they
// signed, to the server's journal key in it, to the record that key signed, to
// the device's own key in the record.
package enrolment

import (
	"crypto/ed25519"
	"encoding/hex"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/sync/fault"
	"usher/sync/guests"
	"usher/sync/journal"
	"usher/sync/sealed"
	"usher/sync/staff"
)

// Limits of a request and a reply.
const (
	// NonceSize is the length of a request's nonce, in bytes.
	NonceSize = 16
	// MaxName bounds what people call a device, in bytes.
	MaxName = 60
	// MaxRequest and MaxReply bound the JSON of each, in bytes.
	MaxRequest = 4 << 10
	MaxReply   = 4 << 20
)

// Request asks to admit a device's key.
type Request struct {
	Handle string `json:"handle"` // names the card without its code
	Public []byte `json:"public"` // the device's Ed25519 public key
	Nonce  []byte `json:"nonce"`
	MAC    []byte `json:"mac"`  // proof of the code over key and nonce
	Name   string `json:"name"` // what people call the device
	// Authority is the fingerprint of the authority that phones at the device's door
	// page have to trust, and AuthorityMAC the proof of the code over it, key and
	// nonce; both empty where it has none.
	Authority    []byte `json:"authority,omitempty"`
	AuthorityMAC []byte `json:"authority_mac,omitempty"`
}

// Device is what a device says of itself.
type Device struct {
	Public    ed25519.PublicKey
	Authority grant.Fingerprint // zero: it has none
	Name      string            // what people call it
}

// NewRequest makes the request of a device for a card. The nonce is drawn from rand.
func NewRequest(card grant.Presented, d Device, rand io.Reader) (Request, error) {
	nonce := make([]byte, NonceSize)
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return Request{}, fault.Wrap(fault.Internal, err, "can't draw a random number")
	}
	mac := grant.MAC(card.Code, d.Public, nonce)
	r := Request{Handle: grant.Handle(card.Code), Public: d.Public, Nonce: nonce, MAC: mac[:], Name: d.Name}
	if !d.Authority.IsZero() {
		mac := grant.AuthorityMAC(card.Code, d.Public, nonce, d.Authority)
		r.Authority, r.AuthorityMAC = d.Authority[:], mac[:]
	}
	return r, nil
}

// Check refuses a request that no device of ours would make. It says nothing of
// the MAC, which needs the card.
func (r Request) Check() error {
	if b, err := hex.DecodeString(r.Handle); err != nil || len(b) != 8 {
		return fault.At(fault.BadInput, "handle", "want 16 hexadecimal digits")
	}
	if err := keyring.CheckPublic(r.Public); err != nil {
		return fault.At(fault.BadInput, "public", "%v", err)
	}
	if len(r.Nonce) != NonceSize || len(r.MAC) != 32 {
		return fault.At(fault.BadInput, "nonce, mac", "want %d and 32 bytes, got %d and %d", NonceSize, len(r.Nonce), len(r.MAC))
	}
	switch n := len(r.Authority); {
	case n == 0 && len(r.AuthorityMAC) == 0:
	case n != len(grant.Fingerprint{}) || grant.Fingerprint(r.Authority).IsZero() || len(r.AuthorityMAC) != 32:
		return fault.At(fault.BadInput, "authority, authority_mac", "want a fingerprint of 32 bytes and 32 bytes, or neither; got %d and %d", n, len(r.AuthorityMAC))
	}
	return CheckName(r.Name)
}

// Proves reports whether the request was made with a card's code, and everything in
// it that matters.
func (r Request) Proves(code grant.Code) bool {
	if !grant.CheckMAC(code, r.Public, r.Nonce, r.MAC) {
		return false
	}
	return len(r.Authority) == 0 || grant.CheckAuthorityMAC(code, r.Public, r.Nonce, grant.Fingerprint(r.Authority), r.AuthorityMAC)
}

// CheckName refuses what can't be the name of a device: it is shown in lists and
// stands in a record for ever.
func CheckName(name string) error {
	if len(name) > MaxName {
		return fault.At(fault.BadInput, "name", "%d bytes, limit %d", len(name), MaxName)
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fault.At(fault.BadInput, "name", "%.60q has a control character or is no UTF-8", name)
	}
	return nil
}

// Reply is the server's answer.
type Reply struct {
	Event  string `json:"event"`
	Ring   []byte `json:"ring"`   // the newest signed key ring
	Record []byte `json:"record"` // the enrol record of the server's journal
	// Guests is the event's guest key, sealed with the card's code, for roles that
	// may read the guest list.
	Guests []byte `json:"guests,omitempty"`
	// Staff is the event's staff key likewise, for roles that people sign in at.
	Staff []byte `json:"staff,omitempty"`
}

// Admitted is what a device knows after its enrolment.
type Admitted struct {
	Event  string
	Gate   string
	Role   grant.Role
	Name   string
	Ring   *keyring.SignedRing
	Pins   keyring.Pins
	Server journal.NodeID
	Node   journal.NodeID
	Guests guests.Key // zero where the role may not read the guest list
	Staff  staff.Key  // zero where nobody signs in
	// Authority is what the server's record says of the device's.
	Authority grant.Fingerprint
}

// Verify checks the reply against the card and what the device said of itself. It
// asks no clock: a new device's may be far off.
func (r Reply) Verify(card grant.Presented, d Device) (*Admitted, error) {
	ring, err := keyring.ParseSigned(r.Ring)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the server's key ring can't be read")
	}
	pins := keyring.PinsOf(ring.Ring.Roots)
	if pins.Digest() != card.PinsDigest {
		return nil, fault.New(fault.Refused, "the server's root keys are not the ones on the card: this is not the server that made the card")
	}
	if err := ring.VerifyPinned(pins); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "the server's key ring is not signed by the card's root keys")
	}
	record, err := journal.Parse(r.Record)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the server's enrol record can't be read")
	}
	if err := verifyAuthor(record, ring, r.Event); err != nil {
		return nil, err
	}
	enrol, err := journal.Read[journal.Enrol](record)
	if err != nil {
		return nil, err
	}
	a := &Admitted{
		Event: r.Event, Gate: enrol.Gate, Role: grant.Role(enrol.Role), Name: enrol.Name,
		Ring: ring, Pins: pins, Server: record.Chain.Node, Node: enrol.Node, Authority: grant.ReadFingerprint(enrol.Authority),
	}
	if err := a.matches(card, d.Public); err != nil {
		return a, err
	}
	if a.Authority != d.Authority {
		return a, fault.New(fault.Refused, "the server enrolled another certificate than this device's; was that made anew since a first try with this card? Then make a new card")
	}
	if a.Role.ReadsGuests() {
		if a.Guests, err = openKey("guest", r.Guests, card, d.Public); err != nil {
			return a, err
		}
	}
	if a.Role.TakesSignIn() {
		a.Staff, err = openKey("staff", r.Staff, card, d.Public)
	}
	return a, err
}

// openKey takes the key of a list, which only the card's own server can have sealed.
// A server that sends none has none to give.
func openKey(what string, box []byte, card grant.Presented, pub ed25519.PublicKey) (key sealed.Key, err error) {
	if len(box) == 0 {
		return key, nil
	}
	raw, err := grant.OpenSecret(card.Code, pub, box)
	if err != nil || len(raw) != len(key) {
		return key, fault.Wrap(fault.Refused, err, "the %s key that the server sent is not sealed with this card's code", what)
	}
	return sealed.Key(raw), nil
}

// verifyAuthor finds the key in the ring that signed the record.
func verifyAuthor(record *journal.Record, ring *keyring.SignedRing, event string) error {
	for _, key := range ring.Ring.Keys {
		if key.Role == keyring.RoleJournal && key.State != keyring.Revoked && key.For(event) && journal.NodeOf(key.Public) == record.Chain.Node {
			if err := record.Verify(key.Public); err != nil {
				return fault.Wrap(fault.Refused, err, "the server's enrol record is not signed by its journal key")
			}
			return nil
		}
	}
	return fault.New(fault.Refused, "the server's enrol record is not from a journal key of event %s in the ring", event)
}

// matches refuses an admission that is not what the card promised.
func (a *Admitted) matches(card grant.Presented, pub ed25519.PublicKey) error {
	if a.Node != journal.NodeOf(pub) {
		return fault.New(fault.Refused, "the server admitted another device's key")
	}
	if !card.Typed && (a.Event != card.Event || a.Gate != card.Gate || a.Role != card.Role) {
		return fault.New(fault.Refused, "the card is for gate %s of event %s as %s, the server admitted this device to gate %s of event %s as %s",
			card.Gate, card.Event, card.Role, a.Gate, a.Event, a.Role)
	}
	return nil
}
