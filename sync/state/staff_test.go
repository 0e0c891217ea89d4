package state

import (
	"crypto/rand"
	"strings"
	"testing"

	"usher/crypto/grant"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/staff"
)

func (w *world) staff(by *journaltest.Writer, key staff.Key, p staff.Person) *journal.Record {
	w.t.Helper()
	sealed, err := staff.Seal(key, eventCode, rand.Reader, p)
	if err != nil {
		w.t.Fatal(err)
	}
	return by.Write(w.t, journal.KindStaff, sealed)
}

// The staff list is read by who has its key. Others keep the records and can judge
// all the same; so can who has the key and meets a record that doesn't open with it.
func TestStaffList(t *testing.T) {
	key, code := staff.Key{3}, grant.Code{7}
	hash := grant.RoleCardHash(code)
	kim := staff.Person{ID: staff.ID{1}, Name: "Kim", Role: grant.RoleSupervisor, Card: hash[:]}
	sam := staff.Person{ID: staff.ID{2}, Name: "Sam", Role: grant.RoleScanner}
	gone := sam
	gone.Gone = true

	w := newWorld(t)
	records := append(w.began, w.staff(w.server, key, kim), w.staff(w.server, key, sam))
	c := w.config()
	c.StaffKey = key
	s := New(c)
	w.apply(s, records...)
	if list := s.Staff(); len(list) != 2 || list[0].Name != "Kim" || !s.Staffed() {
		t.Errorf("on the list are %+v", list)
	}
	for name, find := range map[string]func() (staff.Person, bool){
		"by id":   func() (staff.Person, bool) { return s.Person(kim.ID) },
		"by name": func() (staff.Person, bool) { return s.PersonNamed(" kim ") },
		"by card": func() (staff.Person, bool) { return s.CardHolder(code) },
	} {
		if p, there := find(); !there || !p.Same(&kim) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if change, err := s.Apply(w.staff(w.server, key, gone)); err != nil || !change.Has(ChangedStaff) {
		t.Errorf("a removal changes %b, %v", change, err)
	}
	if _, there := s.PersonNamed("Sam"); there {
		t.Error("somebody is on the list who was removed")
	}

	w.apply(s, w.staff(w.server, staff.Key{4}, sam))
	if faults := s.Faults(); len(faults) != 1 || !strings.Contains(faults[0], "staff list does not open") {
		t.Errorf("after a record that doesn't open the faults are %v", faults)
	}
	if reason, why := s.NotReady(w.gates["north"].Chain().Node); reason != "" {
		t.Errorf("and it can't judge: %s", why)
	}

	other := w.state(records...)
	if len(other.Staff()) != 0 || other.Staffed() || len(other.Faults()) != 0 {
		t.Errorf("without the key on the list are %v, faults %v", other.Staff(), other.Faults())
	}
}

// A gate puts nobody on the list.
func TestOnlyTheServerListsStaff(t *testing.T) {
	key := staff.Key{3}
	w := newWorld(t)
	c := w.config()
	c.StaffKey = key
	s := New(c)
	w.apply(s, append(w.began, w.staff(w.gates["north"], key, staff.Person{ID: staff.ID{1}, Name: "Eve", Role: grant.RoleSupervisor}))...)
	if s.Staffed() || len(s.SetAside()) != 1 {
		t.Errorf("on the list are %v, set aside %v", s.Staff(), s.SetAside())
	}
}
