package door

import (
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// What each result and reason of GATE.md's table is shown as.
func TestDisplay(t *testing.T) {
	type look struct{ tone, shape, word string }
	var (
		red   = func(word string) look { return look{"red", "cross", word} }
		amber = func(word string) look { return look{"amber", "triangle", word} }
		hatch = look{"hatch", "hatch", "CAN'T DECIDE"}
	)
	for _, c := range []struct {
		result admission.Result
		reason admission.Reason
		want   look
	}{
		{admission.Accept, admission.Entry, look{"green", "tick", "ADMIT"}},
		{admission.Accept, admission.Reentry, look{"blue", "loop", "RE-ENTRY"}},
		{admission.Accept, admission.Exit, look{"blue", "arrow", "EXIT"}},
		{admission.AcceptRepeat, admission.NotDisplayed, look{"green", "tick", "ADMIT"}},

		{admission.Cannot, admission.NotReady, hatch},
		{admission.Cannot, admission.DeviceRevoked, hatch},
		{admission.Cannot, admission.StoreFailing, hatch},
		{admission.Cannot, admission.ClockFailing, hatch},
		{admission.Cannot, admission.GateMissing, hatch},
		{admission.Cannot, admission.StaleList, hatch},

		{admission.Reject, admission.Malformed, red("NOT A TICKET")},
		{admission.Reject, admission.UnsupportedVersion, red("NOT A TICKET")},
		{admission.Reject, admission.UnknownTicket, red("NOT A TICKET")},
		{admission.Reject, admission.BadSignature, red("FORGED")},
		{admission.Reject, admission.UnknownKey, red("KEY UNKNOWN")},
		{admission.Reject, admission.WrongEvent, red("WRONG EVENT")},
		{admission.Reject, admission.Superseded, red("VOID")},
		{admission.Reject, admission.Revoked, red("VOID")},
		{admission.Reject, admission.Cancelled, red("VOID")},
		{admission.Reject, admission.Blocked, red("VOID")},
		{admission.Reject, admission.Refunded, red("VOID")},
		{admission.Reject, admission.ChargedBack, red("VOID")},
		{admission.Reject, admission.NotYetValid, red("TOO EARLY")},
		{admission.Reject, admission.Expired, red("TOO LATE")},
		{admission.Reject, admission.UnknownProduct, red("OTHER GATE")},
		{admission.Reject, admission.WrongProduct, red("OTHER GATE")},
		{admission.Reject, admission.WrongDate, red("OTHER GATE")},
		{admission.Reject, admission.WrongGate, red("OTHER GATE")},
		{admission.Reject, admission.Unpaid, red("MUST PAY")},
		{admission.Reject, admission.StaleCode, red("STALE CODE")},
		{admission.Reject, admission.LiveRequired, red("LIVE TICKET NEEDED")},
		{admission.Reject, admission.CodeRequired, red("CODE NEEDED")},
		{admission.Reject, admission.RuleFailed, red("NOT NOW")},
		{admission.Reject, admission.Cooldown, red("NOT NOW")},
		{admission.Reject, admission.AlreadyUsed, red("ALREADY IN")},
		{admission.Reject, admission.ZoneFull, red("ZONE FULL")},
		{admission.Reject, admission.OverrideDenied, red("NOT ALLOWED")},

		{admission.Ask, admission.Unpaid, amber("MUST PAY")},
		{admission.Ask, admission.Questions, amber("CHECK")},
		{admission.Ask, admission.StaleList, amber("CHECK")},
	} {
		v := admission.Verdict{Result: c.result, Reason: c.reason}
		d := Show(turnstile.Outcome{Verdict: v}, nil, English())
		if got := (look{d.Tone, d.Shape, d.Word}); got != c.want {
			t.Errorf("%s %s is shown as %v, want %v", c.result, c.reason, got, c.want)
		}
		if !v.Green() && (d.Why == "" || d.Do == "") {
			t.Errorf("%s %s: why %q, what to do %q", c.result, c.reason, d.Why, d.Do)
		}
	}
}

// What a crash kept from being seen is shown as it was: who leaves is not admitted.
func TestUnseenGreenIsShownAsItWas(t *testing.T) {
	for reason, want := range map[admission.Reason]Display{
		admission.Entry:   {Tone: "green", Shape: "tick", Word: "ADMIT"},
		admission.Reentry: {Tone: "blue", Shape: "loop", Word: "RE-ENTRY"},
		admission.Exit:    {Tone: "blue", Shape: "arrow", Word: "EXIT"},
	} {
		v := admission.Verdict{Result: admission.AcceptRepeat, Reason: admission.NotDisplayed}
		v.Details.First = &admission.Act{Result: admission.Accept, Reason: reason}
		d := Show(turnstile.Outcome{Verdict: v}, nil, English())
		if got := (Display{Tone: d.Tone, Shape: d.Shape, Word: d.Word}); got.Tone != want.Tone || got.Shape != want.Shape || got.Word != want.Word {
			t.Errorf("%s is shown again as %+v, want %+v", reason, got, want)
		}
	}
}

// Nothing but an accept looks, sounds or reads like one, whatever a later build may
// send: each sign of it alone has to be enough.
func TestNothingElseReadsAsAdmit(t *testing.T) {
	let := []string{"ADMIT", "RE-ENTRY", "EXIT", "accept", "entry"}
	for _, result := range []admission.Result{admission.Reject, admission.Ask, admission.Cannot, admission.Ignored, "", "later"} {
		for _, reason := range []admission.Reason{
			admission.Entry, admission.Reentry, admission.Exit, admission.NotDisplayed, admission.AlreadyUsed, admission.Debounce, "", "later",
		} {
			d := Show(turnstile.Outcome{Verdict: admission.Verdict{Result: result, Reason: reason}, Assurance: journal.Assurance{Unheard: 1}}, nil, English())
			if d.Tone == "green" || d.Tone == "blue" || slices.Contains([]string{"tick", "loop", "arrow"}, d.Shape) || slices.Contains(let, d.Word) {
				t.Errorf("%q %q is shown as %+v", result, reason, d)
			}
		}
	}
}

// What comes with a verdict besides the word: who, how sure, and what is doubtful.
func TestDisplayMore(t *testing.T) {
	r := newRig(t)
	device := journal.NodeOf(journaltest.Signer(t, "gate").Public())
	first := func(how string, node journal.NodeID) admission.Details {
		return admission.Details{First: &admission.Act{How: how, Chain: journal.Chain{Node: node}, At: opening.UnixMilli()}}
	}
	for name, c := range map[string]struct {
		out  turnstile.Outcome
		want []string
	}{
		"nothing to add": {turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Accept, Reason: admission.Entry}}, nil},
		"who": {
			turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Accept, Reason: admission.Entry, Product: "Day", Seat: "B-12", Holder: "Zoë <b>"}},
			[]string{"Day", "B-12", "Zoë <b>"},
		},
		"nothing of the holder on a refusal": {
			turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Reject, Reason: admission.WrongEvent, Product: "Day", Seat: "B-12", Holder: "Zoë"}}, nil,
		},
		"alone": {
			turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Accept, Reason: admission.Entry, Flags: []string{admission.FlagOffline}}},
			[]string{"alone: no link to the server or another gate right now"},
		},
		"organiser's words": {
			turnstile.Outcome{Verdict: admission.Verdict{
				Result: admission.Ask, Reason: admission.Questions, Flags: []string{admission.FlagAttention}, Details: admission.Details{Texts: []string{"Wristband: red"}},
			}},
			[]string{"Wristband: red", "look at who shows it"},
		},
		"first came in, known device": {
			turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Reject, Reason: admission.AlreadyUsed, Details: first(scan.HowCamera, device)}},
			[]string{"then read by camera on handheld 1"},
		},
		"first came in, strange device": {
			turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Reject, Reason: admission.AlreadyUsed, Details: first("", journal.NodeID{1, 2})}},
			[]string{"then let in on device 0102000000000000"},
		},
		"stale list": {
			turnstile.Outcome{Verdict: admission.Verdict{
				Result: admission.Accept, Reason: admission.Entry, Flags: []string{admission.FlagStaleList}, Details: admission.Details{ListAge: (75 * time.Minute).Milliseconds()},
			}},
			[]string{"the list of void tickets is 75 min old"},
		},
		"no list": {
			turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Accept, Reason: admission.Entry, Flags: []string{admission.FlagStaleList}}},
			[]string{"there is no list of void tickets yet"},
		},
		"clock": {
			turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Reject, Reason: admission.Expired, Flags: []string{admission.FlagClockSuspect, admission.FlagClockUnsynced}}},
			[]string{"this device's clock was set: check its time", "this device's clock was never compared with the server's"},
		},
		"out with a void ticket": {
			turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Accept, Reason: admission.Exit, Flags: []string{string(admission.Cancelled), admission.FlagForced}}},
			[]string{"warning: Cancelled."},
		},
		"a flag of a later build": {
			turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Accept, Reason: admission.Entry, Flags: []string{"later"}}}, nil,
		},
	} {
		if got := Show(c.out, r.state, English()).More; !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSureness(t *testing.T) {
	offline := admission.Verdict{Result: admission.Accept, Flags: []string{admission.FlagOffline}}
	for _, c := range []struct {
		verdict   admission.Verdict
		assurance journal.Assurance
		want      string
	}{
		{admission.Verdict{}, journal.Assurance{}, ""},
		{admission.Verdict{}, journal.Assurance{Unheard: 1}, "alone: 1 gate never heard"},
		{admission.Verdict{}, journal.Assurance{Unheard: 3}, "alone: 3 gates never heard"},
		{admission.Verdict{}, journal.Assurance{Unheard: 1, LongestMS: 61_400}, "alone: 1 gate not heard lately, the longest for 61 s"},
		{admission.Verdict{}, journal.Assurance{Unheard: 2, LongestMS: 90_000}, "alone: 2 gates not heard lately, the longest for 2 min"},
		{admission.Verdict{}, journal.Assurance{Unheard: 2, LongestMS: 2*3600_000 + 59_000}, "alone: 2 gates not heard lately, the longest for 2 h"},
		{admission.Verdict{}, journal.Assurance{LongestMS: 4000}, ""},
		{offline, journal.Assurance{}, "alone: no link to the server or another gate right now"},
		{offline, journal.Assurance{Unheard: 2}, "alone: 2 gates never heard"},
	} {
		if got := Sureness(turnstile.Outcome{Verdict: c.verdict, Assurance: c.assurance}, English()); got != c.want {
			t.Errorf("%+v %v: %q, want %q", c.assurance, c.verdict.Flags, got, c.want)
		}
	}
}

// The verdicts that a door of one evening comes to, from the codes themselves.
func TestVerdicts(t *testing.T) {
	r := newRig(t)
	at := func(d time.Duration) ticket.Bound { return ticket.At(opening.Add(d).Unix()) }
	void := journal.NewRevoke("revoked", opening.UnixMilli(), "reported stolen", []journal.Revocation{{Ticket: journal.TicketID{3}, Minimum: journal.Never}})
	r.tell(journal.KindRevoke, &void)
	old := journal.NewRevoke("superseded", opening.UnixMilli(), "", []journal.Revocation{{Ticket: journal.TicketID{4}, Minimum: 2}})
	r.tell(journal.KindRevoke, &old)
	r.pass(10 * time.Minute)
	good := r.code(1)
	for _, c := range []struct {
		name string
		scan Scan
		word string
		says string // in why, what to do, or more
	}{
		{"good", Scan{Text: good}, "ADMIT", "Day"},
		{"again", Scan{Text: good, Lane: "b"}, "ALREADY IN", "19:10:00"},
		{"out", Scan{Text: good, Direction: admission.Out, Lane: "c"}, "EXIT", ""},
		{"in again", Scan{Text: good, Lane: "d"}, "RE-ENTRY", "Day"},
		{"revoked", Scan{Text: r.code(3)}, "VOID", "reported stolen"},
		{"revoked, out", Scan{Text: r.code(3), Direction: admission.Out, Lane: "e"}, "EXIT", "reported stolen"},
		{"reissued", Scan{Text: r.issue(ticket.Claims{ID: ticket.ID{4}, Product: 1, Generation: 1})}, "VOID", "newest ticket"},
		{"its new code", Scan{Text: r.issue(ticket.Claims{ID: ticket.ID{4}, Product: 1, Generation: 2})}, "ADMIT", "Day"},
		{"forged", Scan{Text: forged(good)}, "FORGED", "supervisor"},
		{"other zone", Scan{Text: r.issue(ticket.Claims{ID: ticket.ID{5}, Product: 2})}, "OTHER GATE", "Stairs (up on the left)"},
		{"unknown product", Scan{Text: r.issue(ticket.Claims{ID: ticket.ID{6}, Product: 77})}, "OTHER GATE", "Sync"},
		{"too early", Scan{Text: r.issue(ticket.Claims{ID: ticket.ID{11}, Product: 1, NotBefore: at(time.Hour)})}, "TOO EARLY", "20:00:00 on Sat 4 Jul"},
		{"on the edge", Scan{Text: r.issue(ticket.Claims{ID: ticket.ID{12}, Product: 1, NotBefore: at(10 * time.Minute)})}, "ADMIT", "Day"},
		{"too late", Scan{Text: r.issue(ticket.Claims{ID: ticket.ID{13}, Product: 1, Expires: at(10 * time.Minute)})}, "TOO LATE", "19:10:00 on Sat 4 Jul"},
		{"web address", Scan{Text: "https://example.test/"}, "NOT A TICKET", "web address"},
		{"for four, first", Scan{Text: r.issue(ticket.Claims{ID: ticket.ID{7}, Product: 1, Admissions: 4})}, "ADMIT", "1 of 4"},
		{"for four, second", Scan{Text: r.issue(ticket.Claims{ID: ticket.ID{7}, Product: 1, Admissions: 4}), Lane: "f"}, "ADMIT", "2 of 4"},
		{"short code of nobody", Scan{Text: ticket.ID{9}.Short(), How: scan.HowTyped}, "NOT A TICKET", "short code"},
		{"only looked at", Scan{Text: r.code(8), Look: true}, "ADMIT", "Only looked at"},
	} {
		got := r.scan(c.scan)
		d := got.Display
		if all := strings.Join(append([]string{d.Why, d.Do}, d.More...), "\n"); d.Word != c.word || !strings.Contains(all, c.says) {
			t.Errorf("%s: %s (%s), saying %q, want %s and %q", c.name, d.Word, got.Reason, all, c.word, c.says)
		}
	}
	r.notReady.Store(admission.DeviceRevoked)
	if d := r.scan(Scan{Text: r.code(10), Lane: "g"}).Display; d.Tone != "hatch" || d.Word != "CAN'T DECIDE" || d.Do == "" {
		t.Errorf("a gate that can't judge shows %+v", d)
	}
}

// forged changes a character of the signature.
func forged(code string) string {
	i, other := len(code)-6, "7"
	if code[i] == '7' {
		other = "8"
	}
	return code[:i] + other + code[i+1:]
}
