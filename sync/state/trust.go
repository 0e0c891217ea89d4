package state

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"slices"

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

// maxQuick is how many issuing keys have their signatures checked quickly: those in
// use, where a key is rotated now and then, and not whatever a ring may list.
const maxQuick = 4

// quickened makes the event's newest issuing keys quick, as they may be already.
func (i *issuers) quickened(event string, before *issuers) *issuers {
	var ours []keyring.Key
	for _, key := range i.keys {
		if key.Role == keyring.RoleIssuer && key.For(event) {
			ours = append(ours, key)
		}
	}
	slices.SortFunc(ours, func(a, b keyring.Key) int {
		return cmp.Or(cmp.Compare(b.NotBefore, a.NotBefore), bytes.Compare(a.ID[:], b.ID[:]))
	})
	for _, key := range ours[:min(len(ours), maxQuick)] {
		i.keys[key.ID] = key.Quickened(before.keys[key.ID])
	}
	return i
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
		if _, there := signed.Ring.Key(id); there {
			return s.issuers.Key(id)
		}
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
	err := s.rings.check(ring)
	var change Change
	if err == nil {
		change, err = s.takeRing(ring)
	}
	s.mu.Unlock()
	s.bell.ring(change)
	return err
}

// takeRing adds a ring to what is known and follows up on what that changes. The
// error says why it is refused.
func (s *State) takeRing(ring *keyring.SignedRing) (Change, error) {
	adopted, err := s.rings.add(ring)
	if !adopted {
		return 0, err
	}
	for _, err := range s.rings.follow() {
		s.troubles.note(err.Error())
	}
	s.issuers = s.rings.keys().quickened(s.event, s.issuers)
	if s.server == (journal.NodeID{}) {
		s.server = s.rings.journalNode(s.event)
	}
	change := ChangedRing | s.recheckKeyless()
	if s.serverKnown() {
		change |= s.readBacklog()
	}
	return change, nil
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
