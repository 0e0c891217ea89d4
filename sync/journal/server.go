package journal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Never is the lowest good generation of a ticket of which no code is good.
const Never = 65536

// Reactivated is the reason of a revoke record that makes codes good again.
const Reactivated = "reactivated"

// packed sizes, in bytes, of one entry of a revoke and of a roster record.
const (
	revokeEntry = 8 + 3
	rosterEntry = 8 + 2
)

// Notes of a superseded ticket that doors say in their own words. Any other is a
// person's, and is shown as it is.
const (
	NoteTransferred = "transferred"      // somebody else has the newer code
	NoteResold      = "sold on"          // likewise
	NoteBound       = "moved to a phone" // the phone that shows it now has
	NoteRenewed     = "renewed"          // its holder has, who asked for one
)

// Revocation says which generations of a ticket are still good.
type Revocation struct {
	Ticket  TicketID
	Minimum uint32 // lowest good generation; Never: none; 0: all are good again
}

// Revoke is the content of a revoke record. A later one for the same ticket
// replaces an earlier one.
type Revoke struct {
	Reason string `cbor:"1,keyasint"`           // superseded, revoked, cancelled, blocked, refunded, charged_back; or reactivated
	Since  int64  `cbor:"2,keyasint"`           // Unix ms
	Note   string `cbor:"3,keyasint,omitempty"` // shown at the door after the reason
	Packed []byte `cbor:"4,keyasint"`           // ticket id ‖ minimum (3 bytes, big endian) each
}

// NewRevoke packs revocations of one reason, at most MaxPacked.
func NewRevoke(reason string, since int64, note string, list []Revocation) Revoke {
	packed := make([]byte, 0, len(list)*revokeEntry)
	for _, r := range list {
		packed = append(packed, r.Ticket[:]...)
		packed = append(packed, byte(r.Minimum>>16), byte(r.Minimum>>8), byte(r.Minimum))
	}
	return Revoke{Reason: reason, Since: since, Note: note, Packed: packed}
}

// Len is how many revocations the record holds.
func (r *Revoke) Len() int { return len(r.Packed) / revokeEntry }

// At unpacks the i-th revocation.
func (r *Revoke) At(i int) Revocation {
	b := r.Packed[i*revokeEntry:]
	return Revocation{Ticket: TicketID(b[:8]), Minimum: uint32(b[8])<<16 | uint32(b[9])<<8 | uint32(b[10])}
}

func (*Revoke) kind() Kind { return KindRevoke }

func (r *Revoke) check() error {
	if len(r.Packed)%revokeEntry != 0 || r.Len() == 0 || r.Len() > MaxPacked {
		return fmt.Errorf("%d bytes of packed revocations", len(r.Packed))
	}
	for i := range r.Len() {
		if r.At(i).Minimum > Never {
			return fmt.Errorf("revocation %d: lowest good generation %d", i, r.At(i).Minimum)
		}
	}
	if r.Reason == "" {
		return errors.New("a revocation without a reason")
	}
	return firstError(atMost("reason", r.Reason, maxWord), atMost("note", r.Note, maxReason))
}

// Roster is the content of a roster record: tickets that exist, in groups that
// share all but id and generation. No names.
type Roster struct {
	Groups []RosterGroup `cbor:"1,keyasint"`
}

// RosterGroup lists tickets of one product, zones, window and admissions.
type RosterGroup struct {
	Product    uint32 `cbor:"1,keyasint,omitempty"`
	Zones      uint32 `cbor:"2,keyasint,omitempty"`
	NotBefore  int64  `cbor:"3,keyasint,omitempty"` // Unix s; 0: none
	Expires    int64  `cbor:"4,keyasint,omitempty"` // Unix s; 0: none
	Admissions uint8  `cbor:"5,keyasint,omitempty"` // 0: one
	Packed     []byte `cbor:"6,keyasint"`           // ticket id ‖ generation (2 bytes, big endian) each

	Unpaid   bool   `cbor:"7,keyasint,omitempty"` // not paid for yet
	Due      int64  `cbor:"8,keyasint,omitempty"` // what is to be paid, in the currency's minor units; 0: not said
	Currency string `cbor:"9,keyasint,omitempty"` // ISO 4217
}

// Add packs one ticket into the group.
func (g *RosterGroup) Add(id TicketID, generation uint16) {
	g.Packed = append(g.Packed, id[:]...)
	g.Packed = binary.BigEndian.AppendUint16(g.Packed, generation)
}

// Len is how many tickets the group holds.
func (g *RosterGroup) Len() int { return len(g.Packed) / rosterEntry }

// At unpacks the i-th ticket.
func (g *RosterGroup) At(i int) (TicketID, uint16) {
	b := g.Packed[i*rosterEntry:]
	return TicketID(b[:8]), binary.BigEndian.Uint16(b[8:])
}

func (*Roster) kind() Kind { return KindRoster }

func (r *Roster) check() error {
	total := 0
	for i, g := range r.Groups {
		if len(g.Packed)%rosterEntry != 0 || g.Len() == 0 {
			return fmt.Errorf("group %d: %d bytes of packed tickets", i, len(g.Packed))
		}
		if g.Due < 0 || g.Due > 0 && (!g.Unpaid || len(g.Currency) != 3) {
			return fmt.Errorf("group %d: %d of %q due", i, g.Due, g.Currency)
		}
		total += g.Len()
	}
	if total == 0 || total > MaxPacked {
		return fmt.Errorf("%d tickets in a roster record", total)
	}
	return nil
}

// RingRecord is the content of a ring record: a key ring signed by the roots.
type RingRecord struct {
	Signed []byte `cbor:"1,keyasint"`
}

func (*RingRecord) kind() Kind { return KindRing }

func (r *RingRecord) check() error {
	if len(r.Signed) == 0 {
		return errors.New("no ring in it")
	}
	return nil
}

// Enrol is the content of an enrol record: a device's key is admitted as a gate.
type Enrol struct {
	Node   NodeID `cbor:"1,keyasint"`
	Public []byte `cbor:"2,keyasint"`
	Gate   string `cbor:"3,keyasint"`
	Role   string `cbor:"4,keyasint"` // scanner, supervisor, box-office
	Name   string `cbor:"5,keyasint"` // what people call the device
	// Authority is the SHA-256 of the certificate of the device's own authority, which
	// phones at its door page have to trust; empty where the device has said none.
	Authority []byte `cbor:"6,keyasint,omitempty"`
}

func (*Enrol) kind() Kind { return KindEnrol }

func (e *Enrol) check() error {
	if len(e.Public) != ed25519.PublicKeySize || NodeOf(e.Public) != e.Node {
		return errors.New("the node is not that of the public key")
	}
	if e.Gate == "" || e.Role == "" {
		return errors.New("gate and role are needed")
	}
	if n := len(e.Authority); n != 0 && n != sha256.Size {
		return fmt.Errorf("the authority's fingerprint has %d bytes, want %d", n, sha256.Size)
	}
	return firstError(atMost("gate", e.Gate, maxWord), atMost("role", e.Role, maxWord), atMost("name", e.Name, maxName))
}

// Retiring is the last believed record of a device that is to hand in what it has:
// all that it writes until it hears of the end of its enrolment. When it has, the
// server says where that was.
const Retiring = math.MaxUint64

// Expel is the content of an expel record: the enrolment is over. Records of
// the node beyond the last believed one are kept apart.
type Expel struct {
	Node  NodeID `cbor:"1,keyasint"`
	Epoch uint64 `cbor:"2,keyasint,omitempty"`
	Last  uint64 `cbor:"3,keyasint"` // last believed record; Retiring: not known yet
	Why   string `cbor:"4,keyasint"`
}

func (*Expel) kind() Kind { return KindExpel }

func (e *Expel) check() error { return atMost("why", e.Why, maxReason) }

// Resolve is the content of a resolve record: a person closes a conflict by
// naming the admissions it was about.
type Resolve struct {
	Ticket     TicketID `cbor:"1,keyasint"`
	Admissions []Hash   `cbor:"2,keyasint"` // the losing admissions that are dealt with
	Why        string   `cbor:"3,keyasint"`
	By         string   `cbor:"4,keyasint,omitempty"`
}

func (*Resolve) kind() Kind { return KindResolve }

func (r *Resolve) check() error {
	if len(r.Admissions) == 0 || r.Why == "" {
		return errors.New("a resolution names admissions and says why")
	}
	return firstError(atMost("why", r.Why, maxReason), atMost("by", r.By, maxName))
}

// Guests is the content of a guests record: who holds which ticket, for the
// devices whose role needs it. Every node keeps and passes on the record; only
// those that were given the event's guest key can read it (package guests).
type Guests struct {
	Nonce  []byte `cbor:"1,keyasint"`
	Sealed []byte `cbor:"2,keyasint"`
}

func (*Guests) kind() Kind { return KindGuests }

// sealNonce is the size of an XChaCha20-Poly1305 nonce.
const sealNonce = 24

func (g *Guests) check() error {
	if len(g.Nonce) != sealNonce || len(g.Sealed) == 0 {
		return fmt.Errorf("nonce of %d bytes, %d bytes sealed", len(g.Nonce), len(g.Sealed))
	}
	return nil
}

// Staff is the content of a staff record: who may sign in at the gates, or no
// longer. Every node keeps and passes on the record; only those that were given the
// event's staff key can read it (package staff).
type Staff struct {
	Nonce  []byte `cbor:"1,keyasint"`
	Sealed []byte `cbor:"2,keyasint"`
}

func (*Staff) kind() Kind { return KindStaff }

func (s *Staff) check() error {
	if len(s.Nonce) != sealNonce || len(s.Sealed) == 0 {
		return fmt.Errorf("nonce of %d bytes, %d bytes sealed", len(s.Nonce), len(s.Sealed))
	}
	return nil
}

// Notice is the content of a notice record: the server says that it keeps a
// record which it can't take into account, and later that it can.
type Notice struct {
	Node  NodeID `cbor:"1,keyasint"` // author of the record
	Epoch uint64 `cbor:"2,keyasint,omitempty"`
	Seq   uint64 `cbor:"3,keyasint"`
	Why   string `cbor:"4,keyasint,omitempty"` // "": it is taken into account now
}

func (*Notice) kind() Kind { return KindNotice }

func (n *Notice) check() error {
	if n.Seq == 0 {
		return errors.New("a notice names a record")
	}
	return atMost("why", n.Why, maxReason)
}
