package admission

import (
	"slices"
	"strings"
	"testing"

	"usher/sync/journal"
)

func TestUnpaid(t *testing.T) {
	d := newDoor(t)
	d.p.Unpaid, d.p.Due, d.p.Currency = true, 2500, "EUR"
	v := d.show()
	want(t, v, Reject, Unpaid)
	if v.Details.Due != 2500 || v.Details.Currency != "EUR" {
		t.Errorf("the amount is not named: %+v", v.Details)
	}
	if len(v.Details.RightGates) != 0 {
		t.Errorf("%v take no payment", v.Details.RightGates)
	}
	d.c.Event.Gates = append(d.c.Event.Gates, journal.Gate{Code: "box", Name: "Box office", All: true, TakesUnpaid: true},
		journal.Gate{Code: "vip-box", Products: []uint32{2}, TakesUnpaid: true})
	if v = d.show(); len(v.Details.RightGates) != 1 || v.Details.RightGates[0].Code != "box" {
		t.Errorf("sent to %v to pay, want the box office", v.Details.RightGates)
	}
	d.p.Confirmed = []Reason{Unpaid}
	want(t, d.show(), Reject, Unpaid) // this gate may not take money, whoever says so

	d.c.Gate.TakesUnpaid, d.p.Confirmed = true, nil
	want(t, d.show(), Ask, Unpaid)
	d.p.Confirmed = []Reason{StaleList}
	want(t, d.show(), Ask, Unpaid)
	d.p.Confirmed = []Reason{Unpaid}
	v = d.show()
	want(t, v, Accept, Entry)
	if !slices.Contains(v.Flags, FlagPaidHere) {
		t.Errorf("flags %v don't say that it was paid here", v.Flags)
	}
	d.p.Confirmed, d.p.Direction, d.c.Gate.TakesUnpaid = nil, Out, false
	want(t, d.show(), Accept, Exit)
}

func TestSession(t *testing.T) {
	d := newDoor(t)
	for _, c := range []struct {
		gate, product string
		result        Result
	}{{"", "", Accept}, {"fri", "", Accept}, {"", "fri", Accept}, {"fri", "fri", Accept}, {"sat", "fri", Reject}} {
		d.c.Gate.Session, d.c.Event.Products[0].Session = c.gate, c.product
		if v := d.show(); v.Result != c.result || c.result == Reject && v.Reason != WrongDate {
			t.Errorf("gate of %q, product of %q: %s %s, want %s", c.gate, c.product, v.Result, v.Reason, c.result)
		}
	}
	if v := d.show(); v.Details.Session != "fri" || v.Details.GateSession != "sat" {
		t.Errorf("the dates are not named: %+v", v.Details)
	}
	d.c.Event.Gates = append(d.c.Event.Gates, journal.Gate{Code: "g3", Name: "Friday door", All: true, Session: "fri"})
	v := d.show()
	if !slices.ContainsFunc(v.Details.RightGates, func(g GateHint) bool { return g.Code == "g3" }) {
		t.Errorf("the right gate is not named: %v", v.Details.RightGates)
	}
}

func TestZoneFull(t *testing.T) {
	d := newDoor(t)
	d.c.Event.Zones[0].Capacity = 2
	d.c.Inside, d.c.InsideAge = 1, 4000
	want(t, d.show(), Accept, Entry)
	d.c.Inside = 2
	v := d.show()
	want(t, v, Reject, ZoneFull)
	if v.Details.Inside != 2 || v.Details.Capacity != 2 || v.Details.InsideAge != 4000 {
		t.Errorf("details %+v", v.Details)
	}
	d.p.Direction = Out
	want(t, d.show(), Accept, Exit)
	d.p.Direction, d.p.Override = In, &Override{By: "sup", Why: "guest of the house", Allowed: true}
	want(t, d.show(), Accept, Entry)
}

func TestUseIsNamedBeforeFullness(t *testing.T) {
	d := newDoor(t)
	d.scan(In)
	d.c.Event.Zones[0].Capacity, d.c.Inside = 1, 1
	want(t, d.at(700).show(), Reject, AlreadyUsed)
}

func TestQuestions(t *testing.T) {
	d := newDoor(t)
	d.c.Event.Products[0].Questions = []journal.Question{
		{Code: "age", Text: "How old?", Kind: QuestionNumber, Required: true}, {Code: "note", Text: "Anything?", Kind: QuestionText},
	}
	asked := func(v Verdict) string {
		var codes []string
		for _, q := range v.Details.Questions {
			codes = append(codes, q.Code)
		}
		return strings.Join(codes, " ")
	}
	for _, c := range []struct {
		answers map[string]string
		asks    string
	}{
		{nil, "age note"},
		{map[string]string{"age": "abc"}, "age note"},
		{map[string]string{"age": "", "note": ""}, "age"},
		{map[string]string{"age": "17"}, "note"},
		{map[string]string{"age": "17", "note": ""}, ""},
		{map[string]string{"age": "17", "note": "x"}, ""},
	} {
		d.p.Answers = c.answers
		v := d.show()
		if c.asks == "" {
			want(t, v, Accept, Entry)
			continue
		}
		want(t, v, Ask, Questions)
		if asked(v) != c.asks {
			t.Errorf("answers %v: it asks %q, want %q", c.answers, asked(v), c.asks)
		}
	}
	d.p.Answers, d.p.Kiosk = nil, true
	v := d.show()
	want(t, v, Accept, Entry)
	if !slices.Contains(v.Flags, FlagNotAsked) {
		t.Errorf("flags %v don't say that nobody was asked", v.Flags)
	}
	d.p.Kiosk, d.p.Direction = false, Out
	want(t, d.show(), Accept, Exit)
}

func TestGoodAnswer(t *testing.T) {
	for _, c := range []struct {
		kind, answer string
		good         bool
	}{
		{QuestionText, "anything", true}, {QuestionText, strings.Repeat("x", journal.MaxAnswer+1), false},
		{QuestionNumber, "3", true}, {QuestionNumber, " 3,5 ", true}, {QuestionNumber, "-1.5", true},
		{QuestionNumber, "abc", false}, {QuestionNumber, "NaN", false}, {QuestionNumber, "0x1p4", false}, {QuestionNumber, "1e5", false}, {QuestionNumber, "Inf", false},
		{QuestionYesNo, "yes", true}, {QuestionYesNo, "no", true}, {QuestionYesNo, "maybe", false},
		{QuestionChoice, "red", true}, {QuestionChoice, "green", false}, {"of a newer usher", "x", true},
	} {
		q := journal.Question{Code: "q", Kind: c.kind, Required: true, Choices: []string{"red", "blue"}}
		if GoodAnswer(q, c.answer) != c.good {
			t.Errorf("%s %.20q: good is %v", c.kind, c.answer, !c.good)
		}
		if GoodAnswer(q, " ") {
			t.Errorf("%s: nothing is a good answer where one is required", c.kind)
		}
		q.Required = false
		if !GoodAnswer(q, "") {
			t.Errorf("%s: nothing will not do where none is required", c.kind)
		}
	}
}

func TestAttention(t *testing.T) {
	d := newDoor(t)
	d.c.Event.Products[0].Attention, d.c.Event.Products[0].Text = true, "ID check"
	d.p.Notes, d.p.Holder = []string{"VIP guest"}, "Ann"
	for _, reason := range []Reason{Entry, AlreadyUsed} {
		v := d.scan(In)
		if v.Reason != reason || !slices.Contains(v.Flags, FlagAttention) || !slices.Equal(v.Details.Texts, []string{"VIP guest", "ID check"}) || v.Holder != "Ann" {
			t.Errorf("%s: flags %v, texts %v, holder %q", v.Reason, v.Flags, v.Details.Texts, v.Holder)
		}
		d.at(700)
	}
	d.claims.Event = "EV2"
	d.keys.key.Events = append(d.keys.key.Events, "EV2")
	if v := d.show(); v.Holder != "" || len(v.Details.Texts) != 0 {
		t.Errorf("%s: a ticket of another event shows %q, %v", v.Reason, v.Holder, v.Details.Texts)
	}
}

func TestStaleByGate(t *testing.T) {
	d := newDoor(t)
	d.c.ListAge = 30 * 60 * 1000
	if v := d.show(); len(v.Flags) != 0 {
		t.Errorf("flags %v after half an hour of the event's hour", v.Flags)
	}
	d.c.Gate.StaleAfter = 600
	if v := d.show(); !slices.Contains(v.Flags, FlagStaleList) {
		t.Errorf("flags %v after half an hour of the gate's ten minutes", v.Flags)
	}
}

func TestCheckOutOfEverybody(t *testing.T) {
	d := newDoor(t)
	d.c.Event.Zones[0].CheckOut = []int64{doors + 7200, doors + 86400}
	want(t, d.at(600).scan(In), Accept, Entry)
	want(t, d.at(7199).scan(In), Reject, AlreadyUsed)
	visit := func() Visit { return VisitOf(d.c.Event, d.past, 0, d.c.Now.At) }
	if v := visit(); v != (Visit{Entries: 1, Inside: 1, Attempts: 1}) {
		t.Errorf("before: %+v", v)
	}
	d.at(7200)
	if v := visit(); v != (Visit{Entries: 1, Exits: 1, Attempts: 1}) {
		t.Errorf("at the check-out: %+v", v)
	}
	v := d.scan(In)
	want(t, v, Accept, Reentry)
	want(t, d.at(8000).scan(In), Reject, AlreadyUsed)
	want(t, d.at(86400).scan(In), Accept, Reentry)
	if v := visit(); v != (Visit{Entries: 3, Exits: 2, Inside: 1, Attempts: 2}) {
		t.Errorf("in the end: %+v", v)
	}
	// A merge finds nothing wrong with it.
	f := Judge(func(journal.Position) *journal.Event { return d.c.Event }, History{Event: "EV1", Ticket: d.claims.ID, Scans: d.past})
	if len(f.Conflicts) != 0 || f.Waiting != 0 {
		t.Errorf("conflicts %+v, %d waiting", f.Conflicts, f.Waiting)
	}
	d.c.Gate.NoReentry = true
	want(t, d.at(90000).show(), Reject, AlreadyUsed) // an exit gives nothing back here
}
