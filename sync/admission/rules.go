package admission

import "usher/sync/journal"

// ruling is what one rule comes to.
type ruling struct {
	holds         bool
	opens, closes int64 // Unix ms: when it would pass, or since when it does no more; 0: not known
}

// ruleKind is how a kind of rule is judged.
type ruleKind struct {
	judge   func(*scan, *journal.Rule) ruling
	reason  Reason
	history bool // depends on the ticket's past, so a merge asks again
}

// ruleKinds are the kinds that this build knows. A rule of any other kind refuses.
var ruleKinds = map[string]ruleKind{
	"max_entries":                   {maxEntries, RuleFailed, true},
	"max_entries_per_day":           {maxEntriesPerDay, RuleFailed, true},
	"max_entries_since":             {maxEntriesSince, RuleFailed, true},
	"max_entries_before":            {maxEntriesBefore, RuleFailed, true},
	"max_days":                      {maxDays, RuleFailed, true},
	"max_minutes_since_first_entry": {maxMinutesSinceFirst, RuleFailed, true},
	"cooldown_minutes":              {cooldown, Cooldown, true},
	"not_before":                    {notBefore, RuleFailed, false},
	"not_after":                     {notAfter, RuleFailed, false},
	"not_before_local_time":         {notBeforeLocalTime, RuleFailed, false},
	"weekdays":                      {weekdays, RuleFailed, false},
	"never":                         {never, RuleFailed, false},
	ruleGates:                       {always, WrongGate, false}, // checked with the place
}

// checkRules asks whether all rules of the gate and of the product hold.
func checkRules(s *scan) outcome {
	if o := s.rules(s.c.Gate.Rules); o != (outcome{}) {
		return o
	}
	if s.product == nil {
		return outcome{}
	}
	return s.rules(s.product.Rules)
}

func (s *scan) rules(rules []journal.Rule) outcome {
	for i := range rules {
		rule := &rules[i]
		kind, known := ruleKinds[rule.Kind]
		if s.merged && !kind.history {
			continue
		}
		if !known {
			kind = ruleKind{judge: never, reason: RuleFailed}
		}
		if r := kind.judge(s, rule); !r.holds {
			d := &s.verdict.Details
			d.Rule, d.Opens, d.Closes = rule, r.opens, r.closes
			s.pastDetails()
			return refuse(kind.reason)
		}
	}
	return outcome{}
}

func always(*scan, *journal.Rule) ruling { return ruling{holds: true} }
func never(*scan, *journal.Rule) ruling  { return ruling{} }
