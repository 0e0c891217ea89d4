package admission

import "usher/sync/journal"

// maxEntries: fewer than N entries so far.
func maxEntries(s *scan, r *journal.Rule) ruling {
	return ruling{holds: int64(s.past.count()) < r.N}
}

// maxEntriesPerDay: fewer than N entries so far on the event's calendar day.
func maxEntriesPerDay(s *scan, r *journal.Rule) ruling {
	_, ok := location(s.c.Event.Zone)
	start, end := s.today()
	switch {
	case !ok || r.N <= 0:
		return ruling{}
	case int64(s.past.between(start, end)) < r.N:
		return ruling{holds: true}
	}
	return ruling{opens: end}
}

// maxEntriesSince: of the entries from the cut-off on, this is at most the Nth.
func maxEntriesSince(s *scan, r *journal.Rule) ruling {
	cutoff := seconds(r.Cutoff)
	return ruling{holds: s.c.Now.At < cutoff || int64(s.past.between(cutoff, longest)) < r.N}
}

// maxEntriesBefore: of the entries before the cut-off, this is at most the Nth.
func maxEntriesBefore(s *scan, r *journal.Rule) ruling {
	cutoff := seconds(r.Cutoff)
	return ruling{
		holds: s.c.Now.At >= cutoff || int64(s.past.between(-longest, cutoff)) < r.N,
		opens: cutoff,
	}
}

// maxDays: with this one, entries on at most N calendar days of the event.
func maxDays(s *scan, r *journal.Rule) ruling {
	zone, ok := location(s.c.Event.Zone)
	if !ok {
		return ruling{}
	}
	days := s.past.days(zone)
	if start, end := s.today(); s.past.between(start, end) == 0 {
		days++
	}
	return ruling{holds: int64(days) <= r.N}
}

// maxMinutesSinceFirst: no later than N minutes after the earliest entry.
func maxMinutesSinceFirst(s *scan, r *journal.Rule) ruling {
	if s.past.count() == 0 {
		return ruling{holds: true}
	}
	closes := s.past.entries[0] + minutes(r.N)
	return ruling{holds: s.c.Now.At <= closes, closes: closes}
}

// cooldown: at least N minutes after the latest entry. Somebody who came out in
// between is held to it like any other.
func cooldown(s *scan, r *journal.Rule) ruling {
	if s.past.count() == 0 {
		return ruling{holds: true}
	}
	opens := s.past.entries[s.past.count()-1] + minutes(r.N)
	return ruling{holds: s.c.Now.At >= opens, opens: opens}
}
