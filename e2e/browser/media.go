package browser

import (
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Prefer has the page think that its user prefers something: by name of a media
// feature, such as prefers-color-scheme and dark.
func (t *Tab) Prefer(feature, value string) error {
	_, err := chromedp.Call(t.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	})
	return err
}

// Scripts lets the pages that are opened from now on run scripts, or none.
func (t *Tab) Scripts(run bool) error {
	_, err := chromedp.Call(t.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
	return err
}

// WholePicture is all of the page, beyond what the tab shows, as PNG.
func (t *Tab) WholePicture() ([]byte, error) {
	beyond := true
	r, err := chromedp.Call(t.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: &beyond,
	})
	return r.Data, err
}

// Speak has the browser ask for pages in a language, and scripts see it as the user's.
func (t *Tab) Speak(language string) error {
	agent, err := Eval[string](t, "navigator.userAgent")
	if err != nil {
		return err
	}
	_, err = chromedp.Call(t.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: language})
	return err
}

// Uninstallable gives what keeps the page in sight from being installed as an app, by the
// browser's own judgement; nothing where it can be.
func (t *Tab) Uninstallable() (why []string, err error) {
	r, err := chromedp.Call(t.ctx, page.GetInstallabilityErrors, cdp.Empty{})
	for _, e := range r.InstallabilityErrors {
		why = append(why, e.ErrorID)
	}
	return why, err
}
