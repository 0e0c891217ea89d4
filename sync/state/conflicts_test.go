package state

import (
	"slices"
	"testing"

	"usher/sync/admission"
	"usher/sync/journal"
)

func TestThreeGatesOneConflict(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	w.apply(s, w.enrol("roof"))
	first := w.admit("north", id(1))
	w.gate("south").Stamp.Time = first.Stamp.Time + 60_000
	w.apply(s, w.admit("south", id(1)), first)
	w.apply(s, w.write("roof", w.scan("roof", id(1), admission.In))) // another zone
	c := s.Conflicts()
	if len(c) != 1 || c[0].Kind != admission.DoubleEntry || !c[0].Open || len(c[0].Duplicates) != 1 {
		t.Fatalf("the conflicts are %+v", c)
	}
	if c[0].Original == nil || c[0].Original.Hash != first.Hash() {
		t.Errorf("the original is %+v, want the entry at north", c[0].Original)
	}
	third := w.write("roof", w.scan("north", id(1), admission.In))
	w.apply(s, third)
	again, ok := s.Conflict(c[0].ID)
	if !ok || len(again.Duplicates) != 2 {
		t.Errorf("with a third entry the conflict is %+v, %v", again, ok)
	}
	if _, ok := s.Conflict("000000000000"); ok {
		t.Error("an invented conflict is found")
	}
}

func TestRevocationFindsAnEntryThatWasTooMany(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	scan := w.scan("north", id(1), admission.In) // as one knows who has not heard
	since := w.server.Stamp.Time
	w.gate("north").Stamp.Time = since + 60_000
	w.apply(s, w.write("north", scan))
	if c := s.Conflicts(); len(c) != 0 {
		t.Fatalf("before the revocation: %+v", c)
	}
	w.apply(s, w.revoke("cancelled", id(1)))
	c := s.Conflicts()
	if len(c) != 1 || c[0].Kind != admission.AdmittedAfterCancel {
		t.Fatalf("the conflicts are %+v", c)
	}
}

func TestResolve(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	w.apply(s, w.admit("north", id(1)), w.admit("south", id(1)))
	c := s.Conflicts()[0]
	resolve := &journal.Resolve{Ticket: id(1), Why: "twins", By: "Kim", Admissions: []journal.Hash{c.Duplicates[0].Hash}}
	w.apply(s, w.server.Write(t, journal.KindResolve, resolve))
	if c, _ = s.Conflict(c.ID); c.Open || len(c.Resolved) != 1 {
		t.Errorf("the resolved conflict is %+v", c)
	}
	if list := s.Resolutions(id(1)); len(list) != 1 || list[0].Why != "twins" {
		t.Errorf("the resolutions are %+v", list)
	}
	w.apply(s, w.write("north", w.scan("north", id(1), admission.In)))
	if c, _ = s.Conflict(c.ID); !c.Open {
		t.Error("another duplicate does not open the conflict again")
	}
}

// An entry whose gate knew more of the server's journal than this node is judged
// when this node knows it too.
func TestJudgedWhenTheServersJournalComes(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	news := w.rosterOf(id(8))
	w.apply(s, w.admit("north", id(1)), w.admit("south", id(1)))
	if c := s.Conflicts(); len(c) != 0 {
		t.Fatalf("judged too early: %+v", c)
	}
	w.apply(s, news)
	if c := s.Conflicts(); len(c) != 1 {
		t.Errorf("the conflicts are %+v, want one", c)
	}
}

// An entry that names a parent is judged when the parent is here.
func TestJudgedWhenTheParentComes(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	in := w.admit("north", id(1))
	out := w.write("north", w.scan("north", id(1), admission.Out, in))
	back := w.admit("south", id(1), out)
	w.apply(s, in, back)
	if c := s.Conflicts(); len(c) != 0 {
		t.Fatalf("a record that is late made a conflict: %+v", c)
	}
	w.apply(s, out)
	if c := s.Conflicts(); len(c) != 0 {
		t.Errorf("in, out and in again: %+v", c)
	}
}

// A conflict goes when the admission turns out to be by a device that was
// expelled before.
func TestExpulsionTakesAConflictAway(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	w.apply(s, w.admit("north", id(1)), w.admit("south", id(1)))
	if len(s.Conflicts()) != 1 {
		t.Fatal("no conflict")
	}
	w.apply(s, w.expel("south", 0))
	if c := s.Conflicts(); len(c) != 0 {
		t.Errorf("after the expulsion: %+v", c)
	}
}

// Rules are those that the gate knew.
func TestRulesOfTheTime(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	multi := gala(w.server.Stamp.Time/1000, 2)
	for i := range multi.Gates {
		multi.Gates[i].Multi = true
	}
	before := []*journal.Record{w.admit("north", id(1)), w.admit("south", id(1))}
	version := w.server.Write(t, journal.KindEvent, multi)
	after := []*journal.Record{w.admit("north", id(2)), w.admit("south", id(2))}
	w.apply(s, slices.Concat(before, after)...)
	w.apply(s, version)
	c := s.Conflicts()
	if len(c) != 1 || journal.TicketID(c[0].Ticket) != id(1) {
		t.Errorf("the conflicts are %+v, want one about ticket 1", c)
	}
}

// What the roster said of a typed code may come late, from an epoch of the server
// that a restored one does not know of.
func TestRosterOfALostEpoch(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	roster := func(product uint32) *journal.Record {
		g := journal.RosterGroup{Product: product}
		g.Add(id(1), 0)
		return w.server.Write(t, journal.KindRoster, &journal.Roster{Groups: []journal.RosterGroup{g}})
	}
	w.apply(s, roster(1))
	restored := w.server.NextEpoch()
	once := roster(2) // one entry in all
	w.server = restored
	w.apply(s, w.event(2))
	typed := func(gate string, d admission.Direction, parents ...*journal.Record) *journal.Record {
		scan := w.scan(gate, id(1), d, parents...)
		scan.Evidence, scan.How = nil, "typed"
		r := w.write(gate, scan)
		w.apply(s, r)
		return r
	}
	typed("south", admission.In, typed("north", admission.Out, typed("north", admission.In)))
	if c := s.Conflicts(); len(c) != 0 {
		t.Fatalf("in, out and in again: %+v", c)
	}
	w.apply(s, once)
	if c := s.Conflicts(); len(c) != 1 || c[0].Kind != admission.RuleExceeded {
		t.Errorf("the conflicts are %+v, want one of the product's rule", c)
	}
}
