package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/sync/journal"
)

// Bounds of what a rule may say.
const (
	maxCount   = 10_000 // entries, days
	maxMinutes = 366 * 24 * 60
)

// ruleScope is what a rule may refer to.
type ruleScope struct {
	location *time.Location
	gates    []string
}

// rules reads the rules of a gate or product; all of them have to hold. The
// kinds are those of sync/admission.
func (f *finder) rules(path, label string, tables []ruleTable, scope ruleScope) []journal.Rule {
	if len(tables) > journal.MaxRules {
		f.blame(path, label, "%d rules, want at most %d", len(tables), journal.MaxRules)
	}
	var rules []journal.Rule
	for i := range tables {
		r := ruleReader{
			finder: f, scope: scope, t: &tables[i],
			path: element(path, i), label: fmt.Sprintf("%s %d", strings.TrimSuffix(label, "s"), i+1),
		}
		rules = append(rules, r.read())
	}
	return rules
}

// ruleReader reads one rule.
type ruleReader struct {
	*finder
	t           *ruleTable
	scope       ruleScope
	path, label string
}

// conditions are the fields of which a rule has exactly one, in the order in
// which the docs list them.
var conditions = []struct {
	name string
	has  func(*ruleTable) bool
	read func(*ruleReader, string) journal.Rule
}{
	{"max_entries", func(t *ruleTable) bool { return t.MaxEntries != nil },
		func(r *ruleReader, name string) journal.Rule { return r.count(name, *r.t.MaxEntries, 1, maxCount) }},
	{"max_entries_per_day", func(t *ruleTable) bool { return t.MaxEntriesPerDay != nil },
		func(r *ruleReader, name string) journal.Rule {
			return r.count(name, *r.t.MaxEntriesPerDay, 1, maxCount)
		}},
	{"max_entries_since", func(t *ruleTable) bool { return t.MaxSince != nil },
		func(r *ruleReader, name string) journal.Rule { return r.cutoff(name, r.t.MaxSince) }},
	{"max_entries_before", func(t *ruleTable) bool { return t.MaxBefore != nil },
		func(r *ruleReader, name string) journal.Rule { return r.cutoff(name, r.t.MaxBefore) }},
	{"max_days", func(t *ruleTable) bool { return t.MaxDays != nil },
		func(r *ruleReader, name string) journal.Rule { return r.count(name, *r.t.MaxDays, 1, maxCount) }},
	{"cooldown_minutes", func(t *ruleTable) bool { return t.Cooldown != nil },
		func(r *ruleReader, name string) journal.Rule { return r.count(name, *r.t.Cooldown, 1, maxMinutes) }},
	{"max_minutes_since_first_entry", func(t *ruleTable) bool { return t.SinceFirst != nil },
		func(r *ruleReader, name string) journal.Rule { return r.count(name, *r.t.SinceFirst, 1, maxMinutes) }},
	{"not_before", func(t *ruleTable) bool { return t.NotBefore != nil },
		func(r *ruleReader, name string) journal.Rule { return r.eventTime(name, *r.t.NotBefore) }},
	{"not_after", func(t *ruleTable) bool { return t.NotAfter != nil },
		func(r *ruleReader, name string) journal.Rule { return r.eventTime(name, *r.t.NotAfter) }},
	{"not_before_local_time", func(t *ruleTable) bool { return t.NotBeforeLocalTime != nil }, (*ruleReader).localTime},
	{"weekdays", func(t *ruleTable) bool { return t.Weekdays != nil }, (*ruleReader).weekdays},
	{"gates", func(t *ruleTable) bool { return t.Gates != nil }, (*ruleReader).gates},
	{"never", func(t *ruleTable) bool { return t.Never != nil }, (*ruleReader).never},
}

func (r *ruleReader) read() journal.Rule {
	var rule journal.Rule
	var names, all []string
	for _, c := range conditions {
		all = append(all, c.name)
		if c.has(r.t) {
			names = append(names, c.name)
			rule = c.read(r, c.name)
		}
	}
	if len(names) != 1 {
		said := "none"
		if len(names) > 0 {
			said = strings.Join(names, ", ")
		}
		r.blame(r.path, r.label, "a rule has exactly one condition, this one has %s; there are: %s", said, strings.Join(all, ", "))
	}
	if r.t.Tolerance != nil && rule.Kind != "not_before" && rule.Kind != "not_after" {
		r.blame(r.path+".tolerance_min", r.label+".tolerance_min", "it goes with not_before and not_after only")
	}
	rule.Text = r.line(r.path+".text", r.label+".text", r.t.Text, maxName, false)
	return rule
}

func (r *ruleReader) count(name string, n, least, most int64) journal.Rule {
	if n < least || n > most {
		r.blame(r.path+"."+name, r.label+"."+name, "%d is out of range: want %d to %d", n, least, most)
	}
	return journal.Rule{Kind: name, N: n}
}

func (r *ruleReader) cutoff(name string, t *cutoffTable) journal.Rule {
	path, label := r.path+"."+name, r.label+"."+name
	rule := journal.Rule{Kind: name}
	if t.Max == nil {
		r.blame(path, label, "it needs max, a number of entries")
	} else if rule.N = *t.Max; rule.N < 1 || rule.N > maxCount {
		r.blame(path+".max", label+".max", "%d is out of range: want 1 to %d", rule.N, maxCount)
	}
	rule.Cutoff, _ = r.instant(path+".cutoff", label+".cutoff", t.Cutoff, r.scope.location)
	return rule
}

func (r *ruleReader) eventTime(name, field string) journal.Rule {
	if field != "admission" && field != "starts" && field != "ends" {
		r.blame(r.path+"."+name, r.label+"."+name, "%.40q is no time of the event: want admission, starts or ends", field)
	}
	rule := journal.Rule{Kind: name, Field: field}
	if t := r.t.Tolerance; t != nil {
		rule.Tolerance = *t
		if *t < 0 || *t > maxMinutes {
			r.blame(r.path+".tolerance_min", r.label+".tolerance_min", "%d is out of range: want 0 to %d", *t, maxMinutes)
		}
	}
	return rule
}

func (r *ruleReader) localTime(name string) journal.Rule {
	return journal.Rule{Kind: name, Field: r.timeOfDay(r.path+"."+name, r.label+"."+name, r.t.NotBeforeLocalTime)}
}

func (r *ruleReader) weekdays(name string) journal.Rule {
	rule := journal.Rule{Kind: name}
	if len(r.t.Weekdays) == 0 || len(r.t.Weekdays) > len(days) {
		r.blame(r.path+"."+name, r.label+"."+name, "it has %d days, want 1 to %d", len(r.t.Weekdays), len(days))
		return rule
	}
	for i, value := range r.t.Weekdays {
		day, ok := weekday(value)
		if !ok {
			r.blame(element(r.path+"."+name, i), r.label+"."+name, `%v is no day: want "mon" to "sun", or 1 for Monday to 7`, shorten(value))
		}
		if slices.Contains(rule.Days, day) {
			r.blame(element(r.path+"."+name, i), r.label+"."+name, "%v stands in it twice", shorten(value))
		}
		rule.Days = append(rule.Days, day)
	}
	return rule
}

func (r *ruleReader) gates(name string) journal.Rule {
	if n := len(r.t.Gates); n == 0 || n > journal.MaxGates {
		r.blame(r.path+"."+name, r.label+"."+name, "it has %d gates, want 1 to %d", n, journal.MaxGates)
		return journal.Rule{Kind: name}
	}
	for i, code := range r.t.Gates {
		r.refer(element(r.path+"."+name, i), r.label+"."+name, "gate", code, r.scope.gates)
		if slices.Contains(r.t.Gates[:i], code) {
			r.blame(element(r.path+"."+name, i), r.label+"."+name, "%.60q stands in it twice", code)
		}
	}
	return journal.Rule{Kind: name, Gates: r.t.Gates}
}

func (r *ruleReader) never(name string) journal.Rule {
	if !*r.t.Never {
		r.blame(r.path+"."+name, r.label+"."+name, "it can only be true: leave the rule out instead")
	}
	return journal.Rule{Kind: name}
}

// shorten gives a value as an error may quote it.
func shorten(value any) string { return fmt.Sprintf("%.40s", fmt.Sprint(value)) }
