// Package visitor is people at the server's pages, with a browser that has no
// JavaScript: it fills in the forms that pages have, goes where they lead, and holds
// every answer to what every answer has to be. It is for tests only.
package visitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// ErrAway says that no answer came for as long as a person waits.
var ErrAway = errors.New("the shop did not answer for long")

// Web is what all browsers see: the public address, and what is held of its answers.
type Web struct {
	T    testing.TB
	Base string

	Answers, Broken, Unavailable atomic.Int64
	Calm                         atomic.Bool // nothing is being killed
}

// Browser is one person's, without JavaScript. Its connection is to one server, until
// it breaks or is closed. It keeps cookies.
type Browser struct {
	*Web
	Client  *http.Client
	Address string // as the load balancer saw it
	Dice    *rand.Rand
	Moves   bool   // each request goes to another server
	Bearer  string // of the manager's pages; "" for who has none
}

// Browser gives a browser with an address of its own, by its number.
func (w *Web) Browser(dice *rand.Rand, number int) *Browser {
	jar, _ := cookiejar.New(nil) // which gives no error
	return &Browser{Web: w, Dice: dice, Moves: dice.IntN(100) < 40,
		Address: fmt.Sprintf("10.%d.%d.%d", number>>16&255, number>>8&255, number&255),
		Client: &http.Client{
			Jar:           jar,
			Transport:     &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}}
}

// answerWithin is how long a browser waits for an answer.
const answerWithin = 20 * time.Second

// Ask makes one request. An error says that no answer came, or not all of it.
func (b *Browser) Ask(method, path string, form url.Values) (*Page, error) {
	kind := ""
	if method == http.MethodPost {
		kind = "application/x-www-form-urlencoded"
	}
	p, calm, err := b.send(method, path, kind, form.Encode())
	if err == nil {
		b.inspect(method, p, calm)
	}
	return p, err
}

// Call makes one request as a page's script does, with JSON, and reads the answer
// unless it is a refusal. An error says that no answer came, or not all of it.
func (b *Browser) Call(method, path string, body, into any) (status int, err error) {
	var text []byte
	kind := ""
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return 0, err
		}
		kind = "application/json"
	}
	p, calm, err := b.send(method, path, kind, string(text))
	if err != nil {
		return 0, err
	}
	if p.Status >= http.StatusInternalServerError && (calm || p.Status != http.StatusServiceUnavailable) {
		b.T.Errorf("%s %s: %d: %.1500s", method, Short(path), p.Status, p.Body)
	}
	if p.Status < http.StatusMultipleChoices && into != nil {
		err = json.Unmarshal(p.Body, into)
	}
	return p.Status, err
}

// send makes one request, and says whether nothing was being killed when it did.
func (b *Browser) send(method, path, kind, body string) (p *Page, calm bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	if b.Moves {
		b.Client.CloseIdleConnections()
	}
	r, err := http.NewRequestWithContext(ctx, method, b.Base+path, strings.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	r.Header.Set("X-Forwarded-For", b.Address)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if b.Bearer != "" {
		r.Header.Set("Authorization", "Bearer "+b.Bearer)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	calm = b.Calm.Load()
	if p, err = b.receive(r, path); err != nil {
		b.Broken.Add(1)
		b.Client.CloseIdleConnections()
		if calm {
			b.T.Errorf("nothing is being killed, and %s %s got no answer: %v", method, Short(path), err)
		}
		return nil, calm, err
	}
	b.Answers.Add(1)
	return p, calm, nil
}

func (b *Browser) receive(r *http.Request, path string) (*Page, error) {
	answer, err := b.Client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	return &Page{Path: path, Status: answer.StatusCode, Header: answer.Header, Body: body}, nil
}

// Follow makes a request and goes where the answers lead.
func (b *Browser) Follow(method, path string, form url.Values) (*Page, error) {
	p, err := b.Ask(method, path, form)
	for range 6 {
		if err != nil || p.Status != http.StatusSeeOther {
			return p, err
		}
		to, ok := strings.CutPrefix(p.Header.Get("Location"), b.Base)
		if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
			b.T.Errorf("%s leads to %q (%v), which is another place", Short(path), p.Header.Get("Location"), ok)
		}
		p, err = b.Ask(http.MethodGet, to, nil)
	}
	return p, errors.New("a page leads in circles")
}

// Insist makes a request again, with the same content, until there is an answer that
// is more than that something is gone.
func (b *Browser) Insist(method, path string, form url.Values) (*Page, error) {
	for deadline := time.Now().Add(answerWithin); time.Now().Before(deadline); b.Pause(80, 300) {
		p, err := b.Follow(method, path, form)
		if err == nil && p.Status != http.StatusServiceUnavailable && p.Status != http.StatusTooManyRequests {
			return p, nil
		}
		if err != nil {
			b.Client.CloseIdleConnections()
		}
	}
	return nil, ErrAway
}

// Pause is what a person does between two clicks, in milliseconds.
func (b *Browser) Pause(least, most int) {
	time.Sleep(time.Duration(least+b.Dice.IntN(most-least)) * time.Millisecond)
}

// inspect holds an answer to what every answer has to be: a page, whole, with words,
// and no failure of usher's own.
func (w *Web) inspect(method string, p *Page, calm bool) {
	wrong := func(format string, args ...any) {
		w.T.Errorf("%s %s: %d, %s: %.1500s", method, Short(p.Path), p.Status, fmt.Sprintf(format, args...), p.Body)
	}
	isPage := strings.HasPrefix(p.Header.Get("Content-Type"), "text/html")
	switch p.Status {
	case http.StatusOK, http.StatusUnprocessableEntity, http.StatusConflict:
	case http.StatusSeeOther:
		return
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		w.Unavailable.Add(1)
		if after := p.Header.Get("Retry-After"); after == "" || !isPage {
			wrong("Retry-After %q, %s", after, p.Header.Get("Content-Type"))
		}
		// Who presses twice, or leaves while their bank is at it, is told to try again.
		if calm && !strings.HasSuffix(p.Path, "/pay") && !strings.HasSuffix(p.Path, "/leave") {
			wrong("nothing is being killed")
		}
	default:
		over := p.Status == http.StatusGone && (strings.HasSuffix(p.Path, ".pdf") || strings.HasPrefix(p.Path, "/transfer/"))
		stale := p.Status == http.StatusBadRequest && strings.HasPrefix(p.Path, "/manage/") // the page was older than what it shows
		// its answer went with the server, and a link that signs in is good once
		used := p.Status == http.StatusGone && method == http.MethodPost && strings.HasPrefix(p.Path, "/wallet/enter/")
		// whose ticket it was has changed
		gone := strings.HasPrefix(p.Path, "/wallet/resale/") && (p.Status == http.StatusNotFound || p.Status == http.StatusUnauthorized)
		if !over && !stale && !used && !gone {
			wrong("which is no answer for a buyer")
		}
	}
	switch text := strings.TrimSpace(string(p.Body)); {
	case isPage && (!strings.HasPrefix(text, "<!doctype html>") || !strings.HasSuffix(text, "</html>")):
		wrong("half a page")
	case isPage && p.Heading() == "":
		wrong("no words")
	case p.Header.Get("Content-Type") == "application/pdf" && (!strings.HasPrefix(text, "%PDF") || !strings.HasSuffix(text, "%%EOF")):
		wrong("half a file")
	}
}

// Short is a path without the secret of its link, for people.
func Short(path string) string {
	if len(path) > 60 {
		return path[:30] + "…" + path[len(path)-15:]
	}
	return path
}
