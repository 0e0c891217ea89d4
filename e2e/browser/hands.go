package browser

import (
	"fmt"
	"time"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// reach is how long a hand waits for what it is to press.
const reach = 20 * time.Second

// Keys types text as a keyboard does: real key events, whatever has the focus.
func (t *Tab) Keys(text string) error { return chromedp.Do(t.ctx, chromedp.KeyEvent(text)) }

// Click presses the middle of what the CSS selector finds, once it can be seen, with
// real pointer events.
func (t *Tab) Click(selector string) error {
	found := fmt.Sprintf("document.querySelector(%q)", selector)
	if err := t.Wait(found+"?.checkVisibility({ checkVisibilityCSS: true })", reach); err != nil {
		return err
	}
	at, err := Eval[struct{ X, Y float64 }](t, fmt.Sprintf(`((box) => {
		box.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
		const r = box.getBoundingClientRect();
		return { X: r.x + r.width / 2, Y: r.y + r.height / 2 };
	})(%s)`, found))
	if err != nil {
		return fmt.Errorf("pressing %s: %w", selector, err)
	}
	return t.Tap(at.X, at.Y)
}

// Tap presses a point of the page, in CSS pixels, with real pointer events.
func (t *Tab) Tap(x, y float64) error { return chromedp.Do(t.ctx, chromedp.MouseClickXY(x, y)) }

// Upload puts files into the file input with the CSS selector.
func (t *Tab) Upload(selector string, files ...string) error {
	input, err := Eval[*runtime.RemoteObject](t, fmt.Sprintf("document.querySelector(%q)", selector))
	if err != nil {
		return fmt.Errorf("finding %s: %w", selector, err)
	}
	_, err = chromedp.Call(t.ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: files, ObjectID: input.ObjectID})
	return err
}
