package state

import (
	"reflect"
	"slices"
	"testing"

	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

func hashes(acts []admission.Act) []journal.Hash {
	var list []journal.Hash
	for _, a := range acts {
		list = append(list, a.Hash)
	}
	return list
}

func TestPastIsInTheAgreedOrder(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	in := w.admit("north", id(1))
	out := w.write("south", w.scan("south", id(1), admission.Out, in))
	again := w.admit("north", id(1), out)
	w.apply(s, out, in, again) // the exit comes before what it followed
	past := s.Past(id(1))
	if want := []journal.Hash{in.Hash(), out.Hash(), again.Hash()}; !slices.Equal(hashes(past), want) {
		t.Fatalf("the past is %v, want %v", hashes(past), want)
	}
	if a := past[0]; a.Zone != 0 || a.Product != 1 || a.Gate != "north" || a.Known != w.known() {
		t.Errorf("the entry is %+v", a)
	}
	if got := s.Frontier(id(1)); !slices.Equal(got, []journal.Hash{again.Hash()}) {
		t.Errorf("the frontier is %v, want the last entry", got)
	}
	if got := s.Frontier(id(2)); len(got) != 0 {
		t.Errorf("the frontier of an unknown ticket is %v", got)
	}
}

// What is kept of an act in little space is all of it.
func TestNothingOfAnActIsLost(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	a := w.admit("north", id(1))
	scan := w.scan("roof", id(1), admission.In, a)
	scan.Parents = append(scan.Parents, journal.Hash{1, 2, 3})
	scan.Operator, scan.Override, scan.Flags = "Kim", "knows her", []string{admission.FlagForced}
	scan.Assurance = journal.Assurance{Level: Alone, Unheard: 3, LongestMS: 1 << 40}
	scan.Generation = 0
	b := w.write("south", scan)
	undo := w.undo("north", id(1), a)
	w.apply(s, a, b, undo)
	w.apply(s, w.expel("south", 0))
	claims := ticket.Claims{Product: 1}
	for _, c := range []struct {
		r    *journal.Record
		want admission.Act
	}{
		{b, admission.ScanAct(b, scan, 1, claims)},
		{undo, admission.UndoAct(undo, &journal.Undo{Admission: a.Hash()})},
	} {
		c.want.SetAside = c.r == b
		at, got, ok := s.Act(c.r.Hash())
		if !ok || at != id(1) || !reflect.DeepEqual(got, c.want) {
			t.Errorf("the act of a %s record is\n%+v, want\n%+v", c.r.Kind, got, c.want)
		}
	}
	// Every field was set to something above, so that a new one is not forgotten.
	set := reflect.ValueOf(admission.ScanAct(b, scan, 1, ticket.Claims{Product: 1, Admissions: 2}))
	byJudge := []string{"Undone", "SetAside", "Undoes", "NoLater", "Generation"}
	for i := range set.NumField() {
		if name := set.Type().Field(i).Name; set.Field(i).IsZero() && !slices.Contains(byJudge, name) {
			t.Errorf("the test leaves %s empty", name)
		}
	}
}

func TestUndo(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	in, other := w.admit("north", id(1)), w.admit("south", id(1))
	undo := w.undo("north", id(1), in)
	w.apply(s, in, other)
	if len(s.Conflicts()) != 1 {
		t.Fatal("two entries that did not know each other are no conflict")
	}
	w.apply(s, undo)
	if c := s.Conflicts(); len(c) != 0 {
		t.Errorf("after the undo: %+v", c)
	}
	counts := s.Counts(0)
	if counts.Total.Entries != 1 || counts.Total.Undone != 1 || counts.Total.Inside != 1 {
		t.Errorf("the counts are %+v", counts.Total)
	}
	if _, a, ok := s.Act(in.Hash()); !ok || !a.Undone {
		t.Errorf("the act is %+v, %v", a, ok)
	}
	if since := s.Since(in.Chain, 0); len(since) != 2 || !since[0].Act.Undone || since[0].Ticket != id(1) {
		t.Errorf("since the start: %+v", since)
	}
	if since := s.Since(in.Chain, 1); len(since) != 1 || since[0].Act.Result != admission.Undo {
		t.Errorf("since record 1: %+v", since)
	}
	if since := s.Since(journal.Chain{}, 0); len(since) != 0 {
		t.Errorf("of an unknown chain: %+v", since)
	}
}

func TestUndosThatAreNone(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	in := w.admit("north", id(1))
	out := w.write("north", w.scan("north", id(2), admission.Out))
	w.apply(s, in, out,
		w.undo("south", id(1), in),  // of another device's admission
		w.undo("north", id(9), in),  // of another ticket
		w.undo("north", id(2), out), // of an exit
		w.undo("north", id(1), out), // of a record of another ticket
	)
	if c := s.Counts(0).Total; c.Entries != 1 || c.Exits != 1 || c.Undone != 0 {
		t.Errorf("the counts are %+v", c)
	}
	for _, past := range [][]admission.Act{s.Past(id(1)), s.Past(id(2))} {
		for _, a := range past {
			if a.Undone {
				t.Errorf("%+v counts as undone", a)
			}
		}
	}
}

func TestActsThatAreNotHeld(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	if _, _, ok := s.Act(journal.Hash{1}); ok {
		t.Error("an act that nobody wrote is found")
	}
	scan := w.scan("north", journal.TicketID{}, admission.In)
	scan.Result, scan.Reason, scan.Evidence = "reject", "bad_signature", nil
	r := w.write("north", scan)
	w.apply(s, r)
	if at, a, ok := s.Act(r.Hash()); !ok || at != (journal.TicketID{}) || a.Reason != admission.BadSignature {
		t.Errorf("an attempt without a ticket is %+v, %v", a, ok)
	}
	// One by a device that nobody has vouched for yet.
	unknown := journaltest.NewWriter(t, "unknown")
	r = unknown.Write(t, journal.KindScan, w.scan("north", id(1), admission.In))
	w.apply(s, r)
	if _, a, ok := s.Act(r.Hash()); !ok || !a.SetAside {
		t.Errorf("an unknown device's scan is %+v, %v", a, ok)
	}
	if past := s.Past(id(1)); len(past) != 0 {
		t.Errorf("an unknown device's scan is in the past: %+v", past)
	}
}
