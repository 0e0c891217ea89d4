// Package guests is the guest list as the gates have it: who holds which ticket,
// and what the organiser wants said at the door.
//
// # Who can read it
//
// Names travel as records of the server's journal like everything else, so any
// path that exists carries them. But a record is sealed with the event's guest
// key, and only devices whose role needs names are given the key when they are
// enrolled. All other nodes keep and pass on what they can't read.
//
// # What is promised
//
//   - A list decides nothing: an entry that begins with a search obeys every rule.
//   - Of two records that name a ticket the later one of the journal counts.
//   - Nothing of a list is in a log: a Key prints as its name.
package guests

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"

	"usher/sync/fault"
	"usher/sync/journal"
)

// Limits of a guest, in bytes, and of a record.
const (
	MaxName   = 200
	MaxEmail  = 254
	MaxOrder  = 40
	MaxNote   = 400
	MaxGuests = 400 // in one record
	// maxSealed is from how many bytes on a record takes no further guest, so that
	// long answers don't make it too long for a journal.
	maxSealed = 128 << 10
)

// context separates this use of a key from every other, and an event from the
// others.
const context = "usher-guests-v1"

// Key is an event's guest key. It is a secret: printing it gives its name.
type Key [chacha20poly1305.KeySize]byte

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k == Key{} }

// String names the key without showing it.
func (k Key) String() string {
	sum := sha256.Sum256(append([]byte(context), k[:]...))
	return "redacted key " + hex.EncodeToString(sum[:4])
}

// Format writes [Key.String] whatever the verb and flags.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// MarshalText is [Key.String], for JSON and logs; it can't be read back.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Guest is the holder of a ticket.
type Guest struct {
	Ticket journal.TicketID `cbor:"1,keyasint" json:"-"`
	Name   string           `cbor:"2,keyasint,omitempty" json:"name,omitempty"`
	Email  string           `cbor:"3,keyasint,omitempty" json:"email,omitempty"`
	Order  string           `cbor:"4,keyasint,omitempty" json:"order,omitempty"` // the order's code, or the organiser's own id of the ticket
	Note   string           `cbor:"5,keyasint,omitempty" json:"note,omitempty"`  // said at the door

	// Answers are what the holder has answered to the organiser's questions already.
	Answers []journal.GivenAnswer `cbor:"6,keyasint,omitempty" json:"-"`
}

func (g *Guest) check() error {
	for _, text := range [...]struct {
		name, text string
		most       int
	}{{"name", g.Name, MaxName}, {"e-mail", g.Email, MaxEmail}, {"order", g.Order, MaxOrder}, {"note", g.Note, MaxNote}} {
		if len(text.text) > text.most {
			return fault.At(fault.BadInput, text.name, "%d bytes, limit %d", len(text.text), text.most)
		}
	}
	if len(g.Answers) > journal.MaxQuestions {
		return fault.At(fault.BadInput, "answers", "%d, limit %d", len(g.Answers), journal.MaxQuestions)
	}
	for _, a := range g.Answers {
		if len(a.Text) > journal.MaxAnswer {
			return fault.At(fault.BadInput, "answer to "+a.Question, "%d bytes, limit %d", len(a.Text), journal.MaxAnswer)
		}
	}
	return nil
}

type sealedList struct {
	Guests []Guest `cbor:"1,keyasint"`
}

// Seal makes records of a list, as many as it takes. Nonces are drawn from rand.
func Seal(key Key, event string, rand io.Reader, list []Guest) ([]*journal.Guests, error) {
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "can't use the guest key")
	}
	var records []*journal.Guests
	for len(list) > 0 {
		n, size := 0, 0
		for n < min(MaxGuests, len(list)) && size < maxSealed {
			if err := list[n].check(); err != nil {
				return nil, err
			}
			size += list[n].size()
			n++
		}
		plain, err := journal.Encode(sealedList{list[:n]})
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "can't write a guest list")
		}
		nonce := make([]byte, aead.NonceSize())
		if _, err := io.ReadFull(rand, nonce); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "can't draw randomness for a guest list")
		}
		records = append(records, &journal.Guests{Nonce: nonce, Sealed: aead.Seal(nil, nonce, plain, additional(event))})
		list = list[n:]
	}
	return records, nil
}

// Open reads a record with the event's guest key: fault.Refused where the key is
// another one, fault.BadInput where the list breaks a rule.
func Open(key Key, event string, record *journal.Guests) ([]Guest, error) {
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "can't use the guest key")
	}
	if len(record.Nonce) != aead.NonceSize() {
		return nil, fault.New(fault.BadInput, "a guest list with a nonce of %d bytes", len(record.Nonce))
	}
	plain, err := aead.Open(nil, record.Nonce, record.Sealed, additional(event))
	if err != nil {
		return nil, fault.New(fault.Refused, "the guest list does not open with this device's guest key")
	}
	var list sealedList
	if err := journal.Decode(plain, &list); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the guest list can't be read")
	}
	for i := range list.Guests {
		if err := list.Guests[i].check(); err != nil {
			return nil, err
		}
	}
	return list.Guests, nil
}

// size is about how many bytes a guest takes.
func (g *Guest) size() int {
	n := 32 + len(g.Name) + len(g.Email) + len(g.Order) + len(g.Note)
	for _, a := range g.Answers {
		n += 8 + len(a.Question) + len(a.Text)
	}
	return n
}

func additional(event string) []byte { return []byte(context + "\x00" + event) }
