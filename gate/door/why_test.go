package door

import (
	"testing"

	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/journal"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		v    admission.Verdict
		word string
	}{
		{admission.Verdict{Result: admission.Accept, Reason: admission.Entry}, "ADMIT"},
		{admission.Verdict{Result: admission.Accept, Reason: admission.Reentry}, "RE-ENTRY"},
		{admission.Verdict{Result: admission.Accept, Reason: admission.Exit}, "EXIT"},
		{admission.Verdict{Result: admission.AcceptRepeat, Reason: admission.NotDisplayed}, "ADMIT"},
		{admission.Verdict{Result: admission.Accept, Reason: "from a later build"}, "ADMIT"},
		{admission.Verdict{Result: admission.Reject, Reason: admission.Entry}, "CAN'T DECIDE"},
		{admission.Verdict{Result: admission.Cannot, Reason: admission.StaleList}, "CAN'T DECIDE"},
		{admission.Verdict{Result: admission.Ask, Reason: admission.StaleList}, "CHECK"},
		{admission.Verdict{Result: admission.Reject, Reason: "from a later build"}, "CAN'T DECIDE"},
		{admission.Verdict{Result: admission.Ignored, Reason: admission.Debounce}, "CAN'T DECIDE"},
	} {
		if got := English().Say(wordOf(c.v), nil); got != c.word {
			t.Errorf("%s %s is %q, want %q", c.v.Result, c.v.Reason, got, c.word)
		}
	}
}

func TestSentences(t *testing.T) {
	const (
		evening   = 1_783_185_000_000 // 17:10 UTC
		boxOffice = "Don't let in. Send to the box office."
	)
	entry := &admission.Act{At: evening, Gate: "g1"}
	for _, c := range []struct {
		reason  admission.Reason
		details admission.Details
		why, do string
	}{
		{admission.Entry, admission.Details{Nth: 2, Allowed: 4}, "2 of 4.", ""},
		{admission.Entry, admission.Details{Nth: 1, Allowed: 1}, "", ""},
		{admission.Entry, admission.Details{Overrode: admission.AlreadyUsed}, "Let in by override, against: ALREADY IN", ""},
		{admission.Malformed, admission.Details{Looks: ticket.LooksURL}, "It is a web address, not a ticket.", "Ask for the ticket itself."},
		{admission.UnknownKey, admission.Details{KeyFault: admission.KeyMissing}, "The issuing key 00000000 isn't known here.", "Sync this device and scan again."},
		{admission.UnknownKey, admission.Details{KeyFault: admission.KeyRevoked}, "The issuing key 00000000 is revoked.", "Don't let in. Call a supervisor."},
		{admission.WrongEvent, admission.Details{Event: "EV2"}, "The ticket is for event EV2.", "Ask for the ticket of this event."},
		{admission.WrongEvent, admission.Details{Event: "EV2", EventDay: evening}, "The ticket is for event EV2 of Sat 4 Jul 2026.", "Ask for the ticket of this event."},
		{admission.ZoneFull, admission.Details{Inside: 450, Capacity: 450, InsideAge: 12_000}, "450 of 450 are inside, by a count 12 s old.", "Ask to wait until somebody has left."},
		{admission.Cancelled, admission.Details{Void: &admission.Void{Since: evening, Note: "rain"}}, "Cancelled 19:10:00 on Sat 4 Jul: rain", "Don't let in. Send to the box office."},
		{admission.Superseded, admission.Details{Void: &admission.Void{Since: evening}}, "Reissued or transferred 19:10:00 on Sat 4 Jul.", "Ask for the newest ticket."},
		{admission.Superseded, admission.Details{Void: &admission.Void{Since: evening, Note: journal.NoteTransferred}}, "Transferred 19:10:00 on Sat 4 Jul; the new holder has the code.", "Ask for the newest ticket."},
		{admission.Superseded, admission.Details{Void: &admission.Void{Since: evening, Note: journal.NoteResold}}, "Sold on 19:10:00 on Sat 4 Jul; the new holder has the code.", "Ask for the newest ticket."},
		{admission.Superseded, admission.Details{Void: &admission.Void{Since: evening, Note: journal.NoteBound}}, "Moved to a phone 19:10:00 on Sat 4 Jul; only that phone shows the code.", "Ask for the newest ticket."},
		{admission.Superseded, admission.Details{Void: &admission.Void{Since: evening, Note: journal.NoteRenewed}}, "Renewed 19:10:00 on Sat 4 Jul; its holder has the new code.", "Ask for the newest ticket."},
		{admission.Superseded, admission.Details{Void: &admission.Void{Since: evening, Note: "lost phone"}}, "Reissued or transferred 19:10:00 on Sat 4 Jul: lost phone", "Ask for the newest ticket."},
		{admission.Cancelled, admission.Details{Void: &admission.Void{Since: evening, Note: journal.NoteResold}}, "Cancelled 19:10:00 on Sat 4 Jul: sold on", boxOffice},
		{admission.NotYetValid, admission.Details{Opens: evening}, "It is good from 19:10:00 on Sat 4 Jul.", "Ask to come back then."},
		{admission.Expired, admission.Details{Closes: evening}, "It was good until 19:10:00 on Sat 4 Jul.", "Don't let in. Send to the box office."},
		{admission.WrongGate, admission.Details{RightGates: []admission.GateHint{{Code: "g1", Name: "North", Direction: "by the river"}, {Code: "g2"}}}, "The ticket doesn't open this gate.", "Send to North (by the river) or g2."},
		{admission.StaleCode, admission.Details{CodeAge: 61_000}, "The live code is 61 s off.", "Ask for the live code, not a picture of it."},
		{admission.RuleFailed, admission.Details{Rule: &journal.Rule{Kind: "never"}}, "The rule never says no.", "Don't let in. Send to the box office."},
		{admission.RuleFailed, admission.Details{Rule: &journal.Rule{Text: "Members only"}}, "Members only", "Don't let in. Send to the box office."},
		{admission.RuleFailed, admission.Details{Rule: &journal.Rule{}, Closes: evening}, "Not after 19:10:00 on Sat 4 Jul.", "Don't let in. Send to the box office."},
		{admission.Cooldown, admission.Details{Rule: &journal.Rule{}, Opens: evening}, "Not before 19:10:00 on Sat 4 Jul.", "Ask to come back at 19:10:00 on Sat 4 Jul."},
		{admission.AlreadyUsed, admission.Details{First: entry, Count: 1, Use: admission.UseMisread}, "Came in 19:10:00 on Sat 4 Jul, gate g1. The same lane, a moment ago.", "If it is the same person, let them through."},
		{admission.AlreadyUsed, admission.Details{First: entry, Count: 3, Use: admission.UseCopy}, "Came in 19:10:00 on Sat 4 Jul, gate g1, 3 entries. A copy?", "Ask for another ticket, or call a supervisor."},
		{admission.Unpaid, admission.Details{}, "The ticket isn't paid for.", "Send to the box office to pay."},
		{admission.Unpaid, admission.Details{RightGates: []admission.GateHint{{Code: "box", Name: "Box office"}}}, "The ticket isn't paid for.", "Send to Box office."},
		{admission.WrongDate, admission.Details{Session: "fri", GateSession: "sat"}, "The ticket is for fri, this gate lets in sat.", boxOffice},
		{admission.WrongDate, admission.Details{}, "The ticket is for another date.", boxOffice},
		{admission.ZoneFull, admission.Details{Inside: 450, Capacity: 450}, "450 of 450 are inside.", "Ask to wait until somebody has left."},
		{admission.ZoneFull, admission.Details{Inside: 451, Capacity: 450, InsideAge: 119_000}, "451 of 450 are inside, by a count 2 min old.", "Ask to wait until somebody has left."},
		{admission.ZoneFull, admission.Details{Inside: 1, Capacity: 1, InsideAge: 3 * 3600_000}, "1 of 1 are inside, by a count 3 h old.", "Ask to wait until somebody has left."},
		{admission.ZoneFull, admission.Details{Inside: 1, Capacity: 1, InsideAge: -1}, "1 of 1 are inside, by a count without gates that were never heard.", "Ask to wait until somebody has left."},
		{admission.Questions, admission.Details{Questions: []journal.Question{{Text: "How old?"}, {Text: "Name on the ID?"}}}, "How old? Name on the ID?", "Ask, note the answers and scan again."},
	} {
		v := teller{English(), admission.Verdict{Result: admission.Reject, Reason: c.reason, Details: c.details, TimeZone: "Europe/Berlin"}}
		if got := v.why(); got != c.why {
			t.Errorf("%s: why %q, want %q", c.reason, got, c.why)
		}
		if got := v.do(); got != c.do {
			t.Errorf("%s: do %q, want %q", c.reason, got, c.do)
		}
	}
}

// What can be asked and taken at this gate is done here.
func TestSentenceOfPaymentHere(t *testing.T) {
	v := admission.Verdict{Result: admission.Ask, Reason: admission.Unpaid}
	if got := (teller{English(), v}).do(); got != "Take the money, confirm and scan again." {
		t.Error(got)
	}
	v.Details.Due, v.Details.Currency = 2500, "EUR"
	if got := (teller{English(), v}).why(); got != "To pay: €25.00." {
		t.Error(got)
	}
}
