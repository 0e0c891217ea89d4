package doorpage

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/e2e/browser"
	"usher/gate/gatetest"
	"usher/server/document"
)

func TestWedgeScanner(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	d.void(2)
	good := d.code(1)

	d.scan(good)
	d.shows("green", "tick", "ADMIT")
	d.idle() // a green goes by itself

	d.later(4 * time.Second) // the same code sooner is the same sighting
	d.must(d.Keys(good + "\t"))
	d.shows("red", "cross", "ALREADY IN")
	d.press(" ")
	d.idle()

	d.scan(d.code(2))
	d.shows("red", "cross", "VOID")
	d.tap()
	d.scan(forged(good))
	d.shows("red", "cross", "FORGED")
	d.tap()
	d.scan("https://example.org/menu")
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
	t.Parallel()
	d := open(t, setup{width: 1280, height: 800})
	second, third := d.picture(2), d.picture(3)

	d.typed(strings.ToLower(short(2)))
	d.shows("green", "tick", "ADMIT")

	d.press("o")
	d.until(`document.body.dataset.direction === "out"`)
	d.scan(d.code(2))
	d.shows("blue", "arrow", "EXIT")

	d.press("i")
	d.until(`document.body.dataset.direction === "in"`)
	d.must(d.Upload("#picture", second))
	d.shows("blue", "loop", "RE-ENTRY")

	d.must(d.Upload("#picture", third))
	d.shows("green", "tick", "ADMIT")
	d.until(`!document.getElementById("undo").disabled`)
	d.press("u")
	d.shows("amber", "triangle", "UNDO?")
	d.press("u")
	d.shows("amber", "triangle", "UNDONE")
	d.tap()

	d.verify()
	d.scan(d.code(4))
	d.shows("green", "tick", "ADMIT")
	d.press("i")
	d.until(`document.body.dataset.direction === "in"`)
	d.scan(d.code(4))
	d.shows("green", "tick", "ADMIT") // looking had changed nothing
}

// short is the short code of the n-th ticket.
func short(n int) string { return ticket.ID(ticketID(n)).Short() }

// picture draws the n-th ticket, and gives the file.
func (d *door) picture(n int) string {
	d.t.Helper()
	file := filepath.Join(d.t.TempDir(), "ticket.png")
	d.must(os.WriteFile(file, drawn(d.t, d.code(n)), 0o600))
	return file
}

func drawn(t testing.TB, code string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := document.PNG(&out, code, 480); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCamera(t *testing.T) {
	t.Parallel()
	d := open(t, setup{
		say: func(v *gatetest.Venue) { v.Void(t, "revoked", 1, ticketID(2)) },
		camera: func(v *gatetest.Venue) []browser.Scene {
			return []browser.Scene{
				{Frames: 15}, {Picture: inSight(t, v.Code(t, ticketID(1), 0)), Frames: 20}, {Picture: inSight(t, v.Code(t, ticketID(2), 0)), Frames: 20},
				{Picture: inSight(t, forged(v.Code(t, ticketID(3), 0))), Frames: 20},
			}
		},
	})
	d.do(`document.getElementById("start").click()`)
	d.shows("green", "tick", "ADMIT")
	d.shows("red", "cross", "VOID")
	d.shows("red", "cross", "FORGED")
	d.shows("red", "cross", "ALREADY IN") // the film begins again
	if eval[bool](d, `document.getElementById("camera").hidden`) {
		t.Error("the camera's picture is not shown")
	}
}

// inSight is a code as a camera sees it.
func inSight(t testing.TB, code string) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(drawn(t, code)))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestAnnouncedAndNight(t *testing.T) {
	t.Parallel()
	d := open(t, setup{})
	if got := eval[string](d, `(v => v.getAttribute("role") + " " + v.getAttribute("aria-live"))(document.getElementById("announced"))`); got != "status assertive" {
		t.Errorf("verdicts are announced as %q", got)
	}
	d.scan(forged(d.code(1)))
	d.shows("red", "cross", "FORGED")
	if got := d.text("announced"); !strings.HasPrefix(got, "FORGED. ") || strings.Contains(got, "..") || !strings.HasSuffix(got, ".") {
		t.Errorf("a voice reads %q", got)
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
