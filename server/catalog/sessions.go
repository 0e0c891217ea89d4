package catalog

import (
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"usher/sync/journal"
)

// sessions reads the dates of an event that products and gates may name.
func (f *finder) sessions(s *Spec, list []string) {
	if len(list) > maxSessions {
		f.blame("sessions", "sessions", "it has %d, want at most %d", len(list), maxSessions)
	}
	for i, code := range list {
		path := element("sessions", i)
		switch {
		case len(code) > maxCode || !wellFormed(code):
			f.blame(path, "sessions", "%.60q is no code: want 1 to %d letters (a-z, A-Z), digits, dots, hyphens and underscores, a letter or digit first", code, maxCode)
		case slices.ContainsFunc(s.Sessions, func(other string) bool { return strings.EqualFold(other, code) }):
			f.blame(path, "sessions", "%q stands in it twice; capitals make no difference", code)
		}
		s.Sessions = append(s.Sessions, code)
	}
}

// session reads which of the event's dates a product is for or a gate lets in.
func (f *finder) session(path, label string, code *string, have []string) string {
	switch {
	case code == nil:
		return ""
	case len(have) == 0:
		f.blame(path, label, "there is no session %.60q: list the event's sessions at the top of the file, sessions = [%.60q]", *code, *code)
	default:
		f.refer(path, label, "session", *code, have)
	}
	return *code
}

// lateCheckOut is how long after an event a zone may yet be emptied.
const lateCheckOut = 7 * 24 * time.Hour

// checkOuts reads when everybody in a zone counts as gone: moments, and times of
// day, which stand for every day from the opening to the first after the end. It
// gives Unix seconds, ascending.
func (f *finder) checkOuts(path, label string, items []any, s *Spec, location *time.Location) []int64 {
	opens := s.Starts
	if s.Admission != 0 {
		opens = s.Admission
	}
	if opens == 0 || s.Ends <= opens || s.Ends-opens > int64(longestEvent/time.Second) {
		return nil // blamed already, and nothing can be said without them
	}
	if len(items) > journal.MaxCheckOuts {
		f.blame(path, label, "it has %d, want at most %d", len(items), journal.MaxCheckOuts)
		return nil
	}
	var list []int64
	for i, item := range items {
		switch item.(type) {
		case string, toml.LocalTime:
			if clock := f.timeOfDay(element(path, i), label, item); clock != "" {
				list = append(list, f.nightly(element(path, i), label, clock, opens, s.Ends, location)...)
			}
			continue
		}
		at, ok := f.instant(element(path, i), label, item, location)
		switch {
		case !ok:
		case at <= opens:
			f.blame(element(path, i), label, "%s is not after the doors open", time.Unix(at, 0).In(location).Format(time.RFC3339))
		case at > s.Ends+int64(lateCheckOut/time.Second):
			f.blame(element(path, i), label, "%s is more than %d days after the event ends", time.Unix(at, 0).In(location).Format(time.RFC3339), int(lateCheckOut.Hours()/24))
		default:
			list = append(list, at)
		}
	}
	slices.Sort(list)
	if list = slices.Compact(list); len(list) > journal.MaxCheckOuts {
		f.blame(path, label, "it comes to %d moments, want at most %d", len(list), journal.MaxCheckOuts)
	}
	return list
}

// nightly gives a time of day on every day of an event: each after it opens, up
// to the first at or after its end.
func (f *finder) nightly(path, label, clock string, opens, ends int64, location *time.Location) []int64 {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return nil // timeOfDay gives no other form
	}
	var list []int64
	year, month, day := time.Unix(opens, 0).In(location).Date()
	for ; ; day++ {
		at, err := local(toml.LocalDateTime{
			LocalDate: toml.LocalDate{Year: year, Month: int(month), Day: day},
			LocalTime: toml.LocalTime{Hour: t.Hour(), Minute: t.Minute()},
		}, location)
		if err != nil {
			f.blame(path, label, "%v; list the moments instead, one by one", err)
			return nil
		}
		if at.Unix() > opens {
			list = append(list, at.Unix())
		}
		if at.Unix() >= ends {
			return list
		}
	}
}
