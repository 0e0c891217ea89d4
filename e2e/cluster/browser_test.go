package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// errAway says that no answer came for as long as a person waits.
var errAway = errors.New("the shop did not answer for long")

// web is what all browsers see: the public address, and what is held of its answers.
type web struct {
	t    testing.TB
	base string

	answers, broken, unavailable atomic.Int64
	calm                         atomic.Bool // nothing is being killed
}

// browser is one person's, without JavaScript. Its connection is to one server, until
// it breaks or is closed.
type browser struct {
	*web
	client  *http.Client
	address string // as the load balancer saw it
	dice    *rand.Rand
	moves   bool   // each request goes to another server
	bearer  string // of the manager's pages; "" for who has none
}

func (w *web) browser(dice *rand.Rand, number int) *browser {
	return &browser{web: w, dice: dice, moves: chance(dice, 40),
		address: fmt.Sprintf("10.%d.%d.%d", number>>16&255, number>>8&255, number&255),
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}}
}

// answerWithin is how long a browser waits for an answer.
const answerWithin = 20 * time.Second

// ask makes one request. An error says that no answer came, or not all of it.
func (b *browser) ask(method, path string, form url.Values) (*page, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	if b.moves {
		b.client.CloseIdleConnections()
	}
	r, err := http.NewRequestWithContext(ctx, method, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Forwarded-For", b.address)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if b.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+b.bearer)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	calm := b.calm.Load()
	p, err := b.receive(r, path)
	if err != nil {
		b.broken.Add(1)
		b.client.CloseIdleConnections()
		if calm {
			b.t.Errorf("nothing is being killed, and %s %s got no answer: %v", method, short(path), err)
		}
		return nil, err
	}
	b.answers.Add(1)
	b.inspect(method, p, calm)
	return p, nil
}

func (b *browser) receive(r *http.Request, path string) (*page, error) {
	answer, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	return &page{path: path, status: answer.StatusCode, header: answer.Header, body: body}, nil
}

// follow makes a request and goes where the answers lead.
func (b *browser) follow(method, path string, form url.Values) (*page, error) {
	p, err := b.ask(method, path, form)
	for range 6 {
		if err != nil || p.status != http.StatusSeeOther {
			return p, err
		}
		to, ok := strings.CutPrefix(p.header.Get("Location"), b.base)
		if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
			b.t.Errorf("%s leads to %q (%v), which is another place", short(path), p.header.Get("Location"), ok)
		}
		p, err = b.ask(http.MethodGet, to, nil)
	}
	return p, errors.New("a page leads in circles")
}

// insist makes a request again, with the same content, until there is an answer that
// is more than that something is gone.
func (b *browser) insist(method, path string, form url.Values) (*page, error) {
	for deadline := time.Now().Add(answerWithin); time.Now().Before(deadline); b.pause(80, 300) {
		p, err := b.follow(method, path, form)
		if err == nil && p.status != http.StatusServiceUnavailable && p.status != http.StatusTooManyRequests {
			return p, nil
		}
		if err != nil {
			b.client.CloseIdleConnections()
		}
	}
	return nil, errAway
}

// pause is what a person does between two clicks, in milliseconds.
func (b *browser) pause(least, most int) {
	time.Sleep(time.Duration(least+b.dice.IntN(most-least)) * time.Millisecond)
}

// inspect holds an answer to what every answer has to be: a page, whole, with words,
// and no failure of usher's own.
func (w *web) inspect(method string, p *page, calm bool) {
	wrong := func(format string, args ...any) {
		w.t.Errorf("%s %s: %d, %s: %.1500s", method, short(p.path), p.status, fmt.Sprintf(format, args...), p.body)
	}
	isPage := strings.HasPrefix(p.header.Get("Content-Type"), "text/html")
	switch p.status {
	case http.StatusOK, http.StatusUnprocessableEntity, http.StatusConflict:
	case http.StatusSeeOther:
		return
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		w.unavailable.Add(1)
		if after := p.header.Get("Retry-After"); after == "" || !isPage {
			wrong("Retry-After %q, %s", after, p.header.Get("Content-Type"))
		}
		// Who presses twice, or leaves while their bank is at it, is told to try again.
		if calm && !strings.HasSuffix(p.path, "/pay") && !strings.HasSuffix(p.path, "/leave") {
			wrong("nothing is being killed")
		}
	default:
		if p.status != http.StatusGone || !strings.HasSuffix(p.path, ".pdf") {
			wrong("which is no answer for a buyer")
		}
	}
	switch text := strings.TrimSpace(string(p.body)); {
	case isPage && (!strings.HasPrefix(text, "<!doctype html>") || !strings.HasSuffix(text, "</html>")):
		wrong("half a page")
	case isPage && p.heading() == "":
		wrong("no words")
	case p.header.Get("Content-Type") == "application/pdf" && (!strings.HasPrefix(text, "%PDF") || !strings.HasSuffix(text, "%%EOF")):
		wrong("half a file")
	}
}

// short is a path without the secret of its link, for people.
func short(path string) string {
	if len(path) > 60 {
		return path[:30] + "…" + path[len(path)-15:]
	}
	return path
}
