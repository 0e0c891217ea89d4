package doorpage

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// stand is how long a verdict that calls for a person stands against the next code.
const stand = 2 * time.Second

// What calls for a person stays: for two seconds against the next code too, and then
// until somebody taps or presses a key, or a code comes.
func TestWhatCallsForAPersonStays(t *testing.T) {
	t.Parallel()
	for _, k := range []kind{ask, void, cannot} {
		t.Run(k.word, func(t *testing.T) {
			t.Parallel()
			d := open(t, ofKinds())
			k.show(d)
			asked := eval[int](d, `asked`)
			d.scan(d.next())
			d.pass(stand - 100*time.Millisecond)
			eval[string](d, `fetch("/api/status").then((r) => r.text())`) // time enough for a scan to be asked
			if n := eval[int](d, `asked`); n != asked {
				t.Errorf("the next code was judged before %v had passed", stand)
			}
			d.shows(k.tone, k.shape, k.word)
			d.pass(100 * time.Millisecond)
			d.shows("green", "tick", "ADMIT")
			d.tap()

			k.show(d)
			d.pass(10 * time.Minute)
			d.shows(k.tone, k.shape, k.word)
			d.scan(d.next())
			d.shows("green", "tick", "ADMIT") // at once: it could be read
		})
	}
}

// A tap anywhere and any key dismiss what stays.
func TestDismissed(t *testing.T) {
	t.Parallel()
	d := open(t, ofKinds())
	d.typed("no ticket") // not by a scanner, whose second Enter is none of a person's
	d.shows("red", "cross", "NOT A TICKET")
	d.press("\r")
	if !eval[bool](d, idle) {
		t.Error("Enter dismisses nothing")
	}
	for _, at := range []string{"#gate", "#verdict", "#word", "#shape", "#code", "#count", "#clock", "#typed label"} {
		void.show(d)
		place := eval[struct{ X, Y float64 }](d, fmt.Sprintf(
			`(r => ({ X: r.x + r.width / 2, Y: r.y + r.height / 2 }))(document.querySelector(%q).getBoundingClientRect())`, at))
		d.must(d.Tap(place.X, place.Y))
		if !eval[bool](d, idle) {
			t.Errorf("a tap on %s dismisses nothing", at)
			d.tap()
		}
	}
	d.do(`document.activeElement.blur()`)
	for _, key := range []string{" ", "x", "7", "\x1b", "\u0301" /* arrow down */, "t"} {
		void.show(d)
		d.press(key)
		if !eval[bool](d, idle) {
			t.Errorf("the key %q dismisses nothing", key)
			d.tap()
		}
	}
}

// A green goes by itself, or at once when the next code is seen. It never needs a
// tap.
func TestGreenGoesByItself(t *testing.T) {
	t.Parallel()
	d := open(t, ofKinds())
	for _, k := range []kind{admit, exit, again} {
		k.show(d)
		d.pass(500 * time.Millisecond)
		d.shows(k.tone, k.shape, k.word)
		d.pass(500 * time.Millisecond)
		if !eval[bool](d, idle) {
			t.Errorf("%s does not go by itself", k.word)
			d.tap()
		}

		k.show(d)
		void.show(d) // with no time passed
		d.tap()
	}
	for range 4 {
		admit.show(d)
	}
	if n := eval[int](d, `Number(document.getElementById("count").textContent)`); n < 4 {
		t.Errorf("of four greens in a row, %d were counted", n)
	}
}

// recorder writes down what the page has a device play and how it has it shake.
const recorder = `
	globalThis.notes = [];
	globalThis.shakes = [];
	Object.defineProperty(navigator, "vibrate", { value: (rhythm) => shakes.push(rhythm) });
	globalThis.AudioContext = class extends AudioContext { constructor() { super(); globalThis.audio = this; } };
	const start = OscillatorNode.prototype.start;
	OscillatorNode.prototype.start = function (...when) {
		notes.push(this.type + Math.round(this.frequency.value));
		return start.apply(this, when);
	};`

// signs is how each sense is told of a verdict.
type signs struct{ Colour, Night, Shape, Word, Notes, Shakes string }

// Colour, shape, word, sound and vibration are each enough alone to tell the tones,
// and all but colour to tell what goes by the same one.
func TestEachSenseIsEnough(t *testing.T) {
	t.Parallel()
	s := ofKinds()
	s.before += recorder
	s.keeps = true
	d := open(t, s)
	d.tap() // a browser gives sound to a page that was touched
	d.until(`window.audio?.state === "running"`)
	all := make([]signs, len(kinds))
	for i, k := range kinds {
		d.do(`document.body.dataset.theme = "bright"`)
		if k.shape == "loop" { // comes after two others
			admit.comes(d, d.code(30), "in")
			d.tap()
			exit.comes(d, d.code(30), "out")
			d.tap()
			d.do(`notes.length = shakes.length = 0`)
			k.comes(d, d.code(30), "in")
		} else {
			d.do(`notes.length = shakes.length = 0`)
			k.show(d)
		}
		all[i] = d.signs()
		d.tap()
	}
	for i, a := range all {
		for j, b := range all[:i] {
			same := kinds[i].tone == kinds[j].tone
			for _, sense := range []struct {
				name   string
				a, b   string
				shares bool
			}{
				{"colour by day", a.Colour, b.Colour, same}, {"colour by night", a.Night, b.Night, same},
				{"sound", a.Notes, b.Notes, false}, {"vibration", a.Shakes, b.Shakes, false},
				{"shape", a.Shape, b.Shape, false}, {"word", a.Word, b.Word, false},
			} {
				if sense.a == "" || sense.b == "" {
					t.Errorf("%s and %s: there is no %s", kinds[i].word, kinds[j].word, sense.name)
				}
				if (sense.a == sense.b) != sense.shares {
					t.Errorf("%s and %s: the %s is %q and %q", kinds[i].word, kinds[j].word, sense.name, sense.a, sense.b)
				}
			}
		}
	}
}

// signs reads what the page shows and does by now.
func (d *door) signs() signs {
	d.t.Helper()
	const ground = `(() => { const b = document.getElementById("verdict"), s = getComputedStyle(b); return s.backgroundColor + " " + s.backgroundImage; })()`
	settled := func(theme string) string {
		d.do(`document.body.dataset.theme = "` + theme + `"`)
		d.until(`document.getElementById("verdict").getAnimations().length === 0`)
		return eval[string](d, ground)
	}
	got := signs{Colour: settled("bright"), Night: settled("night")}
	got.Shape = eval[string](d, `document.querySelector("#shape use").getAttribute("href")`)
	got.Word = eval[string](d, `document.getElementById("word").textContent`)
	got.Notes = eval[string](d, `notes.join()`)
	got.Shakes = eval[string](d, `JSON.stringify(shakes)`)
	if got.Shakes == "[]" {
		got.Shakes = ""
	}
	return got
}

// Contrast is 7 : 1 or more for every text in sight, by day and by night.
func TestContrast(t *testing.T) {
	t.Parallel()
	d := open(t, ofKinds())
	check := func(what string) {
		t.Helper()
		for _, theme := range []string{"bright", "night"} {
			d.do(`document.body.dataset.theme = "` + theme + `"`)
			d.until(`document.getAnimations().length === 0`)
			seen := eval[[]inked](d, contrasts)
			if len(seen) < 8 {
				t.Fatalf("%s: only %d texts are in sight", what, len(seen))
			}
			for _, text := range seen {
				if text.Ratio < 7 {
					t.Errorf("%s by %s: %q in %s has a contrast of %.2f : 1, want 7 : 1", what, theme, text.Text, text.Box, text.Ratio)
				}
			}
		}
	}
	check("ready")
	for _, k := range kinds {
		k.show(d)
		check(k.word)
		if !slices.ContainsFunc(eval[[]inked](d, contrasts), func(i inked) bool { return i.Box == "P#word" }) {
			t.Errorf("%s: the word was not looked at", k.word)
		}
		d.tap()
	}
}

// inked is a text in sight and how it stands out.
type inked struct {
	Text, Box string
	Ratio     float64
}

// contrasts computes the ratio of WCAG 2.2 (section 1.4.6) between ink and ground of
// every text in sight. Of what is disabled WCAG asks nothing.
const contrasts = `(() => {
	const rgba = (css) => { const [r, g, b, a = 1] = css.match(/[\d.]+/g).map(Number); return [r, g, b, a]; };
	const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
	const ground = (box) => {
		if (!box) return [255, 255, 255, 1];
		const s = getComputedStyle(box), own = rgba(s.backgroundColor);
		if (own[3] === 1) return own;
		if (s.backgroundImage !== "none") return null; // a pattern: nothing is sure to stand out
		const under = ground(box.parentElement);
		return under && over(own, under);
	};
	const seen = [];
	for (const box of document.querySelectorAll("body *")) {
		const text = [...box.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join(" ").trim();
		if (!text || box.matches(":disabled") || box.closest("svg") || !box.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
		const behind = ground(box);
		const [a, b] = behind ? [light(over(rgba(getComputedStyle(box).color), behind)), light(behind)].sort((x, y) => y - x) : [0, 0];
		seen.push({ Text: text.slice(0, 40), Box: box.tagName + (box.id && "#" + box.id), Ratio: (a + 0.05) / (b + 0.05) });
	}
	return seen;
})()`
