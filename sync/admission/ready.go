package admission

import "slices"

// defaultStaleAfter is for how many seconds a revocation list counts as fresh
// where the organiser says nothing.
const defaultStaleAfter = 3600

// What an organiser may want done about a stale list (journal.Policy.Stale);
// anything else is to accept.
const (
	staleAsk    = "ask"
	staleCannot = "cannot"
)

// checkReady asks whether the gate can judge at all.
func checkReady(s *scan) outcome {
	switch {
	case s.c.NotReady != "":
		return outcome{Cannot, s.c.NotReady}
	case s.c.Event == nil:
		return outcome{Cannot, NotReady}
	case s.c.Gate.Code == "":
		return outcome{Cannot, GateMissing}
	case s.c.Now.At <= 0:
		return outcome{Cannot, ClockFailing}
	}
	s.verdict.TimeZone = s.c.Event.Zone
	return outcome{}
}

// checkList holds a gate back whose list is stale, where the organiser wants so.
func checkList(s *scan) outcome {
	if s.c.Event.Policy.Stale == staleCannot && s.listStale() {
		return outcome{Cannot, StaleList}
	}
	return outcome{}
}

// checkConfirmed asks a person to confirm what would be green but for a doubt
// that the organiser wants looked at.
func checkConfirmed(s *scan) outcome {
	if s.c.Event.Policy.Stale == staleAsk && s.listStale() && !slices.Contains(s.p.Confirmed, StaleList) {
		return outcome{Ask, StaleList}
	}
	return outcome{}
}

// listStale reports whether the gate's list is older than the organiser's limit.
func (s *scan) listStale() bool {
	limit := s.c.Event.Policy.StaleAfter
	if s.c.Gate.StaleAfter > 0 {
		limit = s.c.Gate.StaleAfter
	}
	if limit <= 0 {
		limit = defaultStaleAfter
	}
	return !s.c.ListKnown || s.c.ListAge > seconds(limit)
}
