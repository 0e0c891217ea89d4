package doorpage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"usher/sync/journal"
)

// languages are those of the door page, with its words for who may pass, who is in
// already and who shows something else.
var languages = map[string]struct{ pass, used, other, ready string }{
	"en": {"ADMIT", "ALREADY IN", "NOT A TICKET", "READY"},
	"de": {"EINLASS", "SCHON DRIN", "KEIN TICKET", "BEREIT"},
	"fr": {"ENTRÉE OK", "DÉJÀ UTILISÉ", "PAS UN BILLET", "PRÊT"},
	"es": {"ADELANTE", "YA USADA", "NO ES UN TICKET", "LISTO"},
}

// untold are the texts on the page that nobody said: a message's key, a place that
// nothing was put in, nothing at all.
const untold = `[...document.querySelectorAll("[data-t], .verdict p, .status span")]
	.filter((e) => /[{}]|\b[a-z]+\.[a-z]+[_.a-z]*$/.test(e.textContent) || e.dataset.t && !e.textContent).map((e) => e.id + e.dataset.t + ": " + e.textContent)`

// The language chosen on the page is what the page and the gate speak from then on,
// over a reload, also while the agent is away.
func TestLanguageChosen(t *testing.T) {
	t.Parallel()
	d := open(t, setup{keeps: true})
	d.until(`navigator.serviceWorker.controller !== null`)
	ticket := 0
	for code, words := range languages {
		ticket++
		d.do(fmt.Sprintf(`const l = document.getElementById("language"); l.value = %q; l.dispatchEvent(new Event("change"))`, code))
		d.until(fmt.Sprintf(`document.documentElement.lang === %q && document.getElementById("word").textContent === %q`, code, words.ready))
		if bad := eval[[]string](d, untold); len(bad) > 0 {
			t.Errorf("%s: %q", code, bad)
		}
		d.scan(d.code(ticket))
		d.shows("green", "tick", words.pass)
		d.idle()
		d.later(4 * time.Second)
		d.scan(d.code(ticket))
		d.shows("red", "cross", words.used)
		d.tap()
		d.scan("https://example.test/menu")
		d.shows("red", "cross", words.other)
		d.tap()
	}
	d.do(`const l = document.getElementById("language"); l.value = "fr"; l.dispatchEvent(new Event("change"))`)
	d.stop()
	d.must(d.Go(d.url()))
	d.until(`document.documentElement.lang === "fr" && document.getElementById("word").textContent === "PRÊT"`)
	d.scan(d.code(9))
	d.shows("hatch", "hatch", "DÉCISION IMPOSSIBLE")
}

// Without a choice on the page it speaks the first of the browser's languages that
// it has, else the event's, else English.
func TestLanguageFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ browser, event, want string }{
		{`["fr-CH", "en"]`, "de", "fr"},
		{`["pl", "es-MX"]`, "de", "es"},
		{`["pl"]`, "de", "de"},
		{`["pl"]`, "pl", "en"},
		{`[]`, "", "en"},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			d := open(t, setup{
				before: fmt.Sprintf(`Object.defineProperty(navigator, "languages", { get: () => %s })`, c.browser),
				event:  func(e *journal.Event) { e.Language = c.event },
			})
			d.until(fmt.Sprintf(`document.documentElement.lang === %q && document.getElementById("word").textContent === %q`, c.want, languages[c.want].ready))
			d.scan(d.code(1))
			d.shows("green", "tick", languages[c.want].pass)
		})
	}
}

// broken are the big words of which a part stands on two lines, or that stick out
// of the verdict, when each is shown as a refusal in a language.
const broken = `(async (code) => {
	const { present, dismiss } = await import("/verdict.js"), { choose } = await import("/words.js");
	const messages = (await (await fetch("/words.json")).json())[code], bad = [];
	choose(code);
	for (const [key, word] of Object.entries(messages)) {
		if (!key.startsWith("word.")) continue;
		present({ result: "reject", reason: key, display: { tone: "red", shape: "cross", word, why: "", do: "", more: [] } });
		const box = document.getElementById("word"), outer = document.getElementById("verdict").getBoundingClientRect();
		for (const part of word.matchAll(/[^ -]+/g)) {
			const range = document.createRange();
			range.setStart(box.firstChild, part.index);
			range.setEnd(box.firstChild, part.index + part[0].length);
			const lines = [...range.getClientRects()];
			if (lines.length !== 1 || lines[0].left < outer.left || lines[0].right > outer.right) bad.push(word + " at " + part[0]);
		}
	}
	dismiss();
	return bad;
})`

// Big words fit the screens that doors have, in one piece.
func TestBigWordsFit(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	for _, size := range [][2]int{{360, 640}, {320, 568}, {740, 360}, {1280, 800}} {
		d.must(d.Size(size[0], size[1]))
		for code := range languages {
			if bad := eval[[]string](d, broken+fmt.Sprintf("(%q)", code)); len(bad) > 0 {
				slices.Sort(bad)
				t.Errorf("%d × %d, %s: %q", size[0], size[1], code, bad)
			}
		}
	}
}
