package door

import (
	"fmt"
	"slices"
	"strings"

	"usher/gate/scan"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/money"
	"usher/sync/state"
)

// Display is what a door shows for a verdict: tone, shape and word say the same,
// each enough alone.
type Display struct {
	Tone  string   `json:"tone"`  // green, blue, amber, red, hatch
	Shape string   `json:"shape"` // tick, loop, arrow, triangle, cross, hatch
	Word  string   `json:"word"`
	Why   string   `json:"why,omitempty"`
	Do    string   `json:"do,omitempty"`
	More  []string `json:"more,omitempty"` // questions, product, seat, holder, how sure, the organiser's words, doubts
}

// Show gives what a door shows for an outcome. st knows the names of devices; nil:
// nobody does.
func Show(out turnstile.Outcome, st *state.State) Display {
	v := out.Verdict
	d := Display{Word: v.Word(), Why: v.Why(), Do: v.Do()}
	d.Tone, d.Shape = sign(v)
	if v.Reason == admission.Unpaid && v.Details.Due > 0 {
		d.Why = "To pay: " + money.Format(v.Details.Due, v.Details.Currency) + "."
	}
	d.More = asked(v)
	if v.Green() {
		d.More = append(d.More, carried(out)...)
	} else {
		if v.Holder != "" && v.Result == admission.Ask {
			d.More = append(d.More, v.Holder)
		}
		if first := v.Details.First; first != nil {
			d.More = append(d.More, cameBy(*first, st))
		}
	}
	d.More = append(d.More, v.Details.Texts...)
	d.More = append(d.More, doubts(v)...)
	return d
}

// asked says what a person is to ask, and how it is answered.
func asked(v admission.Verdict) []string {
	var lines []string
	for _, q := range v.Details.Questions {
		text := q.Code + ": " + q.Text
		switch q.Kind {
		case admission.QuestionNumber:
			text += " (a number)"
		case admission.QuestionYesNo:
			text += " (yes or no)"
		case admission.QuestionChoice:
			text += " (" + strings.Join(q.Choices, ", ") + ")"
		}
		if !q.Required {
			text += ", may be left empty"
		}
		lines = append(lines, text)
	}
	return lines
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
	for _, text := range []string{out.Product, out.Seat, out.Holder, Sureness(out)} {
		if text != "" {
			lines = append(lines, text)
		}
	}
	return lines
}

// cameBy says how an earlier entry was read, and on which device.
func cameBy(first admission.Act, st *state.State) string {
	how := map[string]string{
		scan.HowCamera: "read by camera", scan.HowPicture: "read from a picture", scan.HowWedge: "read by a scanner", scan.HowTyped: "typed by hand",
	}[first.How]
	if how == "" {
		how = "let in"
	}
	return "then " + how + " on " + deviceName(first.Chain.Node, st)
}

// deviceName is what the organiser calls a device, or its number.
func deviceName(node journal.NodeID, st *state.State) string {
	if st != nil {
		for _, m := range st.Gates() {
			if m.Node == node && m.Name != "" {
				return m.Name
			}
		}
	}
	return "device " + node.String()
}

// doubts are what a person should know of a verdict whatever it is.
func doubts(v admission.Verdict) []string {
	var lines []string
	for _, flag := range v.Flags {
		switch {
		case flag == admission.FlagStaleList && v.Details.ListAge > 0:
			lines = append(lines, "the list of void tickets is "+age(v.Details.ListAge)+" old")
		case flag == admission.FlagStaleList:
			lines = append(lines, "there is no list of void tickets yet")
		case flag == admission.FlagClockSuspect:
			lines = append(lines, "this device's clock was set: check its time")
		case flag == admission.FlagClockUnsynced:
			lines = append(lines, "this device's clock was never compared with the server's")
		case flag == admission.FlagAttention:
			lines = append(lines, "look at who shows it")
		case flag == admission.FlagPaidHere:
			lines = append(lines, "paid for at this gate")
		case flag == admission.FlagNotAsked:
			lines = append(lines, "the organiser's questions were not asked")
		case v.Reason == admission.Exit:
			if why := despite(v, flag); why != "" {
				lines = append(lines, why)
			}
		}
	}
	return lines
}

// despite says what an entry would have been refused for where somebody leaves: a
// flag holds its reason. "" for other flags.
func despite(v admission.Verdict, flag string) string {
	v.Result, v.Reason = admission.Reject, admission.Reason(flag)
	if why := v.Why(); why != "" {
		return "warning: " + why
	}
	return ""
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
		return "alone: " + gates + " not heard lately, the longest for " + age(int64(a.LongestMS))
	case slices.Contains(out.Flags, admission.FlagOffline):
		return "alone: no link to the server or another gate right now"
	}
	return ""
}

// age gives milliseconds in words that can be taken in at a glance.
func age(ms int64) string {
	switch seconds := ms / 1000; {
	case seconds < 90:
		return fmt.Sprintf("%d s", seconds)
	case seconds < 90*60:
		return fmt.Sprintf("%d min", (seconds+30)/60)
	default:
		return fmt.Sprintf("%d h", (seconds+1800)/3600)
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
