package shop

import (
	"fmt"
	"testing"
)

// The pages hold to WCAG 2.2 AA as far as axe-core can tell, text to a contrast of
// 7:1, in the bright and in the dark; nothing is wider than the screen; and nothing
// jumps while a page loads.
func TestPublicPages(t *testing.T) {
	for _, c := range []struct {
		path, scheme string
		width        int
	}{
		{"/", "light", 360}, {"/events/DEMO", "light", 360}, {"/events/DEMO?code=wrong", "dark", 1280}, {"/events/NONE", "dark", 360},
	} {
		t.Run(fmt.Sprintf("%s %s %d", c.path, c.scheme, c.width), func(t *testing.T) {
			b := open(t, c.width, 800)
			b.must(b.Prefer("prefers-color-scheme", c.scheme))
			b.must(b.Before(`window.jumps = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) window.jumps += e.value; }).observe({ type: "layout-shift", buffered: true });`))
			b.visit(c.path)
			flaws, err := b.Flaws()
			b.must(err)
			for _, f := range flaws {
				t.Error(f)
			}
			if wide := eval[int](b, `document.documentElement.scrollWidth`); wide > c.width {
				t.Errorf("the page is %d pixels wide", wide)
			}
			if jumps := eval[float64](b, `window.jumps`); jumps > 0.01 {
				t.Errorf("the page jumps by %.3f", jumps)
			}
		})
	}
}

// The page of an event adds up what is chosen; without scripts it says and sends the
// same, all but the sum.
func TestChoosing(t *testing.T) {
	b := open(t, 360, 740)
	b.visit("/events/DEMO")
	choose := func(product string, n int) {
		eval[string](b, fmt.Sprintf(`(() => { const s = document.getElementById("n-%s"); s.value = "%d"; s.dispatchEvent(new Event("change", { bubbles: true })); return ""; })()`, product, n))
	}
	choose("standing", 2)
	choose("table", 1)
	b.must(b.Wait(`document.getElementById("total").innerText.includes("€253.00")`, patience))
	choose("standing", 0)
	choose("table", 0)
	b.must(b.Wait(`document.getElementById("total").hidden`, patience))

	still := open(t, 360, 740)
	still.must(still.Scripts(false))
	still.visit("/events/DEMO")
	still.must(still.Wait(`document.querySelectorAll("select").length === 4 && document.querySelector("[data-left]").innerText === "Plenty left"`, patience))
}

// With the keyboard alone one gets past everything to the tickets, and from there
// through them to the button.
func TestKeyboardAlone(t *testing.T) {
	b := open(t, 1280, 800)
	b.visit("/events/DEMO")
	b.must(b.Keys("\t"))
	if at := eval[string](b, `document.activeElement.className`); at != "skip" {
		t.Fatalf("the first stop is %q", at)
	}
	b.must(b.Keys("\r"))
	b.must(b.Wait(`document.activeElement.id === "tickets"`, patience))
	for _, want := range []string{"n-standing", "n-student", "a", "n-seated", "n-table", "button"} {
		b.must(b.Keys("\t"))
		if at := eval[string](b, `document.activeElement.id || document.activeElement.localName`); at != want {
			t.Fatalf("the next stop is %q, want %s", at, want)
		}
		if outline := eval[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline == "none" {
			t.Errorf("%s shows no focus", want)
		}
	}
}
