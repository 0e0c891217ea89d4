package state

import (
	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/journal"
)

// Past gives all that is held of a ticket, in the agreed order, for
// admission.Decide. Acts that don't count are in it, marked as set aside.
func (s *State) Past(id journal.TicketID) []admission.Act {
	var acts []admission.Act
	s.withProof(id, func() { acts = s.judge(id).Acts })
	return acts
}

// Frontier gives the parents that a new scan of the ticket has to name.
func (s *State) Frontier(id journal.TicketID) []journal.Hash {
	return admission.Frontier(s.Past(id))
}

// Case is what a decision about a ticket rests on, as it was at one moment, so
// that its record can say what was known: no more and no less.
type Case struct {
	Known journal.Position // of the server's journal
	Event *journal.Event   // as [State.Event]
	Void  admission.Void   // as [State.Void]
	Past  []admission.Act  // as [State.Past]
}

// Case gives what a decision about a ticket rests on now.
func (s *State) Case(id journal.TicketID) (c Case) {
	s.withProof(id, func() {
		c = Case{Known: s.position, Event: s.versions.newest(), Past: s.judge(id).Acts}
		c.Void, _ = s.revocations.Lookup(id)
	})
	return c
}

// Act finds a scan or undo by its record's hash, and the ticket it is about.
func (s *State) Act(hash journal.Hash) (journal.TicketID, admission.Act, bool) {
	s.mu.RLock()
	found := s.find(hash)
	s.mu.RUnlock()
	if found == nil {
		return journal.TicketID{}, admission.Act{}, false
	}
	for _, full := range s.Past(found.ticket) {
		if full.Hash == hash {
			return found.ticket, full, true
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return found.ticket, s.unpack(found), true
}

// find looks from the newest act backwards: who asks for an act has mostly just
// seen it.
func (s *State) find(hash journal.Hash) *act {
	for i := len(s.acts) - 1; i >= 0; i-- {
		if s.acts[i].hash == hash {
			return s.acts[i]
		}
	}
	return nil
}

// Entry is an act with the ticket that it is about.
type Entry struct {
	Ticket journal.TicketID // zero: no genuine ticket was seen
	Act    admission.Act
}

// Since lists the scans and undos of a chain after a number, in their order.
func (s *State) Since(c journal.Chain, after uint64) []Entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	of, there := s.chains[c]
	if !there {
		return nil
	}
	var list []Entry
	for _, a := range s.acts {
		if a.chain == of.index && a.seq > after {
			list = append(list, Entry{a.ticket, s.unpack(a)})
		}
	}
	return list
}

// Roster gives what the roster says of a ticket.
func (s *State) Roster(id journal.TicketID) (ticket.Claims, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	claims, ok := s.roster.Lookup(id)
	claims.Event = s.event
	return claims, ok
}

// RosterLen is how many tickets the roster has.
func (s *State) RosterLen() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.roster.Len()
}

// withProof runs f, which reads, once the ticket's evidence is checked.
func (s *State) withProof(id journal.TicketID, f func()) {
	for {
		s.mu.RLock()
		jobs := s.openCodes(id)
		if len(jobs) == 0 {
			f()
			s.mu.RUnlock()
			return
		}
		keys := s.issuers
		s.mu.RUnlock()
		s.check(jobs, keys)
	}
}

// judge decides a ticket's history again.
func (s *State) judge(id journal.TicketID) admission.Finding {
	h := admission.History{
		Event: s.event, Ticket: ticket.ID(id), Known: s.position,
		Voids: s.revocations.All(id), Resolved: s.resolved(id),
	}
	for a := s.stories[id].newest; a != nil; a = a.older {
		if a.standing != waiting {
			h.Scans = append(h.Scans, s.unpack(a))
		}
	}
	return admission.Judge(s.versions.at, h)
}
