package doorpage

import (
	"strings"
	"testing"
	"time"

	"usher/gate/turnstile"
	"usher/sync/admission"
)

// lateAnswers has the page wait for the agent's answers to what holding begins, until
// release lets them through, the newest first. asks are all that it asked.
const lateAnswers = `{
	const ask = fetch, kept = [];
	globalThis.holding = "none";
	globalThis.asks = [];
	globalThis.waiting = () => kept.length;
	globalThis.release = () => { holding = "none"; while (kept.length) kept.pop()(); };
	globalThis.fetch = (path, how) => {
		asks.push(path);
		const answer = ask(path, how);
		return path.startsWith(holding) ? new Promise((done) => answer.then((a) => kept.push(() => done(a)))) : answer;
	};
}`

// hold has answers to what begins with path wait.
func (d *door) hold(path string) {
	d.t.Helper()
	d.do(`holding = "` + path + `"`)
}

// release lets all answers through that wait, and gives the page time to take them in.
func (d *door) release() {
	d.t.Helper()
	d.do(`release()`)
	d.settle()
}

// settle gives the page time for what is on its way.
func (d *door) settle() {
	d.t.Helper()
	for range 3 {
		eval[string](d, `fetch("/api/status").then((r) => r.text())`)
	}
}

// What the agent said of who is signed in before somebody signed in says nothing of now.
func TestWhoSignedInStaysIn(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: people(t), before: lateAnswers})
	d.until(`!document.getElementById("who").hidden`)
	d.hold("/api/me")
	d.do(`dispatchEvent(new Event("refused"))`)
	d.until(`waiting() === 1`)
	d.signIn("Kim", scannerPIN)
	const kim = `document.getElementById("who").textContent.includes("Kim")`
	d.until(kim)
	d.release()
	if !eval[bool](d, kim) {
		t.Errorf("a late answer has the page say %q", d.text("who"))
	}
}

// A page that the agent refuses whatever it asks, as one whose door key is another by
// now, doesn't ask on and on.
func TestRefusedPageIsQuiet(t *testing.T) {
	t.Parallel()
	d := open(t, setup{before: lateAnswers + `{
		const ask = fetch;
		globalThis.refusing = false;
		globalThis.fetch = (path, how) => refusing && path === "/api/me" && asks.push(path) ?
			Promise.resolve(new Response('{"type":"unauthorised"}', { status: 401 })) : ask(path, how);
	}`})
	d.do(`refusing = true; asks.length = 0; dispatchEvent(new Event("refused"))`)
	d.settle()
	if n := eval[int](d, `asks.filter((path) => path === "/api/me").length`); n == 0 || n > 2 {
		t.Errorf("refused once, it asked %d times who is signed in", n)
	}
}

// A line that the agent, or what stands before it, refused is opened again: a browser
// gives it up for good.
func TestLineIsOpenedAgain(t *testing.T) {
	t.Parallel()
	d := open(t, setup{before: `{
		const line = EventSource;
		globalThis.lines = 0;
		globalThis.EventSource = class extends line { constructor(path) { super(lines++ ? path : "/there-is-none"); } };
	}`, timers: true})
	d.until(`document.getElementById("link").dataset.state === "bad"`)
	d.pass(10 * time.Second)
	d.until(`document.getElementById("link").dataset.state === "alone"`)
}

// The report that was asked for last stays.
func TestNewestReportStays(t *testing.T) {
	t.Parallel()
	d := open(t, setup{before: lateAnswers, say: people(t)})
	d.signIn("Sam", supervisorPIN)
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	d.do(`document.getElementById("open-shift").click()`)
	d.until(`document.querySelector("#shift-report table")`)
	d.hold("/api/shift?all")
	d.do(`document.getElementById("shift-all").click()`)
	d.until(`waiting() === 1`)
	d.do(`document.getElementById("shift-report").replaceChildren(); document.getElementById("shift-all").click()`)
	d.until(`document.querySelector("#shift-report table")`)
	d.do(`document.querySelector("#shift-report table").id = "newest"`)
	d.release()
	if !eval[bool](d, `Boolean(document.getElementById("newest"))`) {
		t.Error("a late answer covers the newest report")
	}
}

// The number in sight is the one that the lane waits for, however often it was asked for.
func TestNewestNumberStays(t *testing.T) {
	t.Parallel()
	d := open(t, setup{before: lateAnswers})
	d.until(`!document.getElementById("open-number").hidden`)
	d.hold("/api/challenge")
	d.do(`document.getElementById("open-number").click(); document.getElementById("open-number").click()`)
	d.until(`waiting() > 0`)
	d.settle()
	d.release()
	if seen, want := d.number(), d.lane().Digits; seen != want {
		t.Errorf("the screen shows %s, the lane waits for %s", seen, want)
	}
}

// A gate that is started anew asks for no number any more: the page shows none, and says so.
func TestNumberEndsWithTheAgent(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	d.until(`!document.getElementById("open-number").hidden`)
	d.do(`document.getElementById("open-number").click()`)
	d.number()
	d.stop()
	d.until(`document.getElementById("link").dataset.state === "bad"`)
	d.start()
	d.until(`document.getElementById("link").dataset.state === "alone"`)
	d.until(`document.getElementById("number-says").textContent.startsWith("This device was started anew") && !document.getElementById("digits").checkVisibility()`)
}

// The next code waits until an admission is taken back, so that neither verdict covers
// the other.
func TestNextCodeWaitsForTheUndo(t *testing.T) {
	t.Parallel()
	d := open(t, setup{before: lateAnswers, timers: true})
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	d.press("u")
	d.shows("amber", "triangle", "UNDO?")
	d.hold("/api/undo")
	d.press("u")
	d.until(`waiting() === 1`)
	d.do(`asks.length = 0`)
	d.scan(d.code(2))
	d.settle()
	if eval[bool](d, `asks.includes("/api/scan")`) {
		t.Error("the next code is judged while an admission is taken back")
	}
	d.release()
	d.shows("amber", "triangle", "UNDONE")
	d.pass(stand)
	d.shows("green", "tick", "ADMIT")
}

// Somebody whom a crash let in unseen can be taken back, and not whoever came before.
func TestUndoOfAnUnseenGreen(t *testing.T) {
	t.Parallel()
	d := open(t, setup{timers: true})
	d.scan(d.code(1))
	d.shows("green", "tick", "ADMIT")
	d.gate.Turnstile.Scan(t.Context(), turnstile.Attempt{Text: d.code(2), Direction: admission.In, Lane: "cut short"})
	d.stop()
	d.start()
	d.tap()
	d.scan(d.code(2))
	d.shows("green", "tick", "ADMIT")
	if got := eval[string](d, `document.getElementById("verdict").dataset.reason`); got != string(admission.NotDisplayed) {
		t.Fatalf("the reason is %q", got)
	}
	d.press("u")
	d.shows("amber", "triangle", "UNDO?")
	if got := d.text("why"); !strings.Contains(got, short(2)) {
		t.Errorf("it asks %q, want whether to take %s back", got, short(2))
	}
}

// That a PIN was wrong stays in sight, whatever became of the session before.
func TestWrongPINStaysInSight(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: people(t)})
	d.signIn("Kim", scannerPIN)
	d.until(`document.getElementById("who").textContent.includes("Kim")`)
	d.later(2 * time.Hour)
	d.do(`dispatchEvent(new Event("refused"))`)
	d.until(`!document.getElementById("who").textContent.includes("Kim") && document.getElementById("sign-in-note").textContent`)
	d.signIn("Kim", supervisorPIN)
	d.until(`document.getElementById("sign-in-note").textContent.includes("not the PIN")`)
	d.settle()
	if got := d.text("sign-in-note"); !strings.Contains(got, "not the PIN") {
		t.Errorf("after a wrong PIN it says %q", got)
	}
}

// A panel that was opened by the time that a PIN is found right stays open.
func TestLateSignInClosesNothingElse(t *testing.T) {
	t.Parallel()
	d := open(t, setup{say: people(t), before: lateAnswers})
	d.hold("/api/sign-in")
	d.signIn("Kim", scannerPIN)
	d.until(`waiting() === 1`)
	d.do(`document.querySelector("#sign-in [data-close]").click()`)
	d.do(`document.querySelector("[data-open=menu]").click()`)
	d.release()
	d.until(`document.getElementById("who").textContent.includes("Kim")`)
	if !eval[bool](d, `document.getElementById("menu").open`) {
		t.Error("the panel that was opened meanwhile is closed")
	}
}

// The checks that were made last stay in sight.
func TestNewestChecksStay(t *testing.T) {
	t.Parallel()
	d := open(t, setup{before: lateAnswers})
	d.hold("/api/preflight")
	d.do(`document.getElementById("open-preflight").click()`)
	d.until(`waiting() === 1`)
	d.do(`holding = "none"; document.getElementById("again-preflight").click()`)
	d.until(`document.querySelector("#checks li")`)
	d.do(`document.querySelector("#checks li").id = "newest"`)
	d.release()
	if !eval[bool](d, `Boolean(document.getElementById("newest"))`) {
		t.Error("a late answer covers the newest checks")
	}
}
