package doorpage

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	gatedoor "usher/gate/door"
	"usher/sync/journal"
)

// hostileNames are names, each of which tries to be more than text.
var hostileNames = map[string]string{
	"markup":    `<b>ADMIT</b><img src=x onerror="pwned=1"><script>pwned=1</script>&amp;`,
	"template":  `{{.Key}} ${pwned=1} <svg onload=pwned=1>`,
	"overrides": "Day \u202eTIMDA\u202c \u2067nedih\u2069 \u200f",
	"controls":  "Day\x00\x07\x1b[31m\r\nADMIT\n\n\n\n\tEntry\u0085\u2028\u2029",
	"long":      strings.Repeat("W", 198),
	"lines":     strings.Repeat("a ", 99),
	"marks":     "Z" + strings.Repeat("\u0310", 90),
}

// Whatever the event, its gates, products and notes are called, the page shows it as
// text, in its place.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	calm := open(t, setup{event: called("Ordinary")})
	calm.renamed()
	calm.scan(calm.code(1))
	calm.shows("green", "tick", "ADMIT")
	want := calm.places()
	for _, name := range slices.Sorted(maps.Keys(hostileNames)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, setup{timers: true, event: called(hostileNames[name])})
			d.renamed()
			d.scan(d.code(1))
			d.shows("green", "tick", "ADMIT")
			d.isText(hostileNames[name])
			d.keepsItsPlaces(want)
		})
	}
}

// called gives all that has a name in an event the same one.
func called(name string) func(*journal.Event) {
	return func(e *journal.Event) {
		e.Name, e.Venue, e.Text = name, name, name
		e.Products[0].Name, e.Products[0].Text = name, name
		e.Zones[0].Name = name
		for i := range e.Gates {
			e.Gates[i].Name, e.Gates[i].Direction = name, name
		}
	}
}

// renamed starts the agent anew: it calls its gate as it knew it when it started.
func (d *door) renamed() {
	d.t.Helper()
	d.stop()
	d.start()
	d.visit(d.url())
}

// Not even an answer that no agent gives moves the page.
func TestHostileAnswer(t *testing.T) {
	t.Parallel()
	d := open(t, setup{timers: true, before: `
		globalThis.say = null;
		const real = fetch;
		globalThis.fetch = async (path, ...rest) => String(path).startsWith("/api/scan") ? Response.json(say) : real(path, ...rest);`})
	answer := func(text string) {
		t.Helper()
		body, err := json.Marshal(map[string]any{
			"result": "accept", "reason": "entry", "record": strings.Repeat("ab", 32), "product": text, "holder": text, "seat": text, "short": text,
			"display": gatedoor.Display{Tone: "green", Shape: "tick", Word: "ADMIT", Why: text, Do: text, More: []string{text, text, text}},
		})
		d.must(err)
		d.do(fmt.Sprintf("say = %s", body))
		d.typed("x" + text[:1])
		d.until(`document.getElementById("why").textContent !== "" && !` + idle)
	}
	answer("Ordinary")
	want := d.places()
	d.tap()
	for _, name := range slices.Sorted(maps.Keys(hostileNames)) {
		text := hostileNames[name]
		for len(text) < 500 {
			text += text
		}
		answer(text[:500])
		d.isText(hostileNames[name])
		d.keepsItsPlaces(want)
		d.tap()
		d.press("u") // asks by name
		d.isText(hostileNames[name])
		d.tap()
	}
}

// isText sees that a name came to the page as text alone.
func (d *door) isText(name string) {
	d.t.Helper()
	if eval[bool](d, `"pwned" in window || Boolean(document.querySelector("#gate *, #word *, #why *, #what *, #more *, #announced *, #ask img, #ask script"))`) {
		d.t.Error("a name became more than text")
	}
	text := eval[string](d, `document.title + document.body.textContent`)
	if start, _, _ := strings.Cut(name, " "); strings.HasPrefix(name, "<") && !strings.Contains(text, start) {
		d.t.Errorf("the page does not show %s", start)
	}
	if found := eval[string](d, `(document.title + document.getElementById("verdict").textContent + document.getElementById("gate").textContent + document.getElementById("announced").textContent)
		.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/)?.[0].codePointAt(0).toString(16) ?? ""`); found != "" {
		d.t.Errorf("the page's text has the character U+%s, which moves or hides others", found)
	}
}

// box is where something stands, in CSS pixels.
type box struct{ Name, At string }

// places tells where the parts of the page stand that nobody's name may move.
func (d *door) places() []box {
	d.t.Helper()
	return eval[[]box](d, `["header", "#verdict", "#inputs", ".controls", "#count", "#undo", "[data-way=in]"].map((name) => {
		const r = document.querySelector(name).getBoundingClientRect();
		return { Name: name, At: [r.x, r.y, r.width, r.height].map(Math.round).join() };
	})`)
}

// keepsItsPlaces sees that the page's parts stand where they did, and that the
// verdict's shape and word are in sight.
func (d *door) keepsItsPlaces(want []box) {
	d.t.Helper()
	if got := d.places(); !slices.Equal(got, want) {
		d.t.Errorf("the page moved: %v, was %v", got, want)
	}
	if cut := eval[string](d, cutOff); cut != "" {
		d.t.Errorf("it does not fit: %s", cut)
	}
}
