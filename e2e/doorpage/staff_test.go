package doorpage

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate/gatetest"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/staff"
)

// cheap is what a PIN costs in tests.
var cheap = staff.Cost{Time: 1, KiB: 64, Threads: 1}

const (
	scannerPIN    = "40817263"
	supervisorPIN = "92630514"
)

var supervisorCard = grant.Code{9, 1, 1}

// people has the server put Kim, a scanner, and Sam, a supervisor with a role card,
// on the staff list.
func people(t *testing.T) func(*gatetest.Venue) {
	return func(v *gatetest.Venue) {
		t.Helper()
		card := grant.RoleCardHash(supervisorCard)
		for _, p := range []struct {
			staff.Person
			digits string
		}{
			{staff.Person{ID: staff.ID{1}, Name: "Kim", Role: grant.RoleScanner}, scannerPIN},
			{staff.Person{ID: staff.ID{2}, Name: "Sam", Role: grant.RoleSupervisor, Card: card[:]}, supervisorPIN},
		} {
			pin, err := staff.NewPIN(rand.Reader, p.digits, cheap)
			if err != nil {
				t.Fatal(err)
			}
			p.PIN = pin
			record, err := staff.Seal(staffKey, v.Event.Code, rand.Reader, p.Person)
			if err != nil {
				t.Fatal(err)
			}
			v.Say(t, journal.KindStaff, record)
		}
	}
}

// signIn signs somebody in by the PIN pad.
func (d *door) signIn(name, pin string) {
	d.t.Helper()
	d.until(`!document.getElementById("who").hidden`)
	d.must(d.Click("#who"))
	d.do(fmt.Sprintf(`document.getElementById("person").value = %q`, name))
	for _, digit := range pin {
		d.do(fmt.Sprintf(`[...document.querySelectorAll("#pad button")].find((b) => b.textContent === %q).click()`, digit))
	}
	d.must(d.Click("#sign-in-form [type=submit]"))
}

// hidden reports whether a control can't be seen.
func (d *door) hidden(id string) bool {
	d.t.Helper()
	return eval[bool](d, fmt.Sprintf(`!document.getElementById(%q).checkVisibility()`, id))
}

func TestSignInByPIN(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: people(t)})
	d.signIn("Kim", "40817264")
	d.until(`document.getElementById("sign-in-note").textContent.includes("4 tries")`)
	if got := eval[string](d, `document.getElementById("pin").value`); got != "" {
		t.Errorf("a wrong PIN still stands in the field: %q", got)
	}
	d.do(`document.querySelector("#sign-in [data-close]").click()`)
	d.signIn("Kim", scannerPIN)
	d.until(`document.getElementById("who").textContent === "Kim, scanner" && !document.querySelector("dialog[open]")`)
	d.must(d.Click("#who"))
	d.must(d.Click("#sign-out"))
	d.until(`document.getElementById("who").textContent === "Sign in" && !document.querySelector("dialog[open]")`)
}

// After five wrong PINs nobody may try again for a while, and the page says so.
func TestPINLockout(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: people(t)})
	d.until(`!document.getElementById("who").hidden`)
	d.must(d.Click("#who"))
	for range 6 {
		d.do(`document.getElementById("sign-in-note").textContent = ""; document.getElementById("pin").value = "40817264"; document.getElementById("sign-in-form").requestSubmit()`)
		d.until(`/[a-z]/.test(document.getElementById("sign-in-note").textContent) && !document.getElementById("sign-in-note").textContent.includes("…")`)
	}
	if got := d.text("sign-in-note"); !strings.Contains(got, "too many") {
		t.Errorf("after six wrong PINs the page says %q", got)
	}
	d.do(fmt.Sprintf(`document.getElementById("pin").value = %q; document.getElementById("sign-in-form").requestSubmit()`, scannerPIN))
	d.until(`document.getElementById("sign-in-note").textContent.includes("too many")`)
	if d.text("who") != "Sign in" {
		t.Error("the right PIN signed in while the person was locked")
	}
}

// A supervisor's role card comes in like a ticket; a refusal can then be overridden
// with a reason, which is stored with the name.
func TestOverride(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: people(t)})
	d.void(3)
	d.scan(d.code(3))
	d.shows("red", "cross", "VOID")
	if got := d.text("answer"); got != "Supervisor: sign in …" {
		t.Errorf("a device alone offers %q", got)
	}
	d.tap()
	d.signIn("Sam", supervisorPIN)
	d.until(`document.getElementById("who").textContent === "Sam, supervisor"`)
	d.tap() // leaves it
	d.idle()
	d.later(4 * time.Second)
	d.scan(d.code(3))
	d.shows("red", "cross", "VOID")
	d.until(`!document.getElementById("ask").hidden`)
	d.must(d.Click("#answer"))
	d.must(d.Click("#answer")) // without a reason
	d.shows("red", "cross", "VOID")
	d.must(d.Click("#asked button:nth-child(2)"))
	d.must(d.Click("#answer"))
	d.shows("green", "tick", "ADMIT")
	act := d.look(d.code(3)).Details.First
	if act == nil {
		// A void ticket's history is not told with its verdict: the entry is there all the same.
		visit := d.gate.State.Visit(ticketID(3), 0, d.now().UnixMilli())
		if visit.Inside != 1 {
			t.Errorf("nobody came in: %+v", visit)
		}
	}

	d.later(4 * time.Second)
	d.scan(forged(d.code(1)))
	d.shows("red", "cross", "FORGED")
	if !d.hidden("ask") {
		t.Error("an override of a forged ticket is offered")
	}
}

// A supervisor who signs in after a refusal goes on with it, by role card and by PIN,
// as long as it is the last thing that happened and a moment ago.
func TestOverrideAfterSignIn(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: people(t), timers: true, before: `let ahead = 0; const real = performance.now.bind(performance);
		performance.now = () => real() + ahead; globalThis.skip = (ms) => { ahead += ms; };`})
	d.void(3)
	refuse := func() {
		d.later(sighting)
		d.scan(d.code(3))
		d.shows("red", "cross", "VOID")
	}
	asks := func() bool {
		return eval[bool](d, `!document.getElementById("ask").hidden && document.getElementById("answer").textContent === "Let in by override"`)
	}
	out := func() {
		d.do(`document.getElementById("sign-out").click()`)
		d.until(`document.getElementById("who").textContent === "Sign in"`)
	}
	d.until(`!document.getElementById("who").hidden`)

	refuse()
	d.scan(grant.RoleCardText(supervisorCard))
	d.pass(stand)
	d.until(`document.getElementById("who").textContent === "Sam, supervisor"`)
	d.shows("red", "cross", "VOID")
	if got := d.text("asked"); !asks() || !strings.Contains(got, short(3)) || !strings.Contains(got, "VOID") {
		t.Errorf("after the role card it asks %q", got)
	}
	d.must(d.Click("#leave"))
	d.pass(stand)
	out()

	refuse()
	d.scan(d.code(4)) // somebody else meanwhile
	d.pass(stand)
	d.shows("green", "tick", "ADMIT")
	d.scan(grant.RoleCardText(supervisorCard))
	d.shows("plain", "badge", "SIGNED IN")
	d.pass(time.Second)
	d.idle() // by itself
	out()

	refuse()
	d.do(`skip(121_000)`)
	d.scan(grant.RoleCardText(supervisorCard))
	d.pass(stand)
	d.shows("plain", "badge", "SIGNED IN")
	d.pass(time.Second)
	out()

	refuse()
	d.must(d.Click("#answer"))
	d.until(`document.getElementById("sign-in").open`)
	d.do(fmt.Sprintf(`document.getElementById("person").value = "Sam"; document.getElementById("pin").value = %q; document.getElementById("sign-in-form").requestSubmit()`, supervisorPIN))
	d.until(`!document.querySelector("dialog[open]") && document.getElementById("answer").textContent === "Let in by override"`)
	d.must(d.Click("#asked button:nth-child(2)"))
	d.must(d.Click("#answer"))
	d.shows("green", "tick", "ADMIT")
	if visit := d.gate.State.Visit(ticketID(3), 0, d.now().UnixMilli()); visit.Inside != 1 {
		t.Errorf("nobody came in: %+v", visit)
	}
}

// Nobody takes a sign-in for somebody who may pass: it has no colour, shape, sound or
// shake of a verdict.
func TestSignInIsNoVerdict(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: people(t), before: recorder, keeps: true})
	ground := eval[string](d, `getComputedStyle(document.body).backgroundColor`)
	d.tap()
	d.until(`window.audio?.state === "running"`)
	d.until(`!document.getElementById("who").hidden`)
	signs := func() (s string) {
		return eval[string](d, `(s => { notes.length = shakes.length = 0; return s; })(notes.join() + " " + JSON.stringify(shakes))`)
	}
	signs()
	d.scan(grant.RoleCardText(supervisorCard))
	d.shows("plain", "badge", "SIGNED IN")
	card := signs()
	d.until(`document.getAnimations().length === 0`) // its ground fades in
	if got := eval[string](d, `getComputedStyle(document.getElementById("verdict")).backgroundColor`); got != ground {
		t.Errorf("its ground is %s, not the page's %s", got, ground)
	}
	d.scan(d.code(1)) // waits for nothing
	d.shows("green", "tick", "ADMIT")
	if green := signs(); green == card || card == " []" {
		t.Errorf("it sounds and shakes %q, a green %q", card, green)
	}
}

// Only who may confirm a payment is asked to.
func TestPaymentNeedsLeave(t *testing.T) {
	t.Parallel()
	d := open(t, setup{event: func(e *journal.Event) { e.Gates[0].TakesUnpaid = true }, say: func(v *gatetest.Venue) { people(t)(v); unpaid(t, 41)(v) }})
	d.until(`!document.getElementById("who").hidden`)
	d.scan(d.code(41))
	d.shows("amber", "triangle", "MUST PAY")
	d.until(`!document.getElementById("ask").hidden && document.getElementById("answer").hidden`)
	d.tap()
	d.scan(grant.RoleCardText(supervisorCard))
	d.until(`document.getElementById("who").textContent === "Sam, supervisor"`)
	d.later(4 * time.Second)
	d.scan(d.code(41))
	d.shows("amber", "triangle", "MUST PAY")
	d.until(`!document.getElementById("answer").hidden`)
	d.must(d.Click("#answer"))
	d.shows("green", "tick", "ADMIT")
	if got := d.look(d.code(41)).Reason; got != admission.Unpaid {
		t.Errorf("a look at the ticket without confirmation gives %s", got)
	}
}

// A page that was there before its agent learns what may be done once the agent
// answers.
func TestAgentComesLate(t *testing.T) {
	t.Parallel()
	d := open(t, setup{before: `const real = fetch; let first = true;
		globalThis.fetch = (path, ...more) => path === "/api/me" && first ? (first = false, Promise.reject(new TypeError("nobody answers"))) : real(path, ...more);`})
	d.until(`!document.getElementById("open-shift").hidden`)
}
