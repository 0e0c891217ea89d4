// Package sandboxpage tests the payment sandbox's page in a real browser. It has
// tests only.
package sandboxpage

import (
	"context"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"usher/e2e/browser"
	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
	"usher/server/payment"
	"usher/server/payment/sandbox"
)

const patience = 20 * time.Second

// chromium is shared by all tests.
var chromium *browser.Browser

func TestMain(m *testing.M) {
	profile, err := os.MkdirTemp("", "usher-sandboxpage-")
	if err != nil {
		log.Fatal(err)
	}
	b, closed, err := browser.Start(context.Background(), browser.Config{Profile: profile})
	if err != nil {
		log.Fatal(err)
	}
	chromium = b
	status := m.Run()
	closed()
	if err := os.RemoveAll(profile); err != nil {
		log.Print(err)
	}
	os.Exit(status)
}

// buyer is a browser's tab in front of a shop that has a sandbox.
type buyer struct {
	*browser.Tab
	t    *testing.T
	shop string
	pay  payment.Provider
	ref  string
	n    int
}

// visit opens the page of a new payment.
func visit(t *testing.T, width, height int) *buyer {
	t.Helper()
	box, err := sandbox.Open(t.Context(), sandbox.Config{DB: dbtest.Open(t, migrations.Server)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(sandbox.Prefix, box.Handler())
	mux.HandleFunc("/order/", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = rw.Write([]byte(`<!doctype html><title>shop</title><h1>` + strings.TrimPrefix(r.URL.Path, "/order/") + `</h1>`)) // the browser hung up
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	tab, closed, err := chromium.Tab(width, height)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed)
	b := &buyer{Tab: tab, t: t, shop: server.URL, pay: box.Provider()}
	b.order()
	return b
}

// order begins another payment, and opens its page.
func (b *buyer) order() {
	b.t.Helper()
	b.n++
	s, err := b.pay.Start(b.t.Context(), payment.Attempt{
		Key: string(rune('a' + b.n)), Order: "7KQ2", Text: "Harbour Festival, Saturday 12 June", Email: "ada@example.org", Amount: 8390, Currency: "EUR",
		Success: b.shop + "/order/paid", Cancel: b.shop + "/order/back", Until: time.Now().Add(10 * time.Minute),
		Lines: []payment.Line{{Text: "Day ticket", Count: 2, Amount: 2500}, {Text: "Weekend camping, with a pitch for a small tent", Count: 1, Amount: 3090}, {Text: "Booking fee", Count: 1, Amount: 300}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.ref = s.Ref
	b.must(b.Go(s.URL))
}

func (b *buyer) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// sees waits for a heading.
func (b *buyer) sees(heading string) {
	b.t.Helper()
	b.must(b.Wait(`document.querySelector("h1")?.textContent === "`+heading+`"`, patience))
}

// choose picks a card by its number, from behind the fold if it is there.
func (b *buyer) choose(number string) {
	b.t.Helper()
	if hidden, err := browser.Eval[bool](b.Tab, `!document.querySelector('[value="`+number+`"]').checkVisibility()`); err != nil || hidden {
		b.must(err)
		b.must(b.Click("summary"))
	}
	b.must(b.Click(`[value="` + number + `"]`))
}

func (b *buyer) wants(state payment.State) {
	b.t.Helper()
	p, err := b.pay.Look(b.t.Context(), b.ref)
	if err != nil || p.State != state {
		b.t.Errorf("the payment stands at %+v, %v; want %s", p, err, state)
	}
}

// flawless fails on what axe-core holds against the page, and on a page that is
// wider than the window.
func (b *buyer) flawless(what string) {
	b.t.Helper()
	flaws, err := b.Flaws()
	b.must(err)
	for _, f := range flaws {
		b.t.Errorf("%s: %s", what, f)
	}
	if wide, err := browser.Eval[bool](b.Tab, `document.documentElement.scrollWidth > innerWidth`); err != nil || wide {
		b.t.Errorf("%s: wider than the window (%v)", what, err)
	}
}

// Declined, then 3-D Secure, then paid: by a keyboard or a finger, with scripts and
// without, narrow and wide.
func TestBuy(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			b := visit(t, 360, 740)
			b.must(b.Scripts(scripts))
			b.order()
			b.sees("Pay €83.90")
			b.choose("4000000000000002")
			b.must(b.Click("button"))
			b.must(b.Wait(`document.querySelector('[role="alert"]')?.textContent.includes("declined")`, patience))
			b.wants(payment.Pending)
			b.choose("4000002500003155")
			b.must(b.Click("button"))
			b.sees("Is it you?")
			b.wants(payment.Pending)
			b.must(b.Click(`[value="yes"]`))
			b.sees("paid")
			b.wants(payment.Paid)
		})
	}
}

// A person who has only a keyboard types the number and presses Enter.
func TestKeyboard(t *testing.T) {
	b := visit(t, 1280, 800)
	b.must(b.Click("summary"))
	b.must(b.Click("#number"))
	b.must(b.Keys("4242 4242 4242 4242\r"))
	b.sees("paid")
	b.wants(payment.Paid)
}

// Back without paying leads to the shop, and leaves the payment open.
func TestBack(t *testing.T) {
	b := visit(t, 360, 740)
	b.must(b.Click(`a[href$="/order/back"]`))
	b.sees("back")
	b.wants(payment.Pending)
}

// axe-core holds nothing against any of the pages, in light or dark, and none is
// wider than the window.
func TestPagesHaveNoFlaws(t *testing.T) {
	b := visit(t, 360, 740)
	b.flawless("card")
	b.must(b.Click("summary"))
	b.must(b.Click("#number"))
	b.must(b.Keys("5555\r"))
	b.must(b.Wait(`document.querySelector("[aria-invalid]")`, patience))
	b.flawless("no test card")
	b.must(b.Prefer("prefers-color-scheme", "dark"))
	b.flawless("no test card, dark")
	b.must(b.Size(1280, 800))
	b.flawless("no test card, dark, wide")
	b.must(b.Prefer("prefers-color-scheme", "light"))
	b.flawless("no test card, wide")
	b.must(b.Size(360, 740))
	b.choose("4000002500003155")
	b.must(b.Click("button"))
	b.sees("Is it you?")
	b.flawless("confirm")
	b.order()
	b.choose("4000000000000119")
	b.must(b.Click("button"))
	b.sees("Your bank is working on it")
	b.flawless("working")
	b.must(b.pay.Cancel(t.Context(), b.ref))
	b.must(b.Go(b.shop + sandbox.Prefix + "pay/" + b.ref))
	b.sees("This payment is over")
	b.flawless("over")
	b.must(b.Go(b.shop + sandbox.Prefix + "pay/nobody"))
	b.sees("There is no such payment")
	b.flawless("nobody")
}
