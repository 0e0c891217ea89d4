package doorpage

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate/gatetest"
	"usher/sync/journal"
)

// english are words of English sentences that no German one has.
var english = regexp.MustCompile(`(?i)\b(the|this|is|are|of|and|with|there|nobody|wait|want|has|have|not|to|by|tries|can't)\b.*`)

// readable is all that somebody sees of a page or hears of it.
const readable = `[document.body.innerText, document.getElementById("announced").textContent,
	...[...document.querySelectorAll("[title], [aria-label]")].filter((e) => e.checkVisibility()).flatMap((e) => [e.title, e.ariaLabel || ""])].join("\n")`

// With a page that speaks German, no English sentence of the agent's comes to it: not
// by a verdict, an error, a check or a list, on any screen.
func TestNoEnglishInGerman(t *testing.T) {
	t.Parallel()
	s := ofKinds()
	s.role = grant.RoleSupervisor
	s.before += `;Object.defineProperty(navigator, "languages", { value: ["de"] });`
	event := s.event
	s.event = func(e *journal.Event) {
		event(e)
		e.Gates[0].TakesUnpaid = true
		e.Products[1].Questions[0].Text = "Ist der Gast 18?"
	}
	s.say = func(v *gatetest.Venue) { people(t)(v); unpaid(t, 41)(v) }
	d := open(t, s)
	check := func(what, there string) {
		t.Helper()
		d.until(there)
		if found := english.FindString(eval[string](d, readable)); found != "" {
			t.Errorf("%s: %q", what, found)
		}
	}
	word := func(text string) string {
		return fmt.Sprintf(`document.getElementById("word").textContent === %q`, text)
	}
	note := func(id string) string {
		return fmt.Sprintf(`(s => s && !s.includes("…"))(document.getElementById(%q).textContent)`, id)
	}
	check("ready", word("BEREIT"))

	d.must(d.Click("#who"))
	for i := range 7 {
		d.do(`document.getElementById("sign-in-note").textContent = ""; document.getElementById("pin").value = "40817264"; document.getElementById("sign-in-form").requestSubmit()`)
		check(fmt.Sprintf("wrong PIN %d", i+1), note("sign-in-note"))
	}
	d.do(`document.querySelector("#sign-in [data-close]").click()`)
	d.scan(grant.RoleCardText(grant.Code{7, 7, 7}))
	check("nobody's card", `document.getElementById("verdict").dataset.result === "cannot"`)
	d.tap()
	d.scan(grant.RoleCardText(supervisorCard))
	check("signed in", `document.getElementById("who").textContent.startsWith("Sam")`)
	d.tap()

	bad := filepath.Join(t.TempDir(), "file.png")
	d.must(os.WriteFile(bad, []byte("no picture, no journal"), 0o600))
	d.must(d.Upload("#picture", bad))
	check("a file that is no picture", `document.getElementById("verdict").dataset.result === "cannot"`)
	d.tap()
	for _, code := range []string{d.code(1), d.code(41), forged(d.code(2)), gatetest.OtherCode(t, ticketID(3)), "https://example.org/menu", "7KQ2-M4DW-9H3TAX"} {
		for _, way := range []string{"in", "out", "verify"} {
			d.later(sighting)
			d.face(way)
			d.scan(code)
			check(way+" "+code, `document.getElementById("verdict").dataset.result`)
			d.tap()
		}
	}
	d.void(5)
	d.face("in")
	d.scan(d.code(5))
	check("void", word("UNGÜLTIG"))
	d.must(d.Click("#answer"))
	check("an override", `document.querySelector("#asked [name=reason]")`)
	d.tap()
	d.do(`cut = true`)
	d.scan(d.code(6))
	check("no agent", `document.getElementById("verdict").dataset.result === "cannot"`)
	d.do(`cut = false`)
	d.tap()

	d.scan(d.code(7))
	d.until(`document.getElementById("verdict").dataset.result === "accept"`)
	d.tap()
	d.later(16 * time.Minute)
	d.press("u")
	check("undo", word("AUFHEBEN?"))
	d.press("u")
	check("too late", `document.getElementById("verdict").dataset.result === "fault"`)
	d.tap()

	d.scan(grant.RoleCardText(supervisorCard)) // a session is over by then
	d.pass(stand)
	d.tap()
	d.lookFor("Niemand")
	d.pass(stand)
	check("no guest", note("found-note"))
	d.closePanel()
	d.choose("open-shift")
	check("shift", `document.querySelectorAll("#shift-report table").length >= 4`)
	d.closePanel()
	d.choose("open-preflight")
	check("checks", `document.querySelectorAll("#checks li").length >= 11`)
	d.scan(d.code(8))
	check("no test ticket", `document.getElementById("preflight-says").textContent.includes("Testticket")`)
	d.closePanel()
	d.choose("open-leave")
	d.do(`document.getElementById("leave-sync").click()`)
	check("no sync", note("leave-says"))
	d.do(`document.getElementById("leave-now").click()`)
	check("leaving with records", `document.getElementById("leave-says").textContent.includes("niemand sonst")`)
	d.closePanel()
	d.must(d.Upload("#take-in", bad))
	check("no journal", note("carry-says"))
	d.eachPanel(func(id string) { check("the panel "+id, "true") })
}
