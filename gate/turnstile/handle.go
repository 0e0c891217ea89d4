package turnstile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"

	"usher/sync/fault"
	"usher/sync/journal"
)

// handles name guests to whoever searched for them, instead of by their codes: who
// chose somebody from a list has seen no code of theirs, and must not be able to say
// they had. A handle is good until the gate is started anew.
type handles struct{ cipher.AEAD }

func newHandles() (handles, error) {
	var key [32]byte
	rand.Read(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return handles{}, err
	}
	sealed, err := cipher.NewGCMWithRandomNonce(block)
	return handles{sealed}, err
}

func (h handles) of(id journal.TicketID) string {
	return hex.EncodeToString(h.Seal(nil, nil, id[:], nil))
}

func (h handles) ticket(handle string) (id journal.TicketID, ok bool) {
	sealed, err := hex.DecodeString(handle)
	if err != nil {
		return id, false
	}
	plain, err := h.Open(nil, nil, sealed, nil)
	return id, err == nil && copy(id[:], plain) == len(id)
}

// Guest gives what to scan for a guest that a search found, by its handle. Scan it as
// scan.HowSearch.
func (t *Turnstile) Guest(handle string) (short string, err error) {
	id, ok := t.handles.ticket(handle)
	if !ok {
		return "", fault.At(fault.NotFound, "guest", "this device has found no such guest since it was started: search again")
	}
	return ticketText(id), nil
}

// hidesCodes reports whether codes are kept from those who found a ticket by name: short
// codes are taken, and names are not, so a code that is read off a list would be as good
// as one that a guest has.
func hidesCodes(e *journal.Event) bool { return e != nil && e.Policy.DownTo == journal.RungTyped }
