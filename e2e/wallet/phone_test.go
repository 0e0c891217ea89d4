package wallet

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"
	"time"

	"usher/e2e/browser"
	"usher/gate/scan"
)

// phone is somebody's browser, with storage of its own.
type phone struct {
	*browser.Tab
	t testing.TB
}

func newPhone(t *testing.T, width, height int) *phone {
	t.Helper()
	b, closed, err := world.browser.Tab(width, height)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed)
	return &phone{b, t}
}

func (p *phone) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func eval[T any](p *phone, expression string) T {
	p.t.Helper()
	v, err := browser.Eval[T](p.Tab, expression)
	p.must(err)
	return v
}

func (p *phone) visit(path string) {
	p.t.Helper()
	p.must(p.Go(world.url + path))
}

// says waits until the page has a text in sight.
func (p *phone) says(text string) {
	p.t.Helper()
	if err := p.Wait(fmt.Sprintf("document.body && document.body.innerText.includes(%q)", text), patience); err != nil {
		p.t.Fatalf("the page lacks %q (%v):\n%s", text, err, eval[string](p, "document.body.innerText"))
	}
}

// press presses what has a text on it.
func (p *phone) press(text string) {
	p.t.Helper()
	found := fmt.Sprintf(`[...document.querySelectorAll("dialog[open] button, main button, main a")].find((e) => e.innerText.includes(%q) && (!document.querySelector("dialog[open]") || e.closest("dialog[open]")))`, text)
	p.must(p.Wait(found+" !== undefined", patience))
	eval[bool](p, `(document.querySelectorAll("[data-press]").forEach((e) => delete e.dataset.press), (`+found+`).dataset.press = "1", true)`)
	p.must(p.Click("[data-press]"))
}

// ready waits for the wallet's page.
func (p *phone) ready() {
	p.t.Helper()
	p.must(p.Wait(`document.body?.dataset.ready === "yes"`, patience))
}

// keepOrder opens an order's page and has this phone keep its tickets.
func (p *phone) keepOrder(path string) {
	p.t.Helper()
	p.visit(path)
	p.press("Keep on this phone")
	p.ready()
}

// makeLive opens the first ticket and has this phone show it live.
func (p *phone) makeLive() {
	p.t.Helper()
	p.must(p.Click(".card"))
	p.press("Make it live on this phone")
	p.press("Yes, on this phone")
	p.says("new every 15 seconds")
}

// code is what the code in sight says, read from a picture of the screen as a gate's
// camera would.
func (p *phone) code() string {
	p.t.Helper()
	p.must(p.Wait(`document.querySelector("dialog#code canvas")?.width > 40`, patience))
	shot, err := p.Picture()
	p.must(err)
	return p.read(shot)
}

// read gives what the one code in a picture says.
func (p *phone) read(shot []byte) string {
	p.t.Helper()
	found, err := scan.Picture(bytes.NewReader(shot))
	p.must(err)
	if len(found) != 1 {
		p.t.Fatalf("the picture holds %d codes", len(found))
	}
	return found[0]
}

// Links in mails: to the tickets of an address, and to tickets that are offered.
var (
	entryLink = regexp.MustCompile(`http://\S+/wallet/enter/\S+`)
	offerLink = regexp.MustCompile(`http://\S+/transfer/[0-9A-Za-z_-]{43}`)
)

// mailed opens the inbox and gives the link in the newest mail to an address whose
// subject says something.
func (p *phone) mailed(email, subject string, link *regexp.Regexp) string {
	p.t.Helper()
	newest := fmt.Sprintf(`[...document.querySelectorAll("ol a")].find((a) => a.innerText.includes(%q) && a.innerText.includes(%q))`, email, subject)
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		p.visit("/inbox/")
		if eval[bool](p, newest+" !== undefined") {
			break
		}
		if time.Now().After(end) {
			p.t.Fatalf("no mail that says %q has come to %s", subject, email)
		}
	}
	p.must(p.Go(eval[string](p, newest+".href")))
	found := link.FindString(eval[string](p, `document.querySelector("pre").textContent`))
	if found == "" {
		p.t.Fatal("the mail holds no link")
	}
	return found
}

// enter opens the tickets of an address with the link in a mail to it.
func (p *phone) enter(email, subject string) {
	p.t.Helper()
	p.must(p.Go(p.mailed(email, subject, entryLink)))
	p.press("Open my tickets")
	p.ready()
	p.says("Tickets of " + email)
}

// clean has axe-core look at the page, which has to fit its screen.
func (p *phone) clean() {
	p.t.Helper()
	flaws, err := p.Flaws()
	p.must(err)
	for _, f := range flaws {
		p.t.Error(f)
	}
	p.fits()
}

// fits wants the page no wider than its screen. innerWidth is no measure: on a phone it
// grows with what sticks out.
func (p *phone) fits() {
	p.t.Helper()
	if wide, screen := eval[int](p, `document.documentElement.scrollWidth`), eval[int](p, `document.documentElement.clientWidth`); wide > screen {
		p.t.Errorf("the page is %d pixels wide on a screen of %d", wide, screen)
	}
}

// small lists what a thumb hardly hits: lower than 44 pixels. A link within a sentence is
// as high as its line.
const small = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
	.filter((e) => e.checkVisibility() && !(e.localName === "a" && getComputedStyle(e).display === "inline" && [...e.parentElement.childNodes].some((n) => n.nodeType === 3 && n.data.trim())))
	.map((e) => [e, (e.matches("[type=checkbox], [type=radio]") && e.closest("label") || e).getBoundingClientRect().height])
	.filter(([e, high]) => high < 43.5).map(([e, high]) => high.toFixed(0) + " px: " + e.outerHTML.slice(0, 120))`

// reachable wants everything that is pressed high enough for a thumb.
func (p *phone) reachable() {
	p.t.Helper()
	for _, e := range eval[[]string](p, small) {
		p.t.Error(e)
	}
}
