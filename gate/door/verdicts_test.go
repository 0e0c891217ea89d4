package door

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/journal"
)

// cases are verdicts with every kind of detail that changes what is said of them.
func cases(t *testing.T) []turnstile.Outcome {
	t.Helper()
	at := opening.UnixMilli()
	first := admission.Act{At: at, Gate: "g1", How: scan.HowWedge}
	details := []admission.Details{
		{},
		{Nth: 2, Allowed: 4, Opens: at, Closes: at},
		{Overrode: admission.AlreadyUsed, Due: 250, Currency: "EUR"},
		{Due: 250, Currency: "ZZZ"},
		{First: &first, Count: 1},
		{First: &first, Count: 2, Use: admission.UseMisread},
		{First: &first, Count: 20_000, Use: admission.UsePassBack},
		{First: &first, Use: admission.UseCopy},
		{First: &first, Use: admission.UseFormerHolder},
		{First: &first, Use: admission.UseAfterExit},
		{Inside: 20_000, Capacity: 20_000},
		{Inside: 1, Capacity: 1, InsideAge: 61_000},
		{Inside: 1, Capacity: 1, InsideAge: -1},
		{Session: "A-1", GateSession: "B-2", Event: "EV-2"},
		{Event: "EV-2", EventDay: at},
		{Void: &admission.Void{Since: at}},
		{Void: &admission.Void{Since: at, Note: "A-1"}},
		{Rule: &journal.Rule{Kind: "never"}},
		{Rule: &journal.Rule{Kind: "cooldown"}, Opens: at},
		{Rule: &journal.Rule{Kind: "cooldown"}, Closes: at},
		{RightGates: []admission.GateHint{{Code: "g1", Name: "A-1", Direction: "B-2"}, {Code: "g2"}, {Code: "g3"}}},
		{CodeAge: -61_000, ListAge: 5_000_000},
		{Questions: []journal.Question{
			{Code: "a", Text: "A-1", Kind: admission.QuestionNumber}, {Code: "b", Text: "B-2", Kind: admission.QuestionYesNo, Required: true},
			{Code: "c", Text: "C-3", Kind: admission.QuestionChoice, Choices: []string{"D-4", "E-5"}},
		}},
		{Looks: "from a later build"},
	}
	for _, fault := range []admission.KeyFault{
		admission.KeyMissing, admission.KeyNotIssuer, admission.KeyRevoked, admission.KeyNotYet, admission.KeyExpired, admission.KeyRosterOnly, admission.KeyOtherEvent,
	} {
		details = append(details, admission.Details{KeyFault: fault})
	}
	for _, looks := range []ticket.Looks{
		ticket.LooksEmpty, ticket.LooksTicket, ticket.LooksCutShort, ticket.LooksLowerCase, ticket.LooksKeyboard, ticket.LooksNewer, ticket.LooksCard, ticket.LooksURL,
	} {
		details = append(details, admission.Details{Looks: looks})
	}
	flags := []string{
		admission.FlagStaleList, admission.FlagClockSuspect, admission.FlagClockUnsynced, admission.FlagForced, admission.FlagOverrideNotNeeded,
		admission.FlagOffline, admission.FlagAttention, admission.FlagPaidHere, admission.FlagNotAsked, admission.FlagEarlierVoid, string(admission.Cancelled), "later",
	}
	answers := []admission.Challenge{"", admission.Answered, admission.NoNumber, admission.OtherNumber, admission.OutOfTime, admission.NoKey, "later"}
	results := []admission.Result{admission.Accept, admission.AcceptRepeat, admission.Reject, admission.Ask, admission.Cannot, admission.Ignored, "later"}
	var all []turnstile.Outcome
	for _, reason := range append(reasonsOfAdmission(t), turnstile.ToScanAgain, "later") {
		for _, result := range results {
			rich := slices.Contains([]admission.Result{admission.Accept, admission.Reject, admission.Ask}, result)
			for i, d := range details {
				if !rich && i > 0 {
					break
				}
				v := admission.Verdict{Result: result, Reason: reason, Details: d, TimeZone: "Europe/Berlin", Flags: flags, Challenge: answers[i%len(answers)]}
				v.Ticket[0] = byte(i % 4)
				out := turnstile.Outcome{Verdict: v, Assurance: journal.Assurance{Unheard: uint32(i % 3), LongestMS: uint64(i % 2 * 61_000)}}
				all = append(all, out)
			}
		}
	}
	return all
}

// hole is what no text that was put together well has in it: a place that nothing
// was put in, a key, a name for a stable word, two stops or spaces.
var hole = regexp.MustCompile(`[{}…]|%!|\.\.|  |[a-z]\.[a-z]{3}|[a-z]_[a-z]|^[ .,:;]|<nil>|map\[`)

// sentence is what can only be right in one language.
var sentence = regexp.MustCompile(`[a-z] [a-z]`)

// Each verdict is said in each language, without holes, and not in English where
// English was not asked for.
func TestEveryVerdictInEveryLanguage(t *testing.T) {
	b := mustBook(t)
	all := cases(t)
	inEnglish := make([]Display, len(all))
	for i, out := range all {
		inEnglish[i] = Show(out, nil, b.English())
	}
	for _, code := range b.Codes() {
		l := b.Language(code)
		foreign := map[string]bool{} // sentences that are English, each said once
		for i, out := range all {
			english := inEnglish[i]
			d := english
			if code != "en" {
				d = Show(out, nil, l)
			}
			said := append([]string{d.Word, d.Why, d.Do}, d.More...)
			inEnglish := append([]string{english.Word, english.Why, english.Do}, english.More...)
			if d.Tone != english.Tone || d.Shape != english.Shape || len(said) != len(inEnglish) || d.Word == "" {
				t.Fatalf("%s: %s %s is shown as %+v, in English %+v", code, out.Result, out.Reason, d, english)
			}
			for i, text := range said {
				if (text == "") != (inEnglish[i] == "") || hole.MatchString(text) || strings.TrimSpace(text) != text {
					t.Fatalf("%s: %s %s %+v says %q", code, out.Result, out.Reason, out.Details, text)
				}
				if code != "en" && text == inEnglish[i] && sentence.MatchString(text) {
					foreign[text] = true
				}
			}
		}
		if len(foreign) > 0 {
			t.Errorf("%s says in English: %q", code, slices.Sorted(maps.Keys(foreign)))
		}
	}
}

// Names and other people's words stand as they are in every language; times and
// amounts are written as each language does.
func TestWhatIsNotTranslated(t *testing.T) {
	b := mustBook(t)
	evening := opening.Add(10*time.Minute + 5*time.Second).UnixMilli()
	first := admission.Act{At: evening, Gate: "north", How: scan.HowTyped}
	used := turnstile.Outcome{Verdict: admission.Verdict{
		Result: admission.Reject, Reason: admission.AlreadyUsed, TimeZone: "Europe/Berlin", Details: admission.Details{First: &first, Count: 1200, Use: admission.UseCopy},
	}}
	due := turnstile.Outcome{Verdict: admission.Verdict{Result: admission.Ask, Reason: admission.Unpaid, Details: admission.Details{Due: 123450, Currency: "EUR"}}}
	for code, want := range map[string][2]string{
		"en": {"Came in 19:10:05 on Sat 4 Jul, gate north, 1,200 entries. A copy?", "To pay: €1,234.50."},
		"de": {"Eingelassen Sa. 4. Juli, 19:10:05 Uhr, Tor north, 1.200 Zutritte. Eine Kopie?", "Zu zahlen: 1.234,50\u00a0€."},
		"fr": {"Entré le sam. 4 juil. à 19:10:05, porte north, 1\u00a0200 entrées. Une copie\u00a0?", "À payer\u00a0: 1\u202f234,50\u00a0€."},
		"es": {"Entró: sáb 4 jul, 19:10:05 h, puerta north, 1.200 accesos. ¿Una copia?", "A pagar: 1234,50\u00a0€."},
	} {
		l := b.Language(code)
		if got := Show(used, nil, l).Why; got != want[0] {
			t.Errorf("%s: %q, want %q", code, got, want[0])
		}
		if got := Show(due, nil, l).Why; got != want[1] {
			t.Errorf("%s: %q, want %q", code, got, want[1])
		}
		green := turnstile.Outcome{Verdict: admission.Verdict{
			Result: admission.Accept, Reason: admission.Entry, Product: "Day {n}", Seat: "Row A, seat 1", Holder: "Zoë <b>", Details: admission.Details{Texts: []string{"Wristband: red"}},
		}}
		if got := Show(green, nil, l).More; !slices.Equal(got, []string{"Day {n}", "Row A, seat 1", "Zoë <b>", "Wristband: red"}) {
			t.Errorf("%s: %q", code, got)
		}
	}
}
