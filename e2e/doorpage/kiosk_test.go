package doorpage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/journal"
)

// What a visitor sees of a kiosk: whether they may pass, and nothing of anybody's.
func TestKiosk(t *testing.T) {
	t.Parallel()
	d := open(t, setup{role: grant.RoleKiosk, timers: true, say: guestList(t), event: func(e *journal.Event) {
		e.Products[0].Text = "Backstage, ask for the manager"
	}})
	d.until(`document.body.dataset.kiosk === "yes"`)
	seen := func() string {
		return eval[string](d, `document.body.innerText + document.getElementById("announced").textContent`)
	}

	for _, id := range []string{"who", "undo", "find", "typed", "unsent", "lane", "count"} {
		if !d.hidden(id) {
			t.Errorf("#%s is in sight of visitors", id)
		}
	}
	for _, key := range []string{"u", "/", "?", "o"} {
		d.press(key)
	}
	if eval[bool](d, `Boolean(document.querySelector("dialog[open]")) || document.body.dataset.direction !== "in"`) {
		t.Error("a key opened something or turned the lane")
	}

	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	if got := seen(); !strings.Contains(got, "Welcome") || strings.Contains(got, "Day") || strings.Contains(got, "Backstage") {
		t.Errorf("a visitor who may pass sees\n%s", got)
	}
	d.pass(time.Second)
	d.idle()

	d.later(4 * time.Second)
	d.scan(d.code(1))
	d.shows("red", "cross", "ALREADY IN")
	if got := seen(); !strings.Contains(got, "ask our staff") || strings.Contains(got, "Came in") || strings.Contains(got, "handheld") || strings.Contains(got, "north,") {
		t.Errorf("a visitor who may not pass sees\n%s", got)
	}
	d.pass(7 * time.Second)
	d.shows("red", "cross", "ALREADY IN")
	d.pass(2 * time.Second)
	d.idle() // nobody is there to take it away

	d.visit(d.url()) // and after a reload, before the agent has said anything
	if got := eval[string](d, `document.body.dataset.kiosk`); got != "yes" {
		t.Errorf("after a reload the page is a kiosk's: %s", got)
	}
}

// What is asked at a door is not asked at a kiosk, and offered to nobody.
func TestKioskAsksNothing(t *testing.T) {
	t.Parallel()
	d := open(t, setup{role: grant.RoleKiosk, say: unpaid(t, 41), event: func(e *journal.Event) {
		inquisitive(e)
		e.Gates[0].TakesUnpaid = true
	}})
	d.until(`document.body.dataset.kiosk === "yes"`)
	d.scan(d.code(41))
	d.until(`document.getElementById("word").textContent === "MUST PAY"`)
	if got := fmt.Sprint(d.hidden("ask"), d.text("more")); got != "true" {
		t.Errorf("ask hidden, more: %s", got)
	}
	d.tap()
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
}

// A visitor whom a crash let in unseen is welcome all the same.
func TestUnseenGreenAtAKiosk(t *testing.T) {
	t.Parallel()
	d := open(t, setup{role: grant.RoleKiosk, timers: true})
	d.until(`document.body.dataset.kiosk === "yes"`)
	d.gate.Turnstile.Scan(t.Context(), turnstile.Attempt{Text: d.code(1), Direction: admission.In, Lane: "cut short"})
	d.stop()
	d.start()
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	if got := d.text("why"); !strings.Contains(got, "Welcome") {
		t.Errorf("beside ADMIT it says %q", got)
	}
}
