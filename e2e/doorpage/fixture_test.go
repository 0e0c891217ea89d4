package doorpage

import (
	"context"
	"encoding/json"
	"flag"
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

// shared are the browsers of all tests: one without a camera, and one whose camera
// shows the code of ticket 1, which is the same at every site.
var shared struct{ plain, sees lazy }

// lazy is a browser that is started by the first who needs it.
type lazy struct {
	once    sync.Once
	browser *browser.Browser
	closed  func()
	err     error
}

// start starts the browser, with what write makes its camera show, if anything.
func (l *lazy) start(write func(film string) error) (*browser.Browser, error) {
	l.once.Do(func() {
		cfg := browser.Config{}
		if cfg.Profile, l.err = os.MkdirTemp("", "usher-doorpage-"); l.err != nil {
			return
		}
		l.closed = func() { _ = os.RemoveAll(cfg.Profile) }
		if write != nil {
			cfg.Camera = filepath.Join(cfg.Profile, "camera.y4m")
			if l.err = write(cfg.Camera); l.err != nil {
				return
			}
		}
		var closed func()
		if l.browser, closed, l.err = browser.Start(context.Background(), cfg); l.err == nil {
			l.closed = func() { closed(); _ = os.RemoveAll(cfg.Profile) }
		}
	})
	return l.browser, l.err
}

func (l *lazy) end() {
	if l.closed != nil {
		l.closed()
	}
}

// atOnce is how many tests run at once: they wait for the browser more than they work.
const atOnce = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			log.Fatal(err)
		}
	}
	status := m.Run()
	shared.plain.end()
	shared.sees.end()
	os.Exit(status)
}

// setup says how a door differs from the ordinary one. See the package's comment.
type setup struct {
	event         func(*journal.Event)                    // changes the event before the server writes it down
	say           func(*gatetest.Venue)                   // has the server write more
	role          grant.Role                              // of the gate's device; "": a scanner
	empty         bool                                    // the gate was enrolled, and knows nothing yet
	width, height int                                     // of the page; 0: a phone's
	timers        bool                                    // the page's timers stand still; pass moves them
	strip         bool                                    // tell, not the gate, says what the strip shows
	seesFirst     bool                                    // the camera shows ticket 1; without, there is none
	camera        func(v *gatetest.Venue) []browser.Scene // or this, by a browser of the test's own
	tls           gate.TLS                                // how phones come in
	before        string                                  // JavaScript that runs before the page's own
	keeps         bool                                    // the page is kept on the device, and its sound is real
}

// door is a tab at the page of a gate.
type door struct {
	*browser.Tab
	*site // nil: the gate is one of a demonstration
	t     testing.TB
	still bool // only pass moves the page's timers

	tickets int // that used has given
}

// open gives a gate of the test's own, and a tab at its page.
func open(t testing.TB, s setup) *door {
	t.Helper()
	d := &door{site: newSite(t, s), t: t, still: s.timers}
	d.Tab = s.tab(t, d.Venue)
	if !s.keeps {
		d.must(d.Before(spared))
	}
	if s.timers {
		d.must(d.Before(standStill))
	} else {
		d.must(d.Before(longGreens))
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

// tab opens a tab of a shared browser, or of one with a film of the test's own.
func (s *setup) tab(t testing.TB, v *gatetest.Venue) *browser.Tab {
	t.Helper()
	if s.width == 0 {
		s.width, s.height = 360, 740
	}
	lend := func() (*browser.Tab, func(), error) {
		b, err := shared.plain.start(nil)
		if s.seesFirst {
			b, err = shared.sees.start(func(film string) error { return browser.WriteCamera(film, still(t, v)) })
		}
		if err != nil {
			return nil, nil, err
		}
		return b.Lend(s.width, s.height)
	}
	if s.camera != nil {
		lend = func() (*browser.Tab, func(), error) {
			film := filepath.Join(t.TempDir(), "camera.y4m")
			if err := browser.WriteCamera(film, s.camera(v)); err != nil {
				return nil, nil, err
			}
			b, closed, err := browser.Start(context.WithoutCancel(t.Context()), browser.Config{Profile: t.TempDir(), Camera: film})
			if err != nil {
				return nil, nil, err
			}
			tab, _, err := b.Tab(s.width, s.height)
			return tab, closed, err
		}
	}
	tab, back, err := lend()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(back)
	return tab
}

// spared takes from a page what takes long and few tests look at: keeping all files
// on the device, and an open line to the loudspeaker.
const spared = `
	Object.defineProperty(navigator, "serviceWorker", { value: undefined });
	globalThis.AudioContext = class { state = "suspended"; resume() {} };`

// visit opens a door page and waits until it knows how the gate does.
func (d *door) visit(url string) {
	d.t.Helper()
	d.must(d.Go(url))
	d.until(`document.getElementById("link").textContent !== "…" || window.tell`)
}

func (d *door) url() string { return "http://" + d.address + "/" }

// in is the same door for a part of a test.
func (d *door) in(t testing.TB) *door {
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
	d.dispatch(code + "\r")
}

// dispatch has the page see the events of keys, with "\r" for Enter.
func (d *door) dispatch(keys string) {
	d.t.Helper()
	text, err := json.Marshal(keys)
	d.must(err)
	d.do(fmt.Sprintf(`for (const char of %s)
		for (const type of ["keydown", "keyup"])
			(document.activeElement || document.body).dispatchEvent(new KeyboardEvent(type, { key: char === "\r" ? "Enter" : char, bubbles: true, cancelable: true }))`, text))
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

// longGreens has a green stand for as long as it may, so that a busy machine sees it.
const longGreens = `localStorage.settings ??= JSON.stringify({ green: 3 });`

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
