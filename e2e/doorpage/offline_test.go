package doorpage

import (
	"context"
	"testing"

	"usher/e2e/browser"
)

// profiled opens a browser on a profile, at the gate's page.
func profiled(t *testing.T, h *site, profile string) (d *door, closed func()) {
	t.Helper()
	tab, closed, err := browser.Open(context.WithoutCancel(t.Context()), browser.Config{Profile: profile})
	if err != nil {
		t.Fatal(err)
	}
	return &door{Tab: tab, site: h, t: t}, closed
}

// With the server gone a page opens and judges whether it was open before or not;
// with the agent gone as well it still opens, says so, and lets nobody in.
func TestReloadAndColdStart(t *testing.T) {
	t.Parallel()
	h := newSite(t, setup{})
	profile := t.TempDir()
	d, closed := profiled(t, h, profile)
	d.visit(d.url())
	d.until(`navigator.serviceWorker.controller`)

	d.visit(d.url()) // a reload
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")

	h.stop()
	d.must(d.Go(d.url()))
	d.judgesNothing(2)
	closed()

	d, closed = profiled(t, h, profile) // a cold start
	defer closed()
	d.must(d.Go(d.url()))
	d.judgesNothing(3)

	h.start()
	d.until(`document.getElementById("link").dataset.state === "alone"`)
	d.tap()
	d.scan(d.code(4))
	d.shows("green", "tick", "ADMIT")
}

// judgesNothing sees that the page is there and knows that its agent is not.
func (d *door) judgesNothing(n int) {
	d.t.Helper()
	d.until(`document.getElementById("link").dataset.state === "bad"`)
	d.scan(d.code(n))
	d.shows("hatch", "hatch", "CAN'T DECIDE")
}

// The count in sight is of the scans that this lane recorded: not of what it only
// looked at, nor of second sightings. It outlasts a reload, and is no other lane's.
func TestLaneCount(t *testing.T) {
	t.Parallel()
	s := ofKinds()
	s.timers = false
	d := open(t, s)
	counts := func(want string) {
		t.Helper()
		d.until(`document.getElementById("count").checkVisibility() && document.getElementById("count").textContent === "` + want + `"`)
	}
	counts("0")
	code := d.next()
	admit.comes(d, code, "in")
	counts("1")
	d.scan(code) // the same sighting
	void.show(d)
	counts("2")
	d.tap()
	cannot.show(d) // leaves no record
	counts("2")
	d.tap()
	d.verify()
	d.scan(d.next())
	d.shows("green", "tick", "ADMIT")
	counts("2")
	d.visit(d.url())
	counts("2")
	d.tap()
	admit.show(d)
	counts("3")

	other := &door{Tab: (&setup{}).tab(t, nil), site: d.site, t: t}
	other.visit(d.url())
	if got := eval[string](other, `document.getElementById("count").textContent`); got != "0" {
		t.Errorf("another lane begins with %s", got)
	}
}
