package doorpage

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A green goes by itself after the time that was set, and the setting outlives a
// reload.
func TestGreenTime(t *testing.T) {
	t.Parallel()
	d := open(t, setup{timers: true})
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	d.pass(900 * time.Millisecond)
	d.shows("green", "tick", "ADMIT")
	d.pass(100 * time.Millisecond)
	d.idle()

	d.do(`const g = document.getElementById("green"); g.value = "2.5"; g.dispatchEvent(new Event("input"))`)
	d.visit(d.url())
	d.scan(d.code(2))
	d.shows("green", "tick", "ADMIT")
	d.pass(2400 * time.Millisecond)
	d.shows("green", "tick", "ADMIT")
	d.pass(100 * time.Millisecond)
	d.idle()

	d.do(`localStorage.settings = JSON.stringify({ green: 60, sound: "loud", other: 1 })`) // what no page of ours writes
	d.visit(d.url())
	if got := eval[string](d, `document.getElementById("green").value + document.getElementById("sound").checked`); got != "3true" {
		t.Errorf("settings out of bounds are taken as %s", got)
	}
}

// A reader that reads a code twice cuts no green short; another code does at once.
func TestGreenUntilTheNextCode(t *testing.T) {
	t.Parallel()
	d := open(t, setup{timers: true})
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	d.do(`window.gone = false; new MutationObserver(() => { window.gone ||= document.getElementById("verdict").classList.contains("idle"); })
		.observe(document.getElementById("verdict"), { attributes: true })`)
	d.scan(d.code(1)) // the same sighting
	eval[string](d, `fetch("/api/status").then(() => "")`)
	d.shows("green", "tick", "ADMIT")
	if eval[bool](d, `window.gone`) {
		t.Error("the same code took its own green away")
	}
	d.void(2)
	d.scan(d.code(2)) // with no time passed at all
	d.shows("red", "cross", "VOID")
	d.scan(d.code(3)) // which waits for two seconds
	d.pass(1900 * time.Millisecond)
	d.shows("red", "cross", "VOID")
	d.pass(100 * time.Millisecond)
	d.shows("green", "tick", "ADMIT")
}

// Codes come with what readers put around them, and a reader that is set up wrongly
// is named.
func TestReaderSettings(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	d.verify()
	good := d.code(1)
	for _, before := range []string{"]Q1", "]Q3", "]Q4\\000026", "\\000026", "$", "0012"} {
		d.scan(before + good)
		d.shows("green", "tick", "ADMIT")
		d.tap()
		d.idle()
	}
	for keys, why := range map[string]string{
		strings.ToLower(good):                 "lower case",
		strings.Replace(good, ":", ";", 1):    "keyboard",
		strings.Replace(good, ":", "Ö", 1):    "keyboard",
		"https://example.org/t?c=" + good[8:]: "web address",
	} {
		d.scan(keys)
		d.shows("red", "cross", "NOT A TICKET")
		if got := d.text("why"); !strings.Contains(got, why) {
			t.Errorf("of %.8s… it says %q, want a word of %s", keys, got, why)
		}
		d.tap()
		d.idle()
	}
}

// What is pasted is a code wherever nothing else is to be written.
func TestPaste(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	paste := func(where, text string) {
		d.do(fmt.Sprintf(`const data = new DataTransfer(); data.setData("text/plain", %q);
			%s.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }))`, text, where))
	}
	paste(`document.body`, "  "+d.code(1)+"\n")
	d.shows("green", "tick", "ADMIT")
	d.idle()
	paste(`document.getElementById("lane-name")`, d.code(2))
	d.shows("green", "tick", "ADMIT")
	if got := eval[string](d, `document.getElementById("lane-name").value`); strings.Contains(got, "UT1") {
		t.Errorf("the lane is called %q", got)
	}
	d.idle()
	paste(`document.getElementById("lane-name")`, "left")
	paste(`document.body`, "some words")
	d.shows("red", "cross", "NOT A TICKET")
}

// Lane, direction and count are the tab's, over a reload too; the name of the lane
// goes with every scan.
func TestLaneIsKept(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	d.do(`const n = document.getElementById("lane-name"); n.value = " left "; n.dispatchEvent(new Event("change"))`)
	d.do(`const n = document.getElementById("lane-name"); n.value = "ä".repeat(17); n.dispatchEvent(new Event("change"))`) // 34 bytes
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	d.press("o")
	d.until(`document.body.dataset.direction === "out"`)
	d.visit(d.url())
	if got := d.text("lane") + " " + d.text("count") + " " + eval[string](d, `document.querySelector("[aria-pressed=true]").dataset.way`); got != "lane left 1 out" {
		t.Errorf("after a reload the lane is %q", got)
	}
}

// heard counts what the page would have sounded and shaken.
const heard = `
	globalThis.notes = 0; globalThis.shakes = 0;
	globalThis.AudioContext = class {
		state = "running"; currentTime = 0; destination = {};
		resume() {}
		createOscillator() { notes++; return { frequency: {}, connect: (to) => to, start() {}, stop() {} }; }
		createGain() { return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (to) => to }; }
	};
	Object.defineProperty(navigator, "vibrate", { value: () => { shakes++; return true; } });`

// Sound and vibration go with a verdict, and each can be switched off.
func TestSoundAndVibration(t *testing.T) {
	t.Parallel()
	d := open(t, setup{before: heard})
	d.tap() // a browser gives sound to a page that somebody touched
	count := func() string {
		return eval[string](d, `(s => { notes = shakes = 0; return s; })(notes + " " + shakes)`)
	}
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	if got := count(); got != "1 1" {
		t.Errorf("a green sounds and shakes %s times", got)
	}
	d.idle()
	d.void(2)
	d.do(`document.getElementById("sound").click()`)
	d.scan(d.code(2))
	d.shows("red", "cross", "VOID")
	if got := count(); got != "0 1" {
		t.Errorf("without sound a red sounds and shakes %s times", got)
	}
	d.tap()
	d.do(`document.getElementById("sound").click(); document.getElementById("vibration").click()`)
	d.scan(forged(d.code(3)))
	d.shows("red", "cross", "FORGED")
	if got := count(); got != "2 0" {
		t.Errorf("without vibration a red sounds and shakes %s times", got)
	}
	d.tap()
	d.visit(d.url())
	if got := eval[string](d, `document.getElementById("sound").checked + " " + document.getElementById("vibration").checked`); got != "true false" {
		t.Errorf("after a reload the switches are %s", got)
	}
}

// By night the page follows the system, unless somebody chose.
func TestTheme(t *testing.T) {
	t.Parallel()
	d := open(t, setup{before: `const real = matchMedia.bind(globalThis);
		globalThis.matchMedia = (query) => query.includes("dark") ? { matches: localStorage.dark === "yes", addEventListener() {} } : real(query);`})
	theme := func() string { return eval[string](d, `document.body.dataset.theme`) }
	if got := theme(); got != "bright" {
		t.Errorf("by day the theme is %s", got)
	}
	d.do(`localStorage.dark = "yes"`)
	d.visit(d.url())
	if got := theme(); got != "night" {
		t.Errorf("by night the theme is %s", got)
	}
	d.do(`document.querySelector("[name=theme][value=bright]").click()`)
	d.visit(d.url())
	if got := theme(); got != "bright" {
		t.Errorf("chosen, the theme is %s", got)
	}
}

// What was only looked at fills no screen with a colour that lets somebody pass.
func TestVerifyLooksDifferent(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	ground := `getComputedStyle(document.getElementById("verdict")).backgroundColor`
	d.verify()
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	looked := eval[string](d, ground)
	if got := d.text("mode"); !strings.HasPrefix(got, "VERIFY") {
		t.Errorf("the page says %q while it only looks", got)
	}
	d.press("i")
	d.until(`document.body.dataset.direction === "in" && document.getElementById("mode").textContent === ""`)
	d.scan(d.code(1))
	d.until(fmt.Sprintf(`document.getElementById("verdict").classList.contains("tone-green") && %s !== %q`, ground, looked))
}

// On a small phone held upright or lying, every control is on the screen, and what
// the thumb needs is in the lower half.
func TestFitsSmallScreens(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{360, 640}, {320, 568}, {640, 360}} {
		d := open(t, setup{width: size[0], height: size[1]})
		lost := eval[string](d, `[...document.querySelectorAll("button, input, .file")].filter((b) => b.checkVisibility() && !b.closest("dialog") && b.type !== "file").filter((b) => {
			const r = b.getBoundingClientRect();
			return r.left < 0 || r.top < 0 || r.right > innerWidth + 1 || r.bottom > innerHeight + 1 || r.height < 32;
		}).map((b) => b.id || b.textContent).join(", ")`)
		if lost != "" {
			t.Errorf("at %d × %d these are off the screen or too small: %s", size[0], size[1], lost)
		}
		if size[0] < size[1] && !eval[bool](d, `[...document.querySelectorAll(".controls button")].filter((b) => b.checkVisibility()).every((b) => b.getBoundingClientRect().top > innerHeight / 2)`) {
			t.Errorf("at %d × %d a control is out of the thumb's reach", size[0], size[1])
		}
	}
}
