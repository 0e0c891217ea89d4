package admission

import (
	"testing"
	"time"

	"usher/sync/journal"
)

// visit is one scan at a time of July 2026 in UTC, "04T17:10".
type visit struct {
	at     string
	exit   bool
	result Result
	reason Reason
	opens  string // also checked where it is not empty
}

func july(t testing.TB, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, "2026-07-"+text+":00Z")
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}

func TestRules(t *testing.T) {
	in := func(at string) visit { return visit{at: at, result: Accept} }
	no := func(at string) visit { return visit{at: at, result: Reject, reason: RuleFailed} }
	cutoff := july(t, "04T12:00") / 1000
	for _, c := range []struct {
		name   string
		rules  []journal.Rule
		visits []visit
	}{
		{"max entries", []journal.Rule{{Kind: "max_entries", N: 3}},
			[]visit{in("04T17:10"), in("04T17:20"), {at: "04T17:25", exit: true, result: Accept}, in("04T17:30"), no("04T17:40")}},
		{"max entries a day, by the venue's midnight", []journal.Rule{{Kind: "max_entries_per_day", N: 1}},
			[]visit{in("04T17:00"), {"04T21:59", false, Reject, RuleFailed, "04T22:00"}, in("04T22:00"), no("05T21:59")}},
		{"no entries on any day", []journal.Rule{{Kind: "max_entries_per_day"}}, []visit{no("04T17:00")}},
		{"any two days", []journal.Rule{{Kind: "max_days", N: 2}},
			[]visit{in("04T10:00"), in("04T11:00"), in("06T10:00"), in("06T11:00"), no("07T10:00")}},
		{"cooldown", []journal.Rule{{Kind: "cooldown_minutes", N: 180}},
			[]visit{in("04T10:00"), {"04T12:59", false, Reject, Cooldown, "04T13:00"}, in("04T13:00"), {"04T15:55", false, Reject, Cooldown, "04T16:00"}}},
		{"minutes since the first entry", []journal.Rule{{Kind: "max_minutes_since_first_entry", N: 60}},
			[]visit{in("04T10:00"), in("04T10:30"), in("04T11:00"), no("04T11:01")}},
		{"entries since a cut-off", []journal.Rule{{Kind: "max_entries_since", N: 1, Cutoff: cutoff}},
			[]visit{in("04T11:00"), in("04T11:59"), in("04T12:00"), no("04T12:01")}},
		{"entries before a cut-off", []journal.Rule{{Kind: "max_entries_before", N: 1, Cutoff: cutoff}},
			[]visit{in("04T11:00"), {"04T11:59", false, Reject, RuleFailed, "04T12:00"}, in("04T12:00"), in("04T12:01")}},
		{"not before the doors open, with tolerance", []journal.Rule{{Kind: "not_before", Field: "admission", Tolerance: 10}},
			[]visit{{"04T16:49", false, Reject, RuleFailed, "04T16:50"}, in("04T16:50")}},
		{"not before it starts", []journal.Rule{{Kind: "not_before", Field: "starts"}}, []visit{no("04T17:59"), in("04T18:00")}},
		{"not after it ends, with tolerance", []journal.Rule{{Kind: "not_after", Field: "ends", Tolerance: 10}},
			[]visit{in("04T23:10"), no("04T23:11")}},
		{"before a time that no event has", []journal.Rule{{Kind: "not_before", Field: "sunset"}}, []visit{no("04T17:00")}},
		{"after a time that no event has", []journal.Rule{{Kind: "not_after", Field: ""}}, []visit{no("04T17:00")}},
		{"local time", []journal.Rule{{Kind: "not_before_local_time", Field: "19:30"}},
			[]visit{{"04T17:29", false, Reject, RuleFailed, "04T17:30"}, in("04T17:30"), no("04T22:00")}},
		{"local time that is none", []journal.Rule{{Kind: "not_before_local_time", Field: "25:00"}}, []visit{no("04T17:29")}},
		{"weekend, by the venue's clock", []journal.Rule{{Kind: "weekdays", Days: []int{6, 7}}},
			[]visit{{"03T21:30", false, Reject, RuleFailed, "03T22:00"}, in("03T22:30"), in("05T21:59"), {"05T22:00", false, Reject, RuleFailed, "10T22:00"}}},
		{"no weekday", []journal.Rule{{Kind: "weekdays"}}, []visit{no("04T17:00")}},
		{"gates", []journal.Rule{{Kind: "gates", Gates: []string{"g1"}}}, []visit{in("04T17:00")}},
		{"never, but out", []journal.Rule{{Kind: "never"}}, []visit{no("04T17:10"), {at: "04T17:11", exit: true, result: Accept}}},
		{"unknown", []journal.Rule{{Kind: "phase_of_the_moon"}}, []visit{no("04T17:10")}},
		{"all must hold", []journal.Rule{{Kind: "max_entries", N: 9}, {Kind: "max_entries", N: 1}}, []visit{in("04T17:00"), no("04T17:10")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, where := range []string{"gate", "product"} {
				d := newDoor(t)
				d.c.Gate.Multi = true
				if where == "gate" {
					d.c.Gate.Rules = c.rules
				} else {
					d.c.Event.Products[0].Rules = c.rules
				}
				for _, visit := range c.visits {
					d.visit(visit)
				}
			}
		})
	}
}

func (d *door) visit(c visit) {
	d.t.Helper()
	d.c.Now.At = july(d.t, c.at)
	direction := In
	if c.exit {
		direction = Out
	}
	v := d.scan(direction)
	if v.Result != c.result || c.reason != "" && v.Reason != c.reason {
		d.t.Errorf("%s: %s %s, want %s %s", c.at, v.Result, v.Reason, c.result, c.reason)
	}
	if v.Result == Reject && v.Details.Rule == nil {
		d.t.Errorf("%s: the rule is not named", c.at)
	}
	if c.opens != "" && v.Details.Opens != july(d.t, c.opens) {
		d.t.Errorf("%s: it would pass at %s, want %s", c.at, time.UnixMilli(v.Details.Opens).UTC(), c.opens)
	}
}

func TestRulesInAnUnknownTimeZone(t *testing.T) {
	for _, kind := range []string{"max_entries_per_day", "max_days", "not_before_local_time", "weekdays"} {
		d := newDoor(t)
		d.c.Event.Zone = "Mars/Olympus"
		d.c.Gate.Rules = []journal.Rule{{Kind: kind, N: 9, Field: "00:00", Days: []int{1, 2, 3, 4, 5, 6, 7}}}
		want(t, d.show(), Reject, RuleFailed)
	}
}

// Days of 23 and 25 hours, days that begin at 01:00, and one that never was.
func TestDays(t *testing.T) {
	for _, c := range []struct{ zone, at, start, end string }{
		{"Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"America/Sao_Paulo", "2017-10-15T12:00:00Z", "2017-10-15T03:00:00Z", "2017-10-16T02:00:00Z"},
		{"America/Sao_Paulo", "2017-10-15T02:59:59Z", "2017-10-14T03:00:00Z", "2017-10-15T03:00:00Z"},
		{"Asia/Beirut", "2024-03-31T12:00:00Z", "2024-03-30T22:00:00Z", "2024-03-31T21:00:00Z"},
		{"Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
	} {
		zone, ok := location(c.zone)
		if !ok {
			t.Fatalf("no time zone %s", c.zone)
		}
		start, end := dayOf(unixMS(t, c.at), zone)
		if start != unixMS(t, c.start) || end != unixMS(t, c.end) {
			t.Errorf("%s in %s: day from %s to %s, want %s to %s", c.at, c.zone,
				time.UnixMilli(start).UTC(), time.UnixMilli(end).UTC(), c.start, c.end)
		}
	}
}

func unixMS(t testing.TB, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}
