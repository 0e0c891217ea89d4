package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"usher/sync/journal"
)

// field is one thing that a file says of a part, as people read it.
type field struct{ name, text string }

// part is a zone, product or gate, or the event itself.
type part struct {
	kind, code string
	fields     []field
}

// compare says what changes from one version of an event to the next. before is
// nil for a new event.
func compare(before *Event, after *journal.Event, terms string, n *numbers) Report {
	report := Report{Event: after.Code, Outcome: Created}
	var old []part
	if before != nil {
		report.Outcome = Changed
		old = parts(&before.Event, before.Terms)
	}
	fresh := parts(after, terms)
	for _, p := range fresh {
		i := slices.IndexFunc(old, func(o part) bool { return o.kind == p.kind && o.code == p.code })
		switch {
		case i >= 0:
			report.Changes = append(report.Changes, altered(old[i], p)...)
		case n.returned(p.kind, p.code):
			report.Changes = append(report.Changes, Change{Act: Restored, What: p.kind, Code: p.code})
		default:
			report.Changes = append(report.Changes, Change{Act: Added, What: p.kind, Code: p.code})
		}
	}
	for _, o := range old {
		if !slices.ContainsFunc(fresh, func(p part) bool { return p.kind == o.kind && p.code == o.code }) {
			report.Changes = append(report.Changes, Change{Act: Retired, What: o.kind, Code: o.code})
		}
	}
	if before != nil && len(report.Changes) == 0 {
		report.Changes = altered(part{"event", "", order(&before.Event)}, part{"event", "", order(after)})
	}
	if before != nil && len(report.Changes) == 0 {
		report.Outcome = Unchanged
	}
	return report
}

// altered lists the fields that differ; both have the same ones.
func altered(before, after part) []Change {
	var list []Change
	for i, f := range after.fields {
		if was := before.fields[i].text; was != f.text {
			list = append(list, Change{Act: Altered, What: after.kind, Code: after.code, Field: f.name, Before: was, After: f.text})
		}
	}
	return list
}

// order is the order in which people see the parts.
func order(e *journal.Event) []field {
	return []field{
		{"order of zones", joined(each(e.Zones, func(z journal.Zone) string { return z.Code }))},
		{"order of products", joined(each(e.Products, func(p journal.Product) string { return p.Code }))},
		{"order of gates", joined(each(e.Gates, func(g journal.Gate) string { return g.Code }))},
	}
}

func parts(e *journal.Event, terms string) []part {
	v := view{e}
	list := []part{{"event", "", v.event(terms)}}
	for _, z := range e.Zones {
		list = append(list, part{kindZone, z.Code, []field{
			{"name", z.Name}, {"capacity", unlessZero(int64(z.Capacity))}, {"check_out", joined(each(z.CheckOut, v.time))},
		}})
	}
	for _, p := range e.Products {
		list = append(list, part{kindProduct, p.Code, []field{
			{"name", p.Name}, {"zones", v.zones(p.Zones)}, {"session", p.Session}, {"attention", strconv.FormatBool(p.Attention)},
			{"text", p.Text}, {"questions", jsonText(p.Questions)}, {"rules", jsonText(p.Rules)},
		}})
	}
	for _, g := range e.Gates {
		list = append(list, part{kindGate, g.Code, v.gate(g)})
	}
	return list
}

// view puts an event into words.
type view struct{ *journal.Event }

func (v view) event(terms string) []field {
	p := v.Policy
	return []field{
		{"name", v.Name}, {"time_zone", v.Zone},
		{"admission", v.time(v.Admission)}, {"starts", v.time(v.Starts)}, {"ends", v.time(v.Ends)},
		{"rehearsal", strconv.FormatBool(v.Rehearsal)},
		{"venue", v.Venue}, {"language", v.Language}, {"door_text", v.Text}, {"terms", terms},
		{"policy.stale_after_minutes", strconv.FormatInt(p.StaleAfter/60, 10)}, {"policy.stale", p.Stale},
		{"policy.proof_past_seconds", strconv.FormatInt(p.ProofPast, 10)},
		{"policy.proof_future_seconds", strconv.FormatInt(p.ProofFuture, 10)},
		{"policy.clock_tolerance_minutes", strconv.FormatInt(p.Tolerance/60, 10)},
		{"policy.down_to", p.DownTo.String()},
	}
}

func (v view) gate(g journal.Gate) []field {
	entry := "single"
	if g.Multi {
		entry = "multi"
	}
	return []field{
		{"name", g.Name}, {"zone", v.zones(1 << g.Zone)}, {"products", v.products(g)}, {"session", g.Session}, {"entry", entry},
		{"reentry_after_exit", strconv.FormatBool(!g.NoReentry)}, {"takes_unpaid", strconv.FormatBool(g.TakesUnpaid)},
		{"stale_after_minutes", unlessZero(g.StaleAfter / 60)}, {"directions", g.Direction}, {"rules", jsonText(g.Rules)},
	}
}

func (v view) time(unix int64) string {
	if unix == 0 {
		return ""
	}
	return time.Unix(unix, 0).In(location(v.Zone)).Format(time.RFC3339)
}

func (v view) zones(mask uint32) string {
	var codes []string
	for _, z := range v.Zones {
		if mask&(1<<z.Bit) != 0 {
			codes = append(codes, z.Code)
		}
	}
	return joined(codes)
}

func (v view) products(g journal.Gate) string {
	if g.All {
		return "all"
	}
	return joined(each(g.Products, func(number uint32) string {
		p, _ := v.ProductByNumber(number)
		return p.Code
	}))
}

func joined(codes []string) string { return strings.Join(codes, ", ") }

func unlessZero(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// jsonText gives rules or questions as their JSON, a line for a reader who knows
// the file.
func jsonText[T any](list []T) string {
	if len(list) == 0 {
		return ""
	}
	text, err := json.Marshal(list)
	if err != nil {
		return fmt.Sprintf("%d of them", len(list))
	}
	return string(text)
}
