package doorpage

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate/gatetest"
	"usher/sync/guests"
	"usher/sync/journal"
)

// hostile is a name that a page must show and not obey.
const hostile = `Rob <img src=x onerror="document.title='owned'"> Müller`

// guestList has the server write who holds tickets 1 to 4.
func guestList(t *testing.T) func(*gatetest.Venue) {
	return guestsAre(t, []guests.Guest{
		{Ticket: ticketID(1), Name: "Ada Müller", Email: "ada@example.org", Order: "ORD-77"},
		{Ticket: ticketID(2), Name: "Bela Müller"},
		{Ticket: ticketID(3), Name: hostile},
		{Ticket: ticketID(4), Name: "Zoë \u202eevil", Note: "brings a dog"},
	})
}

// guestsAre has the server say who the guests are, of whom the second got their money
// back.
func guestsAre(t *testing.T, list []guests.Guest) func(*gatetest.Venue) {
	return func(v *gatetest.Venue) {
		t.Helper()
		records, err := guests.Seal(guestKey, v.Event.Code, rand.Reader, list)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			v.Say(t, journal.KindGuests, r)
		}
		v.Void(t, "refunded", 1, ticketID(2))
	}
}

// lookFor opens the search by its key and types what to look for.
func (d *door) lookFor(query string) {
	d.t.Helper()
	d.until(`!document.getElementById("find").hidden`)
	d.press("/")
	d.until(`document.getElementById("search").open && document.activeElement.id === "query"`)
	d.must(d.Keys(query))
}

// A guest who is found is let in by every rule: as any ticket, once, and not if it
// is void.
func TestSearch(t *testing.T) {
	t.Parallel()
	d := open(t, setup{role: grant.RoleSupervisor, say: guestList(t)})
	d.lookFor("muller")
	d.until(`document.querySelectorAll("#found li").length === 3`)
	all := eval[string](d, `document.getElementById("found").innerText`)
	for _, want := range []string{"Ada Müller", "ada@example.org", "ORD-77", "VOID: Refunded", hostile, "not in yet", short(1)} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not among what is shown:\n%s", want, all)
		}
	}
	if got := eval[string](d, `document.title`); got == "owned" {
		t.Error("a name ran as a script")
	}
	d.pick("Ada")
	d.shows("green", "tick", "ADMIT")
	d.until(`document.getElementById("more").textContent.includes("Ada Müller")`)
	d.idle()
	if eval[string](d, `document.getElementById("found").textContent + document.getElementById("query").value`) != "" {
		t.Error("guests are still on the page after the search was closed")
	}

	d.lookFor("ORD-77")
	d.until(`document.querySelector("#found .state.bad")?.textContent.includes("INSIDE")`)
	d.later(4 * time.Second)
	d.pick("Ada")
	d.shows("red", "cross", "ALREADY IN")
	d.tap()
	d.lookFor("bela")
	d.until(`document.querySelectorAll("#found li").length === 1`)
	d.pick("Bela")
	d.shows("red", "cross", "VOID")
	d.tap()

	d.lookFor("nobody here")
	d.until(`document.getElementById("found-note").textContent.startsWith("Nobody")`)
	d.scan(d.code(5)) // a reader's code, with the field in focus
	d.shows("green", "tick", "ADMIT")
	if eval[bool](d, `document.getElementById("search").open`) {
		t.Error("the panel hides a verdict")
	}
}

// pick taps on the guest with a name.
func (d *door) pick(name string) {
	d.t.Helper()
	d.do(fmt.Sprintf(`[...document.querySelectorAll("#found button")].find((b) => b.textContent.includes(%q)).click()`, name))
}

// A scanner's device has no roster, and offers no search.
func TestNoSearchWithoutRoster(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: guestList(t), timers: true})
	d.until(`document.getElementById("undo").checkVisibility()`)
	d.press("/")
	d.press("v") // which comes after it
	d.until(`document.body.dataset.direction === "verify"`)
	if !d.hidden("find") || eval[bool](d, `document.getElementById("search").open`) {
		t.Error("a search is offered")
	}
}
