package state

import (
	"reflect"
	"testing"
	"time"

	"usher/sync/admission"
)

func TestCounts(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	w.apply(s, w.enrol("roof"))
	hour := time.Hour.Milliseconds()
	began := w.gate("north").Stamp.Time / hour * hour
	in := w.admit("north", id(1))
	w.apply(s, in, w.admit("north", id(2)), w.admit("north", id(3)))
	w.apply(s, w.write("south", w.scan("south", id(2), admission.Out)))
	w.apply(s, w.undo("north", id(1), in))
	reject := w.scan("south", id(4), admission.In)
	reject.Result, reject.Reason = "reject", "wrong_gate"
	w.gate("south").Stamp.Time = began + 3*hour
	w.apply(s, w.write("south", reject), w.write("south", reject))
	ask, cannot := *reject, *reject
	ask.Result, ask.Reason = "ask", "questions"
	cannot.Result, cannot.Reason = "cannot", "clock"
	w.apply(s, w.write("south", &ask), w.write("south", &cannot))
	forced := w.scan("roof", id(5), admission.In)
	forced.Flags, forced.Assurance.Level = []string{admission.FlagForced}, Together
	w.gate("roof").Stamp.Time = began + hour
	w.apply(s, w.write("roof", forced))

	got := s.Counts(0)
	want := Counts{
		Total: Tally{Entries: 3, Exits: 1, Rejected: 2, Asked: 1, Unable: 1, Undone: 1, Forced: 1, Inside: 2},
		Gates: map[string]Tally{
			"north": {Entries: 2, Undone: 1, Inside: 2},
			"south": {Exits: 1, Rejected: 2, Asked: 1, Unable: 1},
			"roof":  {Entries: 1, Forced: 1, Inside: 1},
		},
		Zones: map[uint8]Tally{
			0: {Entries: 2, Exits: 1, Rejected: 2, Asked: 1, Unable: 1, Undone: 1, Inside: 1},
			1: {Entries: 1, Forced: 1, Inside: 1},
		},
		Reasons: []ReasonCount{
			{admission.Accept, admission.Entry, admission.In, 4}, {admission.Accept, admission.Exit, admission.Out, 1},
			{admission.Ask, admission.Questions, admission.In, 1}, {admission.Cannot, admission.ClockFailing, admission.In, 1},
			{admission.Reject, admission.WrongGate, admission.In, 2},
		},
		Hours: []HourCount{
			{began, Tally{Entries: 2, Exits: 1, Undone: 1, Inside: 1}},
			{began + hour, Tally{Entries: 1, Forced: 1, Inside: 1}},
			{began + 3*hour, Tally{Rejected: 2, Asked: 1, Unable: 1}},
		},
		Assurance: map[string]int{Alone: 2, Together: 1},
		Unproven:  4,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the counts are\n%+v, want\n%+v", got, want)
	}
	if left := s.Prove(2); left != 2 {
		t.Errorf("%d codes left to prove, want 2", left)
	}
	if left := s.Prove(100); left != 0 || s.Counts(0).Unproven != 0 {
		t.Errorf("%d codes left to prove", left)
	}
}

// People leave by ways that no scan saw them come in by.
func TestInsideIsNeverBelowZero(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	w.apply(s, w.write("north", w.scan("north", id(1), admission.Out)), w.write("north", w.scan("north", id(2), admission.Out)))
	if z := s.Counts(0).Zones[0]; z.Inside != 0 || z.Exits != 2 {
		t.Errorf("the hall has %+v", z)
	}
}
