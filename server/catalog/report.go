package catalog

import (
	"fmt"
	"strings"
)

// Outcomes of an Apply.
const (
	Created   = "created"
	Changed   = "changed"
	Unchanged = "unchanged"
)

// Report says what an Apply did.
type Report struct {
	Event   string   `json:"event"`
	Outcome string   `json:"outcome"` // Created, Changed, Unchanged
	Changes []Change `json:"changes,omitempty"`
	// Notes say what the file may lack. It is applied all the same.
	Notes []string `json:"notes,omitempty"`
}

// Acts of a change.
const (
	Added    = "added"
	Altered  = "changed"
	Retired  = "retired"  // no more in the file; its number stays its own
	Restored = "restored" // in the file again, with the number it had
)

// Change is one thing that an Apply did.
type Change struct {
	Act    string `json:"act"`              // Added, Altered, Retired, Restored
	What   string `json:"what"`             // event, zone, product, gate, shop, pool, offer
	Code   string `json:"code,omitempty"`   // of the zone, product or gate
	Field  string `json:"field,omitempty"`  // of what was altered
	Before string `json:"before,omitempty"` // as people read it
	After  string `json:"after,omitempty"`
}

// String gives the change as a line for people.
func (c Change) String() string {
	what := strings.TrimSpace(c.What + " " + c.Code)
	switch c.Act {
	case Altered:
		return fmt.Sprintf("%s %s: %s %s → %s", c.Act, what, c.Field, shown(c.Before), shown(c.After))
	case Retired:
		return fmt.Sprintf("%s %s: %s", c.Act, what, consequence[c.What])
	default:
		return c.Act + " " + what
	}
}

// consequence says what comes of taking a part out of the file.
var consequence = map[string]string{
	kindZone:    "nobody is counted in it any more; its place is kept for it",
	kindProduct: "its tickets are refused at every gate from now on; its number is kept for it",
	kindGate:    "its devices let nobody in from now on",
	partShop:    "nothing of the event is sold any more",
	partPool:    "nothing is sold from it any more",
	partOffer:   "it is not sold any more; tickets that are out stay good",
}

func shown(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}

// add adds changes to the report, and so what came of the whole.
func (r *Report) add(changes []Change) {
	r.Changes = append(r.Changes, changes...)
	if len(changes) > 0 && r.Outcome == Unchanged {
		r.Outcome = Changed
	}
}

// String gives the report as lines for people.
func (r Report) String() string {
	lines := []string{fmt.Sprintf("event %s: %s", r.Event, r.Outcome)}
	for _, c := range r.Changes {
		lines = append(lines, "  "+c.String())
	}
	for _, n := range r.Notes {
		lines = append(lines, "  note: "+n)
	}
	return strings.Join(lines, "\n")
}
