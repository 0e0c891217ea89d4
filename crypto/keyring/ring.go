package keyring

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Role says what a ring's key signs.
type Role uint8

// The roles of a ring's keys.
const (
	RoleIssuer    Role = 1 // tickets
	RoleJournal   Role = 2 // the server's journal records and checkpoints
	RoleEnrolment Role = 3 // enrolment answers
)

// String names the role: issuer, journal, enrolment.
func (r Role) String() string {
	switch r {
	case RoleIssuer:
		return "issuer"
	case RoleJournal:
		return "journal"
	case RoleEnrolment:
		return "enrolment"
	}
	return "role " + strconv.Itoa(int(r))
}

// State says how far a ring's key is still believed.
type State uint8

// The states of a ring's keys.
const (
	Active     State = 0
	RosterOnly State = 1 // theft suspected: only what the roster knows is good
	Revoked    State = 2
)

// String names the state: active, roster-only, revoked.
func (s State) String() string {
	switch s {
	case Active:
		return "active"
	case RosterOnly:
		return "roster-only"
	case Revoked:
		return "revoked"
	}
	return "state " + strconv.Itoa(int(s))
}

// Key is one public key of a ring.
type Key struct {
	ID     KeyID // IDOf(Public)
	Public ed25519.PublicKey
	Role   Role
	// Events lists the codes of the events the key signs for. An issuing key
	// has one, and is never used for another.
	Events []string
	// NotBefore (inclusive) and Expires (exclusive) bound the key's use, in
	// Unix seconds.
	NotBefore, Expires int64
	State              State

	quick *quick // nil where signatures are checked one by one
}

// For says whether the key signs for an event.
func (k Key) For(event string) bool { return slices.Contains(k.Events, event) }

// ValidAt says whether now, in Unix seconds, is within the key's time.
func (k Key) ValidAt(now int64) bool { return k.NotBefore <= now && now < k.Expires }

// Ring is the list of an organiser's public keys at one step of its chain.
type Ring struct {
	Seq       uint64 // 1 for the first, then one more each
	Organiser string
	IssuedAt  int64 // Unix seconds, never before that of the ring before
	Expires   int64 // Unix seconds, exclusive; when a gate should have heard of a newer ring
	Roots     []ed25519.PublicKey
	Threshold int // how many roots must sign this ring and the next
	Keys      []Key
	Previous  *[32]byte // Hash of the ring before; nil for the first
}

// Key finds a key by its id.
func (r *Ring) Key(id KeyID) (Key, bool) {
	for i := range r.Keys {
		if r.Keys[i].ID == id {
			return r.Keys[i], true
		}
	}
	return Key{}, false
}

// Limits of a ring. They bound what a forged ring can make a gate do before its
// signatures are checked.
const (
	MaxRoots     = 8       // roots, and the highest threshold
	MaxKeys      = 1024    // keys in a ring
	MaxEvents    = 64      // events of one key
	MaxOrganiser = 100     // bytes of an organiser's name
	MaxTime      = 1 << 40 // the last Unix second a time may name
	maxEventCode = 16
)

// CheckEvent refuses what is no event code: 1 to 16 of A–Z, 0–9 and hyphen.
func CheckEvent(code string) error {
	if code == "" || len(code) > maxEventCode {
		return fmt.Errorf("event code %.20q has %d characters, want 1 to %d", code, len(code), maxEventCode)
	}
	for i := range len(code) {
		if c := code[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("event code %q: character %d is none of A-Z, 0-9 and hyphen", code, i+1)
		}
	}
	return nil
}

// sorted gives a copy of the ring in the order of its one encoding: roots by
// their bytes, keys by id, events by name. It shares no list with r.
func (r Ring) sorted() Ring {
	r.Roots = slices.Clone(r.Roots)
	slices.SortFunc(r.Roots, func(a, b ed25519.PublicKey) int { return bytes.Compare(a, b) })
	r.Keys = slices.Clone(r.Keys)
	slices.SortFunc(r.Keys, func(a, b Key) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	for i := range r.Keys {
		r.Keys[i].Events = slices.Clone(r.Keys[i].Events)
		slices.SortFunc(r.Keys[i].Events, strings.Compare)
	}
	if r.Previous != nil {
		previous := *r.Previous
		r.Previous = &previous
	}
	return r
}
