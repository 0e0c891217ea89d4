package state

import (
	"bytes"
	"fmt"

	"usher/crypto/keyring"
	"usher/sync/journal"
)

// rings are the key rings that hang together with one that the pinned roots
// signed, and those that don't yet.
type rings struct {
	pins      keyring.Pins
	trusted   map[uint64]*keyring.SignedRing // by number, low to high without a hole
	low, high uint64
	apart     map[uint64][]*keyring.SignedRing
}

func newRings(pins keyring.Pins) rings {
	return rings{pins: pins, trusted: make(map[uint64]*keyring.SignedRing), apart: make(map[uint64][]*keyring.SignedRing)}
}

func (r *rings) newest() *keyring.SignedRing { return r.trusted[r.high] }

// check refuses a ring that could only wait for others.
func (r *rings) check(ring *keyring.SignedRing) error {
	n := ring.Ring.Seq
	switch {
	case len(r.trusted) == 0:
		return ring.VerifyPinned(r.pins)
	case n > r.high+1 || n+1 < r.low:
		return fmt.Errorf("ring %d, known are %d to %d: %w", n, r.low, r.high, keyring.ErrGap)
	}
	return nil
}

// add takes in a ring and reports whether it is trusted now and was not before.
// One from which a step is missing waits for it. The error says why the ring is
// refused.
func (r *rings) add(ring *keyring.SignedRing) (adopted bool, err error) {
	if len(r.trusted) > 0 {
		return r.link(ring)
	}
	if ring.VerifyPinned(r.pins) != nil {
		r.wait(ring) // older than the pins, perhaps
		return false, nil
	}
	n := ring.Ring.Seq
	r.low, r.high, r.trusted[n] = n, n, ring
	return true, nil
}

// follow links the rings that waited for the one just added, and gives the
// reasons why some are refused.
func (r *rings) follow() (refused []error) {
	for more := true; more; {
		more = false
		for _, n := range [...]uint64{r.high + 1, r.low - 1} {
			waiting := r.apart[n]
			delete(r.apart, n)
			for _, ring := range waiting {
				adopted, err := r.link(ring)
				more = more || adopted
				if err != nil {
					refused = append(refused, err)
				}
			}
		}
	}
	return refused
}

func (r *rings) wait(ring *keyring.SignedRing) {
	n := ring.Ring.Seq
	for _, there := range r.apart[n] {
		if bytes.Equal(there.Bytes(), ring.Bytes()) {
			return
		}
	}
	r.apart[n] = append(r.apart[n], ring)
}

// link trusts a ring that is next to the trusted ones: after them if it is
// signed as a step has to be, before them if the first of them names it.
func (r *rings) link(ring *keyring.SignedRing) (adopted bool, err error) {
	switch n := ring.Ring.Seq; {
	case n == r.high+1:
		if err := ring.VerifyAfter(r.newest()); err != nil {
			return false, err
		}
		r.high, r.trusted[n] = n, ring
		return true, nil
	case n+1 == r.low:
		if named := r.trusted[r.low].Ring.Previous; named == nil || *named != ring.Hash() {
			return false, forked(n)
		}
		r.low, r.trusted[n] = n, ring
		return true, nil
	case r.low <= n && n <= r.high:
		if r.trusted[n].Hash() != ring.Hash() {
			return false, forked(n)
		}
	default:
		r.wait(ring)
	}
	return false, nil
}

func forked(n uint64) error {
	return fmt.Errorf("two rings have the number %d: %w", n, keyring.ErrFork)
}

// keys gives every key of the trusted rings, each as the newest ring that has it
// says.
func (r *rings) keys() *issuers {
	keys := make(map[keyring.KeyID]keyring.Key)
	for n := r.low; n <= r.high; n++ {
		for _, key := range r.trusted[n].Ring.Keys {
			keys[key.ID] = key
		}
	}
	return &issuers{keys}
}

// journalNode gives the node of the first journal key for the event that a ring
// names.
func (r *rings) journalNode(event string) journal.NodeID {
	for n := r.low; n <= r.high; n++ {
		for _, key := range r.trusted[n].Ring.Keys {
			if key.Role == keyring.RoleJournal && key.For(event) {
				return journal.NodeOf(key.Public)
			}
		}
	}
	return journal.NodeID{}
}
