package doorpage

import (
	"slices"
	"strings"
	"testing"

	"usher/crypto/grant"
	"usher/gate/gatetest"
)

// Where the system forces its own colours, no verdict has one: shape, word and a frame
// tell it all the same, and a verdict that was only looked at has a broken frame.
func TestForcedColours(t *testing.T) {
	t.Parallel()
	d := open(t, ofKinds())
	d.must(d.Media(map[string]string{"forced-colors": "active"}))
	d.until(`matchMedia("(forced-colors: active)").matches`)
	type looks struct{ Ground, Image, Frame, FrameColour, Stroke, Shape, Word string }
	see := func() looks {
		d.until(`document.getAnimations().length === 0`)
		return eval[looks](d, `(() => {
			const s = getComputedStyle(document.getElementById("verdict")), shape = document.querySelector("#shape use");
			return { Ground: s.backgroundColor, Image: s.backgroundImage, Frame: s.borderTopStyle + " " + s.borderTopWidth, FrameColour: s.borderTopColor,
				Stroke: getComputedStyle(shape).color, Shape: shape.getAttribute("href"), Word: document.getElementById("word").textContent };
		})()`)
	}
	var grounds, told []string
	for _, k := range kinds {
		k.show(d)
		got := see()
		grounds, told = append(grounds, got.Ground+got.Image), append(told, got.Shape+" "+got.Word)
		if style, width, _ := strings.Cut(got.Frame, " "); style == "none" || style == "dashed" || len(width) < len("10px") {
			t.Errorf("%s: the frame is %s", k.word, got.Frame)
		}
		if got.FrameColour == got.Ground || got.Stroke == got.Ground {
			t.Errorf("%s: on %s the frame is %s and the shape %s", k.word, got.Ground, got.FrameColour, got.Stroke)
		}
		for _, text := range eval[[]inked](d, contrasts) {
			if text.Ratio < 7 {
				t.Errorf("%s: %q in %s has a contrast of %.2f : 1", k.word, text.Text, text.Box, text.Ratio)
			}
		}
		d.tap()
	}
	if slices.Sort(grounds); len(slices.Compact(grounds)) != 1 {
		t.Errorf("the colours are not forced, so nothing was shown: %v", grounds)
	}
	if slices.Sort(told); len(slices.Compact(told)) != len(kinds) {
		t.Errorf("some look the same: %v", told)
	}
	d.verify()
	d.scan(d.next())
	d.shows("green", "tick", "ADMIT")
	if got := see(); !strings.HasPrefix(got.Frame, "dashed") {
		t.Errorf("what was only looked at has the frame %s", got.Frame)
	}
}

// moving names what would move.
const moving = `[...document.querySelectorAll("*")].filter((e) => { const s = getComputedStyle(e); return s.animationName !== "none" || s.transitionDuration.split(", ").some((d) => d !== "0s"); })
	.map((e) => e.id || e.tagName).concat(document.getAnimations().map((a) => "an animation of " + a.effect?.target?.id))`

// Nothing moves for who asked the system that nothing move.
func TestReducedMotion(t *testing.T) {
	t.Parallel()
	d := open(t, ofKinds())
	d.must(d.Media(map[string]string{"prefers-reduced-motion": "no-preference"}))
	if eval[int](d, `(`+moving+`).length`) == 0 {
		t.Fatal("nothing moves anyway, so nothing is shown")
	}
	d.must(d.Media(map[string]string{"prefers-reduced-motion": "reduce"}))
	d.until(`matchMedia("(prefers-reduced-motion: reduce)").matches`)
	check := func(what string) {
		t.Helper()
		if got := eval[[]string](d, moving); len(got) > 0 {
			t.Errorf("%s: %v", what, got)
		}
	}
	check("ready")
	for _, k := range kinds {
		k.show(d)
		check(k.word)
		d.tap()
		check("after " + k.word)
	}
	d.eachPanel(func(id string) { check("the panel " + id) })
}

// closePanel presses the button of the panel that is open.
func (d *door) closePanel() {
	d.t.Helper()
	d.must(d.Click("dialog[open] [data-close]"))
	d.until(`!document.querySelector("dialog[open]")`)
}

// axe-core holds nothing against what fills the panels in an evening, by night.
func TestFilledPanelsHaveNoFlaws(t *testing.T) {
	t.Parallel()
	s := ofKinds()
	s.role = grant.RoleSupervisor
	s.say = func(v *gatetest.Venue) { guestList(t)(v); people(t)(v) }
	d := open(t, s)
	check := func(what, filled string) {
		t.Helper()
		d.until(filled)
		d.do(`document.body.dataset.theme = "night"`)
		d.until(`document.getAnimations().length === 0`)
		d.flawless(what)
	}
	d.until(`!document.getElementById("who").hidden`)
	d.must(d.Click("#who"))
	d.do(`document.getElementById("pin").value = "40817264"; document.getElementById("sign-in-form").requestSubmit()`)
	check("a wrong PIN", `document.getElementById("sign-in-note").textContent.includes("tries")`)
	d.do(`document.querySelector("#sign-in [data-close]").click()`)
	d.scan(grant.RoleCardText(supervisorCard))
	check("signed in", `document.getElementById("word").textContent === "SIGNED IN"`)
	d.tap()

	ask.show(d)
	check("a question", `document.querySelector("#asked fieldset")`)
	d.tap()
	void.show(d)
	d.must(d.Click("#answer"))
	check("an override", `document.querySelector("#asked [name=reason]")`)
	d.must(d.Click("#asked button"))
	d.must(d.Click("#answer"))
	d.shows("green", "tick", "ADMIT")
	d.pass(stand)
	d.idle()
	d.press("u")
	check("an undo", `document.getElementById("word").textContent === "UNDO?" && !document.getElementById("ask").hidden`)
	d.tap()

	d.lookFor("Müller")
	d.pass(stand)
	check("guests", `document.querySelectorAll("#found li").length > 0`)
	d.closePanel()
	d.choose("open-shift")
	check("a shift", `document.querySelectorAll("#shift-report table").length >= 4`)
	d.closePanel()
	d.choose("open-preflight")
	check("checks", `document.querySelectorAll("#checks li").length >= 11`)
}
