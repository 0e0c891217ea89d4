package catalog

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"usher/crypto/keyring"
	"usher/sync/journal"
)

// Limits of an event file beyond those of the event record.
const (
	maxCode      = 40                   // bytes of a zone's, product's or gate's code: they stand in scan records
	maxName      = 200                  // bytes of a name, a venue, directions or a rule's words
	maxDoorText  = 400                  // bytes
	maxTerms     = 4000                 // bytes
	maxCapacity  = 10_000_000           // people in a zone
	maxSessions  = 400                  // one a day for longer than an event may last
	longestEvent = 366 * 24 * time.Hour // from the doors' opening, or the start, to the end
)

// spec turns the decoded tables into a Spec and notes all that is wrong. What it
// gives is of use only when nothing was noted.
func (f *finder) spec(t *fileTable) *Spec {
	if err := keyring.CheckEvent(t.Code); err != nil {
		f.blame("code", "code", "%v", err)
	}
	s := &Spec{
		File: f.file, Code: t.Code, Zone: t.TimeZone, Rehearsal: t.Rehearsal,
		Name:     f.line("name", "name", t.Name, maxName, true),
		Venue:    f.line("venue", "venue", t.Venue, maxName, false),
		Language: f.language(t.Language),
		DoorText: f.line("door_text", "door_text", t.DoorText, maxDoorText, false),
		Terms:    f.text("terms", "terms", t.Terms, maxTerms),
		Policy:   f.policy(&t.Policy),
	}
	location := f.zone(t.TimeZone)
	f.times(s, t, location)
	f.sessions(s, t.Sessions)
	f.zones(s, t.Zones, location)
	scope := ruleScope{location: location, gates: each(t.Gates, func(g gateTable) string { return g.Code })}
	f.products(s, t.Products, scope)
	f.gates(s, t.Gates, scope)
	f.shop(s, t, location)
	return s
}

// zone gives the event's time zone, and UTC where the file's is wrong.
func (f *finder) zone(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if name == "" || name == "Local" || err != nil {
		f.blame("time_zone", "time_zone", "%.60q is no time zone: want a name of the IANA list such as \"Europe/Berlin\"", name)
		return time.UTC
	}
	return location
}

// language checks the tag of a language. A door that doesn't speak it speaks English.
func (f *finder) language(tag string) string {
	if parsed, err := language.Parse(tag); tag != "" && (err != nil || parsed.String() != tag) {
		f.blame("language", "language", "%.60q is no language: want a tag such as \"de\" or \"pt-BR\"", tag)
	}
	return tag
}

func (f *finder) times(s *Spec, t *fileTable, location *time.Location) {
	var okStarts, okEnds, okAdmission bool
	s.Starts, okStarts = f.instant("starts", "starts", t.Starts, location)
	s.Ends, okEnds = f.instant("ends", "ends", t.Ends, location)
	if t.Admission != nil {
		s.Admission, okAdmission = f.instant("admission", "admission", t.Admission, location)
	}
	if okStarts && okEnds {
		switch length := s.Ends - s.Starts; { // s; as a Duration, centuries would not fit
		case length <= 0:
			f.blame("ends", "ends", "the event ends before it starts, or at once")
		case length > int64(longestEvent/time.Second):
			f.blame("ends", "ends", "the event lasts more than %d days", int(longestEvent.Hours()/24))
		}
	}
	if okStarts && okAdmission && s.Admission > s.Starts {
		f.blame("admission", "admission", "doors open after the event starts")
	}
	if okEnds && okAdmission && s.Admission < s.Ends-int64(longestEvent/time.Second) {
		f.blame("admission", "admission", "doors open more than %d days before the event ends", int(longestEvent.Hours()/24))
	}
}

// Defaults of the policy, as docs/event-file.md states them.
const (
	defaultStaleMinutes     = 60
	defaultProofPast        = 45 // s
	defaultProofFuture      = 15 // s
	defaultToleranceMinutes = 5
)

// maxStaleMinutes is the longest that a revocation list may count as fresh.
const maxStaleMinutes = 7 * 24 * 60

// rungs are how far down the ladder gates may go, as a file says it.
var rungs = map[string]journal.Rung{
	"live": journal.RungLive, "code": journal.RungCode, "typed": journal.RungTyped, "name": journal.RungName,
}

func (f *finder) policy(t *policyTable) journal.Policy {
	p := journal.Policy{
		StaleAfter:  60 * f.number("policy.stale_after_minutes", "policy.stale_after_minutes", t.StaleAfter, defaultStaleMinutes, 1, maxStaleMinutes),
		Stale:       "accept",
		ProofPast:   f.number("policy.proof_past_seconds", "policy.proof_past_seconds", t.ProofPast, defaultProofPast, 15, 3600),
		ProofFuture: f.number("policy.proof_future_seconds", "policy.proof_future_seconds", t.ProofFuture, defaultProofFuture, 0, 600),
		Tolerance:   60 * f.number("policy.clock_tolerance_minutes", "policy.clock_tolerance_minutes", t.Tolerance, defaultToleranceMinutes, 0, 24*60),
	}
	if t.Stale != nil {
		p.Stale = *t.Stale
		if p.Stale != "accept" && p.Stale != "ask" && p.Stale != "cannot" {
			f.blame("policy.stale", "policy.stale", "%.40q is no choice: want accept, ask or cannot", p.Stale)
		}
	}
	if t.DownTo != nil {
		rung, known := rungs[*t.DownTo]
		if !known {
			f.blame("policy.down_to", "policy.down_to", "%.40q is no choice: want live, code, typed or name", *t.DownTo)
		}
		p.DownTo = rung
	}
	return p
}

// number gives a value within its bounds, or the default where it is left out.
func (f *finder) number(path, label string, value *int64, otherwise, least, most int64) int64 {
	if value == nil {
		return otherwise
	}
	if *value < least || *value > most {
		f.blame(path, label, "%d is out of range: want %d to %d", *value, least, most)
		return otherwise
	}
	return *value
}

// line checks a text of one line.
func (f *finder) line(path, label, text string, most int, needed bool) string {
	switch {
	case needed && strings.TrimSpace(text) == "":
		f.blame(path, label, "it is needed, and missing or empty")
	case len(text) > most:
		f.blame(path, label, "it has %d bytes, want at most %d", len(text), most)
	case !printable(text, false):
		f.blame(path, label, "it has a line break or another control character")
	}
	return strings.TrimSpace(text)
}

// text checks a text of several lines.
func (f *finder) text(path, label, text string, most int) string {
	switch {
	case len(text) > most:
		f.blame(path, label, "it has %d bytes, want at most %d", len(text), most)
	case !printable(text, true):
		f.blame(path, label, "it has a control character that is no line break")
	}
	return strings.TrimSpace(text)
}

func printable(text string, lines bool) bool {
	for _, c := range text {
		if c == utf8.RuneError || unicode.IsControl(c) && !(lines && (c == '\n' || c == '\r' || c == '\t')) {
			return false
		}
	}
	return true
}
