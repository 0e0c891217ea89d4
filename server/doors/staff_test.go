package doors

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/staff"
)

const pin = "48151623"

// told gives the staff list as a gate has it that holds all of the journal.
func (w *world) told() *staff.List {
	w.t.Helper()
	key, err := w.vault.StaffKeyIn(w.t.Context(), w.db.Read(), event)
	if err != nil {
		w.t.Fatal(err)
	}
	arrived, err := w.journals.Tail(w.t.Context(), event, 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	var list staff.List
	for _, a := range arrived {
		if a.Record.Kind != journal.KindStaff {
			continue
		}
		sealed, err := journal.Read[journal.Staff](a.Record)
		if err != nil {
			w.t.Fatal(err)
		}
		p, err := staff.Open(key, event, sealed)
		if err != nil {
			w.t.Fatal(err)
		}
		list.Apply(journal.Position{Seq: a.Record.Seq}, p)
	}
	return &list
}

func (w *world) hire(name string, role grant.Role, pin string) Member {
	w.t.Helper()
	m, err := w.AddStaff(w.t.Context(), event, name, role, pin)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// Who is put on the list is known to the gates, with a PIN that is right and a card
// that is theirs, until they are taken off it.
func TestStaff(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		kim := w.hire("Kim", grant.RoleSupervisor, pin)
		w.hire("Sam", grant.RoleScanner, "")
		if kim.Name != "Kim" || kim.Role != grant.RoleSupervisor || !kim.PIN || kim.Card || !kim.Changed.Equal(start) {
			t.Errorf("added as %+v", kim)
		}
		at, there := w.told().Named("kim")
		if !there || at.ID != kim.ID || at.Role != grant.RoleSupervisor || !at.PIN.Matches(pin) || at.PIN.Matches("90210377") || at.Card != nil {
			t.Errorf("at the gates Kim is %+v", at)
		}
		w.pass(time.Minute)
		m, first, err := w.NewRoleCard(t.Context(), event, "KIM")
		if err != nil || !m.Card || !m.PIN || m.ID != kim.ID || !m.Changed.Equal(start.Add(time.Minute)) {
			t.Fatalf("%+v, %v", m, err)
		}
		_, second, err := w.NewRoleCard(t.Context(), event, "Kim")
		if err != nil {
			t.Fatal(err)
		}
		list := w.told()
		if p, there := list.Holder(second); !there || p.ID != kim.ID || !p.PIN.Matches(pin) {
			t.Errorf("the new card is %+v's", p)
		}
		if p, there := list.Holder(first); there {
			t.Errorf("the card before is %+v's still", p)
		}
		listed, err := w.Staff(t.Context(), event)
		if err != nil || len(listed) != 2 || listed[0].Name != "Kim" || !listed[0].Card || listed[1].Name != "Sam" || listed[1].PIN {
			t.Errorf("the list is %+v, %v", listed, err)
		}
		if _, err := w.RemoveStaff(t.Context(), event, "Kim"); err != nil {
			t.Fatal(err)
		}
		list = w.told()
		if _, there := list.Named("Kim"); there || list.Len() != 1 {
			t.Errorf("at the gates are %+v", list.All())
		}
		if _, there := list.Holder(second); there {
			t.Error("the card of somebody who was removed is good")
		}
		again := w.hire("Kim", grant.RoleScanner, "73625140")
		if p, _ := w.told().Named("Kim"); again.ID == kim.ID || p.Role != grant.RoleScanner || p.PIN.Matches(pin) {
			t.Errorf("added again at the gates Kim is %+v", p)
		}
	})
}

// Who can't be on a list is refused, and nothing changes; the text of a PIN is
// nowhere.
func TestNoStaff(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.hire("Kim", grant.RoleSupervisor, pin)
		add := func(event, name string, role grant.Role, pin string) error {
			_, err := w.AddStaff(t.Context(), event, name, role, pin)
			return err
		}
		card := func(event, name string) error { _, _, err := w.NewRoleCard(t.Context(), event, name); return err }
		remove := func(event, name string) error { _, err := w.RemoveStaff(t.Context(), event, name); return err }
		for name, c := range map[string]struct {
			do   func() error
			kind fault.Kind
			says string
		}{
			"a name that is taken": {func() error { return add(event, "  kim"[2:], grant.RoleScanner, pin) }, fault.Exists, "on the staff list of event NIGHT-1 already"},
			"no event":             {func() error { return add("NONE", "Pat", grant.RoleScanner, pin) }, fault.NotFound, "NONE"},
			"no name":              {func() error { return add(event, "", grant.RoleScanner, pin) }, fault.BadInput, "name"},
			"a long name":          {func() error { return add(event, strings.Repeat("n", 41), grant.RoleScanner, pin) }, fault.BadInput, "41 bytes"},
			"a kiosk":              {func() error { return add(event, "Pat", grant.RoleKiosk, pin) }, fault.BadInput, "role"},
			"a weak PIN":           {func() error { return add(event, "Pat", grant.RoleScanner, "123456") }, fault.BadInput, "counts up"},
			"a card of nobody":     {func() error { return card(event, "Pat") }, fault.NotFound, `nobody called "Pat"`},
			"a card of no event":   {func() error { return card("NONE", "Kim") }, fault.NotFound, "NONE"},
			"nobody removed":       {func() error { return remove(event, "Pat") }, fault.NotFound, `nobody called "Pat"`},
			"removed at no event":  {func() error { return remove("NONE", "Kim") }, fault.NotFound, "NONE"},
		} {
			dbtest.Unchanged(t, w.db, func() {
				if err := c.do(); !errors.Is(err, c.kind) || !strings.Contains(fault.Message(err), c.says) {
					t.Errorf("%s: %v, want %s that says %q", name, err, c.kind, c.says)
				}
			})
		}
		if _, err := w.Staff(t.Context(), "NONE"); !errors.Is(err, fault.NotFound) {
			t.Errorf("the list of no event: %v", err)
		}
	})
}

// Of two who add one name at once, one does.
func TestOneNameOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() {
				_, err := w.AddStaff(t.Context(), event, "Kim", grant.RoleScanner, "")
				errs <- err
			}()
		}
		added := 0
		for range cap(errs) {
			switch err := <-errs; {
			case err == nil:
				added++
			case !errors.Is(err, fault.Exists):
				t.Error(err)
			}
		}
		if n := w.told().Len(); added != 1 || n != 1 {
			t.Errorf("added %d times, %d at the gates", added, n)
		}
	})
}

func TestStaffIsBounded(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for i := range MaxStaff {
			w.hire("P"+strconv.Itoa(i), grant.RoleScanner, "")
		}
		dbtest.Unchanged(t, w.db, func() {
			if _, err := w.AddStaff(t.Context(), event, "one more", grant.RoleScanner, ""); !errors.Is(err, fault.TooLarge) {
				t.Errorf("one more: %v", err)
			}
		})
		if _, err := w.RemoveStaff(t.Context(), event, "P7"); err != nil {
			t.Fatal(err)
		}
		w.hire("one more", grant.RoleScanner, "")
	})
}

// A device is given the key of the staff list if people stand at it.
func TestStaffKeyGoesWithTheRole(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.hire("Kim", grant.RoleSupervisor, pin)
		want, err := w.vault.StaffKeyIn(t.Context(), w.db.Read(), event)
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range []grant.Role{grant.RoleScanner, grant.RoleSupervisor, grant.RoleBoxOffice, grant.RoleKiosk} {
			if got := w.enrol("device "+string(role), "north", role).Staff; got.IsZero() != (role == grant.RoleKiosk) || !got.IsZero() && got != want {
				t.Errorf("%s was given %s", role, got)
			}
		}
		reply, err := w.Enrol(t.Context(), newRequest(t, w.card("north", grant.RoleKiosk), "curious", ""))
		if err != nil || len(reply.Staff) > 0 {
			t.Errorf("a kiosk is sent %d bytes of a staff key, %v", len(reply.Staff), err)
		}
		guest, err := w.vault.GuestKeyIn(t.Context(), w.db.Read(), event)
		if err != nil || guest == want {
			t.Errorf("guest list and staff list have one key, %v", err)
		}
	})
}
