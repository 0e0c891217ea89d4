package doorpage

import (
	"fmt"
	"strings"
	"testing"

	"usher/crypto/grant"
	"usher/sync/journal"
)

func downTo(lowest journal.Rung) func(*journal.Event) {
	return func(e *journal.Event) { e.Policy.DownTo = lowest }
}

// Where no typed codes are taken the page says so before anybody types, in each language.
func TestThePageSaysThatNothingIsTyped(t *testing.T) {
	t.Parallel()
	d := open(t, setup{event: downTo(journal.RungCode), role: grant.RoleSupervisor, say: guestList(t)})
	hint := func(want string) {
		d.until(fmt.Sprintf(`document.getElementById("code").placeholder === %q`, want))
	}
	hint("scan: no typed codes")
	d.until(`document.getElementById("why").textContent === "Show a ticket to the camera, or scan it."`)
	d.do(`document.getElementById("start").click()`)
	d.shows("hatch", "hatch", "NO CAMERA")
	d.until(`document.getElementById("what").textContent === "Scan with a reader, or choose a picture."`)
	d.tap()
	d.typed(short(1))
	d.shows("red", "cross", "CODE NEEDED")
	d.until(`document.getElementById("why").textContent === "This event takes no typed codes."`)
	d.tap()
	d.do(`const l = document.getElementById("language"); l.value = "de"; l.dispatchEvent(new Event("change"))`)
	hint("scannen, nicht tippen")
	d.until(`document.getElementById("why").textContent === "Ticket in die Kamera halten oder scannen."`)
}

// Where nobody comes in by name the search says so, shows no code, and a guest's entry is
// refused; their code, typed, is good.
func TestTheSearchSaysThatNobodyComesInByName(t *testing.T) {
	t.Parallel()
	d := open(t, setup{event: downTo(journal.RungTyped), role: grant.RoleSupervisor, say: guestList(t)})
	d.lookFor("ORD-77")
	d.until(`document.querySelectorAll("#found li").length === 1`)
	d.until(`document.getElementById("search-does").textContent.startsWith("This event lets nobody in by name")`)
	if all := eval[string](d, `document.documentElement.innerHTML`); strings.Contains(all, short(1)) {
		t.Error("the search shows a code that its guest alone is to have")
	}
	d.pick("Ada")
	d.shows("red", "cross", "CODE NEEDED")
	d.tap()
	d.typed(short(1))
	d.shows("green", "tick", "ADMIT")
}
