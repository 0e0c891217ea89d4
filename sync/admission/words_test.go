package admission

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// reasonsOfThisPackage reads every Reason constant from the source.
func reasonsOfThisPackage(t *testing.T) []Reason {
	t.Helper()
	var reasons []Reason
	for _, name := range []string{"result.go", "undo.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if kind, named := ast.Node(nil), false; ok && spec.Type != nil {
				kind = spec.Type
				if id, isID := kind.(*ast.Ident); isID {
					named = id.Name == "Reason"
				}
				if named {
					word, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
					reasons = append(reasons, Reason(word))
				}
			}
			return true
		})
	}
	return reasons
}

// Every reason has a sentence, and every refusal of a scan a big word.
func TestEveryReasonHasWords(t *testing.T) {
	noScan := map[Reason]bool{NotFound: true, NotAnEntry: true, NotOwn: true, UndoneYet: true, TooLate: true, Debounce: true, NotDisplayed: true}
	reasons := reasonsOfThisPackage(t)
	if len(reasons) < 40 {
		t.Fatalf("only %d reasons found", len(reasons))
	}
	for _, reason := range reasons {
		v := Verdict{Result: Reject, Reason: reason}
		if noScan[reason] {
			continue
		}
		if _, pass := passes[reason]; pass {
			if v.Word() != cantDecide {
				t.Errorf("%s without an accept reads %s", reason, v.Word())
			}
			continue
		}
		if v.Word() == cantDecide != (words[reason] == cantDecide) {
			t.Errorf("%s has no word", reason)
		}
		if v.Why() == "" {
			t.Errorf("%s has no sentence", reason)
		}
		if v.Do() == "" {
			t.Errorf("%s doesn't say what to do", reason)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		v    Verdict
		word string
	}{
		{Verdict{Result: Accept, Reason: Entry}, "ADMIT"},
		{Verdict{Result: Accept, Reason: Reentry}, "RE-ENTRY"},
		{Verdict{Result: Accept, Reason: Exit}, "EXIT"},
		{Verdict{Result: AcceptRepeat, Reason: NotDisplayed}, "ADMIT"},
		{Verdict{Result: Accept, Reason: "from a later build"}, "ADMIT"},
		{Verdict{Result: Reject, Reason: Entry}, "CAN'T DECIDE"},
		{Verdict{Result: Cannot, Reason: StaleList}, "CAN'T DECIDE"},
		{Verdict{Result: Ask, Reason: StaleList}, "CHECK"},
		{Verdict{Result: Reject, Reason: "from a later build"}, "CAN'T DECIDE"},
		{Verdict{Result: Ignored, Reason: Debounce}, "CAN'T DECIDE"},
	} {
		if got := c.v.Word(); got != c.word {
			t.Errorf("%s %s is %q, want %q", c.v.Result, c.v.Reason, got, c.word)
		}
	}
}

func TestSentences(t *testing.T) {
	const evening = (doors + 600) * 1000
	entry := &Act{At: evening, Gate: "g1"}
	for _, c := range []struct {
		reason  Reason
		details Details
		why, do string
	}{
		{Entry, Details{Nth: 2, Allowed: 4}, "2 of 4.", ""},
		{Entry, Details{Nth: 1, Allowed: 1}, "", ""},
		{Entry, Details{Overrode: AlreadyUsed}, "Let in by override, against already_used.", ""},
		{Malformed, Details{Looks: ticket.LooksURL}, "It is a web address, not a ticket.", "Ask for the ticket itself."},
		{UnknownKey, Details{KeyFault: KeyMissing}, "The issuing key 00000000 isn't known here.", "Sync this device and scan again."},
		{UnknownKey, Details{KeyFault: KeyRevoked}, "The issuing key 00000000 is revoked.", "Don't let in. Call a supervisor."},
		{WrongEvent, Details{Event: "EV2"}, "The ticket is for event EV2.", "Ask for the ticket of this event."},
		{WrongEvent, Details{Event: "EV2", EventDay: evening}, "The ticket is for event EV2 of Sat 4 Jul 2026.", "Ask for the ticket of this event."},
		{ZoneFull, Details{Inside: 450, Capacity: 450, InsideAge: 12_000}, "450 of 450 are inside, by a count 12 s old.", "Ask to wait until somebody has left."},
		{Cancelled, Details{Void: &Void{Since: evening, Note: "rain"}}, "Cancelled 19:10:00 on Sat 4 Jul: rain", "Don't let in. Send to the box office."},
		{Superseded, Details{Void: &Void{Since: evening}}, "Reissued or transferred 19:10:00 on Sat 4 Jul.", "Ask for the newest ticket."},
		{NotYetValid, Details{Opens: evening}, "It is good from 19:10:00 on Sat 4 Jul.", "Ask to come back then."},
		{Expired, Details{Closes: evening}, "It was good until 19:10:00 on Sat 4 Jul.", "Don't let in. Send to the box office."},
		{WrongGate, Details{RightGates: []GateHint{{"g1", "North", "by the river"}, {"g2", "", ""}}}, "The ticket doesn't open this gate.", "Send to North (by the river) or g2."},
		{StaleCode, Details{CodeAge: 61_000}, "The live code is 61 s off.", "Ask for the live code, not a picture of it."},
		{RuleFailed, Details{Rule: &journal.Rule{Kind: "never"}}, "The rule never says no.", "Don't let in. Send to the box office."},
		{RuleFailed, Details{Rule: &journal.Rule{Text: "Members only"}}, "Members only", "Don't let in. Send to the box office."},
		{RuleFailed, Details{Rule: &journal.Rule{}, Closes: evening}, "Not after 19:10:00 on Sat 4 Jul.", "Don't let in. Send to the box office."},
		{Cooldown, Details{Rule: &journal.Rule{}, Opens: evening}, "Not before 19:10:00 on Sat 4 Jul.", "Ask to come back at 19:10:00 on Sat 4 Jul."},
		{AlreadyUsed, Details{First: entry, Count: 1, Use: UseMisread}, "Came in 19:10:00 on Sat 4 Jul, gate g1. The same lane, a moment ago.", "If it is the same person, let them through."},
		{AlreadyUsed, Details{First: entry, Count: 3, Use: UseCopy}, "Came in 19:10:00 on Sat 4 Jul, gate g1, 3 entries. A copy?", "Ask for another ticket, or call a supervisor."},
		{Unpaid, Details{}, "The ticket isn't paid for.", "Send to the box office to pay."},
		{Unpaid, Details{RightGates: []GateHint{{"box", "Box office", ""}}}, "The ticket isn't paid for.", "Send to Box office."},
		{WrongDate, Details{Session: "fri", GateSession: "sat"}, "The ticket is for fri, this gate lets in sat.", boxOffice},
		{WrongDate, Details{}, "The ticket is for another date.", boxOffice},
		{ZoneFull, Details{Inside: 450, Capacity: 450}, "450 of 450 are inside.", "Ask to wait until somebody has left."},
		{ZoneFull, Details{Inside: 451, Capacity: 450, InsideAge: 119_000}, "451 of 450 are inside, by a count 119 s old.", "Ask to wait until somebody has left."},
		{ZoneFull, Details{Inside: 1, Capacity: 1, InsideAge: 3 * 3600_000}, "1 of 1 are inside, by a count 3 h old.", "Ask to wait until somebody has left."},
		{ZoneFull, Details{Inside: 1, Capacity: 1, InsideAge: -1}, "1 of 1 are inside, by a count without gates that were never heard.", "Ask to wait until somebody has left."},
		{Questions, Details{Questions: []journal.Question{{Text: "How old?"}, {Text: "Name on the ID?"}}}, "How old? Name on the ID?", "Ask, note the answers and scan again."},
	} {
		v := Verdict{Result: Reject, Reason: c.reason, Details: c.details, TimeZone: "Europe/Berlin"}
		if got := v.Why(); got != c.why {
			t.Errorf("%s: why %q, want %q", c.reason, got, c.why)
		}
		if got := v.Do(); got != c.do {
			t.Errorf("%s: do %q, want %q", c.reason, got, c.do)
		}
	}
}

// What can be asked and taken at this gate is done here.
func TestSentenceOfPaymentHere(t *testing.T) {
	if got := (Verdict{Result: Ask, Reason: Unpaid}).Do(); got != "Take the money, confirm and scan again." {
		t.Error(got)
	}
}

// The names in JSON are what pages and scripts rely on.
func TestVerdictInJSON(t *testing.T) {
	d := newDoor(t)
	d.scan(In)
	b, err := json.Marshal(d.scan(In))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"result":"reject"`, `"reason":"already_used"`, `"ticket":"0100000000000000"`, `"use":"misread"`, `"product":"General"`,
		`"time_zone":"Europe/Berlin"`, `"first":{`, `"gate":"g1"`, `"count":1`, `"allowed":1`,
	} {
		if !strings.Contains(string(b), part) {
			t.Errorf("no %s in %s", part, b)
		}
	}
}
