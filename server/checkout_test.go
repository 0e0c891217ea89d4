package server_test

import (
	"cmp"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/server"
	"usher/server/catalog"
	"usher/server/clocktest"
)

// quayShop is an event that sells, in hostile words.
const quayShop = `
code = "SHOP-1"
name = "Quay <b>Night</b>"
time_zone = "Europe/Berlin"
starts = 2026-07-04 20:00:00
ends = 2026-07-05 02:00:00
zone = [{ code = "hall", name = "Hall" }]
gate = [{ code = "north", name = "North" }]

[shop]
currency = "EUR"
tax_percent = 19
max_per_order = 6
methods = ["card", "invoice"]
terms = "</div><script>alert('terms')</script>"
seller = { name = "Pier 7", email = "hello@pier7.example" }

[[pool]]
code = "hall"
name = "Hall"
capacity = 10

[[pool]]
code = "deck"
name = "Deck"
seats = ["A 1-3"]

[[product]]
code = "ga"
name = "General"
price = 25
fee = 1.50
pool = "hall"

[[product]]
code = "seat"
name = "Seat"
price = 40
pool = "deck"
names = true

[[product.question]]
code = "diet"
text = "What do you eat?"
asked = "checkout"
kind = "choice"
choices = ["all", "no meat"]
required = true

[[product]]
code = "crew"
name = "Crew"
price = 0
pool = "hall"
access_code = "ANCHOR"
`

// pierShop sells one product, and none of those of the quay.
const pierShop = `
code = "PIER-2"
name = "Pier"
time_zone = "Europe/Berlin"
starts = 2026-07-04 20:00:00
ends = 2026-07-05 02:00:00
zone = [{ code = "hall", name = "Hall" }]
gate = [{ code = "north", name = "North" }]
product = [{ code = "pier", name = "Pier", price = 5 }]
pool = [{ code = "hall", name = "Hall", capacity = 4 }]

[shop]
currency = "EUR"
seller = { name = "Pier 7" }
`

// till is a site that sells, by a clock of the test's.
type till struct {
	*site
	t     testing.TB
	clock *clocktest.Clock
}

func newTill(t testing.TB) *till {
	t.Helper()
	return tillOn(t, server.Config{})
}

// tillOn is a till over new data, which the config names.
func tillOn(t testing.TB, cfg server.Config) *till {
	t.Helper()
	l := &till{t: t, clock: clocktest.At(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC))}
	cfg.Now, cfg.PublicURL = l.clock.Now, cmp.Or(cfg.PublicURL, "http://shop.example")
	cfg.Selling.Sandbox, cfg.Selling.Inbox = cfg.Selling.Payment == nil, true
	l.site = served(t, opened(t, cfg))
	l.apply(quayShop)
	return l
}

// apply makes or changes an event.
func (l *till) apply(text string) {
	l.t.Helper()
	spec, err := catalog.ParseFile("shop.toml", []byte(text))
	if err == nil {
		_, err = l.Catalog.Apply(l.t.Context(), spec)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// post sends a form and gives the answer with its body.
func (l *till) post(path, form string, header ...string) (*http.Response, string) {
	l.t.Helper()
	answer := l.do(l.t, http.MethodPost, path, append(header, "Content-Type: application/x-www-form-urlencoded"), strings.NewReader(form))
	return answer, text(l.t, answer)
}

func (l *till) get(path string, header ...string) (*http.Response, string) {
	l.t.Helper()
	answer := l.do(l.t, http.MethodGet, path, header, http.NoBody)
	return answer, text(l.t, answer)
}

func text(t testing.TB, answer *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// begin orders what a form says and gives the order's path.
func (l *till) begin(form string) string {
	l.t.Helper()
	answer, body := l.post("/events/SHOP-1/order", form)
	path := answer.Header.Get("Location")
	if answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(path, "/order/") {
		l.t.Fatalf("%s: status %d to %q: %s", form, answer.StatusCode, path, body)
	}
	return path
}

// shows checks that the page of an order has texts.
func (l *till) shows(path string, want ...string) string {
	l.t.Helper()
	answer, body := l.get(path)
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Set-Cookie") != "" {
		l.t.Errorf("%.30s: status %d, %v", path, answer.StatusCode, answer.Header)
	}
	for _, w := range want {
		if !strings.Contains(body, w) {
			l.t.Fatalf("the page lacks %q:\n%s", w, body)
		}
	}
	for _, never := range hostile {
		if strings.Contains(body, never) {
			l.t.Errorf("the page has %q", never)
		}
	}
	return body
}

// card pays at the sandbox's page and gives where it leads back to.
func (l *till) card(page, number string) string {
	l.t.Helper()
	u, err := url.Parse(page)
	if err != nil || !strings.HasPrefix(u.Path, "/sandbox/") {
		l.t.Fatalf("the payment page is %q", page)
	}
	answer, body := l.post(u.Path+"/card", "number="+number+"&card="+number)
	if answer.StatusCode >= 400 {
		l.t.Fatalf("paying: status %d: %s", answer.StatusCode, body)
	}
	return answer.Header.Get("Location")
}

const buyer = "&name=Ada+L&email=ada%40example.org&terms=yes&method="

// A buyer comes from the cart to the tickets without a script: what is missing is
// said beside its field, a card that is declined can be tried again, and every page
// is there again after a reload.
func TestBuying(t *testing.T) {
	l := newTill(t)
	path := l.begin("n.ga=2&n.seat=1&n.crew=0&price=1&total=1")
	l.shows(path, "2 × General", "€93.00", "€3.00", "of which 19% tax", "Seat A-1", "until 14:10 (CEST)", "What do you eat?", "Who comes with it?", `<meta http-equiv="refresh" content="601">`)

	answer, body := l.post(path+"/pay", "name=&email=ada%40example.org&method=card&h.2.name=%3Csvg+onload%3D1%3E")
	for _, want := range []string{"Please give your name.", `value="ada@example.org"`, `aria-invalid="true"`, `value="&lt;svg onload=1&gt;"`} {
		if answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, want) {
			t.Errorf("status %d, lacks %s: %s", answer.StatusCode, want, body)
		}
	}
	for form, want := range map[string]string{
		"name=A&email=nobody&method=card":                                          "Please give an e-mail address that works",
		"name=A&email=a%40b.example&method=card":                                   "Please agree to the terms.",
		"name=A&email=a%40b.example&terms=1&method=card":                           "Please say who comes with this ticket.",
		"name=A&email=a%40b.example&terms=1&method=card&h.2.name=B":                "Please answer this question.",
		"name=A&email=a%40b.example&terms=1&method=gold&h.2.name=B&h.2.a.diet=all": "Please choose how you want to pay.",
	} {
		if answer, body := l.post(path+"/pay", form); answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, lacks %q", form, answer.StatusCode, want)
		}
	}
	pay := "h.2.name=Bea&h.2.a.diet=no+meat" + buyer + "card"
	answer, body = l.post(path+"/pay", pay)
	page := answer.Header.Get("Location")
	if answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("paying: status %d: %s", answer.StatusCode, body)
	}
	l.shows(path, "You have not paid yet", "Go to the payment page")
	l.card(page, "4000000000000002")
	l.shows(path, "You have not paid yet")
	answer, _ = l.post(path+"/pay", "method=card") // the way back to the same payment
	l.card(answer.Header.Get("Location"), "4242424242424242")
	l.shows(path, "Your tickets are ready", "ada@example.org", "Bea", "tickets.pdf", "receipt.pdf")
	l.shows(path, "Your tickets are ready")
	for _, name := range []string{"/tickets.pdf", "/receipt.pdf"} {
		if answer, body := l.get(path + name); answer.StatusCode != 200 || !strings.HasPrefix(body, "%PDF-") || !strings.Contains(answer.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: status %d, %.20q", name, answer.StatusCode, body)
		}
	}
	if answer, _ := l.post(path+"/leave", ""); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("giving a paid order back: status %d", answer.StatusCode)
	}
	l.shows(path, "Your tickets are ready")
	l.manage(path)
}

// manage looks the order up as the organiser, and gives its money back.
func (l *till) manage(path string) {
	l.t.Helper()
	key := "Authorization: Bearer " + l.key
	for _, where := range []string{"/manage/orders", "/manage/orders/0000000000"} {
		if answer, _ := l.get(where); answer.StatusCode != http.StatusUnauthorized {
			l.t.Errorf("%s without the key: status %d", where, answer.StatusCode)
		}
	}
	_, list := l.get("/manage/orders?text=ada%40example.org", key)
	found := regexp.MustCompile(`/manage/orders/([0-9A-Z]{10})`).FindStringSubmatch(list)
	if found == nil || !strings.Contains(list, "Ada L") {
		l.t.Fatalf("the order is not found: %s", list)
	}
	order := "/manage/orders/" + found[1]
	_, page := l.get(order, key)
	for _, want := range []string{"€93.00", "Bea", path, "begun", "paid", "Refund all of €93.00"} {
		if !strings.Contains(page, want) {
			l.t.Errorf("the order's page lacks %q: %s", want, page)
		}
	}
	for form, want := range map[string]int{"/refund": 400, "/refund?": 400, "/cancel": 400, "/resend": 303} {
		if answer, body := l.post(order+form, "why=", key); answer.StatusCode != want {
			l.t.Errorf("%s: status %d: %s", form, answer.StatusCode, body)
		}
	}
	if answer, _ := l.post(order+"/cancel", "why=x", key, "Sec-Fetch-Site: cross-site"); answer.StatusCode != http.StatusForbidden {
		l.t.Errorf("cancelled by another site: status %d", answer.StatusCode)
	}
	if answer, _ := l.post(order+"/cancel", "why=x"); answer.StatusCode != http.StatusUnauthorized {
		l.t.Errorf("cancelled without the key: status %d", answer.StatusCode)
	}
	answer, body := l.post(order+"/refund", "key=1&all=yes&why=rain", key)
	if answer.StatusCode != http.StatusSeeOther {
		l.t.Fatalf("refunding: status %d: %s", answer.StatusCode, body)
	}
	l.shows(path, "Your money back", "€93.00 went back to you")
}

// Nothing that a cart says makes usher sell what it doesn't, or at another price,
// and nothing of such a cart is held.
func TestHostileCarts(t *testing.T) {
	l := newTill(t)
	for form, want := range map[string]int{
		"": 400, "n.ga=0": 400, "n.ga=": 400, "n.ga=-1": 400, "n.ga=7": 400, "n.ga=1.5": 400, "n.ga=1e3": 400, "n.ga=x": 400,
		"n.ga=99999999999999999999999": 400, "n.ga=9223372036854775807": 400, "n.ga=1&n.ga=2": 400, "n.ga=4&n.seat=3": 400, "n.ga=6&n.crew=1&code=anchor": 400,
		"n.crew=1": 400, "n.crew=1&code=wrong": 400, "n.NIGHT-1=1": 400, "n.=1": 400, "n.%00=1": 400, "n.<script>alert(1)</script>=1": 400,
		"seat.seat=A-9": 409, "seat.seat=A-1&seat.seat=A-1": 400, "n.seat=2&seat.seat=A-1": 400, "seat.ga=A-1": 400,
		"n.ga=1&key=" + strings.Repeat("k", 300): 400, "n.ga=%zz": 400,
	} {
		answer, body := l.post("/events/SHOP-1/order", form)
		if answer.StatusCode != want && answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" {
			t.Errorf("%.60s: status %d, want %d", form, answer.StatusCode, want)
		}
		for _, never := range hostile {
			if strings.Contains(body, never) {
				t.Errorf("%.60s: the page has %q", form, never)
			}
		}
	}
	l.apply(pierShop)
	left, err := l.Stock.Left(t.Context(), "SHOP-1")
	if err != nil || left["hall"] != 10 || left["deck"] != 3 {
		t.Errorf("left are %v, %v", left, err)
	}
	for name, c := range map[string]struct {
		path, form string
		header     []string
		want       int
	}{
		"another site":          {"/events/SHOP-1/order", "n.ga=1", []string{"Sec-Fetch-Site: cross-site"}, 403},
		"another origin":        {"/events/SHOP-1/order", "n.ga=1", []string{"Origin: https://evil.example"}, 403},
		"a flood":               {"/events/SHOP-1/order", "n.ga=1&x=" + strings.Repeat("x", 2<<20), nil, 413},
		"no event":              {"/events/NONE/order", "n.ga=1", nil, 404},
		"an event without shop": {"/events/NIGHT-1/order", "n.ga=1", nil, 404},
		"another event's":       {"/events/PIER-2/order", "n.crew=1&code=anchor", nil, 400},
		"another event's seat":  {"/events/PIER-2/order", "seat.seat=A-1", nil, 400},
		"no order":              {"/order/nothing/pay", "", nil, 404},
		"a link that is none":   {"/order/" + strings.Repeat("A", 5000) + "/leave", "", nil, 404},
	} {
		if answer, _ := l.post(c.path, c.form, c.header...); answer.StatusCode != c.want || answer.Header.Get("Location") != "" {
			t.Errorf("%s: status %d to %q", name, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
	// Somebody else is faster, and the page says what is left.
	l.begin("n.ga=6")
	answer, body := l.post("/events/SHOP-1/order", "n.ga=5")
	if answer.StatusCode != http.StatusConflict || !strings.Contains(body, "Hall: 4 left") {
		t.Errorf("too many: status %d: %s", answer.StatusCode, body)
	}
}

// The same cart sent twice is one order; given back, its places are free at once;
// and when the time is over every page says so.
func TestHoldingAndLetting(t *testing.T) {
	l := newTill(t)
	one, two := l.begin("n.ga=6&key=0123456789"), l.begin("n.ga=6&key=0123456789")
	l.shows(one, "6 × General")
	if left, err := l.Stock.Left(t.Context(), "SHOP-1"); err != nil || left["hall"] != 4 {
		t.Errorf("left are %v of two orders that are one, %v", left, err)
	}
	l.post(two+"/leave", "")
	l.shows(one, "You have given the tickets back", "Choose tickets again")
	again := l.begin("n.ga=6&key=another")
	l.post(again+"/extend", "") // the organiser allows none
	l.shows(again, "until 14:10 (CEST)")
	if _, body := l.get(again + "/state"); !strings.Contains(body, `"left":600,"page":"form"`) {
		t.Errorf("the state is %s", body)
	}
	l.clock.Pass(11 * time.Minute)
	l.shows(again, "The time is over", "Nothing was charged")
	if answer, _ := l.post(again+"/pay", buyer[1:]+"card"); answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != again {
		t.Errorf("paying too late: status %d to %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	l.shows(again, "The time is over")
	if answer, _ := l.get(again + "/tickets.pdf"); answer.StatusCode < 400 {
		t.Errorf("tickets of an order that ran out: status %d", answer.StatusCode)
	}
	free := l.begin("n.crew=1&code=anchor")
	l.post(free+"/pay", "name=A&email=a%40b.example&terms=1")
	l.shows(free, "Your tickets are ready")
	bill := l.begin("n.ga=1")
	l.post(bill+"/pay", buyer[1:]+"invoice")
	l.shows(bill, "waiting for its payment", "Please transfer €26.50")
}
