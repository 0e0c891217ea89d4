package doorpage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate/gatetest"
	"usher/gate/turnstile"
)

// phone is a guest's phone that shows a ticket live.
type phone struct {
	*door
	gatetest.Phone
}

func (d *door) phone(n int) phone {
	d.t.Helper()
	return phone{d, gatetest.NewPhone(d.t, d.Issuer, d.Event.Code, ticketID(n))}
}

// shows is the phone's code now, with a number if one was typed.
func (p phone) shows(number string) string {
	p.t.Helper()
	return p.Code(p.t, p.now(), number)
}

// number is the number on the screen.
func (d *door) number() string {
	d.t.Helper()
	d.until(asks)
	return strings.ReplaceAll(d.text("digits"), "\u00a0", "")
}

// asks is true while the page shows a number.
const asks = `document.getElementById("number").open && document.getElementById("digits").checkVisibility() && /^\d{3}\u00a0\d{3}$/.test(document.getElementById("digits").textContent)`

// lane has the gate say what the page's lane asks for.
func (d *door) lane() turnstile.Number {
	return d.gate.Turnstile.NumberAt(eval[string](d, `sessionStorage.lane`))
}

// Two people claim one ticket. By keys alone a number is asked for; who shows a code
// from before is told that it doesn't answer, the holder that their phone does, and
// nobody is let in or counted by either.
func TestTwoPeopleWithOneTicket(t *testing.T) {
	t.Parallel()
	d := open(t, setup{timers: true})
	p := d.phone(1)
	d.scan(p.shows(""))
	d.shows("green", "tick", "ADMIT")
	d.pass(3 * time.Second)
	d.later(sighting)
	relayed := p.shows("")
	d.scan(relayed)
	d.shows("red", "cross", "ALREADY IN")

	d.press("n")
	first := d.number()
	if got := eval[string](d, `document.activeElement.id + " " + document.activeElement.ariaLabel`); got != "digits "+strings.Join(strings.Split(first, ""), " ") {
		t.Errorf("a screen reader is at %q", got)
	}
	d.scan("https://example.org/menu") // no ticket answers nothing
	d.shows("red", "cross", "NOT A TICKET")
	d.tap()
	if again := d.number(); again != first {
		t.Errorf("the number was %s, now it is %s", first, again)
	}
	d.later(sighting)
	counted := d.text("count")
	d.scan(relayed)
	d.shows("red", "cross", "STALE CODE")
	d.answers("doesn't answer the number")
	d.tap()
	d.idle()

	d.press("n")
	second := d.number()
	d.scan(p.shows(second))
	d.shows("red", "cross", "ALREADY IN")
	d.answers("This phone answered the number: it holds the ticket.")
	if said := d.text("announced"); !strings.HasPrefix(said, "ALREADY IN. This phone answered the number") {
		t.Errorf("a voice says %q", said)
	}
	d.tap()
	d.idle()

	d.press("n")
	d.scan(d.phone(2).shows(d.number()))
	d.shows("amber", "triangle", "ANSWERED")
	d.answers("scan the code again")
	d.pass(5 * time.Second)
	d.shows("amber", "triangle", "ANSWERED") // it waits for a person
	if got := d.text("count"); got != counted {
		t.Errorf("answers are counted: %s, before %s", got, counted)
	}
	d.tap()
	d.scan(d.phone(2).shows(""))
	d.shows("green", "tick", "ADMIT")
}

// answers wants the verdict in sight to be one that was only looked at, and to say
// something.
func (d *door) answers(text string) {
	d.t.Helper()
	if got := eval[string](d, `document.getElementById("verdict").innerText`); !strings.Contains(got, text) && !strings.Contains(strings.ToLower(got), text) {
		d.t.Errorf("the verdict lacks %q: %s", text, got)
	}
	if !eval[bool](d, `document.getElementById("verdict").classList.contains("look")`) {
		d.t.Error("nobody sees that it was only looked at")
	}
}

// The button stands below a refusal of a live code and of no other, and in the menu.
// The number is there until it is taken back or over; after a reload too.
func TestTheNumberOnTheScreen(t *testing.T) {
	t.Parallel()
	d := open(t, setup{timers: true})
	p := d.phone(1)
	d.scan(p.shows(""))
	d.shows("green", "tick", "ADMIT")
	d.later(sighting)
	d.scan(d.code(1))
	d.shows("red", "cross", "ALREADY IN")
	if eval[bool](d, `document.getElementById("ask-number").checkVisibility()`) {
		t.Error("a static code could be asked for a number")
	}
	d.tap()
	d.scan(p.shows(""))
	d.shows("red", "cross", "ALREADY IN")
	d.do(`document.getElementById("ask-number").click()`)
	number := d.number()
	if got := d.lane(); got.Digits != number {
		t.Errorf("the gate waits for %+v", got)
	}
	for _, size := range [][2]int{{360, 640}, {640, 360}, {1280, 800}} {
		d.must(d.Size(size[0], size[1]))
		d.until(fmt.Sprintf(`innerWidth === %d && innerHeight === %d`, size[0], size[1]))
		if bad := eval[string](d, cutOff); bad != "" {
			t.Errorf("at %d × %d: %s", size[0], size[1], bad)
		}
		if high := eval[float64](d, `parseFloat(getComputedStyle(document.getElementById("digits")).fontSize)`); high < 60 {
			t.Errorf("at %d × %d the digits are %.0f pixels high", size[0], size[1], high)
		}
	}
	for _, theme := range []string{"bright", "night"} {
		d.do(`document.body.dataset.theme = "` + theme + `"`)
		d.flawless("the number, " + theme)
	}
	d.visit(d.url())
	if again := d.number(); again != number {
		t.Errorf("after a reload the number is %s, before %s", again, number)
	}
	d.do(`document.getElementById("number-back").click()`)
	d.until(`!document.getElementById("number").open`)
	d.await("", "taken back")

	d.do(`document.querySelector("[data-open=menu]").click(); document.getElementById("open-number").click()`)
	d.number()
	d.must(d.Keys("\x1b"))
	d.until(`!document.getElementById("number").open`)
	d.await("", "ended by Escape")

	d.press("n")
	d.number()
	d.pass(turnstile.NumberFor)
	d.until(`document.getElementById("number-says").textContent.startsWith("Nobody answered") && !document.getElementById("digits").checkVisibility()`)
	d.later(turnstile.NumberFor)
	d.must(d.Keys("\r"))
	d.until(`!document.getElementById("number").open`)
	d.await("", "over")
}

// Who stands between the two can call a supervisor, who goes on with the very ticket that
// answered, and lets it in with a reason as always.
func TestASupervisorAfterANumber(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: people(t), timers: true})
	p := d.phone(1)
	d.scan(p.shows(""))
	d.shows("green", "tick", "ADMIT")
	d.later(sighting)
	d.scan(p.shows(""))
	d.shows("red", "cross", "ALREADY IN")
	d.until(`document.getElementById("ask-number").checkVisibility()`)
	if bad := eval[string](d, cutOff); bad != "" {
		t.Errorf("a refusal that can be asked about: %s", bad)
	}
	d.flawless("a refusal that can be asked about")
	d.must(d.Click("#ask-number"))
	d.scan(p.shows(d.number()))
	d.pass(stand)
	d.shows("red", "cross", "ALREADY IN")
	d.answers("it holds the ticket")
	d.flawless("what answered")
	if got := d.text("answer"); got != "Supervisor: sign in …" {
		t.Errorf("beside the answer it offers %q", got)
	}
	d.scan(grant.RoleCardText(supervisorCard))
	d.pass(stand)
	d.until(`document.getElementById("answer").textContent === "Let in by override"`)
	d.must(d.Click("#asked button:nth-child(2)"))
	d.must(d.Click("#answer"))
	d.shows("green", "tick", "ADMIT")
	if visit := d.gate.State.Visit(ticketID(1), 0, d.now().UnixMilli()); visit.Inside != 2 {
		t.Errorf("let in by override: %+v", visit)
	}
}

// await waits until the gate waits for these digits at the page's lane.
func (d *door) await(digits, when string) {
	d.t.Helper()
	end := time.Now().Add(patience)
	for got := d.lane().Digits; got != digits; got = d.lane().Digits {
		if time.Now().After(end) {
			d.t.Errorf("%s, the gate waits for %q", when, got)
			return
		}
	}
}

// A kiosk has no button and no key for it.
func TestNoNumberAtAKiosk(t *testing.T) {
	t.Parallel()
	d := open(t, setup{role: grant.RoleKiosk, timers: true})
	d.until(`document.body.dataset.kiosk === "yes"`)
	d.press("n")
	if d.gate.Turnstile.NumberAt(eval[string](d, `sessionStorage.lane`)).Digits != "" || eval[bool](d, `document.getElementById("number").open`) {
		t.Error("a kiosk asks for a number")
	}
}
