package admission

import (
	"slices"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/sync/journal"
)

func TestSingleEntry(t *testing.T) {
	d := newDoor(t)
	want(t, d.scan(In), Accept, Entry)
	v := d.at(720).scan(In)
	want(t, v, Reject, AlreadyUsed)
	first := v.Details.First
	if first == nil || first.At != (doors+600)*1000 || first.Gate != "g1" || first.How != "camera" || v.Details.Count != 1 {
		t.Errorf("details %+v", v.Details)
	}
	want(t, d.at(900).scan(Out), Accept, Exit)
	want(t, d.at(960).scan(In), Accept, Reentry)
	v = d.at(1000).scan(In)
	want(t, v, Reject, AlreadyUsed)
	if v.Details.First.At != (doors+960)*1000 || v.Details.Count != 2 {
		t.Errorf("the one inside came in at %d, %d entries", v.Details.First.At, v.Details.Count)
	}
}

func TestExitsAreNeverRefusedByHistory(t *testing.T) {
	d := newDoor(t)
	want(t, d.scan(Out), Accept, Exit)
	want(t, d.scan(In), Accept, Entry)
	want(t, d.scan(Out), Accept, Exit)
	want(t, d.scan(Out), Accept, Exit)
}

// What would refuse an entry is a warning to one who leaves; what makes it no
// ticket of ours still refuses.
func TestExitsWithWarnings(t *testing.T) {
	for _, c := range []struct {
		flag  string
		spoil func(*door)
	}{
		{"cancelled", func(d *door) { d.void = Void{Minimum: journal.Never, Reason: "cancelled", Set: true} }},
		{"expired", func(d *door) { d.claims.Expires.Unix, d.claims.Expires.Set = doors, true }},
		{"wrong_gate", func(d *door) { d.claims.Zones = 2 }},
		{"wrong_product", func(d *door) { d.c.Gate.All = false }},
		{"unknown_product", func(d *door) { d.claims.Product = 9 }},
		{"live_required", func(d *door) { d.c.Event.Policy.DownTo = journal.RungLive }},
		{"stale_list", func(d *door) { d.c.Event.Policy.Stale, d.c.ListKnown = "cannot", false }},
	} {
		d := newDoor(t)
		c.spoil(d)
		v := d.scan(Out)
		want(t, v, Accept, Exit)
		if !slices.Equal(v.Flags, []string{c.flag}) {
			t.Errorf("flags %v, want %s", v.Flags, c.flag)
		}
	}
	d := newDoor(t)
	d.c.Gate.Rules = []journal.Rule{{Kind: "never"}}
	want(t, d.scan(Out), Accept, Exit)
	d.claims.Event = "EV2"
	d.keys.key.Events = []string{"EV2"}
	want(t, d.scan(Out), Reject, WrongEvent)
}

func TestGroupTicket(t *testing.T) {
	d := newDoor(t)
	d.claims.Admissions = 3
	for n := 1; n <= 3; n++ {
		v := d.scan(In)
		want(t, v, Accept, Entry)
		if v.Details.Nth != n || v.Details.Allowed != 3 {
			t.Errorf("%d of %d, want %d of 3", v.Details.Nth, v.Details.Allowed, n)
		}
	}
	v := d.scan(In)
	want(t, v, Reject, AlreadyUsed)
	if v.Details.Allowed != 3 || v.Details.Count != 3 {
		t.Errorf("details %+v", v.Details)
	}
	want(t, d.scan(Out), Accept, Exit)
	want(t, d.scan(In), Accept, Reentry)
	want(t, d.scan(In), Reject, AlreadyUsed)
}

func TestMultiEntryGate(t *testing.T) {
	d := newDoor(t)
	d.c.Gate.Multi = true
	want(t, d.scan(In), Accept, Entry)
	v := d.scan(In)
	want(t, v, Accept, Reentry)
	if v.Details.Allowed != 0 || v.Details.Count != 1 {
		t.Errorf("details %+v", v.Details)
	}
	d.c.Gate.Multi = false
	want(t, d.scan(In), Reject, AlreadyUsed)
}

func TestNoReentry(t *testing.T) {
	d := newDoor(t)
	d.c.Gate.NoReentry = true
	want(t, d.scan(In), Accept, Entry)
	want(t, d.at(900).scan(Out), Accept, Exit)
	v := d.at(1000).scan(In)
	want(t, v, Reject, AlreadyUsed)
	if v.Details.Use != UseAfterExit {
		t.Errorf("use %q", v.Details.Use)
	}
}

func TestZonesCountApart(t *testing.T) {
	d := newDoor(t)
	d.claims.Product = 2
	want(t, d.scan(In), Accept, Entry)
	d.c.Gate = d.c.Event.Gates[1]
	want(t, d.scan(In), Accept, Entry)
	want(t, d.scan(In), Reject, AlreadyUsed)
}

func TestKindsOfSecondUse(t *testing.T) {
	for _, c := range []struct {
		use   Use
		again func(*door)
	}{
		{UseMisread, func(d *door) { d.at(605) }},
		{UsePassBack, func(d *door) { d.at(616) }},
		{UsePassBack, func(d *door) { d.at(605).p.Lane = "2" }},
		{UsePassBack, func(d *door) { d.at(605).c.Node = journal.NodeID{2} }},
		{UseCopy, func(d *door) { d.at(605).c.Gate.Code = "g9" }},
		{UseFormerHolder, func(d *door) { d.at(605).claims.Generation = 1 }},
	} {
		d := newDoor(t)
		d.scan(In)
		c.again(d)
		v := d.show()
		want(t, v, Reject, AlreadyUsed)
		if v.Details.Use != c.use {
			t.Errorf("use %q, want %q", v.Details.Use, c.use)
		}
	}
}

// Refused scans, undone entries and acts that are set aside take no place; an
// overridden entry does.
func TestWhatCounts(t *testing.T) {
	d := newDoor(t)
	d.scan(In)
	entry := d.past[0]
	for _, c := range []struct {
		name   string
		change func(*Act)
		result Result
	}{
		{"as it was", func(*Act) {}, Reject},
		{"refused", func(a *Act) { a.Result = Reject }, Accept},
		{"undone", func(a *Act) { a.Undone = true }, Accept},
		{"set aside", func(a *Act) { a.SetAside = true }, Accept},
		{"forced", func(a *Act) { a.Forced = true }, Reject},
	} {
		a := entry
		c.change(&a)
		d.past = []Act{a}
		if v := d.show(); v.Result != c.result {
			t.Errorf("%s: %s %s", c.name, v.Result, v.Reason)
		}
	}
}

func TestOverride(t *testing.T) {
	d := newDoor(t)
	d.p.Override = &Override{By: "sup1", Allowed: true}
	v := d.scan(In)
	want(t, v, Accept, Entry)
	if v.Forced() || !slices.Equal(v.Flags, []string{FlagOverrideNotNeeded}) {
		t.Errorf("an override that was not needed: %+v", v)
	}
	v = d.scan(In)
	want(t, v, Accept, Entry)
	if !v.Forced() || v.Details.Overrode != AlreadyUsed || !slices.Equal(v.Flags, []string{FlagForced}) {
		t.Errorf("an override that was needed: %+v", v)
	}
	d.void = Void{Minimum: 1, Reason: "superseded", Set: true}
	if v = d.show(); v.Result != Accept || v.Details.Overrode != Superseded {
		t.Errorf("an override of a void code: %+v", v)
	}
	d.c.Event.Policy.Stale, d.c.ListKnown = "cannot", false
	want(t, d.show(), Cannot, StaleList)
}

func TestOverrideDenied(t *testing.T) {
	d := newDoor(t)
	d.p.Override = &Override{By: "scanner1"}
	want(t, d.scan(In), Accept, Entry)
	want(t, d.scan(In), Reject, OverrideDenied)
	d.past, d.c.Event.Policy.Stale, d.c.ListKnown = nil, "ask", false
	want(t, d.show(), Ask, StaleList)
}

func TestNeverOverridden(t *testing.T) {
	d := newDoor(t)
	d.p.Override = &Override{By: "sup1", Allowed: true}
	want(t, d.read("abc"), Reject, Malformed)
	d.keys.key.State = keyring.Revoked
	want(t, d.show(), Reject, UnknownKey)
	d.keys.key.State = 0
	d.claims.Event, d.keys.key.Events = "EV2", []string{"EV2"}
	want(t, d.show(), Reject, WrongEvent)
	want(t, Decide(d.c, Presented{Manual: true, Override: d.p.Override}, Void{}, nil), Reject, UnknownTicket)
	d.c.NotReady = StoreFailing
	want(t, d.show(), Cannot, StoreFailing)
}

func TestMayUndo(t *testing.T) {
	me, other := journal.NodeID{1}, journal.NodeID{2}
	entry := Act{Chain: journal.Chain{Node: me}, Result: Accept, Direction: In}
	exit, refused, undone := entry, entry, entry
	exit.Direction, refused.Result, undone.Undone = Out, Reject, true
	for _, c := range []struct {
		act     *Act
		by      journal.NodeID
		elapsed time.Duration
		want    Reason
	}{
		{&entry, me, UndoWithin, ""},
		{&entry, me, UndoWithin + 1, TooLate},
		{&entry, other, 0, NotOwn},
		{&exit, me, 0, NotAnEntry},
		{&refused, me, 0, NotAnEntry},
		{&undone, me, 0, UndoneYet},
		{&Act{Result: Undo}, me, 0, NotFound},
		{nil, me, 0, NotFound},
	} {
		if got := MayUndo(c.act, c.by, c.elapsed); got != c.want {
			t.Errorf("MayUndo(%+v, %s, %s) = %q, want %q", c.act, c.by, c.elapsed, got, c.want)
		}
	}
}
