package catalog

import (
	"reflect"
	"testing"

	"usher/sync/journal"
)

// whole is an event in which every member says something.
func whole() *journal.Event {
	rules := []journal.Rule{{Kind: "max_entries", N: 1}}
	return &journal.Event{
		Code: "NIGHT-1", Name: "Harbour Night", Zone: "Europe/Berlin", Starts: 1_800_000_000, Ends: 1_800_020_000, Admission: 1_799_990_000,
		Rehearsal: true, Text: "x", Venue: "x", Language: "de",
		Policy:   journal.Policy{StaleAfter: 60, Stale: "ask", ProofPast: 60, ProofFuture: 60, Tolerance: 60, DownTo: journal.RungCode},
		Zones:    []journal.Zone{{Code: "floor", Name: "x", Capacity: 9, CheckOut: []int64{1_800_010_000}}, {Bit: 1, Code: "deck"}},
		Products: []journal.Product{{Number: 1, Code: "ga", Name: "x", Zones: 1, Rules: rules, Session: "x", Attention: true, Text: "x", Questions: []journal.Question{{Code: "q"}}}},
		Gates: []journal.Gate{{Code: "north", Name: "x", Products: []uint32{1}, Multi: true, NoReentry: true, Direction: "x",
			Rules: rules, Session: "x", TakesUnpaid: true, StaleAfter: 120}},
	}
}

// A change of any member is told, and under one name alone.
func TestEveryChangeIsTold(t *testing.T) {
	known := newNumbers()
	if report := compare(&Event{Event: *whole()}, whole(), "", known); report.Outcome != Unchanged || len(report.Changes) > 0 {
		t.Fatalf("nothing changed: %s", report)
	}
	if report := compare(&Event{Event: *whole()}, whole(), "x", known); report.Outcome != Changed || len(report.Changes) != 1 {
		t.Errorf("other terms: %s", report)
	}
	// What stands for the part itself or follows from the rest.
	skip := map[string]bool{"Code": true, "Bit": true, "Number": true, "Products": true, "All": true, "Zone": true}
	for _, c := range []struct {
		name string
		of   func(*journal.Event) any
	}{
		{"event", func(e *journal.Event) any { return e }},
		{"policy", func(e *journal.Event) any { return &e.Policy }},
		{"zone", func(e *journal.Event) any { return &e.Zones[0] }},
		{"product", func(e *journal.Event) any { return &e.Products[0] }},
		{"gate", func(e *journal.Event) any { return &e.Gates[0] }},
	} {
		typ := reflect.TypeOf(c.of(whole())).Elem()
		for i := range typ.NumField() {
			field := typ.Field(i)
			if skip[field.Name] || field.Type.Kind() == reflect.Struct || c.name == "event" && field.Type.Kind() == reflect.Slice {
				continue
			}
			after := whole()
			reflect.ValueOf(c.of(after)).Elem().Field(i).SetZero()
			report := compare(&Event{Event: *whole()}, after, "", known)
			if report.Outcome != Changed || len(report.Changes) != 1 || report.Changes[0].Field == "" {
				t.Errorf("%s.%s: %s", c.name, field.Name, report)
			}
		}
	}
}

// Members that refer to others are told in the codes of those.
func TestChangesOfReferences(t *testing.T) {
	for _, c := range []struct {
		change func(*journal.Event)
		want   string
	}{
		{func(e *journal.Event) { e.Gates[0].All = true }, "changed gate north: products ga → all"},
		{func(e *journal.Event) { e.Gates[0].Products = nil }, "changed gate north: products ga → (none)"},
		{func(e *journal.Event) { e.Gates[0].Zone = 1 }, "changed gate north: zone floor → deck"},
		{func(e *journal.Event) { e.Products[0].Zones = 3 }, "changed product ga: zones floor → floor, deck"},
		{func(e *journal.Event) { e.Zone = "UTC" }, "changed event: time_zone Europe/Berlin → UTC"},
		{func(e *journal.Event) { e.Gates[0].Rules = nil }, `changed gate north: rules [{"kind":"max_entries","n":1}] → (none)`},
		{func(e *journal.Event) { e.Zones[0], e.Zones[1] = e.Zones[1], e.Zones[0] }, "changed event: order of zones floor, deck → deck, floor"},
		{func(e *journal.Event) { e.Zones[0].CheckOut = nil }, "changed zone floor: check_out 2027-01-15T11:46:40+01:00 → (none)"},
	} {
		after := whole()
		c.change(after)
		report := compare(&Event{Event: *whole()}, after, "", newNumbers())
		if len(report.Changes) == 0 || report.Changes[0].String() != c.want {
			t.Errorf("%s, want %s", report, c.want)
		}
	}
}
