package doorpage

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/e2e/browser"
	"usher/gate"
	gatedoor "usher/gate/door"
	"usher/gate/gatetest"
	"usher/sync/journal"
)

const patience = 20 * time.Second

// shared is the browser of all tests that need no camera.
var shared struct {
	once    sync.Once
	browser *browser.Browser
	err     error
	closed  func()
}

func TestMain(m *testing.M) {
	profile, err := os.MkdirTemp("", "usher-doorpage-")
	if err != nil {
		log.Fatal(err)
	}
	start := func() {
		shared.browser, shared.closed, shared.err = browser.Start(context.Background(), browser.Config{Profile: profile})
	}
	chromium = func() (*browser.Browser, error) {
		shared.once.Do(start)
		return shared.browser, shared.err
	}
	status := m.Run()
	if shared.closed != nil {
		shared.closed()
	}
	if err := os.RemoveAll(profile); err != nil {
		log.Print(err)
	}
	os.Exit(status)
}

// chromium gives the shared browser, and starts it the first time.
var chromium func() (*browser.Browser, error)

// setup says how a door differs from the ordinary one. See the package's comment.
type setup struct {
	event         func(*journal.Event)                    // changes the event before the server writes it down
	say           func(*gatetest.Venue)                   // has the server write more
	role          grant.Role                              // of the gate's device; "": a scanner
	empty         bool                                    // the gate was enrolled, and knows nothing yet
	width, height int                                     // of the page; 0: a phone's
	timers        bool                                    // the page's timers stand still; pass moves them
	strip         bool                                    // tell, not the gate, says what the strip shows
	camera        func(v *gatetest.Venue) []browser.Scene // what the camera shows; nil: there is no camera
	tls           gate.TLS                                // how phones come in
	before        string                                  // JavaScript that runs before the page's own
}

// door is a tab at the page of a gate.
type door struct {
	*browser.Tab
	*site // nil: the gate is one of a demonstration
	t     *testing.T
	still bool // only pass moves the page's timers

	tickets int // that used has given
}

// open gives a gate of the test's own, and a tab at its page.
func open(t *testing.T, s setup) *door {
	t.Helper()
	d := &door{site: newSite(t, s), t: t, still: s.timers}
	d.Tab = s.tab(t, d.Venue)
	if s.timers {
		d.must(d.Before(standStill))
	}
	if s.strip {
		d.must(d.Before(ownStrip))
	}
	if s.before != "" {
		d.must(d.Before(s.before))
	}
	d.visit(d.url())
	return d
}

// tab opens a tab of the shared browser, or of one with a camera.
func (s *setup) tab(t *testing.T, v *gatetest.Venue) *browser.Tab {
	t.Helper()
	if s.width == 0 {
		s.width, s.height = 360, 740
	}
	b, err := chromium()
	if s.camera != nil {
		file := filepath.Join(t.TempDir(), "camera.y4m")
		if err := browser.WriteCamera(file, s.camera(v)); err != nil {
			t.Fatal(err)
		}
		var closed func()
		if b, closed, err = browser.Start(context.WithoutCancel(t.Context()), browser.Config{Profile: t.TempDir(), Camera: file}); err == nil {
			t.Cleanup(closed)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	tab, closed, err := b.Tab(s.width, s.height)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed)
	return tab
}

// visit opens a door page and waits until it knows how the gate does.
func (d *door) visit(url string) {
	d.t.Helper()
	d.must(d.Go(url))
	d.until(`document.getElementById("link").textContent !== "…" || window.tell`)
}

func (d *door) url() string { return "http://" + d.address + "/" }

// in is the same door for a part of a test.
func (d *door) in(t *testing.T) *door {
	part := *d
	part.t = t
	return &part
}

func (d *door) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *door) until(expression string) {
	d.t.Helper()
	if err := d.Wait(expression, patience); err != nil {
		word, _ := browser.Eval[string](d.Tab, `document.getElementById("verdict").innerText`)
		d.t.Fatalf("%v; the page says %q", err, word)
	}
}

func eval[T any](d *door, expression string) T {
	d.t.Helper()
	v, err := browser.Eval[T](d.Tab, expression)
	d.must(err)
	return v
}

// do runs a JavaScript statement in the page.
func (d *door) do(statement string) {
	d.t.Helper()
	eval[string](d, "(() => { "+statement+`; return "" })()`)
}

// scan gives the page the key events of a keyboard-wedge scanner. They are made in
// the page and so all come at once, and are no person's to the browser; Keys sends
// real ones, which take a second a code on a busy machine.
func (d *door) scan(code string) {
	d.t.Helper()
	text, err := json.Marshal(code)
	d.must(err)
	d.do(fmt.Sprintf(`for (const key of [...%s, "Enter"])
		for (const type of ["keydown", "keyup"])
			(document.activeElement || document.body).dispatchEvent(new KeyboardEvent(type, { key, bubbles: true, cancelable: true }))`, text))
}

// typed has a code checked from the field for codes.
func (d *door) typed(code string) {
	d.t.Helper()
	d.do(fmt.Sprintf(`const c = document.getElementById("code"); c.value = %q; c.form.requestSubmit()`, code))
}

// press presses a key that stands alone.
func (d *door) press(key string) {
	d.t.Helper()
	d.must(d.Keys(key))
	if d.still {
		d.pass(alone)
	}
}

// alone is how long a key has to stand alone to be a shortcut, and more.
const alone = 400 * time.Millisecond

// shows waits for a verdict in which colour, shape and word agree.
func (d *door) shows(tone, shape, word string) {
	d.t.Helper()
	d.until(fmt.Sprintf(`document.getElementById("verdict").classList.contains("tone-%s") && document.getElementById("word").textContent === %q &&
		document.querySelector("#shape use").getAttribute("href") === "#shape-%s"`, tone, word, shape))
}

func (d *door) idle() {
	d.t.Helper()
	d.until(idle)
}

// idle is true while the page shows no verdict.
const idle = `document.getElementById("verdict").classList.contains("idle")`

// tap is a finger's, on what is neither a verdict nor a control.
func (d *door) tap() {
	d.t.Helper()
	d.must(d.Click("#gate"))
}

// verify turns to looking, which changes nothing, so one ticket serves for all.
func (d *door) verify() {
	d.t.Helper()
	d.press("v")
	d.until(`document.body.dataset.direction === "verify"`)
}

// pass lets the page's timers run on, in a setup with timers.
func (d *door) pass(by time.Duration) {
	d.t.Helper()
	eval[string](d, fmt.Sprintf(`pass(%d).then(() => "")`, by.Milliseconds()))
}

// standStill replaces the page's timers by ones that only pass moves.
const standStill = `(() => {
	const real = setTimeout, unset = clearTimeout, waiting = new Map();
	let now = 0, next = 1;
	const set = (run, ms = 0, ...args) => { waiting.set(next, { at: now + ms, run: () => run(...args) }); return next++; };
	globalThis.timersRun = (run) => {
		globalThis.setTimeout = run ? real : set;
		globalThis.clearTimeout = run ? unset : (id) => waiting.delete(id);
	};
	timersRun(false);
	globalThis.pass = async (ms) => {
		const end = now + ms;
		for (;;) {
			const due = [...waiting].filter(([, t]) => t.at <= end).sort(([a, s], [b, t]) => s.at - t.at || a - b)[0];
			if (!due) break;
			waiting.delete(due[0]);
			now = due[1].at;
			due[1].run();
			await new Promise((done) => real(done));
		}
		now = end;
	};
})()`

// tell says what the strip shows, in a setup with strip.
func (d *door) tell(s gatedoor.Status) {
	d.t.Helper()
	text, err := json.Marshal(s)
	d.must(err)
	d.do("tell(" + string(text) + ")")
}

// ownStrip has the strip listen to the test.
const ownStrip = `globalThis.EventSource = class {
	constructor() { globalThis.tell = (s) => s ? this.onmessage({ data: JSON.stringify(s) }) : this.onerror(); }
	close() {}
}`
