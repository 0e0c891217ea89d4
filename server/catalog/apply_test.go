package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// A new event has keys that outlive it, and its journal begins with the ring that
// has them and the event as the gates know it.
func TestApplyANewEvent(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		report := w.apply()
		if report.Outcome != Created || len(report.Changes) != 8 || report.Changes[0].String() != "added event" {
			t.Errorf("the report is %s", report)
		}
		kinds, told := w.records(event)
		if !slices.Equal(kinds, []journal.Kind{journal.KindRing, journal.KindEvent}) {
			t.Errorf("the journal has %v", kinds)
		}
		kept, err := w.Event(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%+v", *told) != fmt.Sprintf("%+v", kept.Event) {
			t.Errorf("the gates know\n%+v, the database has\n%+v", told, kept.Event)
		}
		if kept.Terms != "No refund." || !kept.Created.Equal(w.now) || !kept.Updated.Equal(w.now) || kept.Location.String() != "Europe/Berlin" {
			t.Errorf("the event is %+v", kept)
		}
		if at := kept.Local(kept.Starts); at.Hour() != 20 {
			t.Errorf("it starts at %s", at)
		}
		ring, err := w.vault.Ring(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range ring.Ring.Keys {
			if want := time.Unix(kept.Ends, 0).Add(KeysOutlive).Unix(); key.Expires != want {
				t.Errorf("the %s key is good until %d, want %d", key.Role, key.Expires, want)
			}
		}
	})
}

// The same file again, or one that says the same in other words, writes nothing.
func TestApplyAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.apply()
		for _, edits := range [][]edit{
			nil,
			{{`starts = 2026-07-04T20:00:00`, `starts = 2026-07-04T18:00:00Z`}},
			{{`zones = "all"`, `zones = ["quay", "deck", "floor"]`}, {`entry = "single"`, ``}},
			{{`"Harbour Night"`, `" Harbour Night "`}},
		} {
			dbtest.Unchanged(t, w.db, func() {
				if report := w.apply(edits...); report.Outcome != Unchanged || len(report.Changes) > 0 {
					t.Errorf("%v: %s", edits, report)
				}
			})
		}
	})
}

// Each change is told to people by name, and to gates by one signed record that
// stands for the whole event.
func TestApplyAChange(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.apply()
		author, err := w.vault.Author(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		known, _ := w.records(event)
		for _, c := range []struct {
			edits []edit
			want  string
		}{
			{[]edit{{`"North door"`, `"Quay door"`}}, "changed gate north: name North door → Quay door"},
			{[]edit{{`capacity = 450`, `capacity = 400`}}, "changed gate north: name Quay door → North door\nchanged zone floor: capacity 450 → 400"},
			{nil, "changed zone floor: capacity 400 → 450"},
			{[]edit{{`products = ["vip"]`, `products = "all"`}}, "changed gate bridge: products vip → all"},
			{[]edit{{`products = ["vip"]`, `products = []`}}, "changed gate bridge: products all → (none)"},
			{[]edit{{`stale = "ask"`, `stale = "cannot"`}, {`products = ["vip"]`, `products = []`}}, "changed event: policy.stale ask → cannot"},
			{nil, "changed event: policy.stale cannot → ask\nchanged gate bridge: products (none) → vip"},
			{[]edit{{"[[zone]]\ncode = \"quay\"\nname = \"Quay\"\n", ""}}, "retired zone quay: nobody is counted in it any more; its place is kept for it\nchanged product vip: zones floor, deck, quay → floor, deck"},
			{nil, "restored zone quay\nchanged product vip: zones floor, deck → floor, deck, quay"},
			{[]edit{{`time_zone = "Europe/Berlin"`, `time_zone = "Europe/Lisbon"`}}, "changed event: ends 2026-07-05T02:00:00+02:00 → 2026-07-05T02:00:00+01:00"},
		} {
			report := w.apply(c.edits...)
			told := report.String()
			for line := range strings.Lines(c.want) {
				if !strings.Contains(told, strings.TrimSpace(line)) {
					t.Errorf("%v: the report is\n%s\nwithout %s", c.edits, told, line)
				}
			}
			kinds, newest := w.records(event)
			if grown := kinds[len(known):]; c.edits != nil && !strings.Contains(told, "ends") && !slices.Equal(grown, []journal.Kind{journal.KindEvent}) {
				t.Errorf("%v: the journal got %v", c.edits, grown)
			}
			kept, err := w.Event(t.Context(), event)
			if err != nil || fmt.Sprintf("%+v", *newest) != fmt.Sprintf("%+v", kept.Event) {
				t.Errorf("%v: the gates know %+v, the database has %+v, %v", c.edits, newest, kept, err)
			}
			known = kinds
		}
		arrived, err := w.journals.Tail(t.Context(), event, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range arrived {
			if err := a.Record.Verify(author.Signer.Public()); err != nil || a.Record.Seq != uint64(i+1) {
				t.Errorf("record %d has number %d: %v", i+1, a.Record.Seq, err)
			}
		}
	})
}

// What only tickets show is nothing to gates.
func TestApplyOtherTerms(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.apply()
		before, _ := w.records(event)
		if report := w.apply(edit{"No refund.", "Refund until June."}); report.String() != "event NIGHT-1: changed\n  changed event: terms No refund. → Refund until June." {
			t.Errorf("the report is %s", report)
		}
		after, _ := w.records(event)
		if e, err := w.Event(t.Context(), event); err != nil || e.Terms != "Refund until June." || len(after) != len(before) {
			t.Errorf("the terms are %q, the journal grew by %d, %v", e.Terms, len(after)-len(before), err)
		}
	})
}

// An event that is put off takes its keys with it; one that is shortened leaves
// them, for the tickets that are out.
func TestApplyALaterEnd(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.apply()
		w.apply(edit{"ends = 2026-07-05T02:00:00", "ends = 2026-07-06T02:00:00"})
		later := at("2026-07-06T00:00:00Z") + int64(KeysOutlive/time.Second)
		w.apply()
		kinds, _ := w.records(event)
		want := []journal.Kind{journal.KindRing, journal.KindEvent, journal.KindRing, journal.KindEvent, journal.KindEvent}
		if !slices.Equal(kinds, want) {
			t.Errorf("the journal has %v, want %v", kinds, want)
		}
		ring, err := w.vault.Ring(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range ring.Ring.Keys {
			if key.Expires != later {
				t.Errorf("the %s key is good until %d, want %d", key.Role, key.Expires, later)
			}
		}
	})
}

// Bits and numbers belong to their codes for ever: they stand in tickets.
func TestNumbersAreNeverUsedAgain(t *testing.T) {
	noVIP := []edit{{"[[product]]\ncode = \"vip\"\nname = \"VIP\"\nzones = \"all\"\nrules = [{ max_entries = 3, text = \"three times\" }]\n", ""}, {`products = ["vip"]`, `products = ["ga"]`}}
	onEach(t, func(t *testing.T, w *world) {
		w.apply()
		number := func(code string) uint32 {
			e, err := w.Event(t.Context(), event)
			if err != nil {
				t.Fatal(err)
			}
			p, _ := e.ProductByCode(code)
			return p.Number
		}
		if ga, vip := number("ga"), number("vip"); ga != 1 || vip != 2 {
			t.Fatalf("the first products have the numbers %d and %d", ga, vip)
		}
		if report := w.apply(noVIP...); !strings.Contains(report.String(), "retired product vip: its tickets are refused at every gate from now on; its number is kept for it") {
			t.Errorf("the report is %s", report)
		}
		e, err := w.Event(t.Context(), event)
		if err != nil || !slices.Equal(e.Retired, []Part{{Kind: "product", Code: "vip", Number: 2}}) {
			t.Errorf("retired are %v, %v", e.Retired, err)
		}
		w.apply(edit{noVIP[0].old, "[[product]]\ncode = \"press\"\nname = \"Press\"\nzones = \"all\"\n"}, edit{`products = ["vip"]`, `products = ["press"]`})
		if press := number("press"); press != 3 {
			t.Errorf("a product after a retired one has the number %d", press)
		}
		w.apply()
		if vip := number("vip"); vip != 2 {
			t.Errorf("a product that came back has the number %d, want the 2 it had", vip)
		}
		bits := map[string]uint8{}
		for i := range journal.MaxZones + 5 {
			code := fmt.Sprintf("z%d", i)
			_, err := w.Apply(t.Context(), parsed(t, edited(t, edit{`"quay"`, `"` + code + `"`})))
			if full := i >= journal.MaxZones-3; full != (err != nil) {
				t.Fatalf("zone %d after three: %v", i+1, err)
			} else if full && (!errors.Is(err, fault.Refused) || !strings.Contains(fault.Message(err), "night.toml: zone "+code+" can't be added: all 32 places for zones")) {
				t.Errorf("a zone too many: %v", err)
			}
			e, err := w.Event(t.Context(), event)
			if err != nil {
				t.Fatal(err)
			}
			for _, z := range e.Zones {
				if bit, known := bits[z.Code]; known && bit != z.Bit {
					t.Errorf("zone %s has bit %d, it had %d", z.Code, z.Bit, bit)
				}
				bits[z.Code] = z.Bit
			}
		}
		if mask := e.ZonesOf(1<<0 | 1<<31); len(mask) != 1 || mask[0].Code != "floor" {
			t.Errorf("the zones of a mask are %v", mask)
		}
	})
}

// What is refused says why, and changes nothing.
func TestApplyIsRefusedWhole(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const live, rehearsal = "rehearsal = false", "rehearsal = true"
		w.apply()
		gate := journaltest.NewWriter(t, "gate")
		admit := func(event string) {
			record := gate.Write(t, journal.KindScan, journaltest.Admission("north", journaltest.Ticket(1)))
			if err := w.journals.Store(event).Append(t.Context(), []*journal.Record{record}); err != nil {
				t.Fatal(err)
			}
			gate = journaltest.NewWriter(t, "gate")
		}
		// As long as nobody was let in, an event may be rehearsed, and go live.
		w.apply(edit{live, rehearsal})
		w.apply()
		admit(event)
		other := edit{`code = "NIGHT-1"`, `code = "NIGHT-2"`}
		w.apply(other, edit{live, rehearsal})
		admit("NIGHT-2")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for _, c := range []struct {
			name  string
			ctx   context.Context
			edits []edit
			want  error
			says  string
		}{
			{"a rehearsal of a live event", t.Context(), []edit{{live, rehearsal}}, fault.Refused, "night.toml: rehearsal: event NIGHT-1 is live and has let people in"},
			{"a rehearsal that goes live", t.Context(), []edit{other}, fault.Refused, "night.toml: rehearsal: event NIGHT-2 is a rehearsal and has let people in"},
			{"a change that is given up", ended, []edit{{"450", "400"}}, context.Canceled, ""},
			{"a new event that is given up", ended, []edit{{"NIGHT-1", "NIGHT-3"}}, context.Canceled, ""},
		} {
			dbtest.Unchanged(t, w.db, func() {
				_, err := w.Apply(c.ctx, parsed(t, edited(t, c.edits...)))
				if !errors.Is(err, c.want) || c.says != "" && !strings.HasPrefix(fault.Message(err), c.says) {
					t.Errorf("%s: %v", c.name, err)
				}
			})
		}
		locked := newLocked(w)
		for _, edits := range [][]edit{{{"450", "400"}}, {{"NIGHT-1", "NIGHT-3"}}} {
			dbtest.Unchanged(t, w.db, func() {
				if _, err := locked.Apply(t.Context(), parsed(t, edited(t, edits...))); !errors.Is(err, fault.NotReady) {
					t.Errorf("%v while the keys are locked: %v", edits, err)
				}
			})
		}
	})
}

// A write that fails on the way leaves nothing behind.
func TestApplyThatFailsLate(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.apply()
		dbtest.Refuse(t, w.db, "record", fmt.Sprintf("new.kind = %d", journal.KindEvent))
		for _, edits := range [][]edit{{{"450", "400"}}, {{`"quay"`, `"pier"`}}, {{"NIGHT-1", "NIGHT-3"}}, {{"ends = 2026-07-05", "ends = 2026-07-09"}}} {
			dbtest.Unchanged(t, w.db, func() {
				if _, err := w.Apply(t.Context(), parsed(t, edited(t, edits...))); err == nil {
					t.Errorf("%v came through", edits)
				}
			})
		}
	})
}

func TestEvents(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		if list, err := w.Events(t.Context()); err != nil || len(list) > 0 {
			t.Errorf("of no events: %v, %v", list, err)
		}
		w.apply()
		w.apply(edit{"NIGHT-1", "NIGHT-0"})
		w.apply(edit{"NIGHT-1", "LAST"}, edit{"starts = 2026-07-04T20:00:00", "starts = 2026-07-04T21:00:00"})
		w.apply(edit{"NIGHT-1", "Z"}, edit{"starts = 2026-07-04T20:00:00", "starts = 2026-07-04T19:00:00"})
		list, err := w.Events(t.Context())
		if codes := each(list, func(e *Event) string { return e.Code }); err != nil || !slices.Equal(codes, []string{"Z", "NIGHT-0", "NIGHT-1", "LAST"}) {
			t.Errorf("the events are %v, %v", codes, err)
		}
		_, err = w.Event(t.Context(), strings.Repeat("X", 100))
		if !errors.Is(err, fault.NotFound) || len(fault.Message(err)) > 120 {
			t.Errorf("an event that isn't there: %v", err)
		}
		if z, ok := list[0].ZoneByCode("deck"); !ok || z.Name != "Sun deck" {
			t.Errorf("zone deck is %v", z)
		}
		if z, ok := list[0].ZoneByCode("dock"); ok {
			t.Errorf("zone dock is %v", z)
		}
	})
}

// Gates hear of every change of an event's keys, and of no other event's.
func TestKeysAreToldToGates(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.apply()
		w.apply(edit{"NIGHT-1", "OTHER"})
		first, err := w.vault.Issuer(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Rotate(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		if err := w.SetKeyState(t.Context(), event, first.ID(), keyring.Revoked); err != nil {
			t.Fatal(err)
		}
		kinds, _ := w.records(event)
		if n := len(slices.DeleteFunc(kinds, func(k journal.Kind) bool { return k != journal.KindRing })); n != 4 {
			t.Errorf("the journal has %d rings, want that of its keys, of the other event, of the rotation and of the revocation", n)
		}
		second, err := w.vault.Issuer(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		dbtest.Unchanged(t, w.db, func() {
			if err := w.SetKeyState(t.Context(), "OTHER", second.ID(), keyring.Revoked); err == nil {
				t.Error("a key was revoked by way of another event")
			}
			if err := w.SetKeyState(t.Context(), "OTHER", first.ID(), keyring.Revoked); !errors.Is(err, fault.NotFound) {
				t.Errorf("a key of another event: %v", err)
			}
			if _, err := w.Rotate(t.Context(), "NONE"); !errors.Is(err, fault.NotFound) {
				t.Errorf("the keys of no event: %v", err)
			}
		})
	})
}
