package sandbox

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/server/payment"
)

// page gives a page's text and header.
func (b *bench) page(to string) (string, http.Header) {
	b.t.Helper()
	res := b.get(to)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(body), res.Header
}

// has fails unless a page holds the texts.
func (b *bench) has(page string, texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.t.Errorf("the page has no %q:\n%s", text, page)
		}
	}
}

func TestPayPage(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		s := b.start()
		page, header := b.page(s.URL)
		b.has(page, "No money moves", "Two tickets for the Harbour Festival", "2 × Day ticket", "€50.00", "€25.00 each", "Fee", "€51.50", "ada@example.org", `href="https://shop.example/order/back"`)
		for _, c := range cards {
			b.has(page, c.Pretty(), c.Name, `value="`+c.Number+`"`)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self' https://shop.example https://shop.example; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %q; want %q", name, got, want)
			}
		}
		css, header := b.page("/sandbox/sandbox.css")
		if header.Get("ETag") == "" || !strings.Contains(css, ".card") {
			t.Error("no style")
		}
		for _, text := range []string{page, css} {
			if strings.Contains(strings.ReplaceAll(text, "https://shop.example", ""), "://") || strings.Contains(text, "<script") {
				t.Error("the page asks another host, or runs something")
			}
		}
	})
}

// What a page shows is text, whatever the shop sold.
func TestPayPageEscapes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		a := b.attempt()
		a.Text, a.Lines[0].Text, a.Email = `<script>alert(1)</script>`, `"><img src=x>`, `<b>@example.org`
		s, err := b.p.Start(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		page, _ := b.page(s.URL)
		for _, raw := range []string{"<script", "<img", "<b>@"} {
			if strings.Contains(page, raw) {
				t.Errorf("the page holds %s", raw)
			}
		}
	})
}

func TestDeclinedPage(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		s := b.start()
		b.press(s, number(t, "No money"))
		page, _ := b.page(s.URL)
		b.has(page, `role="alert"`, "There isn’t enough money", "<title>Not paid", "Choose a test card")
		if to := b.press(s, number(t, "Works")); to != success {
			t.Errorf("after that the buyer is sent to %q", to)
		}
		if res := b.get(s.URL); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != success {
			t.Errorf("a paid payment's page: %d, to %q", res.StatusCode, res.Header.Get("Location"))
		}
	})
}

// A number that is no test card is refused, and not shown or kept.
func TestRealCard(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		s := b.start()
		res := b.post(s.URL+"/card", url.Values{"card": {"4242424242424242"}, "number": {"5555 5555 5555 4444"}})
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusUnprocessableEntity {
			t.Fatalf("%d, %v", res.StatusCode, err)
		}
		b.has(string(body), "This is no test card", `aria-invalid="true"`)
		again, _ := b.page(s.URL)
		for _, text := range []string{string(body), again} {
			if strings.Contains(text, "5555") {
				t.Error("the page shows the number that was typed")
			}
		}
		if got := b.look(s.Ref); got.State != payment.Pending {
			t.Errorf("it is %s", got.State)
		}
	})
}

func TestThreeDSecure(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		s := b.start()
		if res := b.post(s.URL+"/confirm", url.Values{"answer": {"yes"}}); res.Header.Get("Location") == success {
			t.Error("confirmed before it was asked")
		}
		b.press(s, number(t, "3-D Secure"))
		page, _ := b.page(s.URL)
		b.has(page, "Is it you?")
		if to := b.press(s, number(t, "Works")); to == success {
			t.Error("the bank's question was passed by")
		}
		b.post(s.URL+"/confirm", url.Values{"answer": {"no"}})
		page, _ = b.page(s.URL)
		b.has(page, "it isn’t you", "Choose a test card")
		b.press(s, number(t, "3-D Secure"))
		if res := b.post(s.URL+"/confirm", url.Values{"answer": {"maybe"}}); res.StatusCode != http.StatusBadRequest {
			t.Errorf("maybe: %d", res.StatusCode)
		}
		if got := b.look(s.Ref).State; got != payment.Pending {
			t.Errorf("before the answer it is %s", got)
		}
		if res := b.post(s.URL+"/confirm", url.Values{"answer": {"yes"}}); res.Header.Get("Location") != success {
			t.Errorf("after yes: %d, to %q", res.StatusCode, res.Header.Get("Location"))
		}
		if got := b.look(s.Ref).State; got != payment.Paid {
			t.Errorf("after yes it is %s", got)
		}
	})
}

// The pages of a payment that nobody can act on now.
func TestWaitingAndOver(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		slow := b.start()
		b.press(slow, number(t, "Slow, then fails"))
		page, header := b.page(slow.URL)
		b.has(page, "Your bank is working on it")
		if got := header.Get("Refresh"); got != "5" {
			t.Errorf("Refresh: %q", got)
		}
		b.clock.Pass(SlowFor - 1500*time.Millisecond)
		if _, header = b.page(slow.URL); header.Get("Refresh") != "2" {
			t.Errorf("Refresh: %q", header.Get("Refresh"))
		}
		b.clock.Pass(2 * time.Second)
		page, header = b.page(slow.URL)
		b.has(page, "Your bank gave up")
		if header.Get("Refresh") != "" {
			t.Error("it looks again for ever")
		}

		silent := b.start()
		b.press(silent, number(t, "No notice"))
		page, _ = b.page(silent.URL)
		b.has(page, "<h1 id=\"act\">Paid", `href="https://shop.example/order/paid"`)

		over := b.start()
		b.clock.Pass(10 * time.Minute)
		page, _ = b.page(over.URL)
		b.has(page, "This payment is over")
		if to := b.press(over, number(t, "Works")); to == success {
			t.Error("it was paid after its end")
		}
	})
}

// Requests that no page of ours makes.
func TestBadRequests(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		s := b.start()
		for _, c := range []struct {
			method, path, body string
			header             http.Header
			want               int
		}{
			{"GET", "/sandbox/pay/nobody", "", nil, 404},
			{"GET", "/sandbox/", "", nil, 404},
			{"POST", "/sandbox/pay/nobody/card", "card=4242424242424242", nil, 404},
			{"POST", s.URL + "/card", strings.Repeat("x", maxForm+1), nil, 413},
			{"POST", s.URL + "/card", "number=4242424242424242", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
			{"GET", "/sandbox/v1/payments/" + s.Ref, "", nil, 401},
			{"POST", "/sandbox/v1/payments", "{}", http.Header{"Authorization": {"Bearer wrong"}}, 401},
			{"POST", "/sandbox/v1/payments", "{}", http.Header{"Authorization": {"Bearer " + b.apiKey}}, 400},
			{"POST", "/sandbox/v1/payments", `{"order":"o"} x`, http.Header{"Authorization": {"Bearer " + b.apiKey}}, 400},
			{"POST", "/sandbox/v1/payments", `{"nonsense":1}`, http.Header{"Authorization": {"Bearer " + b.apiKey}}, 400},
			{"POST", "/sandbox/v1/payments/" + s.Ref + "/refunds", `{"amount":1}`, http.Header{"Authorization": {"Bearer " + b.apiKey}}, 400},
		} {
			req := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for name, values := range c.header {
				req.Header[name] = values
			}
			if got := b.do(req).StatusCode; got != c.want {
				t.Errorf("%s %s: %d; want %d", c.method, c.path, got, c.want)
			}
		}
		if got := b.look(s.Ref).State; got != payment.Pending {
			t.Errorf("it is %s", got)
		}
	})
}
