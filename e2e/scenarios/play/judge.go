package play

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/e2e/scenarios/script"
	"usher/sync/admission"
)

// judge compares what came of the case with what must.
func (p *player) judge(ctx context.Context) []Failure {
	var list []Failure
	for i := range p.c.Expect {
		e := &p.c.Expect[i]
		where, err := fmt.Sprintf("step %d", e.Step), error(nil)
		if e.Check != "" {
			where = "check " + e.Check
			if e.Where != "" {
				where += " at " + e.Where
			}
			err = p.check(ctx, e)
		} else {
			err = p.came(e)
		}
		if err != nil {
			list = append(list, Failure{where, err.Error()})
		}
	}
	return list
}

// came compares a step's outcome with an expectation.
func (p *player) came(e *script.Expect) error {
	o := p.outcomes[e.Step]
	if o == nil {
		return errors.New("the case has no such step")
	}
	result, reason := o.said()
	want := strings.TrimSpace(e.Result + " " + e.Reason)
	if len(e.ReasonAnyOf) > 0 {
		want = e.Result + " " + strings.Join(e.ReasonAnyOf, " or ")
	}
	switch {
	case e.Result != "" && e.Result != result,
		e.Reason != "" && e.Reason != reason,
		len(e.ReasonAnyOf) > 0 && !slices.Contains(e.ReasonAnyOf, reason):
		return fmt.Errorf("want %s, got %s", want, strings.TrimSpace(result+" "+reason))
	}
	for name, value := range e.Details {
		if err := p.detail(o, name, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// said gives an outcome in the words of the cases: what a gate asks to have
// confirmed about an unpaid ticket is there a rejection that can be confirmed.
func (o *outcome) said() (result, reason string) {
	if o.verdict != nil && o.verdict.Result == admission.Ask && o.verdict.Reason == admission.Unpaid {
		return string(admission.Reject), string(admission.Unpaid)
	}
	return o.result, o.reason
}

// details are what an expectation may say of a step beside result and reason.
var details = map[string]func(*player, *outcome) any{
	"count":       func(_ *player, o *outcome) any { return o.count },
	"can_confirm": func(_ *player, o *outcome) any { return o.result == string(admission.Ask) },
	"holder":      func(_ *player, o *outcome) any { return o.verdict.Holder },
	"product":     func(_ *player, o *outcome) any { return o.verdict.Product },
	"texts":       func(_ *player, o *outcome) any { return o.verdict.Details.Texts },
	"list": func(_ *player, o *outcome) any {
		var codes []string
		for _, q := range o.verdict.Details.Questions {
			codes = append(codes, q.Code)
		}
		return strings.Join(codes, ",")
	},
	"first_at":      func(_ *player, o *outcome) any { return instant(o.first().At) },
	"first_device":  func(p *player, o *outcome) any { return p.author(o.first()) },
	"allowed_from":  func(_ *player, o *outcome) any { return instant(o.verdict.Details.Opens) },
	"allowed_until": func(_ *player, o *outcome) any { return instant(o.verdict.Details.Closes) },
	"entries":       func(_ *player, o *outcome) any { return o.verdict.Details.Count },
	"kind":          func(_ *player, o *outcome) any { return string(o.verdict.Details.Use) },
	"first_gate":    func(_ *player, o *outcome) any { return o.first().Gate },
	"capacity":      func(_ *player, o *outcome) any { return o.verdict.Details.Capacity },
	"inside":        func(_ *player, o *outcome) any { return o.verdict.Details.Inside },
	"type":          func(_ *player, o *outcome) any { return string(o.verdict.Reason) },
}

func (o *outcome) first() *admission.Act {
	if o.verdict.Details.First == nil {
		return &admission.Act{}
	}
	return o.verdict.Details.First
}

func instant(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format(time.RFC3339)
}

func (p *player) detail(o *outcome, name string, value json.RawMessage) error {
	if name == "flag" {
		var flag string
		if err := json.Unmarshal(value, &flag); err != nil {
			return err
		}
		if !slices.Contains(o.flags, flag) {
			return fmt.Errorf("want %s, got %s", flag, strings.Join(o.flags, ", "))
		}
		return nil
	}
	give, known := details[name]
	if !known {
		return errors.New("unknown detail")
	}
	if o.verdict == nil && name != "count" && name != "can_confirm" {
		return errors.New("the step has no verdict")
	}
	return same(value, give(p, o))
}

// same compares a value of a case with ours. A number and its digits are the same,
// and so are two spellings of an instant, to the second.
func same(want json.RawMessage, got any) error {
	b, err := json.Marshal(got)
	if err != nil {
		return err
	}
	a, c := plain(want), plain(b)
	if a == c || instantOf(a) != "" && instantOf(a) == instantOf(c) {
		return nil
	}
	return fmt.Errorf("want %s, got %s", want, b)
}

func plain(raw json.RawMessage) string {
	text := strings.TrimSpace(string(raw))
	var unquoted string
	if json.Unmarshal(raw, &unquoted) == nil {
		return unquoted
	}
	var value any
	if json.Unmarshal(raw, &value) == nil {
		if b, err := json.Marshal(value); err == nil {
			return string(b)
		}
	}
	return text
}

func instantOf(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return ""
	}
	return at.UTC().Truncate(time.Second).Format(time.RFC3339)
}

// author gives the name of the device that wrote an act.
func (p *player) author(a *admission.Act) string {
	for name, d := range p.devices {
		if d.Enrolment.Node == a.Chain.Node {
			return name
		}
	}
	return ""
}
