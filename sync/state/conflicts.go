package state

import (
	"cmp"
	"slices"

	"usher/sync/admission"
	"usher/sync/journal"
)

// verdicts are the conflicts, and the tickets that are to be judged again.
type verdicts struct {
	dirty       map[journal.TicketID]struct{}
	late        map[journal.TicketID]struct{} // judged, with acts whose gates knew more than this node
	conflicts   map[journal.TicketID][]admission.Conflict
	resolutions map[journal.TicketID][]*journal.Resolve
}

func newVerdicts() verdicts {
	return verdicts{
		dirty:       make(map[journal.TicketID]struct{}),
		late:        make(map[journal.TicketID]struct{}),
		conflicts:   make(map[journal.TicketID][]admission.Conflict),
		resolutions: make(map[journal.TicketID][]*journal.Resolve),
	}
}

// settleBatch is how many tickets are judged under one hold of the lock.
const settleBatch = 64

// touch has a ticket judged again, if that can come to anything.
func (s *State) touch(id journal.TicketID) {
	if s.contestable(id) || len(s.conflicts[id]) > 0 {
		s.dirty[id] = struct{}{}
	}
}

// contestable reports whether a ticket's history can hold a conflict: two
// entries, or one and a revocation.
func (s *State) contestable(id journal.TicketID) bool {
	entries := 0
	for a := s.stories[id].newest; a != nil; a = a.older {
		if a.entry() {
			entries++
		}
		if entries > 1 {
			return true
		}
	}
	if entries == 0 {
		return false
	}
	_, void := s.revocations.Lookup(id)
	return void
}

// settle judges every ticket that is dirty, each after its evidence is checked,
// a few at a time so that a scan never waits long for the lock.
func (s *State) settle() {
	s.settling.Lock()
	defer s.settling.Unlock()
	for {
		batch, jobs, keys := s.nextDirty()
		if len(batch) == 0 {
			return
		}
		s.check(jobs, keys)
		s.mu.Lock()
		for _, id := range batch {
			s.rejudge(id)
		}
		s.mu.Unlock()
	}
}

func (s *State) nextDirty() (batch []journal.TicketID, jobs []proofJob, keys *issuers) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for id := range s.dirty {
		batch = append(batch, id)
		jobs = append(jobs, s.openCodes(id)...)
		if len(batch) == settleBatch {
			break
		}
	}
	return batch, jobs, s.issuers
}

// rejudge brings a ticket's conflicts up to date. It stays dirty if a code came
// that nobody has checked.
func (s *State) rejudge(id journal.TicketID) {
	if len(s.openCodes(id)) > 0 {
		return
	}
	delete(s.dirty, id)
	finding := s.judge(id)
	if finding.Waiting > 0 {
		s.late[id] = struct{}{}
	} else {
		delete(s.late, id)
	}
	if len(finding.Conflicts) > 0 {
		s.conflicts[id] = finding.Conflicts
	} else {
		delete(s.conflicts, id)
	}
}

// Conflicts lists the conflicts, open ones and those dealt with, by the time of
// their first duplicate. Tickets that were touched since the last call are judged
// first, so after a large download it takes a moment.
func (s *State) Conflicts() []admission.Conflict {
	s.settle()
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []admission.Conflict
	for _, some := range s.conflicts {
		list = append(list, some...)
	}
	slices.SortFunc(list, func(a, b admission.Conflict) int {
		return cmp.Or(cmp.Compare(a.Duplicates[0].At, b.Duplicates[0].At), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// Conflict finds a conflict by its id.
func (s *State) Conflict(id string) (admission.Conflict, bool) {
	for _, c := range s.Conflicts() {
		if c.ID == id {
			return c, true
		}
	}
	return admission.Conflict{}, false
}

// Resolutions lists what persons said of a ticket's conflicts.
func (s *State) Resolutions(id journal.TicketID) []journal.Resolve {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []journal.Resolve
	for _, r := range s.resolutions[id] {
		list = append(list, *r)
	}
	return list
}

// resolved gives the test whether an admission was named by a resolve record, or
// nil where none was.
func (s *State) resolved(id journal.TicketID) func(journal.Hash) bool {
	list := s.resolutions[id]
	if len(list) == 0 {
		return nil
	}
	return func(hash journal.Hash) bool {
		return slices.ContainsFunc(list, func(r *journal.Resolve) bool { return slices.Contains(r.Admissions, hash) })
	}
}
