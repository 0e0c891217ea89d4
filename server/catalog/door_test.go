package catalog

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/journals"
	"usher/server/vault"
	"usher/sync/fault"
	"usher/sync/journal"
)

// doorFile makes an event file of a weekend in summer, with more lines at its
// top, in its zone, its product and its gate. Lines 1 to 5 are the event's, those
// of the top begin on line 6.
func doorFile(top, zone, product, gate string) []byte {
	return fmt.Appendf(nil, `code = "NIGHTS"
name = "Nights"
time_zone = "Europe/Berlin"
starts = 2026-07-10T20:00:00
ends = 2026-07-12T04:00:00
%s
[[zone]]
code = "hall"
name = "Hall"
%s
[[gate]]
code = "north"
name = "North"
%s
[[product]]
code = "ga"
name = "General"
%s
`, top, zone, gate, product)
}

func parseDoor(t *testing.T, file []byte) *Spec {
	t.Helper()
	spec, err := ParseFile("nights.toml", file)
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	return spec
}

// What the festival of the examples says of its gates is what is read of it.
func TestFestivalSaysItAll(t *testing.T) {
	text, err := os.ReadFile("../../docs/examples/festival.toml")
	if err != nil {
		t.Fatal(err)
	}
	spec := parseDoor(t, text)
	youth := spec.Products[slices.IndexFunc(spec.Products, func(p ProductSpec) bool { return p.Code == "youth" })]
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"sessions", spec.Sessions, []string{"friday", "saturday"}},
		{"sessions of products", each(spec.Products, func(p ProductSpec) string { return p.Session }), []string{"", "friday", "saturday", ""}},
		{"sessions of gates", each(spec.Gates, func(g GateSpec) string { return g.Session }), []string{"", "", "saturday", ""}},
		{"gates that take unpaid tickets", each(spec.Gates, func(g GateSpec) bool { return g.TakesUnpaid }), []bool{false, true, false, false}},
		{"gates' own stale lists", each(spec.Gates, func(g GateSpec) int64 { return g.StaleAfter }), []int64{0, 600, 0, 0}},
		{"attention", youth.Attention, true},
		{"text", youth.Text, "Green wristband, no bar"},
		{"questions", youth.Questions, []journal.Question{
			{Code: "age", Text: "How old?", Kind: "number", Required: true},
			{Code: "home", Text: "How do they get home?", Kind: "choice", Choices: []string{"picked up", "night bus", "camps with an adult"}},
		}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
}

func TestCheckOuts(t *testing.T) {
	for _, c := range []struct {
		top, list string
		want      string // local times, in the order of the file's
	}{
		{"", `[]`, ""},
		{"", `["06:00"]`, "11T06:00 12T06:00"},
		{"", `[06:00:00]`, "11T06:00 12T06:00"},
		{"", `["04:00"]`, "11T04:00 12T04:00"}, // the end itself is the last
		{"", `["03:59"]`, "11T03:59 12T03:59 13T03:59"},
		{"", `["20:00"]`, "11T20:00 12T20:00"}, // doors are not a check-out
		{"admission = 2026-07-10T19:00:00", `["20:00"]`, "10T20:00 11T20:00 12T20:00"},
		{"", `["06:00", "05:00"]`, "11T05:00 11T06:00 12T05:00 12T06:00"},
		{"", `[2026-07-12T01:00:00, 2026-07-11T03:00:00+02:00]`, "11T03:00 12T01:00"},
		{"", `["06:00", 2026-07-11T06:00:00]`, "11T06:00 12T06:00"},
		{"", `[2026-07-19T04:00:00]`, "19T04:00"},
	} {
		spec := parseDoor(t, doorFile(c.top, "check_out = "+c.list, "", ""))
		zone, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(each(spec.Zones[0].CheckOut, func(at int64) string {
			return strings.TrimPrefix(time.Unix(at, 0).In(zone).Format("2006-01-02T15:04"), "2026-07-")
		}), " ")
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.top, c.list, got, c.want)
		}
	}
}

// A night on which clocks are put back has some times twice.
func TestCheckOutOfANightWhenClocksChange(t *testing.T) {
	night := strings.NewReplacer("2026-07-10", "2026-10-24", "2026-07-12", "2026-10-26")
	file := func(list string) []byte {
		return []byte(night.Replace(string(doorFile("", "check_out = "+list, "", ""))))
	}
	_, err := ParseFile("nights.toml", file(`["02:30"]`))
	if err == nil || !strings.Contains(err.Error(), "nights.toml:10:14: zone hall.check_out: 2026-10-25T02:30:00 comes twice") ||
		!strings.Contains(err.Error(), "list the moments instead") {
		t.Error(err)
	}
	spec := parseDoor(t, file(`["04:30"]`))
	if list := spec.Zones[0].CheckOut; len(list) != 2 || list[1]-list[0] != 24*3600 || time.Unix(list[0], 0).UTC().Hour() != 3 {
		t.Errorf("half past four in winter: %v", list)
	}
}

func TestDoorFieldsThatAreWrong(t *testing.T) {
	question := func(lines string) string { return "[[product.question]]\n" + lines }
	many := func(n int, text string) string { return strings.Repeat(text, n) }
	for _, c := range []struct {
		name                     string
		top, zone, product, gate string
		want                     string // how one line of the error begins, after the file's name
	}{
		{"session not listed", `sessions = ["fri", "sat"]`, "", `session = "sun"`, "", `18:1: product ga.session: there is no session "sun"; there are: fri, sat`},
		{"gate's session not listed", `sessions = ["fri"]`, "", "", `session = "FRI"`, `14:1: gate north.session: there is no session "FRI"; there are: fri`},
		{"no sessions at all", "", "", `session = "fri"`, "", `18:1: product ga.session: there is no session "fri": list the event's sessions at the top of the file, sessions = ["fri"]`},
		{"session twice", `sessions = ["fri", "Fri"]`, "", "", "", `6:20: sessions: "Fri" stands in it twice`},
		{"session of no code", `sessions = ["fri", "sat night"]`, "", "", "", `6:20: sessions: "sat night" is no code`},
		{"session of two codes", `sessions = ["fri"]`, "", `session = ["fri"]`, "", `18:11: product.session:`},
		{"too many sessions", "sessions = [" + many(maxSessions+1, `"x",`) + "]", "", "", "", "6:1: sessions: it has 401, want at most 400"},

		{"takes_unpaid of a text", "", "", "", `takes_unpaid = "yes"`, "14:16: gate.takes_unpaid:"},
		{"stale at once", "", "", "", "stale_after_minutes = 0", "14:1: gate north.stale_after_minutes: 0 is out of range: want 1 to 10080"},
		{"stale too late", "", "", "", "stale_after_minutes = 10081", "14:1: gate north.stale_after_minutes: 10081 is out of range"},
		{"field of another part", "", "", "", "attention = true", "14:1: gate.attention: there is no such field; gate has code, name"},

		{"attention of a text", "", "", `attention = "yes"`, "", "18:13: product.attention:"},
		{"text of two lines", "", "", `text = "a\nb"`, "", "18:1: product ga.text: it has a line break"},
		{"text too long", "", "", `text = "` + many(maxDoorText+1, "x") + `"`, "", "18:1: product ga.text: it has 401 bytes, want at most 400"},

		{"question without a code", "", "", question(`text = "How?"`), "", "18:11: product ga, question 1.code: it is needed, and missing"},
		{"question without a text", "", "", question(`code = "how"`), "", "18:11: product ga, question how.text: it is needed, and missing"},
		{"question of a bad code", "", "", question("code = \"h o\"\ntext = \"How?\""), "", `19:1: product ga, question 1.code: "h o" is no code`},
		{"question twice", "", "", question("code = \"how\"\ntext = \"How?\"\n") + question("code = \"How\"\ntext = \"How?\""), "",
			"22:1: product ga, question How.code: there is a question how already"},
		{"question of a strange kind", "", "", question("code = \"how\"\ntext = \"How?\"\nkind = \"date\""), "",
			`21:1: product ga, question how.kind: "date" is no kind of answer: want one of text, number, yes_no, choice`},
		{"choices of a text", "", "", question("code = \"how\"\ntext = \"How?\"\nchoices = [\"a\", \"b\"]"), "",
			`21:1: product ga, question how.choices: only a question of the kind choice has choices, this one is of the kind "text"`},
		{"a choice of nothing", "", "", question("code = \"how\"\ntext = \"How?\"\nkind = \"choice\""), "", "18:11: product ga, question how.choices: it has 0, want 2 to 50"},
		{"a choice of one", "", "", question("code = \"how\"\ntext = \"How?\"\nkind = \"choice\"\nchoices = [\"a\"]"), "", "22:1: product ga, question how.choices: it has 1, want 2 to 50"},
		{"a choice twice", "", "", question("code = \"how\"\ntext = \"How?\"\nkind = \"choice\"\nchoices = [\"a\", \" a \"]"), "",
			`22:17: product ga, question how.choices: "a" stands in it twice`},
		{"an empty choice", "", "", question("code = \"how\"\ntext = \"How?\"\nkind = \"choice\"\nchoices = [\"a\", \" \"]"), "", "22:17: product ga, question how.choices: it is needed, and missing or empty"},
		{"too many questions", "", "", many(journal.MaxQuestions+1, question("code = \"q\"\ntext = \"How?\"\n")), "", "18:11: product ga: it has 21 questions, want at most 20"},
		{"unknown field of a question", "", "", question("code = \"how\"\nask = \"How?\""), "", "20:1: product.question.ask: there is no such field; question has code, text, kind, required, asked, choices"},

		{"check-out of a number", "", "check_out = [6]", "", "", "10:14: zone hall.check_out: want a date and time"},
		{"check-out of no list", "", `check_out = "06:00"`, "", "", "10:13: zone.check_out:"},
		{"check-out of no time", "", `check_out = ["06:00", "6 o'clock"]`, "", "", "10:23: zone hall.check_out: want a local time to the minute"},
		{"check-out at the doors", "", "check_out = [2026-07-10T20:00:00]", "", "", "10:14: zone hall.check_out: 2026-07-10T20:00:00+02:00 is not after the doors open"},
		{"check-out of another year", "", "check_out = [2027-07-11T06:00:00]", "", "", "10:14: zone hall.check_out: 2027-07-11T06:00:00+02:00 is more than 7 days after the event ends"},
		{"check-outs every minute", "", "check_out = [" + strings.Join(minutesOfHours(4), ", ") + "]", "", "", "10:1: zone hall.check_out: it comes to 660 moments, want at most 400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := doorFile(c.top, c.zone, c.product, c.gate)
			_, err := ParseFile("nights.toml", file)
			if fault.KindOf(err) != fault.BadInput || !strings.Contains("\n"+fmt.Sprint(err), "\nnights.toml:"+c.want) {
				t.Errorf("%v\nwant nights.toml:%s", err, c.want)
			}
		})
	}
}

// minutesOfHours lists every minute from one o'clock on as TOML has them.
func minutesOfHours(n int) (list []string) {
	for i := range n * 60 {
		list = append(list, fmt.Sprintf(`"%02d:%02d"`, 1+i/60, i%60))
	}
	return list
}

// doorCatalog is a catalogue over a fresh database.
func doorCatalog(t *testing.T, db *sqldb.DB) *Catalog {
	t.Helper()
	v := vault.New(db, rand.Reader, time.Now, "Nights")
	if err := v.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	return New(db, v, journals.New(db, v, time.Now), time.Now)
}

// What a file says of its gates reaches the event's record, and a change of it is
// told field by field.
func TestDoorFieldsAreTold(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		c := doorCatalog(t, db)
		plain := parseDoor(t, doorFile("", "", "", ""))
		file := func(sessions string) []byte {
			return doorFile(sessions, `check_out = ["06:00"]`,
				"session = \"fri\"\nattention = true\ntext = \"Look\"\nquestion = [{code = \"age\", text = \"How old?\", kind = \"number\", required = true}]",
				"session = \"fri\"\ntakes_unpaid = true\nstale_after_minutes = 10")
		}
		full := parseDoor(t, file(`sessions = ["fri"]`))
		if _, err := c.Apply(t.Context(), plain); err != nil {
			t.Fatal(err)
		}
		report, err := c.Apply(t.Context(), full)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"changed zone hall: check_out (none) → 2026-07-11T06:00:00+02:00, 2026-07-12T06:00:00+02:00",
			"changed product ga: session (none) → fri",
			"changed product ga: attention false → true",
			"changed product ga: text (none) → Look",
			`changed product ga: questions (none) → [{"code":"age","text":"How old?","kind":"number","required":true}]`,
			"changed gate north: session (none) → fri",
			"changed gate north: takes_unpaid false → true",
			"changed gate north: stale_after_minutes (none) → 10",
		}
		if got := each(report.Changes, Change.String); !slices.Equal(got, want) {
			t.Errorf("changes\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		e, err := c.Event(t.Context(), "NIGHTS")
		if err != nil {
			t.Fatal(err)
		}
		p, g := e.Products[0], e.Gates[0]
		if len(e.Zones[0].CheckOut) != 2 || p.Session != "fri" || !p.Attention || p.Text != "Look" || len(p.Questions) != 1 ||
			g.Session != "fri" || !g.TakesUnpaid || g.StaleAfter != 600 {
			t.Errorf("the event is %+v", e.Event)
		}
		// A session that no product and no gate names is nobody's business.
		for _, again := range []string{`sessions = ["fri"]`, `sessions = ["fri", "sat"]`} {
			if report, err := c.Apply(t.Context(), parseDoor(t, file(again))); err != nil || report.Outcome != Unchanged {
				t.Errorf("the same file again, with %s: %v, %v", again, report, err)
			}
		}
	})
}

// An event that no record holds is refused whole, with the reason.
func TestEventOverARecord(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		c := doorCatalog(t, db)
		spec := parseDoor(t, doorFile("", "", "", ""))
		for i := range journal.MaxQuestions {
			q := journal.Question{Code: fmt.Sprint("q", i), Text: "Which?", Kind: "choice"}
			for n := range journal.MaxChoices {
				q.Choices = append(q.Choices, fmt.Sprint(n, strings.Repeat("x", 80)))
			}
			spec.Products[0].Questions = append(spec.Products[0].Questions, q)
		}
		for i := range 3 {
			p := spec.Products[0]
			p.Code = fmt.Sprint("ga", i)
			spec.Products = append(spec.Products, p)
		}
		_, err := c.Apply(t.Context(), spec)
		if !errors.Is(err, fault.TooLarge) || !strings.Contains(fault.Message(err), "nights.toml: the event comes to ") {
			t.Errorf("an event of %d × %d choices: %v", journal.MaxQuestions, journal.MaxChoices, err)
		}
		if _, err := c.Event(t.Context(), "NIGHTS"); !errors.Is(err, fault.NotFound) {
			t.Errorf("it left something behind: %v", err)
		}
	})
}
