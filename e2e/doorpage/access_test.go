package doorpage

import (
	"slices"
	"strings"
	"testing"
	"time"

	"usher/e2e/browser"
	"usher/sync/admission"
)

// axe-core holds nothing against any view of the door page.
func TestDoorHasNoFlaws(t *testing.T) {
	t.Parallel()
	d := open(t, ofKinds())
	check := func(what string) {
		t.Helper()
		for _, theme := range []string{"bright", "night"} {
			d.do(`document.body.dataset.theme = "` + theme + `"`)
			d.until(`document.getAnimations().length === 0`)
			if theme == "night" { // which changes colours alone
				d.flawless(what+" by night", browser.Contrasts...)
			} else {
				d.flawless(what)
			}
		}
	}
	check("ready")
	for _, k := range kinds {
		k.show(d)
		check(k.word)
		d.tap()
	}
	d.eachPanel(func(id string) { check("the panel " + id) })
}

// flawless reports what axe-core holds against the page by these of its rules, or by
// all.
func (d *door) flawless(what string, rules ...string) {
	d.t.Helper()
	d.do(`globalThis.timersRun?.(true)`) // axe has some of its own
	flaws, err := d.Flaws(rules...)
	d.do(`globalThis.timersRun?.(false)`)
	d.must(err)
	for _, f := range flaws {
		d.t.Errorf("%s: %s", what, f)
	}
}

// The whole job is done by keys alone: reach every control, check a ticket by hand,
// refuse one, turn the lane, take an admission back, get help.
func TestByKeysAlone(t *testing.T) {
	t.Parallel()
	d := open(t, ofKinds())
	var order []string
	for range 30 {
		d.must(d.Keys("\t"))
		at := eval[string](d, `(b => b === document.body ? "" : b.id || b.dataset.way || b.dataset.open || b.textContent.trim())(document.activeElement)`)
		if at == "" || slices.Contains(order, at) {
			break
		}
		order = append(order, at)
		if !eval[bool](d, `(b => { const s = getComputedStyle(b.matches("[type=file]") ? b.closest("label") : b); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2; })(document.activeElement)`) {
			t.Errorf("nobody sees that %s has the focus", at)
		}
	}
	want := eval[[]string](d, `[...document.querySelectorAll("button, input, select, textarea, a[href]")].filter((b) => !b.disabled && b.checkVisibility() && !b.closest("dialog"))
		.map((b) => b.id || b.dataset.way || b.dataset.open || b.textContent.trim())`)
	if !slices.Equal(order, want) {
		t.Errorf("Tab goes to %v, want %v", order, want)
	}

	d.focus("code")
	d.must(d.Keys(short(1) + "\r"))
	d.shows("green", "tick", "ADMIT")
	d.pass(time.Second)
	d.idle()
	d.focus("code")
	d.must(d.Keys(short(1) + "\r"))
	d.later(sighting)
	d.do(`document.activeElement.blur()`)
	d.press("o")
	d.until(`document.body.dataset.direction === "out"`)
	d.focus("code")
	d.must(d.Keys(short(1) + "\r"))
	d.shows("blue", "arrow", "EXIT")
	d.do(`document.activeElement.blur()`)
	d.press("i")
	d.scan(d.code(2))
	d.shows("green", "tick", "ADMIT")
	d.press("u")
	d.press("u")
	d.shows("amber", "triangle", "UNDONE")
	if got := d.look(d.code(2)).Reason; got != admission.Entry {
		t.Errorf("after the undo the ticket is %s", got)
	}
	d.press("x")
	d.idle()
	d.press("?")
	d.until(`document.getElementById("keys").open`)
	d.must(d.Keys("\x1b"))
	d.until(`!document.getElementById("keys").open`)
	d.press("v")
	d.until(`document.body.dataset.direction === "verify"`)
}

// focus goes to a control by Tab.
func (d *door) focus(id string) {
	d.t.Helper()
	for range 30 {
		if eval[bool](d, `document.activeElement.id === "`+id+`"`) {
			return
		}
		d.must(d.Keys("\t"))
	}
	d.t.Fatalf("Tab does not reach %s", id)
}

// said is what a screen reader is given to say: each text of a live region, as it
// stands when the page has done what it was at.
const said = `
	globalThis.said = [];
	addEventListener("DOMContentLoaded", () => {
		for (const region of document.querySelectorAll("[aria-live=assertive], [role=alert]"))
			new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
	});`

// A screen reader says each verdict once, in whole, and nothing else.
func TestAnnouncedOnce(t *testing.T) {
	t.Parallel()
	s := ofKinds()
	s.before += said
	d := open(t, s)
	for _, k := range kinds {
		if k.shape == "loop" {
			continue // comes after two others
		}
		for range 2 {
			d.do(`said.length = 0`)
			k.show(d)
			d.pass(500 * time.Millisecond)
			shown := eval[[]string](d, `["word", "why", "what"].map((id) => document.getElementById(id).textContent)`)
			d.tap()
			got := slices.DeleteFunc(eval[[]string](d, `said`), func(text string) bool { return text == "" })
			if len(got) != 1 {
				t.Errorf("%s: a screen reader says %q, want one text", k.word, got)
				continue
			}
			for _, part := range shown {
				if !strings.Contains(got[0], part) {
					t.Errorf("%s: a screen reader does not say %q: %q", k.word, part, got[0])
				}
			}
		}
	}
}
