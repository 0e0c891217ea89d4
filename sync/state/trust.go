package state

import (
	"bytes"
	"crypto/ed25519"

	"usher/crypto/keyring"
	"usher/sync/journal"
)

// trust is whom the pinned roots vouch for.
type trust struct {
	rings  rings
	server journal.NodeID // zero: not known yet
	// issuers are the keys of all trusted rings, as the newest ring that has
	// each says: old evidence verifies under a key that was taken out since. It
	// is replaced, never changed, so it may be used with the lock free.
	issuers *issuers
	// backlog holds the server records of authors that no ring vouches for.
	backlog map[journal.NodeID][]*journal.Record
}

type issuers struct{ keys map[keyring.KeyID]keyring.Key }

// Key finds a key, for crypto/ticket.
func (i *issuers) Key(id keyring.KeyID) (keyring.Key, bool) {
	key, ok := i.keys[id]
	return key, ok
}

func newTrust(c Config) trust {
	return trust{
		rings: newRings(c.Pins), server: c.Server, issuers: new(issuers),
		backlog: make(map[journal.NodeID][]*journal.Record),
	}
}

// Ring is the newest key ring, or nil before there is one.
func (s *State) Ring() *keyring.Ring {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if signed := s.rings.newest(); signed != nil {
		return &signed.Ring
	}
	return nil
}

// SignedRing is the newest key ring as the roots signed it, or nil. A gate saves
// it and gives it to TrustRing when it starts again.
func (s *State) SignedRing() *keyring.SignedRing {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rings.newest()
}

// Key finds a key in the newest ring. With it a State is a ticket.Keys.
func (s *State) Key(id keyring.KeyID) (keyring.Key, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if signed := s.rings.newest(); signed != nil {
		return signed.Ring.Key(id)
	}
	return keyring.Key{}, false
}

// TrustRing takes in a key ring that came by another way than the server's
// journal: with an enrolment, or saved before a restart. The rings of the journal
// then have to lead to it or on from it. A ring that the pinned roots did not
// sign, and that does not follow from one that they did, is refused with an error
// of crypto/keyring.
func (s *State) TrustRing(ring *keyring.SignedRing) error {
	s.mu.Lock()
	change, err := s.takeRing(ring)
	if _, there := s.rings.trusted[ring.Ring.Seq]; err == nil && !there {
		if err = ring.VerifyPinned(s.rings.pins); err == nil {
			err = keyring.ErrGap
		}
	}
	s.mu.Unlock()
	s.bell.ring(change)
	return err
}

// takeRing adds a ring to what is known and follows up on what that changes.
func (s *State) takeRing(ring *keyring.SignedRing) (Change, error) {
	adopted, err := s.rings.add(ring)
	if len(adopted) == 0 {
		return 0, err
	}
	s.issuers = s.rings.keys()
	change := ChangedRing
	if s.server == (journal.NodeID{}) {
		s.server = s.rings.journalNode(s.event)
	}
	change |= s.recheckKeyless()
	if s.serverKnown() {
		change |= s.readBacklog()
	}
	return change, err
}

// serverKnown reports whether a ring vouches for the server's journal key.
func (s *State) serverKnown() bool {
	_, ok := s.serverKey()
	return ok
}

// serverKey finds the server's key in the newest trusted ring that has it.
func (s *State) serverKey() (ed25519.PublicKey, bool) {
	if s.server == (journal.NodeID{}) {
		return nil, false
	}
	// A key's id and a node's are both the start of the key's SHA-256.
	key, ok := s.issuers.Key(keyring.KeyID(s.server[:len(keyring.KeyID{})]))
	ok = ok && key.Role == keyring.RoleJournal && key.State != keyring.Revoked && key.For(s.event) &&
		journal.NodeOf(key.Public) == s.server
	return key.Public, ok
}

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

// add takes in a ring and gives those that are trusted now and were not before.
// A ring from which a step is missing waits for it. The error says why a ring is
// refused: this one, or one that has waited.
func (r *rings) add(ring *keyring.SignedRing) (adopted []*keyring.SignedRing, err error) {
	if len(r.trusted) == 0 {
		if ring.VerifyPinned(r.pins) != nil {
			r.wait(ring) // older than the pins, perhaps
			return nil, nil
		}
		r.low, r.high = ring.Ring.Seq, ring.Ring.Seq
		adopted = append(adopted, r.adopt(ring))
	} else {
		adopted, err = r.link(ring)
	}
	for more := len(adopted) > 0; more; {
		more = false
		for _, n := range [...]uint64{r.high + 1, r.low - 1} {
			waiting := r.apart[n]
			delete(r.apart, n)
			for _, ring := range waiting {
				linked, failed := r.link(ring)
				adopted = append(adopted, linked...)
				more = more || len(linked) > 0
				if failed != nil {
					err = failed
				}
			}
		}
	}
	return adopted, err
}

func (r *rings) adopt(ring *keyring.SignedRing) *keyring.SignedRing {
	r.trusted[ring.Ring.Seq] = ring
	return ring
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
func (r *rings) link(ring *keyring.SignedRing) ([]*keyring.SignedRing, error) {
	switch n := ring.Ring.Seq; {
	case n == r.high+1:
		if err := ring.VerifyAfter(r.newest()); err != nil {
			return nil, err
		}
		r.high = n
	case n+1 == r.low:
		if named := r.trusted[r.low].Ring.Previous; named == nil || *named != ring.Hash() {
			return nil, forked(n)
		}
		r.low = n
	case r.low <= n && n <= r.high:
		if r.trusted[n].Hash() != ring.Hash() {
			return nil, forked(n)
		}
		return nil, nil
	default:
		r.wait(ring)
		return nil, nil
	}
	return []*keyring.SignedRing{r.adopt(ring)}, nil
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
