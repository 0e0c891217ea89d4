package doorpage

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/e2e/browser"
	"usher/gate/gatetest"
	"usher/sync/guests"
)

// pictures is where make pictures wants those of the panels.
var pictures = flag.String("pictures", "", "save the pictures of the panels in this folder")

// The panels of a working evening fit a phone, and are the docs' pictures.
func TestPanelsAsPictures(t *testing.T) {
	t.Parallel()
	s := ofKinds()
	s.role, s.strip = grant.RoleSupervisor, true
	named := []guests.Guest{
		{Ticket: ticketID(1), Name: "Ada Müller", Email: "ada@example.org", Order: "ORD-77"}, {Ticket: ticketID(2), Name: "Bela Müller", Order: "ORD-81"},
		{Ticket: ticketID(3), Name: "Cleo Müllerová", Email: "cleo@example.org", Order: "ORD-90"}, {Ticket: ticketID(4), Name: "Dan Brown"},
	}
	s.say = func(v *gatetest.Venue) { guestsAre(t, named)(v); people(t)(v) }
	h := newSite(t, s)
	b, closed, err := browser.Start(context.WithoutCancel(t.Context()), browser.Config{Profile: t.TempDir(), Scale: 2})
	h.must(err)
	t.Cleanup(closed)
	tab, _, err := b.Tab(390, 700)
	h.must(err)
	d := &door{Tab: tab, site: h, t: t, still: true, tickets: 4} // the first are guests
	for _, script := range []string{spared, standStill, ownStrip, s.before} {
		d.must(d.Before(script))
	}
	d.visit(d.url())
	d.tell(calm)
	save := func(name string) {
		t.Helper()
		d.until(`document.getAnimations().length === 0`)
		if bad := eval[string](d, cutOff); bad != "" {
			t.Errorf("%s: %s", name, bad)
		}
		picture, err := d.Picture()
		d.must(err)
		if *pictures != "" {
			d.must(os.WriteFile(filepath.Join(*pictures, name+".png"), picture, 0o644))
		}
	}
	d.do(`const n = document.getElementById("lane-name"); n.value = "left"; n.dispatchEvent(new Event("change"))`)
	for range 9 {
		admit.show(d)
		d.pass(time.Second)
	}
	exit.show(d)
	d.tap()
	void.show(d)
	d.tap()
	d.scan(grant.RoleCardText(supervisorCard))
	d.pass(stand)
	d.until(`document.getElementById("answer").textContent === "Let in by override"`)
	save("door-override")
	d.must(d.Click("#asked button"))
	d.must(d.Click("#answer"))
	d.shows("green", "tick", "ADMIT")
	d.pass(stand)
	d.idle()
	d.lookFor("Müll")
	d.pass(stand)
	d.until(`document.querySelectorAll("#found li").length === 3`)
	save("door-search")
	d.closePanel()
	d.choose("open-shift")
	d.until(`document.querySelectorAll("#shift-report table").length >= 5`)
	save("door-shift")
	d.closePanel()
	d.later(sighting)
	p := d.phone(tickets)
	d.scan(p.shows(""))
	d.shows("green", "tick", "ADMIT")
	d.pass(stand)
	d.idle()
	d.later(time.Minute)
	d.press("n")
	number := d.number()
	save("door-number")
	d.scan(p.shows(number))
	d.shows("red", "cross", "ALREADY IN")
	save("door-answered")
}
