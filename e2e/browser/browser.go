// Package browser drives a real, headless Chromium for tests and for the
// pictures in the docs.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// names are what Chromium is called, in the order in which it is looked for.
var names = []string{"chromium", "chromium-browser", "google-chrome", "chrome"}

// startTimeout bounds the start of the browser on a busy machine.
const startTimeout = time.Minute

// ErrMissing means that this machine has no Chromium; make deps installs it.
var ErrMissing = errors.New("no Chromium on this machine: run make deps")

// Config says how the browser is started.
type Config struct {
	Profile string // folder of its own, empty at first
	Camera  string // .y4m or .mjpeg file that the camera shows; "": no camera
	Width   int    // of the page, in CSS pixels
	Height  int
}

// Tab is a page in a browser of its own.
type Tab struct {
	ctx context.Context
}

// Open starts a browser. It ends with close, or with ctx.
func Open(ctx context.Context, cfg Config) (tab *Tab, closed func(), err error) {
	program, err := find()
	if err != nil {
		return nil, nil, err
	}
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(cfg.Profile),
		chromedp.WSURLReadTimeout(startTimeout),
	}
	for name, value := range map[string]any{
		"headless": true, "disable-gpu": true, "disable-quic": true, "disable-background-networking": true, "disable-component-update": true,
		"disable-sync": true, "disable-dev-shm-usage": true, "autoplay-policy": "no-user-gesture-required", "hide-scrollbars": true,
	} {
		opts = append(opts, chromedp.Flag(name, value))
	}
	if cfg.Camera != "" {
		opts = append(opts, chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
			chromedp.Flag("use-file-for-fake-video-capture", cfg.Camera))
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(ctx, opts...)
	run, stopRun := chromedp.NewContext(alloc)
	closed = func() { stopRun(); stopAlloc() }
	t := &Tab{ctx: run}
	if err := chromedp.Do(run); err != nil {
		closed()
		return nil, nil, fmt.Errorf("starting %s: %w", program, err)
	}
	return t, closed, t.Size(cfg.Width, cfg.Height)
}

func find() (string, error) {
	if program := os.Getenv("USHER_TEST_CHROMIUM"); program != "" {
		return program, nil
	}
	for _, name := range names {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", ErrMissing
}

// Size gives the page a size in CSS pixels.
func (t *Tab) Size(width, height int) error {
	if width == 0 || height == 0 {
		width, height = 360, 740
	}
	_, err := chromedp.Call(t.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(width), Height: int64(height), DeviceScaleFactor: 2, Mobile: width < 600,
	})
	return err
}

// Go opens an address and waits until the page is loaded.
func (t *Tab) Go(url string) error {
	return chromedp.Do(t.ctx, chromedp.Navigate(url))
}

// Keys types text as a keyboard does: real key events, whatever has the focus.
func (t *Tab) Keys(text string) error { return chromedp.Do(t.ctx, chromedp.KeyEvent(text)) }

// Click presses what the CSS selector finds, with real pointer events.
func (t *Tab) Click(selector string) error { return chromedp.Do(t.ctx, chromedp.Click(selector)) }

// Wait waits until the JavaScript expression is true.
func (t *Tab) Wait(expression string, patience time.Duration) error {
	_, err := chromedp.Run(t.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(20*time.Millisecond)))
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", expression, err)
	}
	return nil
}

// Upload puts files into the file input with the CSS selector.
func (t *Tab) Upload(selector string, files ...string) error {
	return chromedp.Do(t.ctx, chromedp.SetUploadFiles(selector, files))
}

// Picture is the page as it looks now, as PNG.
func (t *Tab) Picture() ([]byte, error) {
	r, err := chromedp.Call(t.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng})
	return r.Data, err
}

// Eval gives the value of a JavaScript expression; promises are awaited.
func Eval[T any](t *Tab, expression string) (T, error) {
	return chromedp.Run(t.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}
