package doorpage

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/ticket"
	"usher/gate/gatetest"
	"usher/sync/admission"
	"usher/sync/journal"
)

// choose presses a button of the menu.
func (d *door) choose(id string) {
	d.t.Helper()
	d.until(fmt.Sprintf(`!document.getElementById(%q).hidden`, id))
	d.must(d.Click("[data-open=menu]"))
	d.must(d.Click("#" + id))
}

// Training decides as always, changes nothing, and can't be overlooked.
func TestTraining(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	if d.text("banner") != "" {
		t.Errorf("before it the banner says %q", d.text("banner"))
	}
	d.choose("train")
	d.until(`document.getElementById("banner").textContent.startsWith("TRAINING") && document.getElementById("banner").checkVisibility()`)
	d.scan(d.code(1))
	d.until(`document.getElementById("word").textContent === "TRAINING: ADMIT" && document.getElementById("verdict").classList.contains("look")`)
	d.idle() // by itself, as it would
	if d.entered(1) || d.text("count") != "0" {
		t.Errorf("training let somebody in, and counted %s", d.text("count"))
	}
	d.choose("train")
	d.until(`document.getElementById("banner").textContent === ""`)
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
}

// The shift's page says what came through this door.
func TestShift(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	d.void(3)
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	d.idle()
	d.scan(d.code(3))
	d.shows("red", "cross", "VOID")
	d.tap()
	d.press("u")
	d.shows("amber", "triangle", "UNDO?")
	d.press("u")
	d.until(`document.getElementById("verdict").dataset.result === "undone"`)
	d.choose("open-shift")
	d.until(`document.querySelectorAll("#shift-report table").length >= 4`)
	all := eval[string](d, `document.getElementById("shift-report").innerText`)
	for _, want := range []string{"Refused\t1", "Taken back: 1", "VOID: Revoked\t1", short(1), eval[string](d, `sessionStorage.lane`)} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in the report:\n%s", want, all)
		}
	}
	d.scan(d.code(2)) // a reader's code is a scan wherever it comes
	d.shows("green", "tick", "ADMIT")
}

// The checks before doors take test tickets, and let nobody in.
func TestPreflight(t *testing.T) {
	t.Parallel()
	trial := func(v *gatetest.Venue, id journal.TicketID) string {
		return v.Issue(t, ticket.Claims{ID: ticket.ID(id), Product: journal.TestProduct})
	}
	d := open(t, setup{say: func(v *gatetest.Venue) { v.Void(t, "revoked", journal.Never, journal.TestVoid(v.Event.Code)) }})
	d.choose("open-preflight")
	outcome := func(check string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#checks li")].find((l) => l.querySelector("strong").textContent === %q)?.className`, check)
	}
	d.until(outcome("Ready") + ` === "check pass"`)
	d.until(outcome("Good test ticket") + ` === "check open"`)
	d.until(outcome("Camera") + ` === "check fail"`) // there is none here
	d.scan(d.code(1))                                // somebody's ticket is no test
	d.until(`document.getElementById("preflight-says").textContent.includes("no test ticket")`)
	d.scan(trial(d.Venue, journal.TestGood(d.Event.Code)))
	d.until(outcome("Good test ticket") + ` === "check pass"`)
	d.scan(trial(d.Venue, journal.TestVoid(d.Event.Code)))
	d.until(outcome("Void test ticket") + ` === "check pass"`)
	d.do(`[...document.querySelectorAll("#checks .buttons button")].find((b) => b.textContent === "Yes").click()`)
	d.until(outcome("Sound") + ` === "check pass"`)

	// Closed and open again at once: the browser says late that it was closed.
	d.do(`document.querySelector("#preflight").addEventListener("close", () => { document.body.dataset.late = "yes"; });
		performance.clearResourceTimings(); document.querySelector("#preflight [data-close]").click(); document.getElementById("open-preflight").click()`)
	d.until(`document.body.dataset.late === "yes" && performance.getEntriesByName(location.origin + "/api/preflight").length > 0`)
	d.scan(d.code(2))
	d.until(`document.getElementById("preflight-says").textContent.includes("no test ticket")`)
	if d.entered(1) || d.text("count") != "0" {
		t.Error("a test ticket let somebody in")
	}
	d.do(`document.querySelector("#preflight [data-close]").click()`)
	d.until(`!document.getElementById("preflight").open`)
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
}

// A device with records that nobody else has is not left without a word, and what it
// has can be carried by hand.
func TestLeaveAndCarry(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	d.idle()
	d.choose("open-leave")
	d.until(`document.getElementById("leave-says").textContent === "This device has 1 record nobody else has: sync before you go home."`)
	if !d.hidden("leave-anyway") {
		t.Error("leaving all the same is offered before it was tried")
	}
	d.must(d.Click("#leave-now"))
	d.until(`document.getElementById("leave-says").textContent.includes("nobody else has") && !document.getElementById("leave-anyway").hidden`)

	encoded := eval[string](d, `fetch(document.querySelector("#carry a[download]").href).then((r) => r.blob()).then((b) => new Promise((done) => {
		const reader = new FileReader(); reader.onload = () => done(reader.result.split(",")[1]); reader.readAsDataURL(b); }))`)
	file, err := base64.StdEncoding.DecodeString(encoded)
	d.must(err)
	path := filepath.Join(t.TempDir(), "hand-over.journal")
	d.must(os.WriteFile(path, file, 0o600))

	other := open(t, setup{})
	other.do(`document.querySelector("[data-open=carry]").click()`)
	other.must(other.Upload("#take-in", path))
	other.until(`/[0-9]+ new records?, [0-9]+ known/.test(document.getElementById("carry-says").textContent)`)
	other.do(`document.querySelector("#carry [data-close]").click()`)

	d.must(d.Click("#leave-anyway"))
	d.until(`document.getElementById("leave-says").textContent.startsWith("The shift is over")`)
}

// What a role may not do at all is not in the menu.
func TestMenuOfAScanner(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: people(t)})
	d.signIn("Kim", scannerPIN)
	d.until(`document.getElementById("who").textContent.startsWith("Kim")`)
	d.must(d.Click("[data-open=menu]"))
	for id, seen := range map[string]bool{"open-shift": true, "open-preflight": true, "train": false, "open-leave": true, "find": false} {
		if d.hidden(id) == seen {
			t.Errorf("#%s is hidden from a scanner: %v", id, !seen)
		}
	}
	d.scan(grant.RoleCardText(supervisorCard))
	d.until(`document.getElementById("who").textContent.startsWith("Sam") && !document.getElementById("train").hidden`)
	d.later(20 * time.Minute) // a supervisor's session is over by then
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	if first := d.look(d.code(1)).Details.First; first == nil || first.Result != admission.Accept {
		t.Errorf("the entry is %+v", first)
	}
}
