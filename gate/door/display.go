package door

import (
	"slices"
	"strings"

	"usher/gate/scan"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/state"
	"usher/sync/words"
)

// Display is what a door shows for a verdict: tone, shape and word say the same,
// each enough alone.
type Display struct {
	Tone  string   `json:"tone"`  // green, blue, amber, red, hatch; plain: no verdict
	Shape string   `json:"shape"` // tick, loop, arrow, triangle, cross, hatch; badge: no verdict
	Word  string   `json:"word"`
	Why   string   `json:"why,omitempty"`
	Do    string   `json:"do,omitempty"`
	More  []string `json:"more,omitempty"` // questions, product, seat, holder, how sure, the organiser's words, doubts
}

// Show gives what a door shows for an outcome, in a language. st knows the names of
// devices; nil: nobody does.
func Show(out turnstile.Outcome, st *state.State, in *words.Language) Display {
	t := teller{in, out.Verdict}
	d := Display{Word: in.Say(wordOf(out.Verdict), nil), Why: t.why(), Do: t.do()}
	d.Tone, d.Shape = sign(out.Verdict)
	d.More = t.asked()
	if out.Green() {
		d.More = append(d.More, carried(out, in)...)
	} else {
		if out.Holder != "" && out.Result == admission.Ask {
			d.More = append(d.More, out.Holder)
		}
		if first := out.Details.First; first != nil {
			d.More = append(d.More, t.cameBy(*first, st))
		}
	}
	d.More = append(d.More, out.Details.Texts...)
	d.More = append(d.More, t.doubts()...)
	return t.number(d)
}

// answerTo says how a question of a kind is answered, where not by any text.
var answerTo = map[string]string{
	admission.QuestionNumber: "more.number", admission.QuestionYesNo: "more.yes_no", admission.QuestionChoice: "more.choice",
}

// asked says what a person is to ask, and how it is answered.
func (t teller) asked() []string {
	var lines []string
	for _, q := range t.Details.Questions {
		text := q.Code + ": " + q.Text
		if key, known := answerTo[q.Kind]; known {
			text = t.Say(key, words.With{"question": text, "choices": strings.Join(q.Choices, ", ")})
		}
		if !q.Required {
			text = t.Say("more.optional", words.With{"question": text})
		}
		lines = append(lines, text)
	}
	return lines
}

func sign(v admission.Verdict) (tone, shape string) {
	switch as := shownAs(v); {
	case v.Green() && as == admission.Reentry:
		return "blue", "loop"
	case v.Green() && as == admission.Exit:
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
func carried(out turnstile.Outcome, in *words.Language) []string {
	var lines []string
	for _, text := range []string{out.Product, out.Seat, out.Holder, Sureness(out, in)} {
		if text != "" {
			lines = append(lines, text)
		}
	}
	return lines
}

// howRead says how a code was read.
var howRead = map[string]string{
	scan.HowCamera: "more.then.camera", scan.HowPicture: "more.then.picture", scan.HowWedge: "more.then.wedge", scan.HowTyped: "more.then.typed",
	scan.HowSearch: "more.then.search",
}

// cameBy says how an earlier entry was read, and on which device.
func (t teller) cameBy(first admission.Act, st *state.State) string {
	key, known := howRead[first.How]
	if !known {
		key = "more.then.let_in"
	}
	return t.Say(key, words.With{"device": t.deviceName(first.Chain.Node, st)})
}

// deviceName is what the organiser calls a device, or its number.
func (t teller) deviceName(node journal.NodeID, st *state.State) string {
	if st != nil {
		for _, m := range st.Gates() {
			if m.Node == node && m.Name != "" {
				return m.Name
			}
		}
	}
	return t.Say("more.device", words.With{"id": node.String()})
}

// doubtful are the flags that a person should know of whatever the verdict is.
var doubtful = map[string]string{
	admission.FlagClockSuspect: "more.clock_suspect", admission.FlagClockUnsynced: "more.clock_unsynced", admission.FlagAttention: "more.attention",
	admission.FlagPaidHere: "more.paid_here", admission.FlagNotAsked: "more.not_asked", admission.FlagEarlierVoid: "more.earlier_void",
}

// doubts are what a person should know of a verdict whatever it is.
func (t teller) doubts() []string {
	var lines []string
	for _, flag := range t.Flags {
		key, known := doubtful[flag]
		switch {
		case known:
			lines = append(lines, t.Say(key, nil))
		case flag == admission.FlagStaleList && t.Details.ListAge > 0:
			lines = append(lines, t.Say("more.stale_list", words.With{"span": ago(t.Details.ListAge)}))
		case flag == admission.FlagStaleList:
			lines = append(lines, t.Say("more.no_list", nil))
		case t.Reason == admission.Exit:
			if why := t.despite(flag); why != "" {
				lines = append(lines, t.Say("more.warning", words.With{"why": why}))
			}
		}
	}
	return lines
}

// despite says what an entry would have been refused for where somebody leaves: a
// flag holds its reason. "" for other flags.
func (t teller) despite(flag string) string {
	t.Result, t.Reason = admission.Reject, admission.Reason(flag)
	return t.why()
}

// Sureness says how sure the gate could be that nobody else had let the ticket
// in, "" when it was in touch and had heard every other gate a moment ago.
func Sureness(out turnstile.Outcome, in *words.Language) string {
	switch a := out.Assurance; {
	case a.Unheard > 0 && a.LongestMS == 0:
		return in.Say("more.never_heard", words.With{"n": a.Unheard})
	case a.Unheard > 0:
		return in.Say("more.unheard", words.With{"n": a.Unheard, "span": ago(int64(a.LongestMS))})
	case slices.Contains(out.Flags, admission.FlagOffline):
		return in.Say("more.no_link", nil)
	}
	return ""
}
