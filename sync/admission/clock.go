package admission

import (
	"sync"
	"time"
)

// locations keeps the time zones that were asked for. The names of event records
// are IANA's, a few hundred at most, and a zone never changes while usher runs.
var locations sync.Map // string → *time.Location

// location finds a time zone by its IANA name.
func location(name string) (*time.Location, bool) {
	if known, ok := locations.Load(name); ok {
		return known.(*time.Location), true
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, false
	}
	locations.Store(name, zone)
	return zone, true
}

// dayOf gives the calendar day of a moment in a time zone, from its first
// millisecond to the next day's: 23 or 25 hours where clocks change.
func dayOf(at int64, zone *time.Location) (start, end int64) {
	y, m, d := time.UnixMilli(at).In(zone).Date()
	return midnight(y, m, d, zone).UnixMilli(), midnight(y, m, d+1, zone).UnixMilli()
}

// midnight is when a calendar day begins: later than 00:00 where clocks go
// forward at that hour, for which time.Date may give 23:00 of the day before.
func midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	if t.Day() != time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Day() {
		_, t = t.ZoneBounds()
	}
	return t
}

// timeOfDay is how long after midnight by the clock on the wall a moment is.
func timeOfDay(at int64, zone *time.Location) time.Duration {
	local := time.UnixMilli(at).In(zone)
	return time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute +
		time.Duration(local.Second())*time.Second
}

// atTimeOfDay is the moment on the calendar day of at at which the clock on the
// wall shows the time.
func atTimeOfDay(at int64, clock time.Time, zone *time.Location) int64 {
	y, m, d := time.UnixMilli(at).In(zone).Date()
	return time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, zone).UnixMilli()
}

// longest bounds what is added to a time, in ms: some 35,000 years, so that no
// number in a rule or a claim overflows.
const longest = 1 << 50

// minutes and seconds give ms.
func minutes(n int64) int64 { return scaled(n, 60_000) }
func seconds(n int64) int64 { return scaled(n, 1000) }

func scaled(n, unit int64) int64 { return min(max(n, -longest/unit), longest/unit) * unit }
