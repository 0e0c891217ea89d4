package state

import (
	"usher/crypto/grant"
	"usher/sync/journal"
	"usher/sync/staff"
)

func (s *State) enactStaff(at journal.Position, r *journal.Record) error {
	sealed, err := journal.Read[journal.Staff](r)
	if err != nil || s.staffKey.IsZero() {
		return err
	}
	person, err := staff.Open(s.staffKey, s.event, sealed)
	if err != nil {
		return err
	}
	s.staff.Apply(at, person)
	return nil
}

// Staff gives the people who may sign in, by name; nobody where this node may not
// read the staff list.
func (s *State) Staff() []staff.Person {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.staff.All()
}

// Staffed reports whether anybody is on the staff list, as far as this node may
// read it.
func (s *State) Staffed() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.staff.Len() > 0
}

// Person gives somebody on the staff list.
func (s *State) Person(id staff.ID) (staff.Person, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.staff.Person(id)
}

// PersonNamed gives the person on the staff list who has a name.
func (s *State) PersonNamed(name string) (staff.Person, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.staff.Named(name)
}

// CardHolder gives the person on the staff list whose role card this is.
func (s *State) CardHolder(card grant.Code) (staff.Person, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.staff.Holder(card)
}
