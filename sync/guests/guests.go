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
	"io"

	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/sealed"
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

// use separates this use of a key from every other.
const use = "guests"

// Key is an event's guest key.
type Key = sealed.Key

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
		nonce, box, err := key.Seal(use, event, rand, sealedList{list[:n]})
		if err != nil {
			return nil, err
		}
		records = append(records, &journal.Guests{Nonce: nonce, Sealed: box})
		list = list[n:]
	}
	return records, nil
}

// Open reads a record with the event's guest key: fault.Refused where the key is
// another one, fault.BadInput where the list breaks a rule.
func Open(key Key, event string, record *journal.Guests) ([]Guest, error) {
	var list sealedList
	if err := key.Open(use, event, record.Nonce, record.Sealed, &list); err != nil {
		return nil, err
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
