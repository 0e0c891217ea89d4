// Package staff is the list of the people who work at an event's gates: who may
// sign in, as what, and how they prove it.
//
// # Who can read it
//
// The list travels as records of the server's journal, one a person, sealed with
// the event's staff key. Devices that people stand at get the key when they are
// enrolled; kiosks don't, nor does whoever finds a journal file on a stick.
//
// # What a thief learns
//
// A PIN is kept as argon2id of it, with a salt for each person and the costs beside
// it. That makes each guess dear, and a PIN has few digits: whoever has the disk of
// an enrolled device has the staff key too, and has tried all PINs of six digits after
// about two of a processor's days, all of eight after two hundred. So made PINs have
// eight digits, a PIN is good at the gates of one event and nowhere else, and after a theft the device
// is expelled and those who had signed in there get new PINs. Of a role card only
// the hash of 128 random bits is kept, which gives nothing to try.
//
// # What is promised
//
//   - Of two records about a person the later one of the journal counts; a removal
//     is such a record.
//   - A PIN or the code of a card is in no record, and in nothing that is printed.
package staff

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/crypto/grant"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/sealed"
)

// MaxName bounds a person's name, in bytes: it stands in records as the operator.
const MaxName = 40

// use separates this use of a key from every other.
const use = "staff"

// Key is an event's staff key.
type Key = sealed.Key

// ID names a person for as long as they are on the list, whatever they are called.
type ID [8]byte

// String gives the ID in hexadecimal.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what [ID.String] gives.
func ParseID(text string) (ID, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(ID{}) {
		return ID{}, fmt.Errorf("%.40q names nobody: want 16 hexadecimal digits", text)
	}
	return ID(b), nil
}

// Person is somebody on the list.
type Person struct {
	ID   ID         `cbor:"1,keyasint"`
	Name string     `cbor:"2,keyasint"`
	Role grant.Role `cbor:"3,keyasint"`
	PIN  *PIN       `cbor:"4,keyasint,omitempty"` // nil: none
	Card []byte     `cbor:"5,keyasint,omitempty"` // grant.RoleCardHash of the newest role card; nil: none
	Gone bool       `cbor:"6,keyasint,omitempty"` // taken off the list
}

// Check refuses what can't be on a list.
func (p *Person) Check() error {
	if err := CheckName(p.Name); err != nil {
		return err
	}
	if _, err := ParseRole(string(p.Role)); err != nil {
		return err
	}
	if n := len(p.Card); n != 0 && n != sha256.Size {
		return fault.At(fault.BadInput, "card", "a hash of %d bytes, want %d", n, sha256.Size)
	}
	if p.PIN != nil {
		return p.PIN.check()
	}
	return nil
}

// CheckName refuses what can't be a person's name.
func CheckName(name string) error {
	switch {
	case strings.TrimSpace(name) != name || name == "":
		return fault.At(fault.BadInput, "name", "%.60q: want a name with no space around it", name)
	case len(name) > MaxName:
		return fault.At(fault.BadInput, "name", "%d bytes, limit %d", len(name), MaxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }):
		return fault.At(fault.BadInput, "name", "%.60q has a character that can't be printed", name)
	}
	return nil
}

// Fold makes names equal that people take for the same: by it a name is looked up,
// and no two people of a list share one.
func Fold(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// ParseRole reads a person's role. A kiosk is nobody.
func ParseRole(name string) (grant.Role, error) {
	role, err := grant.ParseRole(name)
	if err != nil || role == grant.RoleKiosk {
		return "", fault.At(fault.BadInput, "role", "%.30q: want %s, %s or %s", name, grant.RoleScanner, grant.RoleBoxOffice, grant.RoleSupervisor)
	}
	return role, nil
}

// Holds reports whether a role card is the person's newest.
func (p *Person) Holds(card grant.Code) bool {
	hash := grant.RoleCardHash(card)
	return len(p.Card) == len(hash) && subtle.ConstantTimeCompare(p.Card, hash[:]) == 1
}

// Same reports whether nothing about a person has changed that a sign-in rests on.
func (p *Person) Same(q *Person) bool {
	pin := p.PIN == nil && q.PIN == nil || p.PIN != nil && q.PIN != nil && bytes.Equal(p.PIN.Tag, q.PIN.Tag)
	return p.ID == q.ID && p.Name == q.Name && p.Role == q.Role && p.Gone == q.Gone && pin && bytes.Equal(p.Card, q.Card)
}

// Seal makes the record of a person. The nonce is drawn from rand.
func Seal(key Key, event string, rand io.Reader, p Person) (*journal.Staff, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	nonce, box, err := key.Seal(use, event, rand, p)
	if err != nil {
		return nil, err
	}
	return &journal.Staff{Nonce: nonce, Sealed: box}, nil
}

// Open reads a record with the event's staff key: fault.Refused where the key is
// another one, fault.BadInput where the person breaks a rule.
func Open(key Key, event string, record *journal.Staff) (Person, error) {
	var p Person
	if err := key.Open(use, event, record.Nonce, record.Sealed, &p); err != nil {
		return Person{}, err
	}
	if err := p.Check(); err != nil {
		return Person{}, err
	}
	return p, nil
}
