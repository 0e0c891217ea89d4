package doorpage

import (
	"fmt"
	"image"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/skip2/go-qrcode"

	"usher/e2e/browser"
	"usher/gate/gatetest"
)

// watched notes what the page asks the agent, counts the frames that it hands to the
// decoder, and the verdicts that it paints.
const watched = `
globalThis.asked = [];
globalThis.frames = 0;
globalThis.painted = 0;
const realFetch = fetch;
globalThis.fetch = (url, options) => { asked.push(String(url).split("?")[0]); return realFetch(url, options); };
globalThis.Worker = class extends Worker {
	postMessage(message, transfer) { frames++; super.postMessage(message, transfer); }
};
addEventListener("DOMContentLoaded", () => new MutationObserver((list) => { painted += list.length; })
	.observe(document.getElementById("verdict"), { attributeFilter: ["class"] }));
`

// still is a film of ticket 1.
func still(t testing.TB, v *gatetest.Venue) []browser.Scene {
	return []browser.Scene{{Picture: inSight(t, v.Code(t, ticketID(1), 0)), Frames: 2}}
}

func (d *door) startCamera() {
	d.t.Helper()
	d.do(`document.getElementById("start").click()`)
}

// readHere waits until the page's own decoder reads.
func (d *door) readHere() {
	d.t.Helper()
	d.until(`document.getElementById("reader").dataset.state === "good"`)
}

// afterFrames waits until so many more frames were read.
func (d *door) afterFrames(n int) {
	d.t.Helper()
	seen := eval[int](d, `frames`)
	d.until(fmt.Sprintf(`frames >= %d`, seen+n))
}

// What the camera sees is read in the page: no frame comes to the agent, in all the
// time that a code is held before the lens, and it is one sighting, when it is only
// looked at too.
func TestCameraFramesStayOnTheDevice(t *testing.T) {
	t.Parallel()
	d := open(t, setup{seesFirst: true, before: watched})
	d.verify()
	d.startCamera()
	d.shows("green", "tick", "ADMIT")
	d.readHere()
	before, painted := d.sent.Load(), eval[int](d, `painted`)
	d.afterFrames(70) // more than four seconds, for which no code was gone
	if n := eval[int](d, `asked.filter((a) => a === "/api/scan").length`); n != 1 {
		t.Errorf("a code that is looked at is judged %d times while it is held", n)
	}
	if n := eval[int](d, `painted`); n != painted {
		t.Errorf("its verdict is painted anew %d times", n-painted)
	}
	const smallFrame = 100 << 10 // bytes; a 320 × 240 frame, grey
	if n := d.sent.Load() - before; n > smallFrame/2 {
		t.Errorf("%d bytes came to the agent while 70 frames were read", n)
	}
	d.press("i") // to let in what was looked at is another sighting
	d.until(`asked.filter((a) => a === "/api/scan").length === 2`)
	d.idle()
	d.afterFrames(20)
	if asked := eval[string](d, `asked.filter((a) => !["/api/scan", "/api/shown"].includes(a) && !["/words.json", "/api/me", "/api/challenge"].includes(a)).join(" ")`); asked != "" {
		t.Errorf("beside scans the page asks for %s", asked)
	}
	if n := eval[int](d, `asked.filter((a) => a === "/api/scan").length`); n != 2 {
		t.Errorf("judged %d times, want once looked at and once let in", n)
	}
	if got := d.look(d.code(1)); got.Reason != "already_used" {
		t.Errorf("the ticket is %s %s after it was let in", got.Result, got.Reason)
	}
}

// Where the decoder can't run the agent reads, and the strip says so.
func TestCameraReadByTheAgent(t *testing.T) {
	t.Parallel()
	d := open(t, setup{seesFirst: true, before: watched + `globalThis.Worker = class { constructor() { throw new Error("no workers here"); } };`})
	d.startCamera()
	d.shows("green", "tick", "ADMIT")
	if got := eval[string](d, `(r => r.dataset.state + ": " + r.textContent + ": " + r.title)(document.getElementById("reader"))`); got != "bad: camera read by the agent: no workers here" {
		t.Errorf("the strip says %q", got)
	}
	d.until(`asked.filter((a) => a === "/api/frame").length > 20`)
	if n := eval[int](d, `asked.filter((a) => a === "/api/scan").length`); n != 1 {
		t.Errorf("judged %d times", n)
	}
}

// A decoder that breaks is started again; one that breaks again and again is left,
// and the agent reads.
func TestCameraDecoderThatBreaks(t *testing.T) {
	t.Parallel()
	d := open(t, setup{seesFirst: true, before: watched + `
		globalThis.started = 0;
		const Real = Worker;
		globalThis.Worker = class extends Real {
			constructor(...args) { super(...args); started++; }
			postMessage(message) { super.postMessage({ ...message, frame: null }); }
		};`})
	d.startCamera()
	d.shows("green", "tick", "ADMIT")
	if n := eval[int](d, `started`); n != 3 {
		t.Errorf("the decoder was started %d times, want three chances", n)
	}
	d.until(`asked.includes("/api/frame")`)
}

// A few breaks in an evening don't add up: a decoder that was left is tried again after
// a while.
func TestCameraDecoderIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := open(t, setup{seesFirst: true, before: watched + `
		globalThis.breaks = true;
		globalThis.ahead = 0;
		const now = performance.now.bind(performance);
		performance.now = () => now() + ahead;
		const Real = Worker;
		globalThis.Worker = class extends Real {
			postMessage(message) { super.postMessage(breaks ? { ...message, frame: null } : message, breaks ? [] : [message.frame]); }
		};`})
	d.startCamera()
	d.until(`document.getElementById("reader").dataset.state === "bad"`)
	d.do(`breaks = false; ahead = 11 * 60_000`)
	d.readHere()
}

// A decoder that is there only when the camera is off again is ended.
func TestCameraLeavesNoDecoder(t *testing.T) {
	t.Parallel()
	d := open(t, setup{seesFirst: true, before: watched + `
		globalThis.decoders = new Set();
		globalThis.Worker = class {
			constructor() {
				const ready = () => this.onmessage({ data: { ready: true } });
				if (decoders.size || globalThis.broke) globalThis.comesUp = ready; else setTimeout(ready);
				decoders.add(this);
			}
			postMessage({ number }) { globalThis.broke = true; setTimeout(() => this.onmessage({ data: { number, failed: "broken" } })); }
			terminate() { decoders.delete(this); }
		};`})
	d.startCamera()
	d.until(`globalThis.comesUp`)
	d.do(`document.getElementById("start").click()`)
	d.until(`document.getElementById("camera").hidden`)
	d.do(`comesUp()`)
	d.until(`decoders.size === 0`)
}

// The page and its decoder come from the device with nobody to ask, and the camera
// goes on where it was. The agent's return is all that is missing.
func TestCameraAfterAReloadWithTheAgentAway(t *testing.T) {
	t.Parallel()
	d := open(t, setup{seesFirst: true, before: watched, keeps: true})
	d.until(`navigator.serviceWorker.controller`)
	d.startCamera()
	d.shows("green", "tick", "ADMIT")
	d.stop()
	d.must(d.Go(d.url()))
	d.readHere() // with no tap: it ran before
	d.shows("hatch", "hatch", "CAN'T DECIDE")
	d.later(time.Minute) // else it is the sighting that was judged before
	d.start()
	d.shows("red", "cross", "ALREADY IN")
}

// Whatever the camera sees, the page goes on: noise, codes as large as there are,
// bytes that are no text.
func TestCameraSeesHostileThings(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	noise := image.NewGray(image.Rect(0, 0, 420, 420))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(random.IntN(256))
	}
	show := func(text string) image.Image {
		code, err := qrcode.New(text, qrcode.Low)
		if err != nil {
			t.Fatal(err)
		}
		return code.Image(-3)
	}
	bytes := make([]byte, 1300)
	for i := range bytes {
		bytes[i] = byte(random.IntN(32)) // control characters alone
	}
	d := open(t, setup{before: watched, camera: func(v *gatetest.Venue) []browser.Scene {
		return []browser.Scene{
			{Picture: noise, Frames: 10}, {Picture: show(string(bytes)), Frames: 30}, {Frames: 3},
			{Picture: show("<img src=x onerror=alert(1)>\u202e" + strings.Repeat("\x00", 20)), Frames: 30}, {Frames: 3},
			{Picture: show("UT1:" + strings.Repeat("9", 1000)), Frames: 30}, {Frames: 3},
			{Picture: inSight(t, v.Code(t, ticketID(1), 0)), Frames: 30},
		}
	}})
	d.startCamera()
	d.readHere()
	d.shows("red", "cross", "NOT A TICKET")
	d.shows("green", "tick", "ADMIT")
	if n := eval[int](d, `asked.filter((a) => a === "/api/scan").length`); n < 4 {
		t.Errorf("%d codes of four were read", n)
	}
	if n := eval[int](d, `document.querySelectorAll("#verdict img").length`); n > 0 {
		t.Error("a code became a part of the page")
	}
	if eval[string](d, `document.getElementById("reader").dataset.state`) != "good" {
		t.Error("the decoder broke")
	}
}

// What keeps the camera away is named in words, with what to do.
func TestCameraTroubles(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	for name, want := range map[string]string{
		"NotAllowedError": "NO CAMERA: This page is not allowed to use the camera.", "NotFoundError": "NO CAMERA: This device has no camera.",
		"NotReadableError": "CAMERA BUSY: Another program uses the camera.", "AbortError": "CAMERA BUSY: Another program uses the camera.",
		"SecurityError": "NO CAMERA: A browser gives no camera to a page that came without encryption.",
	} {
		d.do(fmt.Sprintf(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", %q))`, name))
		d.startCamera()
		d.until(fmt.Sprintf(`document.getElementById("word").textContent + ": " + document.getElementById("why").textContent === %q`, want))
		if eval[string](d, `document.getElementById("what").textContent`) == "" {
			t.Errorf("%s: nobody says what to do", name)
		}
		if got := eval[string](d, `document.getElementById("start").textContent`); got != "Start camera" {
			t.Errorf("%s: the button says %q", name, got)
		}
		d.tap()
		d.idle()
	}
}

// A page that nobody sees lets go of the camera, and takes it again with the light
// and the lens that were chosen. One that is unplugged is named.
func TestCameraGoesAndComes(t *testing.T) {
	t.Parallel()
	d := open(t, setup{seesFirst: true, before: watched + `
		globalThis.lights = [];
		MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
		MediaStreamTrack.prototype.applyConstraints = async (c) => { lights.push(c.advanced[0].torch); };
		globalThis.wishes = [];
		const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
		navigator.mediaDevices.getUserMedia = async (wish) => {
			wishes.push(wish.video.deviceId?.exact || "");
			if (wish.video.deviceId?.exact === "gone") throw new DOMException("", "OverconstrainedError");
			return real(wish);
		};`})
	seen := func(on bool) {
		d.do(fmt.Sprintf(`Object.defineProperty(document, "hidden", { value: %v, configurable: true }); document.dispatchEvent(new Event("visibilitychange"))`, !on))
	}
	d.startCamera()
	d.readHere()
	d.press("t")
	d.until(`lights.at(-1) === true && document.getElementById("torch").ariaPressed === "true"`)
	seen(false)
	d.until(`!document.getElementById("video").srcObject && document.getElementById("camera").hidden`)
	seen(true)
	d.until(`document.getElementById("video").srcObject?.active && lights.length === 3 && lights.at(-1) === true`)
	d.readHere()
	d.do(`localStorage.lens = "gone"`)
	seen(false)
	d.until(`!document.getElementById("video").srcObject`)
	seen(true)
	d.until(`document.getElementById("video").srcObject?.active`)
	d.readHere()
	if got := eval[string](d, `wishes.slice(-2).join(",") + " " + localStorage.lens`); got != "gone, undefined" {
		t.Errorf("of a lens that is gone the page asked for %q", got)
	}
	d.do(`document.getElementById("video").srcObject.getVideoTracks()[0].dispatchEvent(new Event("ended"))`)
	d.shows("hatch", "hatch", "CAMERA LOST")
	d.startCamera()
	d.until(`document.getElementById("video").srcObject?.active`)
}
