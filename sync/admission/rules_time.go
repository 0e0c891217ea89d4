package admission

import (
	"slices"
	"time"

	"usher/sync/journal"
)

// notBefore: not before a time of the event, less the tolerance.
func notBefore(s *scan, r *journal.Rule) ruling {
	at, ok := eventTime(s.c.Event, r.Field)
	if !ok {
		return ruling{}
	}
	opens := at - minutes(r.Tolerance)
	return ruling{holds: s.c.Now.At >= opens, opens: opens}
}

// notAfter: not after a time of the event, plus the tolerance.
func notAfter(s *scan, r *journal.Rule) ruling {
	at, ok := eventTime(s.c.Event, r.Field)
	if !ok {
		return ruling{}
	}
	closes := at + minutes(r.Tolerance)
	return ruling{holds: s.c.Now.At <= closes, closes: closes}
}

// eventTime gives a time that the event's file names, in Unix ms.
func eventTime(e *journal.Event, field string) (int64, bool) {
	switch field {
	case "admission":
		if e.Admission != 0 {
			return seconds(e.Admission), true
		}
		return seconds(e.Starts), true
	case "starts":
		return seconds(e.Starts), true
	case "ends":
		return seconds(e.Ends), true
	}
	return 0, false
}

// notBeforeLocalTime: on any day, not before the clock on the venue's wall shows
// the time.
func notBeforeLocalTime(s *scan, r *journal.Rule) ruling {
	zone, ok := location(s.c.Event.Zone)
	clock, err := time.Parse("15:04", r.Field)
	if !ok || err != nil {
		return ruling{}
	}
	wanted := time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute
	return ruling{
		holds: timeOfDay(s.c.Now.At, zone) >= wanted,
		opens: atTimeOfDay(s.c.Now.At, clock, zone),
	}
}

// weekdays: on these days of the week in the event's time zone, 1 for Monday.
func weekdays(s *scan, r *journal.Rule) ruling {
	zone, ok := location(s.c.Event.Zone)
	if !ok {
		return ruling{}
	}
	for at, tries := s.c.Now.At, 0; tries < 7; tries++ {
		day := int(time.UnixMilli(at).In(zone).Weekday()+6)%7 + 1
		if slices.Contains(r.Days, day) {
			return ruling{holds: tries == 0, opens: at}
		}
		_, at = dayOf(at, zone)
	}
	return ruling{}
}

// today gives the bounds of the calendar day that it is at the venue, whose time
// zone has to be known.
func (s *scan) today() (start, end int64) {
	if s.day == [2]int64{} {
		if zone, ok := location(s.c.Event.Zone); ok {
			s.day[0], s.day[1] = dayOf(s.c.Now.At, zone)
		}
	}
	return s.day[0], s.day[1]
}
