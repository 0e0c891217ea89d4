// Package doorpage tests the door page in a real browser against a real gate.
package doorpage

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	_ "image/png" // sample tickets are PNG files
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/cmd/usher/demo"
	"usher/e2e/browser"
	"usher/gate/scan"
	"usher/gate/turnstile"
)

const patience = 20 * time.Second

// door is a running demo and a browser at the door page of one of its gates.
type door struct {
	*browser.Tab
	t     *testing.T
	place demo.Place
}

func startDemo(t *testing.T) demo.Place {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	places, ended := make(chan demo.Place, 1), make(chan error, 1)
	dir := t.TempDir()
	go func() {
		ended <- demo.Run(ctx, demo.Config{Data: dir, People: 20, Log: slog.New(slog.DiscardHandler), Step: func(string, int, int) {}},
			func(p demo.Place) { places <- p })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	select {
	case p := <-places:
		return p
	case err := <-ended:
		ended <- nil
		t.Fatalf("the demo ended before it was ready: %v", err)
		return demo.Place{}
	}
}

func open(t *testing.T, place demo.Place, gate string, cfg browser.Config) *door {
	t.Helper()
	cfg.Profile = t.TempDir()
	tab, closed, err := browser.Open(context.WithoutCancel(t.Context()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed)
	d := &door{Tab: tab, t: t, place: place}
	d.must(tab.Go(place.Doors[gate]))
	d.until(`document.getElementById("link").textContent !== "…"`)
	return d
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

// shows waits for a verdict in which colour, shape and word agree.
func (d *door) shows(tone, shape, word string) {
	d.t.Helper()
	d.until(fmt.Sprintf(`document.getElementById("verdict").classList.contains("tone-%s") && document.getElementById("word").textContent === %q &&
		document.querySelector("#shape use").getAttribute("href") === "#shape-%s"`, tone, word, shape))
}

func (d *door) idle() {
	d.t.Helper()
	d.until(`document.getElementById("verdict").classList.contains("idle")`)
}

// code reads the code of a sample ticket.
func code(t *testing.T, place demo.Place, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join(place.Tickets, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	texts, err := scan.Picture(f)
	if err != nil || len(texts) != 1 {
		t.Fatalf("%s: %v %v", name, texts, err)
	}
	return texts[0]
}

func TestWedgeScanner(t *testing.T) {
	place := startDemo(t)
	d := open(t, place, "north", browser.Config{})
	good := code(t, place, "ticket-1.png")

	d.must(d.Keys(good + "\r"))
	d.shows("green", "tick", "ADMIT")
	d.idle() // a green goes by itself

	time.Sleep(3 * time.Second) // the same code sooner is the same sighting
	d.must(d.Keys(good + "\t"))
	d.shows("red", "cross", "ALREADY IN")
	time.Sleep(1500 * time.Millisecond)
	d.shows("red", "cross", "ALREADY IN") // a red stays
	d.must(d.Keys(" "))
	d.idle()

	d.must(d.Keys(code(t, place, "revoked.png") + "\r"))
	d.shows("red", "cross", "VOID")

	d.must(d.Keys(forged(good) + "\r"))
	d.shows("red", "cross", "FORGED")

	d.must(d.Keys("https://example.org/menu\r"))
	d.shows("red", "cross", "NOT A TICKET")
}

// forged changes one character of the signature.
func forged(code string) string {
	i := len(code) - 6
	other := "7"
	if code[i] == '7' {
		other = "8"
	}
	return code[:i] + other + code[i+1:]
}

func TestTypedCodePictureAndExit(t *testing.T) {
	place := startDemo(t)
	d := open(t, place, "south", browser.Config{Width: 1280, Height: 800})

	short := d.looked(code(t, place, "ticket-2.png")).Short
	eval[string](d, fmt.Sprintf(`(() => { const c = document.getElementById("code"); c.value = %q; c.form.requestSubmit(); return "" })()`, strings.ToLower(short)))
	d.shows("green", "tick", "ADMIT")

	d.must(d.Keys("o"))
	d.until(`document.body.dataset.direction === "out"`)
	d.must(d.Keys(code(t, place, "ticket-2.png") + "\r"))
	d.shows("blue", "arrow", "EXIT")

	d.must(d.Keys("i"))
	d.until(`document.body.dataset.direction === "in"`)
	d.must(d.Upload("#picture", filepath.Join(place.Tickets, "ticket-2.png")))
	d.shows("blue", "loop", "RE-ENTRY")

	d.must(d.Upload("#picture", filepath.Join(place.Tickets, "ticket-3.png")))
	d.shows("green", "tick", "ADMIT")
	d.until(`!document.getElementById("undo").disabled`)
	d.must(d.Keys("u"))
	d.shows("amber", "triangle", "UNDONE")

	d.must(d.Keys("v"))
	d.until(`document.body.dataset.direction === "verify"`)
	d.must(d.Keys(code(t, place, "ticket-4.png") + "\r"))
	d.shows("green", "tick", "ADMIT")
	d.must(d.Keys("i"))
	d.must(d.Keys(code(t, place, "ticket-4.png") + "\r"))
	d.shows("green", "tick", "ADMIT") // looking had changed nothing
}

// looked asks the gate what it thinks of a code, which changes nothing.
func (d *door) looked(token string) turnstile.Outcome {
	d.t.Helper()
	said := eval[string](d, fmt.Sprintf(`fetch("/api/scan", {method: "POST", headers: {"Content-Type": "application/json"},
		body: JSON.stringify({text: %q, how: "wedge", lane: "look", direction: "in", look: true})}).then((r) => r.text())`, token))
	var out turnstile.Outcome
	if err := json.Unmarshal([]byte(said), &out); err != nil || out.Result == "" {
		d.t.Fatalf("the gate says %s: %v", said, err)
	}
	return out
}

func TestCamera(t *testing.T) {
	place := startDemo(t)
	file := filepath.Join(t.TempDir(), "camera.y4m")
	if err := browser.WriteCamera(file, []browser.Scene{{Frames: 15}, {Picture: picture(t, place, "ticket-5.png"), Frames: 20}, {Picture: picture(t, place, "revoked.png"), Frames: 20}}); err != nil {
		t.Fatal(err)
	}
	d := open(t, place, "north", browser.Config{Camera: file})
	eval[string](d, `document.getElementById("start").click(), ""`)
	d.shows("green", "tick", "ADMIT")
	d.shows("red", "cross", "VOID")
	d.shows("red", "cross", "ALREADY IN") // the film begins again
	if eval[bool](d, `document.getElementById("camera").hidden`) {
		t.Error("the camera's picture is not shown")
	}
}

func picture(t *testing.T, place demo.Place, name string) image.Image {
	t.Helper()
	f, err := os.Open(filepath.Join(place.Tickets, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestWithTheServerAway(t *testing.T) {
	place := startDemo(t)
	d := open(t, place, "north", browser.Config{})
	d.until(`document.getElementById("link").dataset.state === "online"`)
	if err := demo.Server(t.Context(), place.Data, false); err != nil {
		t.Fatal(err)
	}
	d.until(`document.getElementById("link").dataset.state === "alone"`)
	d.must(d.Go(place.Doors["north"]))
	d.until(`document.getElementById("link")?.dataset.state === "alone"`)
	d.must(d.Keys(code(t, place, "ticket-6.png") + "\r"))
	d.shows("green", "tick", "ADMIT")
	d.until(`/alone/.test(document.getElementById("more").textContent) || document.getElementById("verdict").classList.contains("idle")`)
	d.until(`document.getElementById("unsent").dataset.state === "some"`)
	if err := demo.Server(t.Context(), place.Data, true); err != nil {
		t.Fatal(err)
	}
	d.until(`document.getElementById("unsent").dataset.state === "none"`)
}

func TestAnnouncedAndNight(t *testing.T) {
	place := startDemo(t)
	d := open(t, place, "north", browser.Config{})
	if got := eval[string](d, `(v => v.getAttribute("role") + " " + v.getAttribute("aria-live"))(document.getElementById("verdict"))`); got != "status assertive" {
		t.Errorf("verdicts are announced as %q", got)
	}
	eval[string](d, `document.getElementById("night").click(), ""`)
	for _, tone := range []string{"green", "blue", "amber", "red"} {
		for _, theme := range []string{"bright", "night"} {
			ratio := eval[float64](d, fmt.Sprintf(contrast, theme, tone))
			if ratio < 7 {
				t.Errorf("%s by %s has a contrast of %.1f : 1, want 7 : 1", tone, theme, ratio)
			}
		}
	}
}

// contrast computes the ratio of WCAG 2.2 (section 1.4.6) between ink and ground.
const contrast = `(() => {
	document.body.dataset.theme = %q;
	const box = document.getElementById("verdict");
	box.style.transition = "none";
	box.className = "verdict tone-%s";
	const light = (css) => {
		const [r, g, b] = css.match(/[\d.]+/g).map(Number).map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const s = getComputedStyle(box);
	const [a, b] = [light(s.color), light(s.backgroundColor)].sort((x, y) => y - x);
	return (a + 0.05) / (b + 0.05);
})()`
