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

// between is the pause between two looks at what is waited for.
const between = 10 * time.Millisecond

// ErrMissing means that this machine has no Chromium; make deps installs it.
var ErrMissing = errors.New("no Chromium on this machine: run make deps")

// Config says how the browser is started.
type Config struct {
	Profile string            // folder of its own, empty at first
	Camera  string            // .y4m or .mjpeg file that the camera shows; "": no camera
	Flags   map[string]string // further switches of the browser, without their hyphens
	Width   int               // of the page, in CSS pixels
	Height  int
}

// Browser is a running Chromium. Its tabs know nothing of each other: each has
// cookies, storage and service workers of its own.
type Browser struct {
	ctx context.Context
	cfg Config
}

// Tab is a page.
type Tab struct {
	ctx context.Context
}

// Start starts a browser. It ends with close, or with ctx.
func Start(ctx context.Context, cfg Config) (b *Browser, closed func(), err error) {
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
		// A tab works the same whether another one is in front of it or not.
		"disable-background-timer-throttling": true, "disable-backgrounding-occluded-windows": true, "disable-renderer-backgrounding": true,
	} {
		opts = append(opts, chromedp.Flag(name, value))
	}
	for name, value := range cfg.Flags {
		opts = append(opts, chromedp.Flag(name, value))
	}
	if cfg.Camera != "" {
		opts = append(opts, chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
			chromedp.Flag("use-file-for-fake-video-capture", cfg.Camera))
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(ctx, opts...)
	run, stopRun := chromedp.NewContext(alloc)
	closed = func() { stopRun(); stopAlloc() }
	if err := chromedp.Do(run); err != nil {
		closed()
		return nil, nil, fmt.Errorf("starting %s: %w", program, err)
	}
	return &Browser{ctx: run, cfg: cfg}, closed, nil
}

// Tab opens an empty tab of a size in CSS pixels, 0 for the browser's own. It ends
// with close, or with the browser.
func (b *Browser) Tab(width, height int) (tab *Tab, closed func(), err error) {
	run, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t := &Tab{ctx: run}
	if err := chromedp.Do(run); err != nil {
		stop()
		return nil, nil, fmt.Errorf("opening a tab: %w", err)
	}
	// As if somebody looked at it, which only one tab at a time has otherwise.
	if _, err := chromedp.Call(run, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		stop()
		return nil, nil, fmt.Errorf("opening a tab: %w", err)
	}
	if width == 0 || height == 0 {
		width, height = b.cfg.Width, b.cfg.Height
	}
	return t, stop, t.Size(width, height)
}

// Open starts a browser for a single tab, whose storage is the profile's: it is there
// again when a browser is opened on the same profile. It ends with close, or with ctx.
func Open(ctx context.Context, cfg Config) (tab *Tab, closed func(), err error) {
	b, closed, err := Start(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	t := &Tab{ctx: b.ctx}
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

// Before runs a JavaScript text in every page that the tab opens from now on,
// before any of the page's own.
func (t *Tab) Before(script string) error {
	_, err := chromedp.Call(t.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
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

// Tap presses a point of the page, in CSS pixels, with real pointer events.
func (t *Tab) Tap(x, y float64) error { return chromedp.Do(t.ctx, chromedp.MouseClickXY(x, y)) }

// Wait waits until the JavaScript expression is true. It asks from here, so it
// neither needs the page's timers nor minds that the page is loaded anew.
func (t *Tab) Wait(expression string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	for {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if is && err == nil {
			return nil
		}
		select {
		case <-time.After(between):
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", expression, errors.Join(ctx.Err(), err))
		}
	}
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
