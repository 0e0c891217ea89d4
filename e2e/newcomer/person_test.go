package newcomer

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

	"usher/e2e/browser"
)

const patience = 30 * time.Second

// person is somebody with a browser profile of their own: on their phone, or at a door.
type person struct {
	*browser.Tab
	t       *testing.T
	shop    string          // the address that the demo prints
	pressed map[string]bool // what all of them pressed, by the words on it
}

func (p *person) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func eval[T any](p *person, expression string) T {
	p.t.Helper()
	v, err := browser.Eval[T](p.Tab, expression)
	p.must(err)
	return v
}

func (p *person) until(expression string) {
	p.t.Helper()
	if err := p.Wait(expression, patience); err != nil {
		p.t.Fatalf("%v; %s says\n%s", err, eval[string](p, `location.href`), eval[string](p, `document.body.innerText`))
	}
}

// says waits until the page has a text in sight.
func (p *person) says(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.body?.innerText.includes(%q)`, text))
}

// sees waits for what could be pressed, and leaves it at that.
func (p *person) sees(text string) {
	p.t.Helper()
	p.says(text)
	p.pressed[text] = true
}

// press presses what has a text on it: in the dialog that is open, else on the page.
func (p *person) press(text string) {
	p.t.Helper()
	found := fmt.Sprintf(`[...(document.querySelector("dialog[open]") ?? document).querySelectorAll("button, a, label, summary")]
		.find((e) => e.checkVisibility() && e.innerText.includes(%q))`, text)
	p.until(`(` + found + `) !== undefined`)
	eval[bool](p, `(document.querySelectorAll("[data-press]").forEach((e) => delete e.dataset.press), (`+found+`).dataset.press = "", true)`)
	p.must(p.Click("[data-press]"))
	p.pressed[text] = true
}

// fill types into the field with an id.
func (p *person) fill(id, text string) {
	p.t.Helper()
	p.must(p.Click("#" + id))
	p.must(p.Keys(text))
}

// mail opens the newest mail to an address from the inbox, and follows its button.
func (p *person) mail(to, subject, button string) {
	p.t.Helper()
	newest := fmt.Sprintf(`[...document.querySelectorAll("ol a")].find((a) => a.innerText.includes(%q) && a.innerText.includes(%q)) !== undefined`, to, subject)
	came := false
	for end := time.Now().Add(patience); !came && time.Now().Before(end); { // nobody tells the page that mail has come
		p.must(p.Go(p.shop + "inbox/"))
		came = eval[bool](p, newest)
	}
	if !came {
		p.t.Fatalf("no mail %q has come to %s; there are\n%s", subject, to, eval[string](p, `document.body.innerText`))
	}
	p.press(subject)
	p.until(`document.querySelector("iframe") !== null && document.readyState === "complete"`)
	if text := eval[string](p, `document.querySelector("pre").textContent`); !strings.Contains(text, button+":\nhttp") {
		p.t.Errorf("the mail has no button %q:\n%s", button, text)
	}
	// By the keyboard: the letter stands in a frame that no other page looks into.
	eval[bool](p, `(document.querySelector("iframe").focus(), true)`)
	p.must(p.Keys("\t"))
	p.must(p.Keys("\r"))
	p.until(`!location.pathname.startsWith("/inbox")`)
	p.pressed[button] = true
}

// shown waits until a code is painted, and takes a picture of the screen.
func (p *person) shown(name string) screenshot {
	p.t.Helper()
	const canvas = `document.querySelector("dialog#code canvas")`
	p.until(canvas + `?.width > 40`)
	middle := eval[float64](p, `(r => devicePixelRatio * (r.top + r.height / 2))(`+canvas+`.getBoundingClientRect())`)
	shot, err := p.Picture()
	p.must(err)
	screen, err := png.Decode(bytes.NewReader(shot))
	p.must(err)
	file := filepath.Join(p.t.TempDir(), name+".png")
	p.must(os.WriteFile(file, shot, 0o600))
	return screenshot{file, screen, int(middle)}
}

// screenshot is a picture of a screen on which there is a code.
type screenshot struct {
	file   string
	screen image.Image
	middle int // of the code, from the top
}

// held is what a camera sees of the screen that is held before it: its whole width,
// and as much above and below the middle of the code.
func (s *screenshot) held() image.Image {
	r := s.screen.Bounds()
	wide := r.Dx()
	r.Min.Y = s.middle - wide/2
	r.Max.Y = r.Min.Y + wide
	return s.screen.(interface {
		SubImage(image.Rectangle) image.Image
	}).SubImage(r)
}
