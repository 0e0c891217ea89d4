package state

import (
	"fmt"
	"slices"

	"usher/sync/journal"
)

// Assurance levels: how sure a gate could be that no other let the ticket in.
const (
	Together = "together" // every other active gate was heard within togetherMS
	Recent   = "recent"   // within recentMS
	Alone    = "alone"    // not so
)

const (
	togetherMS = 5_000
	recentMS   = 60_000
)

// sign is what an author said of how long its chain is. A word counts once the
// chain is held as far as it says: before, it tells of records that may be about
// any ticket. Two that don't count yet are kept, the first and the newest, so
// that a chain that grows all the time is heard of nevertheless.
type sign struct {
	held, first, newest *journal.Checkpoint
}

// Hear takes in a checkpoint whose signature was verified, in any order with the
// records. It reports whether it is news: the newest of its chain.
func (s *State) Hear(c *journal.Checkpoint) bool {
	s.mu.Lock()
	news, change := s.hear(c)
	s.mu.Unlock()
	s.bell.ring(change)
	return news
}

func (s *State) hear(c *journal.Checkpoint) (news bool, change Change) {
	if s.contradicts(c) {
		return false, ChangedOther
	}
	w := s.signs[c.Chain]
	if w == nil {
		w = new(sign)
		s.signs[c.Chain] = w
	}
	if w.newest != nil && c.Time <= w.newest.Time {
		return false, 0
	}
	w.newest = c
	w.held = s.held(w)
	if w.first == nil || s.covers(w.first) {
		w.first = c
	}
	return true, 0
}

// contradicts notes a checkpoint that names another record at the head that is
// held: proof that its author wrote two.
func (s *State) contradicts(c *journal.Checkpoint) bool {
	chain, there := s.chains[c.Chain]
	if !there || chain.head.Seq != c.Head.Seq || chain.head.Hash == c.Head.Hash {
		return false
	}
	s.troubles.note(fmt.Sprintf("checkpoint of %s: its record %d is %s, the one held is %s",
		c.Chain, c.Head.Seq, c.Head.Hash, chain.head.Hash))
	return true
}

func (s *State) covers(c *journal.Checkpoint) bool {
	if c.Head.Seq == 0 {
		return true
	}
	chain, there := s.chains[c.Chain]
	return there && chain.head.Seq >= c.Head.Seq
}

// held gives the newest word that counts, or nil.
func (s *State) held(w *sign) *journal.Checkpoint {
	for _, c := range [...]*journal.Checkpoint{w.newest, w.first} {
		if c != nil && s.covers(c) {
			return c
		}
	}
	return w.held
}

// heard gives the time of the newest word of a node that counts.
func (s *State) heard(node journal.NodeID) (at int64, ok bool) {
	for chain, w := range s.signs {
		if chain.Node != node {
			continue
		}
		if c := s.held(w); c != nil && (!ok || c.Time > at) {
			at, ok = c.Time, true
		}
	}
	return at, ok
}

// Heard is up to when this node knows all that another one has written, Unix ms
// by the other's corrected clock: its newest checkpoint that is covered by the
// records held.
func (s *State) Heard(node journal.NodeID) (at int64, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.heard(node)
}

// Checkpoints lists the newest checkpoint of each chain, to be passed on.
func (s *State) Checkpoints() []*journal.Checkpoint {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]*journal.Checkpoint, 0, len(s.signs))
	for _, w := range s.signs {
		list = append(list, w.newest)
	}
	slices.SortFunc(list, func(a, b *journal.Checkpoint) int { return a.Chain.Compare(b.Chain) })
	return list
}

// ListAge is how long ago, in ms, the list of revocations was complete: the age
// of the server's newest word on its journal that is covered by the records held.
// now is corrected Unix ms.
func (s *State) ListAge(now int64) (age int64, known bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at, known := s.heard(s.server)
	if !known {
		return 0, false
	}
	return max(0, now-at), true
}

// Assurance says how sure the gate self can be now, corrected Unix ms, that no
// other gate let in somebody it doesn't know of. Expelled gates don't count.
func (s *State) Assurance(self journal.NodeID, now int64) journal.Assurance {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var longest, never, overdue uint64
	for node, m := range s.nodes {
		if node == self || !m.active() {
			continue
		}
		at, ok := s.heard(node)
		if !ok {
			never++
			continue
		}
		age := uint64(max(0, now-at))
		longest = max(longest, age)
		if age > recentMS {
			overdue++
		}
	}
	a := journal.Assurance{Level: Together, LongestMS: longest}
	switch {
	case never > 0:
		a = journal.Assurance{Level: Alone, Unheard: uint32(never + overdue)}
	case overdue > 0:
		a.Level, a.Unheard = Alone, uint32(overdue)
	case longest > togetherMS:
		a.Level = Recent
	}
	return a
}
