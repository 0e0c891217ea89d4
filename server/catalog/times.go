package catalog

import (
	"fmt"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"usher/crypto/keyring"
)

// instant reads a time: a date and time in the event's zone, or one with its
// own offset (RFC 3339). It gives Unix seconds.
func (f *finder) instant(path, label string, value any, location *time.Location) (int64, bool) {
	var at time.Time
	switch v := value.(type) {
	case nil:
		f.blame(path, label, "it is needed, and missing")
		return 0, false
	case time.Time:
		at = v
	case toml.LocalDateTime:
		var err error
		if at, err = local(v, location); err != nil {
			f.blame(path, label, "%v", err)
			return 0, false
		}
	case toml.LocalDate:
		f.blame(path, label, "%s has no time of day: write %sT20:00:00", v, v)
		return 0, false
	case string:
		f.blame(path, label, "a time is written without quotes: 2026-07-11T20:00:00")
		return 0, false
	default:
		f.blame(path, label, "want a date and time: 2026-07-11T20:00:00, or with an offset as in 2026-07-11T20:00:00+02:00")
		return 0, false
	}
	switch unix := at.Unix(); {
	case at.Nanosecond() != 0:
		f.blame(path, label, "want whole seconds")
	case unix <= 0 || unix > keyring.MaxTime:
		f.blame(path, label, "the year %d is out of range", at.Year())
	default:
		return unix, true
	}
	return 0, false
}

// local gives the instant of a local time, if it is exactly one: on the days on
// which clocks change, some local times come twice and some never.
func local(v toml.LocalDateTime, location *time.Location) (time.Time, error) {
	read := v.AsTime(time.UTC)
	var found []time.Time
	// Whatever the zone's offset is then, it is that of a day before or after.
	for _, near := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := read.Add(near).In(location).Zone()
		at := read.Add(-time.Duration(offset) * time.Second).In(location)
		if sameClock(at, read) && (len(found) == 0 || !found[0].Equal(at)) {
			found = append(found, at)
		}
	}
	switch len(found) {
	case 0:
		return time.Time{}, fmt.Errorf("%s does not exist in %s: clocks are put forward over it", clock(read), location)
	case 1:
		return found[0], nil
	}
	return time.Time{}, fmt.Errorf("%s comes twice in %s, as clocks are put back: write %s or %s",
		clock(read), location, found[0].Format(time.RFC3339), found[1].Format(time.RFC3339))
}

func sameClock(a, b time.Time) bool { return clock(a) == clock(b) }

func clock(t time.Time) string { return t.Format("2006-01-02T15:04:05") }

// timeOfDay reads a local time, 15:04, and gives it in that form.
func (f *finder) timeOfDay(path, label string, value any) string {
	switch v := value.(type) {
	case toml.LocalTime:
		if v.Second == 0 && v.Nanosecond == 0 {
			return fmt.Sprintf("%02d:%02d", v.Hour, v.Minute)
		}
	case string:
		if t, err := time.Parse("15:04", v); err == nil && len(v) == len("15:04") {
			return t.Format("15:04")
		}
	}
	f.blame(path, label, `want a local time to the minute: "14:30"`)
	return ""
}

// days are the names of weekdays, from 1 = Monday.
var days = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// weekday reads a day: 1 to 7 from Monday, or its English name or the first
// three letters of it.
func weekday(value any) (int, bool) {
	switch v := value.(type) {
	case int64:
		return int(v), v >= 1 && v <= 7
	case string:
		for i, short := range days {
			full := strings.ToLower(time.Weekday((i + 1) % 7).String())
			if name := strings.ToLower(v); name == short || name == full {
				return i + 1, true
			}
		}
	}
	return 0, false
}
