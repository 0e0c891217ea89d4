package doorpage

import (
	"fmt"
	"testing"
)

// cutOff names what does not fit the screen: the page scrolls sideways, or the
// verdict's shape and word, or a control, are not wholly in sight.
const cutOff = `(() => {
	const bad = [];
	if (document.documentElement.scrollWidth > innerWidth || document.body.scrollWidth > innerWidth) bad.push("the page scrolls sideways");
	const panel = document.querySelector("dialog[open]");
	const all = panel ? [panel] : document.querySelectorAll("#gate, #count, #shape, #word, .controls button, #inputs input:not([type=file]), #inputs button, #inputs .file");
	for (const box of all) {
		if (!box.checkVisibility()) continue;
		const r = box.getBoundingClientRect();
		if (r.left < -0.5 || r.top < -0.5 || r.right > innerWidth + 0.5 || r.bottom > innerHeight + 0.5)
			bad.push((box.id || box.textContent.trim()) + " at " + [r.left, r.top, r.right, r.bottom].map(Math.round));
	}
	const verdict = document.getElementById("verdict").getBoundingClientRect();
	for (const id of panel ? [] : ["shape", "word"]) {
		const r = document.getElementById(id).getBoundingClientRect();
		if (r.top < verdict.top - 0.5 || r.bottom > verdict.bottom + 0.5 || r.left < verdict.left - 0.5 || r.right > verdict.right + 0.5)
			bad.push(id + " leaves the verdict");
	}
	for (const box of document.querySelectorAll("#verdict, #verdict p, dialog[open], dialog[open] :not([type=file])"))
		if (box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0 && getComputedStyle(box).overflowX !== "visible") bad.push((box.id || box.tagName) + " scrolls sideways");
	return bad.join("; ");
})()`

// small names the controls in sight that a thumb would miss.
const small = `[...document.querySelectorAll("button, select, input, label.file, label.option")].filter((box) => {
	if (!box.checkVisibility({ checkVisibilityCSS: true }) || box.closest("label.option, label.file") && !box.matches("label")) return false;
	if (document.querySelector("dialog[open]") && !box.closest("dialog[open]")) return false;
	const r = box.getBoundingClientRect();
	return r.width < 44 || r.height < 44;
}).map((box) => (box.id || box.textContent.trim()) + " " + ["width", "height"].map((side) => Math.round(box.getBoundingClientRect()[side])).join("×")).join("; ")`

// On a five-inch phone upright or lying, and on a desk, all that matters is in sight
// and big enough to hit.
func TestFits(t *testing.T) {
	t.Parallel()
	d := open(t, ofKinds())
	check := func(what string) {
		t.Helper()
		for _, size := range [][2]int{{360, 640}, {640, 360}, {1280, 800}} {
			d.must(d.Size(size[0], size[1]))
			d.until(fmt.Sprintf(`innerWidth === %d && innerHeight === %d`, size[0], size[1]))
			if bad := eval[string](d, cutOff); bad != "" {
				t.Errorf("%s at %d × %d: %s", what, size[0], size[1], bad)
			}
			if bad := eval[string](d, small); bad != "" {
				t.Errorf("%s at %d × %d: too small: %s", what, size[0], size[1], bad)
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

// eachPanel opens every panel of the page in turn.
func (d *door) eachPanel(do func(id string)) {
	d.t.Helper()
	ids := eval[[]string](d, `[...document.querySelectorAll("dialog")].map((p) => p.id)`)
	if len(ids) < 3 {
		d.t.Fatalf("the page has the panels %v", ids)
	}
	for _, id := range ids {
		d.do(`document.getElementById("` + id + `").showModal()`)
		do(id)
		d.do(`document.getElementById("` + id + `").close()`)
	}
}
