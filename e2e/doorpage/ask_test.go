package doorpage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gatedoor "usher/gate/door"
	"usher/gate/gatetest"
	"usher/sync/admission"
	"usher/sync/journal"
)

// inquisitive is an event whose organiser wants two things asked at every ticket,
// and a third that may be left open.
func inquisitive(e *journal.Event) {
	e.Products[0].Questions = []journal.Question{
		{Code: "age", Text: "Is the guest 18?", Kind: admission.QuestionYesNo, Required: true},
		{Code: "band", Text: "Wristband?", Kind: admission.QuestionChoice, Required: true, Choices: []string{"red", "blue <b>x</b>"}},
		{Code: "name", Text: "Name on the ID", Kind: admission.QuestionText},
	}
}

// A ticket with questions is let in when they are answered, by the same scan again.
func TestQuestions(t *testing.T) {
	t.Parallel()
	d := open(t, setup{event: inquisitive})
	d.scan(d.code(1))
	d.shows("amber", "triangle", "CHECK")
	if d.entered(1) {
		t.Fatal("the ticket is in before anything was answered")
	}
	d.until(`!document.getElementById("ask").hidden && document.getElementById("inputs").hidden`)

	d.must(d.Click("#answer")) // an empty form
	d.must(d.Click(`[name=age][value=yes]`))
	d.must(d.Click("#answer")) // half of one
	d.shows("amber", "triangle", "CHECK")
	d.must(d.Click(`[name=band][value="blue <b>x</b>"]`))
	d.must(d.Click(`[name=name]`))
	d.must(d.Keys("Kim M. uio v"))
	d.shows("amber", "triangle", "CHECK") // neither tap nor key took it away
	d.must(d.Click("#answer"))
	d.shows("green", "tick", "ADMIT")
	d.until(`document.getElementById("ask").hidden && !document.getElementById("inputs").hidden`)
	d.idle() // by itself
	if !d.entered(1) {
		t.Error("the ticket is not in")
	}
	if got := eval[string](d, `document.body.dataset.direction`); got != "in" {
		t.Errorf("letters of an answer turned the lane to %s", got)
	}
}

// entered reports whether the gate has let the n-th ticket in.
func (d *door) entered(n int) bool {
	d.t.Helper()
	return d.look(d.code(n)).Reason == admission.AlreadyUsed
}

// What a person began to answer is still there when the ticket is shown again, and
// no other ticket's.
func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	d := open(t, setup{event: inquisitive})
	d.scan(d.code(1))
	d.shows("amber", "triangle", "CHECK")
	d.must(d.Click(`[name=age][value=no]`))
	d.tap()
	d.idle()
	d.until(`document.getElementById("ask").hidden`)
	d.later(4 * time.Second)
	d.scan(d.code(1))
	d.until(`document.querySelector("[name=age][value=no]:checked")`)
	d.tap()
	d.scan(d.code(2))
	d.until(`document.querySelector("[name=age]") && !document.querySelector("#ask :checked")`)
}

// All of it goes by keys alone.
func TestQuestionsByKeys(t *testing.T) {
	t.Parallel()
	d := open(t, setup{event: func(e *journal.Event) {
		e.Products[0].Questions = []journal.Question{{Code: "age", Text: "Is the guest 18?", Kind: admission.QuestionYesNo, Required: true}}
	}})
	d.scan(d.code(1))
	d.until(`document.activeElement.id === "ask"`)
	d.must(d.Keys("\r\r")) // a reader's late CR LF
	d.shows("amber", "triangle", "CHECK")
	d.tabTo(`[name=age]`)
	d.must(d.Keys(" "))
	d.until(`document.querySelector("[name=age]:checked")`)
	d.tabTo(`#answer`)
	d.must(d.Keys("\r"))
	d.shows("green", "tick", "ADMIT")
}

// tabTo presses Tab until a control has the focus. Those that come right after a code
// are the code's, and of them there is room for many on a quick machine.
func (d *door) tabTo(selector string) {
	d.t.Helper()
	for began := time.Now(); time.Since(began) < patience; {
		d.must(d.Keys("\t"))
		if eval[bool](d, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
	}
	d.t.Fatalf("Tab leads to no %s", selector)
}

// A reader's code is read while an answer is being written, and spoils nothing.
func TestCodeWhileAnswering(t *testing.T) {
	t.Parallel()
	d := open(t, setup{event: inquisitive})
	d.scan(d.code(1))
	d.until(`document.querySelector("[name=name]")`)
	d.must(d.Click("[name=name]"))
	d.must(d.Keys("Kim"))
	d.scan("https://example.org/menu")
	d.scan(d.code(2))
	d.until(`document.activeElement.id === "ask" && document.querySelector("[name=name]").value === ""`)
	if d.entered(1) || d.entered(2) {
		t.Error("somebody was let in")
	}
}

// unpaid has the server say that the n-th ticket costs 12.50 that nobody has paid.
func unpaid(t *testing.T, n int) func(*gatetest.Venue) {
	return func(v *gatetest.Venue) {
		group := journal.RosterGroup{Product: 1, Unpaid: true, Due: 1250, Currency: "EUR"}
		group.Add(ticketID(n), 0)
		v.Say(t, journal.KindRoster, &journal.Roster{Groups: []journal.RosterGroup{group}})
	}
}

func TestMustPay(t *testing.T) {
	t.Parallel()
	d := open(t, setup{event: func(e *journal.Event) { e.Gates[0].TakesUnpaid = true }, say: unpaid(t, 41)})
	d.scan(d.code(41))
	d.shows("amber", "triangle", "MUST PAY")
	if got := d.text("why"); !strings.Contains(got, "12.50") {
		t.Errorf("what is to be paid is given as %q", got)
	}
	d.must(d.Click("#leave"))
	d.idle()
	if d.entered(41) {
		t.Fatal("leaving the question let the ticket in")
	}
	d.later(4 * time.Second)
	d.must(d.Upload("#picture", d.picture(41)))
	d.shows("amber", "triangle", "MUST PAY")
	d.must(d.Click("#answer"))
	d.shows("green", "tick", "ADMIT")
	d.until(idle)
	again, err := gatedoor.Judge(t.Context(), d.gate.Turnstile, d.gate.Desk, d.gate.Desk.Who(""), gatedoor.Scan{
		Text: d.code(41), Direction: admission.In, Look: true, Confirmed: []admission.Reason{admission.Unpaid},
	}, gatedoor.English())
	d.must(err)
	if first := again.Details.First; first == nil || first.How != "picture" {
		t.Errorf("%s, the first entry is %+v, want one by picture", again.Reason, first)
	}
}

func (d *door) text(id string) string {
	d.t.Helper()
	return eval[string](d, fmt.Sprintf(`document.getElementById(%q).textContent`, id))
}

// What is only asked looks like no admission: not by colour, shape, word or sound.
func TestAskIsNoAdmission(t *testing.T) {
	t.Parallel()
	d := open(t, setup{event: func(e *journal.Event) {
		inquisitive(e)
		e.Gates[0].TakesUnpaid = true
	}, say: unpaid(t, 41)})
	for _, n := range []int{1, 41} {
		d.scan(d.code(n))
		d.until(`document.getElementById("verdict").dataset.result === "ask"`)
		everything := strings.ToUpper(eval[string](d, `document.querySelector("main").innerText`))
		for _, word := range []string{"ADMIT", "RE-ENTRY", "WELCOME"} {
			if slices.Contains(strings.Fields(everything), word) {
				t.Errorf("of ticket %d the page says %s while it asks:\n%s", n, word, everything)
			}
		}
		if got := eval[string](d, `document.querySelector("#shape use").getAttribute("href")`); got != "#shape-triangle" {
			t.Errorf("the shape is %s", got)
		}
		d.tap()
		d.idle()
	}
}

// Undo asks once, and says what it would take back.
func TestUndoNamesWhat(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	d.idle()
	d.visit(d.url()) // over a reload too
	d.must(d.Click("#undo"))
	d.shows("amber", "triangle", "UNDO?")
	if got := d.text("why"); !strings.Contains(got, short(1)) || !strings.Contains(got, "Day") {
		t.Errorf("it asks %q, want the ticket's code and kind", got)
	}
	d.must(d.Click("#leave"))
	d.idle()
	if !d.entered(1) {
		t.Fatal("leaving it took the admission back")
	}
	d.must(d.Click("#undo"))
	d.must(d.Click("#answer"))
	d.shows("amber", "triangle", "UNDONE")
	if d.entered(1) {
		t.Error("the admission was not taken back")
	}
}

// Why an admission is not taken back is said, in the agent's words.
func TestUndoTooLate(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	d.idle()
	d.later(16 * time.Minute)
	d.press("u")
	d.shows("amber", "triangle", "UNDO?")
	d.press("u")
	d.shows("hatch", "hatch", "CAN'T UNDO")
	if got := d.text("why"); !strings.Contains(got, "15 min") {
		t.Errorf("it says %q", got)
	}
}
