package catalog

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Local times are those of the event's zone, on the day that they are of; the
// few that come twice or never are refused, with what to write instead.
func TestLocalTimes(t *testing.T) {
	for _, c := range []struct{ zone, written, want string }{
		{"Europe/Berlin", "2026-07-04T20:00:00", "2026-07-04T18:00:00Z"},
		{"Europe/Berlin", "2026-12-31 20:00:00", "2026-12-31T19:00:00Z"},
		{"Europe/Berlin", "2026-07-04T20:00:00+02:00", "2026-07-04T18:00:00Z"},
		{"Europe/Berlin", "2026-07-04T20:00:00-07:00", "2026-07-05T03:00:00Z"},
		{"Europe/Berlin", "2026-07-04T20:00:00Z", "2026-07-04T20:00:00Z"},
		{"Europe/Berlin", "2026-07-04T20:00:00.000", "2026-07-04T18:00:00Z"},
		{"Asia/Kathmandu", "2026-07-04T20:00:00", "2026-07-04T14:15:00Z"},
		{"Pacific/Kiritimati", "2026-07-04T20:00:00", "2026-07-04T06:00:00Z"},
		{"Pacific/Niue", "2026-07-04T20:00:00", "2026-07-05T07:00:00Z"},
		{"UTC", "2026-07-04T20:00:00", "2026-07-04T20:00:00Z"},
		// Leap days.
		{"Europe/Berlin", "2028-02-29T12:00:00", "2028-02-29T11:00:00Z"},
		// Clocks go forward: the hour before, the hour that isn't, the hour after.
		{"Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T00:59:59Z"},
		{"Europe/Berlin", "2026-03-29T02:00:00", "! 2026-03-29T02:00:00 does not exist in Europe/Berlin: clocks are put forward over it"},
		{"Europe/Berlin", "2026-03-29T02:59:59", "! 2026-03-29T02:59:59 does not exist"},
		{"Europe/Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00:00Z"},
		// Clocks go back: the hour before, the hour that comes twice, the hour after.
		{"Europe/Berlin", "2026-10-25T01:59:59", "2026-10-24T23:59:59Z"},
		{"Europe/Berlin", "2026-10-25T02:00:00", "! 2026-10-25T02:00:00 comes twice in Europe/Berlin, as clocks are put back: write 2026-10-25T02:00:00+02:00 or 2026-10-25T02:00:00+01:00"},
		{"Europe/Berlin", "2026-10-25T02:59:59", "! 2026-10-25T02:59:59 comes twice"},
		{"Europe/Berlin", "2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"},
		{"Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z"},
		// Half an hour forward, and at midnight.
		{"Australia/Lord_Howe", "2026-10-04T02:15:00", "! 2026-10-04T02:15:00 does not exist"},
		{"Australia/Lord_Howe", "2026-10-04T02:30:00", "2026-10-03T15:30:00Z"},
		{"Australia/Lord_Howe", "2026-04-05T01:45:00", "! 2026-04-05T01:45:00 comes twice"},
		{"Africa/Cairo", "2026-04-24T00:30:00", "! 2026-04-24T00:30:00 does not exist"},
		// A day that a country left out.
		{"Pacific/Apia", "2011-12-30T12:00:00", "! 2011-12-30T12:00:00 does not exist"},
		{"Pacific/Apia", "2011-12-31T12:00:00", "2011-12-30T22:00:00Z"},
		// What is no time.
		{"Europe/Berlin", "2026-07-04", "! 2026-07-04 has no time of day: write 2026-07-04T20:00:00"},
		{"Europe/Berlin", "20:00:00", "! want a date and time"},
		{"Europe/Berlin", `"2026-07-04T20:00:00"`, "! a time is written without quotes: 2026-07-11T20:00:00"},
		{"Europe/Berlin", "1782068400", "! want a date and time"},
		{"Europe/Berlin", "2026-07-04T20:00:00.5", "! want whole seconds"},
		{"Europe/Berlin", "1969-07-20T20:17:00", "! the year 1969 is out of range"},
		{"UTC", "1970-01-01T00:00:00", "! the year 1970 is out of range"},
		{"UTC", "9999-12-31T23:59:59", "9999-12-31T23:59:59Z"},
		{"UTC", "0001-01-01T00:00:00", "! the year 1 is out of range"},
	} {
		f := &finder{file: "night.toml"}
		var table struct {
			Starts any `toml:"starts"`
		}
		decode(t, "starts = "+c.written, &table)
		location, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		unix, ok := f.instant("starts", "starts", table.Starts, location)
		got := time.Unix(unix, 0).UTC().Format(time.RFC3339)
		if err := f.err(); err != nil {
			got = "! " + strings.TrimPrefix(err.Error(), "night.toml:1:1: starts: ")
		} else if !ok {
			t.Errorf("%s in %s gives no time and no problem", c.written, c.zone)
		}
		if strings.HasPrefix(c.want, "! ") && !strings.HasPrefix(got, c.want) || !strings.HasPrefix(c.want, "! ") && got != c.want {
			t.Errorf("%s in %s:\n got %s\nwant %s", c.written, c.zone, got, c.want)
		}
	}
}

// In every zone and around each change of its clocks, a local time is either the
// one instant that a clock there shows so, or refused.
func TestLocalTimesAroundEveryChange(t *testing.T) {
	for _, zone := range []string{
		"Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe",
		"Africa/Casablanca", "Africa/Cairo", "Asia/Tehran", "Pacific/Chatham", "Antarctica/Troll", "America/Santiago",
	} {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for at := start; at.Before(start.AddDate(2, 0, 0)); {
			_, change := at.In(location).ZoneBounds()
			if change.IsZero() {
				break
			}
			for shift := -3 * time.Hour; shift <= 3*time.Hour; shift += 10 * time.Minute {
				checkClock(t, location, change.Add(shift).In(location))
			}
			at = change
		}
	}
}

// checkClock writes what a clock shows and reads it back.
func checkClock(t *testing.T, location *time.Location, at time.Time) {
	t.Helper()
	var table struct {
		At any `toml:"at"`
	}
	decode(t, "at = "+clock(at), &table)
	shown := 0
	for near := -2 * time.Hour; near <= 2*time.Hour; near += 10 * time.Minute {
		if clock(at.Add(near)) == clock(at) {
			shown++
		}
	}
	f := &finder{file: "night.toml"}
	unix, ok := f.instant("at", "at", table.At, location)
	switch {
	case shown == 1 && (!ok || unix != at.Unix()):
		t.Errorf("%s in %s is %d, %v; want %d", clock(at), location, unix, f.err(), at.Unix())
	case shown > 1 && ok:
		t.Errorf("%s in %s comes twice and is taken as %d", clock(at), location, unix)
	}
}

// Times of an event have an order.
func TestTimesOfTheEvent(t *testing.T) {
	const starts, ends, admission = "starts = 2026-07-04T20:00:00", "ends = 2026-07-05T02:00:00", "admission = 2026-07-04T19:00:00"
	for _, m := range []mistake{
		{starts + "\n", "", "1:1: starts: it is needed, and missing"},
		{ends + "\n", "", "1:1: ends: it is needed, and missing"},
		{ends, "ends = 2026-07-04T20:00:00", "6:1: ends: the event ends before it starts, or at once"},
		{ends, "ends = 2026-07-04T19:59:59", "6:1: ends: the event ends before it starts, or at once"},
		{admission, "admission = 2026-07-04T20:00:01", "4:1: admission: doors open after the event starts"},
		{admission, "admission = 2025-07-04T01:59:59", "4:1: admission: doors open more than 366 days before the event ends"},
		{admission, `admission = "19:00"`, "4:1: admission: a time is written without quotes"},
	} {
		m.check(t)
	}
	for _, ok := range []edit{
		{ends, "ends = 2027-07-05T19:00:00"}, {admission, "admission = 2026-07-04T20:00:00"}, {admission, "admission = 2025-07-04T02:00:00"},
	} {
		if got := problems(t, edited(t, ok)); len(got) > 0 {
			t.Errorf("%s: %q", ok.new, got)
		}
	}
	longest := func(ends string) []string {
		return problems(t, edited(t, edit{admission, ""}, edit{"ends = 2026-07-05T02:00:00", "ends = " + ends}))
	}
	if got := longest("2027-07-05T20:00:00"); len(got) > 0 {
		t.Errorf("an event of 366 days: %q", got)
	}
	if got := longest("2027-07-05T20:00:01"); !slices.Equal(got, []string{"6:1: ends: the event lasts more than 366 days"}) {
		t.Errorf("an event of 366 days and a second: %q", got)
	}
	// However long it lasts, a time of day for each of its days is not looked for.
	got := problems(t, edited(t, edit{ends, "ends = 9999-01-01T00:00:00"}, edit{"capacity = 450", `check_out = ["06:00"]`}))
	if want := []string{
		"4:1: admission: doors open more than 366 days before the event ends", "6:1: ends: the event lasts more than 366 days",
	}; !slices.Equal(got, want) {
		t.Errorf("an event of millennia: %q", got)
	}
	got = problems(t, edited(t, edit{"capacity = 450", "check_out = [" + strings.Repeat(`"06:00", `, 401) + "]"}))
	if want := []string{"23:1: zone floor.check_out: it has 401, want at most 400"}; !slices.Equal(got, want) {
		t.Errorf("one check-out, over and over: %q", got)
	}
	if spec := parsed(t, edited(t, edit{admission + "\n", ""})); spec.Admission != 0 {
		t.Errorf("without admission it is %d", spec.Admission)
	}
	// A night over the change of clocks has its true length.
	spec := parsed(t, edited(t, edit{starts, "starts = 2026-10-24T22:00:00"}, edit{ends, "ends = 2026-10-25T04:00:00"}))
	if length := time.Duration(spec.Ends-spec.Starts) * time.Second; length != 7*time.Hour {
		t.Errorf("from 22:00 to 4:00 over the change back are %s", length)
	}
}
