// Package browser drives a real, headless Chromium for tests and for the
// pictures in the docs.
package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// names are what Chromium is called, in the order in which it is looked for.
var names = []string{"chromium", "chromium-browser", "google-chrome", "chrome"}

// startTimeout bounds the start of the browser on a busy machine, and starts is how often
// it is tried: one in some hundred Chromiums dies while it starts beside others.
const (
	startTimeout = time.Minute
	starts       = 3
)

// The first and the longest pause between two looks at what is waited for.
const (
	soon = 5 * time.Millisecond
	late = 40 * time.Millisecond
)

// ErrMissing means that this machine has no Chromium; make deps installs it.
var ErrMissing = errors.New("no Chromium on this machine: run make deps")

// Config says how the browser is started.
type Config struct {
	Profile string            // folder of its own, empty at first
	Camera  string            // .y4m or .mjpeg file that the camera shows; "": no camera
	Flags   map[string]string // further switches of the browser, without their hyphens
	Width   int               // of the page, in CSS pixels
	Height  int
	Scale   float64 // device pixels to a CSS pixel; 0: 1
}

// Browser is a running Chromium.
type Browser struct {
	ctx context.Context
	cfg Config

	mu   sync.Mutex
	idle []*Tab // that were lent, and given back
}

// Tab is a page.
type Tab struct {
	ctx     context.Context
	cfg     Config
	scripts []page.ScriptIdentifier // that run in every page
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
		"headless": true, "process-per-site": true, "disable-gpu": true, "disable-quic": true, "disable-background-networking": true, "disable-component-update": true,
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
	var failed []error
	for range starts {
		alloc, stopAlloc := chromedp.NewExecAllocator(ctx, opts...)
		run, stopRun := chromedp.NewContext(alloc)
		closed = func() { stopRun(); stopAlloc() }
		if err = chromedp.Do(run); err == nil {
			return &Browser{ctx: run, cfg: cfg}, closed, nil
		}
		closed()
		failed = append(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, nil, fmt.Errorf("starting %s, %d times: %w", program, len(failed), errors.Join(failed...))
}

// Tab opens an empty tab of a size in CSS pixels, 0 for the browser's own. It knows
// nothing of other tabs: it has cookies, storage and service workers of its own. It
// ends with close, or with the browser.
func (b *Browser) Tab(width, height int) (tab *Tab, closed func(), err error) {
	return b.fresh(width, height, func(*target.CreateBrowserContextParams) {})
}

// TabBehind is Tab for somebody who reaches everything by the HTTP proxy at a host and
// port, this machine too: what the proxy does to their network it does to nobody else's,
// and to their service workers as well.
func (b *Browser) TabBehind(proxy string, width, height int) (tab *Tab, closed func(), err error) {
	return b.fresh(width, height, func(p *target.CreateBrowserContextParams) {
		p.ProxyServer, p.ProxyBypassList = proxy, "<-loopback>"
	})
}

func (b *Browser) fresh(width, height int, with chromedp.CreateBrowserContextOption) (tab *Tab, closed func(), err error) {
	run, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(with))
	t, err := b.ready(run, width, height)
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("opening a tab: %w", err)
	}
	return t, stop, nil
}

// Lend gives an empty tab of a size in CSS pixels that shares cookies with the others
// that are lent, and with back it is lent again. That takes a fraction of the time
// that a new one takes. What a page stores is its address's, so pages at addresses of
// their own still know nothing of each other.
func (b *Browser) Lend(width, height int) (tab *Tab, back func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.idle); n > 0 {
		tab, b.idle = b.idle[n-1], b.idle[:n-1]
		err = tab.sized(width, height)
	} else {
		run, _ := chromedp.NewContext(b.ctx) // ends with the browser
		tab, err = b.ready(run, width, height)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("lending a tab: %w", err)
	}
	return tab, func() {
		if tab.clear() != nil {
			return // it broke: nobody gets it any more
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.idle = append(b.idle, tab)
	}, nil
}

// ready prepares a new tab.
func (b *Browser) ready(run context.Context, width, height int) (*Tab, error) {
	t := &Tab{ctx: run, cfg: b.cfg}
	if err := chromedp.Do(run); err != nil {
		return nil, err
	}
	// As if somebody looked at it, which only one tab at a time has otherwise.
	if _, err := chromedp.Call(run, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		return nil, err
	}
	// Nobody here listens to what the browser tells of every request, style sheet and
	// change of the page, and that costs more than the tests themselves.
	for _, off := range []cdp.Command[cdp.Empty, cdp.Empty]{network.Disable, log.Disable, css.Disable, dom.Disable} {
		if _, err := chromedp.Call(run, off, cdp.Empty{}); err != nil {
			return nil, err
		}
	}
	return t, t.sized(width, height)
}

// clear takes away what was done to a tab.
func (t *Tab) clear() error {
	for _, id := range t.scripts {
		if _, err := chromedp.Call(t.ctx, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams{Identifier: id}); err != nil {
			return err
		}
	}
	t.scripts = nil
	// From within the page, which costs no new process as Go would.
	_, err := Eval[bool](t, `location.replace("about:blank"), true`)
	return errors.Join(err, t.Media(nil), t.Wait(`location.href === "about:blank"`, startTimeout))
}

// Media has the page believe that CSS media features are so, and with nil that they
// are the browser's own again.
func (t *Tab) Media(features map[string]string) error {
	params := emulation.SetEmulatedMediaParams{}
	for name, value := range features {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	_, err := chromedp.Call(t.ctx, emulation.SetEmulatedMedia, params)
	return err
}

// Open starts a browser for a single tab, whose storage is the profile's: it is there
// again when a browser is opened on the same profile. It ends with close, or with ctx.
func Open(ctx context.Context, cfg Config) (tab *Tab, closed func(), err error) {
	b, closed, err := Start(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	t := &Tab{ctx: b.ctx, cfg: cfg}
	return t, closed, t.sized(cfg.Width, cfg.Height)
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

// sized is Size with 0 for the browser's own.
func (t *Tab) sized(width, height int) error {
	if width == 0 || height == 0 {
		width, height = t.cfg.Width, t.cfg.Height
	}
	return t.Size(width, height)
}

// Size gives the page a size in CSS pixels, 0 for a phone's.
func (t *Tab) Size(width, height int) error {
	if width == 0 || height == 0 {
		width, height = 360, 740
	}
	_, err := chromedp.Call(t.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(width), Height: int64(height), DeviceScaleFactor: cmp.Or(t.cfg.Scale, 1), Mobile: width < 600,
	})
	return err
}

// Before runs a JavaScript text in every page that the tab opens from now on,
// before any of the page's own.
func (t *Tab) Before(script string) error {
	added, err := chromedp.Call(t.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	if err == nil {
		t.scripts = append(t.scripts, added.Identifier)
	}
	return err
}

// Go opens an address and waits until the page is loaded.
func (t *Tab) Go(url string) error {
	return chromedp.Do(t.ctx, chromedp.Navigate(url))
}

// Wait waits until the JavaScript expression is true. It asks from here, so it
// neither needs the page's timers nor minds that the page is loaded anew.
func (t *Tab) Wait(expression string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	for pause := soon; ; pause = min(2*pause, late) {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if is && err == nil {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", expression, errors.Join(ctx.Err(), err))
		}
	}
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
