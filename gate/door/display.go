package door

import (
	"fmt"
	"slices"
	"time"

	"usher/gate/turnstile"
	"usher/sync/admission"
)

// Display is what a door shows for a verdict: tone, shape and word say the same,
// each enough alone.
type Display struct {
	Tone  string   `json:"tone"`  // green, blue, amber, red, hatch
	Shape string   `json:"shape"` // tick, loop, arrow, triangle, cross, hatch
	Word  string   `json:"word"`
	Why   string   `json:"why,omitempty"`
	Do    string   `json:"do,omitempty"`
	More  []string `json:"more,omitempty"` // product, seat, how sure
}

// Show gives what a door shows for an outcome.
func Show(out turnstile.Outcome) Display {
	v := out.Verdict
	d := Display{Word: v.Word(), Why: v.Why(), Do: v.Do()}
	d.Tone, d.Shape = sign(v)
	if v.Green() {
		d.More = carried(out)
	}
	return d
}

func sign(v admission.Verdict) (tone, shape string) {
	switch {
	case v.Result == admission.Accept && v.Reason == admission.Reentry:
		return "blue", "loop"
	case v.Result == admission.Accept && v.Reason == admission.Exit:
		return "blue", "arrow"
	case v.Green():
		return "green", "tick"
	case v.Result == admission.Ask:
		return "amber", "triangle"
	case v.Result == admission.Reject:
		return "red", "cross"
	}
	return "hatch", "hatch"
}

// carried is what goes with a green: who comes in, and how sure the gate is.
func carried(out turnstile.Outcome) []string {
	var lines []string
	for _, text := range []string{out.Product, out.Seat} {
		if text != "" {
			lines = append(lines, text)
		}
	}
	if d := out.Details; d.Allowed > 1 {
		lines = append(lines, fmt.Sprintf("%d of %d", d.Nth, d.Allowed))
	}
	if text := Sureness(out); text != "" {
		lines = append(lines, text)
	}
	return lines
}

// Sureness says how sure the gate could be that nobody else had let the ticket
// in, "" when it was in touch and had heard every other gate a moment ago.
func Sureness(out turnstile.Outcome) string {
	a := out.Assurance
	gates := fmt.Sprintf("%d %s", a.Unheard, plural(int(a.Unheard), "gate", "gates"))
	switch {
	case a.Unheard > 0 && a.LongestMS == 0:
		return "alone: " + gates + " never heard"
	case a.Unheard > 0:
		return "alone: " + gates + " not heard lately, the longest for " + (time.Duration(a.LongestMS) * time.Millisecond).Round(time.Second).String()
	case slices.Contains(out.Flags, admission.FlagOffline):
		return "alone: no link to the server or another gate right now"
	}
	return ""
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
