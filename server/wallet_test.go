package server_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/server/accounts"
	"usher/server/sales"
	"usher/server/ticketing"
)

// held is a ticket as the wallet's page gets it.
type held struct {
	Event      string   `json:"event"`
	ID         string   `json:"id"`
	Code       string   `json:"code"`
	State      string   `json:"state"`
	Seat       string   `json:"seat"`
	Generation uint16   `json:"generation"`
	Passes     []string `json:"passes"`
	Bound      *struct {
		Phone  string `json:"phone"`
		Ticket string `json:"ticket"`
	} `json:"bound"`
}

// bought orders what costs nothing for somebody, and gives the order's path.
func (l *till) bought(email string, count int) string {
	l.t.Helper()
	o, err := l.Sales.Begin(l.t.Context(), sales.Cart{Event: "SHOP-1", Access: "anchor", Wanted: []sales.Wanted{{Offer: "crew", Count: count}}})
	if err == nil {
		o, _, err = l.Sales.Pay(l.t.Context(), o.ID, sales.Payment{Details: &sales.Details{Name: "Ada", Email: email, Terms: true}})
	}
	if err != nil {
		l.t.Fatal(err)
	}
	link, err := l.Sales.Link(l.t.Context(), &o)
	if err != nil {
		l.t.Fatal(err)
	}
	return "/order/" + link
}

// cookieOf gives the wallet's cookie as a browser sends it back.
func cookieOf(t testing.TB, answer *http.Response) string {
	t.Helper()
	for _, c := range answer.Cookies() {
		if strings.HasSuffix(c.Name, "usher-wallet") && c.Value != "" {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != int(accounts.Idle.Seconds()) {
				t.Errorf("the cookie is %+v", c)
			}
			return "Cookie: " + c.Name + "=" + c.Value
		}
	}
	t.Fatalf("no cookie: status %d, %v", answer.StatusCode, answer.Header)
	return ""
}

// keeps has a browser keep an order's tickets.
func (l *till) keeps(order string, header ...string) string {
	l.t.Helper()
	answer, _ := l.post("/wallet/keep", "order="+order, header...)
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/wallet" {
		l.t.Fatalf("keeping: status %d to %q", answer.StatusCode, answer.Header.Get("Location"))
	}
	return cookieOf(l.t, answer)
}

// wallet lists the tickets that a cookie opens.
func (l *till) wallet(cookie string) (list []held, status int) {
	l.t.Helper()
	answer, body := l.get("/wallet/tickets.json", cookie)
	var got struct {
		Tickets []held `json:"tickets"`
		Now     int64  `json:"now"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		l.t.Fatal(err)
	}
	if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		l.t.Errorf("tickets may be kept by others: %v", answer.Header)
	}
	if answer.StatusCode == http.StatusOK && got.Now != l.clock.Now().UnixMilli() {
		l.t.Errorf("the server's time is %d", got.Now)
	}
	return got.Tickets, answer.StatusCode
}

var enterLink = regexp.MustCompile(`/wallet/enter/[0-9A-Za-z_-]{43}`)

// mailed asks for a link and gives its path.
func (l *till) mailed(email string) string {
	l.t.Helper()
	if answer, _ := l.post("/wallet/ask", "email="+email); answer.StatusCode != http.StatusOK {
		l.t.Fatalf("asking: status %d", answer.StatusCode)
	}
	mails, err := l.Post.About(l.t.Context(), "")
	if err != nil || len(mails) == 0 {
		l.t.Fatalf("no mail: %v", err)
	}
	letter, err := l.Accounts.Compose(l.t.Context(), mails[len(mails)-1].Mail)
	if err != nil {
		l.t.Fatal(err)
	}
	return enterLink.FindString(letter.Text)
}

// A link is asked for, mailed, looked at by whoever checks the mail, and used once by a
// person; the page is at an address that tells nothing then.
func TestWalletByMail(t *testing.T) {
	l := newTill(t)
	l.bought("ada@example.org", 2)
	_, known := l.post("/wallet/ask", "email=ada@example.org")
	_, unknown := l.post("/wallet/ask", "email=eve@example.org")
	if strings.ReplaceAll(known, "ada@", "eve@") != unknown {
		t.Error("the answer tells who has tickets")
	}
	if answer, body := l.post("/wallet/ask", "email=%3Cscript%3E"); answer.StatusCode != http.StatusUnprocessableEntity || strings.Contains(body, "<script>") || !strings.Contains(body, `aria-invalid="true"`) {
		t.Errorf("no address: status %d: %s", answer.StatusCode, body)
	}
	l.clock.Pass(1e9)
	link := l.mailed("Ada@Example.org")
	for range 2 {
		if answer, body := l.get(link); answer.StatusCode != http.StatusOK || answer.Header.Get("Set-Cookie") != "" || !strings.Contains(body, "ada@example.org") {
			t.Errorf("looking at the link: status %d", answer.StatusCode)
		}
	}
	if answer, _ := l.post(link, "", "Sec-Fetch-Site: cross-site"); answer.StatusCode != http.StatusForbidden {
		t.Errorf("another site signs somebody in: status %d", answer.StatusCode)
	}
	answer, _ := l.post(link, "", "Cookie: usher-wallet=planted")
	cookie := cookieOf(t, answer)
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/wallet" || strings.Contains(cookie, "planted") {
		t.Errorf("entering: status %d to %q with %s", answer.StatusCode, answer.Header.Get("Location"), cookie)
	}
	if list, status := l.wallet(cookie); status != http.StatusOK || len(list) != 2 || list[0].Code == "" {
		t.Errorf("status %d, %+v", status, list)
	}
	for _, ask := range []func() (*http.Response, string){
		func() (*http.Response, string) { return l.get(link) }, func() (*http.Response, string) { return l.post(link, "") },
	} {
		if answer, body := ask(); answer.StatusCode != http.StatusGone || !strings.Contains(body, "This link is over") || answer.Header.Get("Set-Cookie") != "" {
			t.Errorf("the used link: status %d: %s", answer.StatusCode, body)
		}
	}
	if answer, _ := l.post("/wallet/end", "", "Content-Type: application/json", cookie); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("a form for JSON: status %d", answer.StatusCode)
	}
	if answer := l.send("/wallet/end", `{"id":""}`, cookie); answer.StatusCode != http.StatusNoContent {
		t.Errorf("signing out: status %d", answer.StatusCode)
	}
	if _, status := l.wallet(cookie); status != http.StatusUnauthorized {
		t.Errorf("an ended session: status %d", status)
	}
}

// A browser that is used now and then keeps its cookie for as long as its session lasts.
// The page is told apart that it has none, in which case it keeps its tickets, from that
// somebody ended its session.
func TestWalletCookieLasts(t *testing.T) {
	l := newTill(t)
	order := l.bought("ada@example.org", 1)
	cookie := l.keeps(order)
	if answer, _ := l.get("/wallet/tickets.json", cookie); answer.Header.Get("Set-Cookie") != "" {
		t.Error("a cookie that was just given is given again")
	}
	for range 3 {
		l.clock.Pass(accounts.Idle - time.Minute)
		answer, _ := l.get("/wallet/tickets.json", cookie)
		if again := cookieOf(t, answer); answer.StatusCode != http.StatusOK || again != cookie {
			t.Errorf("status %d, and the cookie is another: %t", answer.StatusCode, again != cookie)
		}
	}
	if answer := l.send("/wallet/end", `{"id":""}`, cookie); answer.StatusCode != http.StatusNoContent {
		t.Fatalf("ending it: status %d", answer.StatusCode)
	}
	for header, let := range map[string]bool{"X: y": true, "Cookie: another=1": true, cookie: false} {
		answer, body := l.get("/wallet/tickets.json", header)
		if answer.StatusCode != http.StatusUnauthorized || strings.Contains(body, `"where":"cookie"`) != let || answer.Header.Get("Set-Cookie") != "" {
			t.Errorf("%.20s: status %d, %v: %s", header, answer.StatusCode, answer.Header, body)
		}
	}
}

// send posts JSON.
func (l *till) send(path, body string, header ...string) *http.Response {
	l.t.Helper()
	answer := l.do(l.t, http.MethodPost, path, append(header, "Content-Type: application/json"), strings.NewReader(body))
	l.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// Over TLS the cookie goes to this host alone and never in the clear.
func TestWalletCookieOverTLS(t *testing.T) {
	s := opened(t, server.Config{PublicURL: "https://tickets.example"})
	l := &till{t: t, site: served(t, s)}
	for _, cookie := range []string{"usher-wallet=x", "__Host-usher-wallet=x"} {
		answer, _ := l.get("/wallet/tickets.json", "Cookie: "+cookie)
		if answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: status %d", cookie, answer.StatusCode)
		}
	}
	token := mustAsk(t, s)
	answer, _ := l.post(token, "")
	if cookie := cookieOf(t, answer); !strings.HasPrefix(cookie, "Cookie: __Host-usher-wallet=") || !answer.Cookies()[0].Secure {
		t.Errorf("the cookie is %v", answer.Header["Set-Cookie"])
	}
}

// mustAsk issues a ticket to somebody and gives the path of a link mailed to them.
func mustAsk(t *testing.T, s *server.Server) string {
	t.Helper()
	_, err := s.Tickets.Issue(t.Context(), event, ticketing.Attendee{External: "w", Name: "Ada", Email: "ada@example.org", Product: 1, Admissions: 1})
	if err == nil {
		err = s.Accounts.Ask(t.Context(), "ada@example.org", "en", "here")
	}
	if err != nil {
		t.Fatal(err)
	}
	mails, err := s.Post.About(t.Context(), "")
	if err != nil || len(mails) != 1 {
		t.Fatalf("%d mails, %v", len(mails), err)
	}
	letter, err := s.Accounts.Compose(t.Context(), mails[0].Mail)
	if err != nil {
		t.Fatal(err)
	}
	return enterLink.FindString(letter.Text)
}

// A ticket has an entry for calendars whether its event sells anything or not, which is its
// holder's alone; one that is good later than the event begins says so.
func TestWalletCalendar(t *testing.T) {
	s := opened(t, server.Config{PublicURL: "http://tickets.example"})
	l := &till{t: t, site: served(t, s)}
	answer, _ := l.post(mustAsk(t, s), "")
	cookie := cookieOf(t, answer)
	list, err := s.Tickets.HeldBy(t.Context(), "ada@example.org")
	if err != nil || len(list) != 1 {
		t.Fatalf("%d tickets, %v", len(list), err)
	}
	path := "/wallet/ticket/" + event + "/" + list[0].ID.String() + "/ticket.ics"
	says := func(wants ...string) {
		t.Helper()
		answer, body := l.get(path, cookie)
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/calendar; charset=utf-8" || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("status %d, %v", answer.StatusCode, answer.Header)
		}
		for _, want := range append(wants, "DTEND:20260705T000000Z", "LOCATION:<img src=x onerror=alert('venue')>") {
			if !strings.Contains(body, want) {
				t.Errorf("it lacks %s: %s", want, body)
			}
		}
		if strings.Contains(body, "URL:") {
			t.Errorf("it leads to a page that there isn't: %s", body)
		}
	}
	says("DTSTART:20260704T180000Z", "UID:NIGHT-1@usher")
	if _, err := s.Tickets.Amend(t.Context(), list[0], map[string]string{"valid_from": "2026-07-04 22:30"}, "another slot"); err != nil {
		t.Fatal(err)
	}
	says("DTSTART:20260704T203000Z", "UID:NIGHT-1-"+list[0].ID.String()+"@usher")
	if answer, _ := l.get(path); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("for nobody: status %d", answer.StatusCode)
	}
}

// phone is somebody's phone, as the page is one.
type walletPhone struct {
	*keyring.Signer
	l      *till
	cookie string
}

// claims asks for a challenge and sends what binds a ticket, changed as a test wants.
func (p *walletPhone) claims(k held, change func(map[string]any)) *http.Response {
	p.l.t.Helper()
	answer := p.l.send("/wallet/challenge", "{}", p.cookie)
	var drawn struct{ Challenge string }
	if err := json.NewDecoder(answer.Body).Decode(&drawn); err != nil || answer.StatusCode != http.StatusOK {
		p.l.t.Fatalf("drawing a challenge: status %d, %v", answer.StatusCode, err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(drawn.Challenge)
	if err != nil {
		p.l.t.Fatal(err)
	}
	id, err := ticket.ParseID(k.ID)
	if err != nil {
		p.l.t.Fatal(err)
	}
	payload, err := ticketing.ClaimPayload(raw, k.Event, id, k.Generation)
	if err != nil {
		p.l.t.Fatal(err)
	}
	sig := p.Sign(keyring.ProtectedEdDSA, "usher-bind-v1", payload)
	body := map[string]any{
		"event": k.Event, "id": k.ID, "generation": k.Generation, "take_over": false, "challenge": drawn.Challenge,
		"phone": base64.RawURLEncoding.EncodeToString(p.Public()), "signature": base64.RawURLEncoding.EncodeToString(sig[:]),
	}
	if change != nil {
		change(body)
	}
	text, err := json.Marshal(body)
	if err != nil {
		p.l.t.Fatal(err)
	}
	return p.l.send("/wallet/bind", string(text), p.cookie)
}

func (l *till) phone(cookie string) *walletPhone {
	l.t.Helper()
	s, err := keyring.Generate(rand.Reader)
	if err != nil {
		l.t.Fatal(err)
	}
	return &walletPhone{s, l, cookie}
}

// A phone has the tickets that its session opens, and no others; what it sends twice,
// or for somebody else, changes nothing.
func TestWalletBinds(t *testing.T) {
	l := newTill(t)
	order, others := l.bought("ada@example.org", 2), l.bought("bea@example.org", 1)
	ada, bea := l.phone(l.keeps(order)), l.phone(l.keeps(others))
	list, _ := l.wallet(ada.cookie)
	if len(list) != 2 {
		t.Fatalf("the order opens %d tickets", len(list))
	}
	k := list[0]
	dump := func(table string) string {
		var lines []string
		for _, line := range dbtest.Dump(t, l.DB) {
			if strings.HasPrefix(line, table) {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "\n")
	}
	before := dump("ticket")
	for name, c := range map[string]struct {
		by     *walletPhone
		change func(map[string]any)
		want   int
	}{
		"somebody else's ticket": {bea, nil, 404},
		"a ticket of nowhere":    {ada, func(m map[string]any) { m["id"] = "0000000000000000" }, 404},
		"another event":          {ada, func(m map[string]any) { m["event"] = "NIGHT-1" }, 404},
		"another key":            {ada, func(m map[string]any) { m["phone"] = base64.RawURLEncoding.EncodeToString(bea.Public()) }, 403},
		"no key":                 {ada, func(m map[string]any) { m["phone"] = "" }, 400},
		"no base64url":           {ada, func(m map[string]any) { m["phone"] = "?" }, 400},
		"another challenge":      {ada, func(m map[string]any) { m["challenge"] = strings.Repeat("A", 43) }, 409},
		"a generation too high":  {ada, func(m map[string]any) { m["generation"] = 70000 }, 400},
		"more than is asked for": {ada, func(m map[string]any) { m["admin"] = true }, 400},
		"a flood":                {ada, func(m map[string]any) { m["event"] = strings.Repeat("x", 20_000) }, 413},
	} {
		if answer := c.by.claims(k, c.change); answer.StatusCode != c.want {
			t.Errorf("%s: status %d, want %d", name, answer.StatusCode, c.want)
		}
	}
	for name, header := range map[string][]string{"no cookie": nil, "another site": {ada.cookie, "Sec-Fetch-Site: cross-site"}} {
		if answer := l.send("/wallet/bind", "{}", header...); answer.StatusCode != http.StatusUnauthorized && answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s: status %d", name, answer.StatusCode)
		}
	}
	if dump("ticket") != before {
		t.Fatal("what was refused has changed something")
	}

	if answer := ada.claims(k, nil); answer.StatusCode != http.StatusOK {
		t.Fatalf("binding: status %d", answer.StatusCode)
	}
	list, _ = l.wallet(ada.cookie)
	if list[0].ID != k.ID {
		list[0], list[1] = list[1], list[0]
	}
	if b := list[0].Bound; list[0].Code != "" || list[0].Generation != 1 || b == nil || b.Phone != base64.RawURLEncoding.EncodeToString(ada.Public()) {
		t.Fatalf("the ticket is %+v", list[0])
	}
	signed, err := base64.RawURLEncoding.DecodeString(list[0].Bound.Ticket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ticket.Present(signed, ada.Signer, l.clock.Now().Unix(), nil); err != nil {
		t.Errorf("the phone can't present it: %v", err)
	}
	for id, want := range map[string]int{k.ID: 409, list[1].ID: 200} {
		if answer, _ := l.get("/wallet/ticket/SHOP-1/"+id+"/ticket.pdf", ada.cookie); answer.StatusCode != want {
			t.Errorf("the PDF of %s: status %d, want %d", id, answer.StatusCode, want)
		}
		if answer, _ := l.get("/wallet/ticket/SHOP-1/"+id+"/ticket.pdf", bea.cookie); answer.StatusCode != 404 {
			t.Errorf("the PDF of %s for somebody else: status %d", id, answer.StatusCode)
		}
	}

	second := l.phone(l.keeps(order))
	if answer := second.claims(list[0], nil); answer.StatusCode != http.StatusConflict {
		t.Errorf("another phone, unasked: status %d", answer.StatusCode)
	}
	if answer := second.claims(list[0], func(m map[string]any) { m["take_over"] = true }); answer.StatusCode != http.StatusOK {
		t.Errorf("taken over: status %d", answer.StatusCode)
	}
}

// An order's tickets that were given to somebody else are not in its buyer's wallet.
func TestWalletAfterATransfer(t *testing.T) {
	l := newTill(t)
	cookie := l.keeps(l.bought("ada@example.org", 2))
	list, _ := l.wallet(cookie)
	id, err := ticket.ParseID(list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	found, err := l.Tickets.Of(t.Context(), "SHOP-1", []ticket.ID{id})
	if err == nil {
		_, err = l.Tickets.Transfer(t.Context(), found[0], "Bea", "Bea@example.org", "")
	}
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := l.wallet(cookie); len(left) != 1 || left[0].ID != list[1].ID {
		t.Errorf("the buyer has %+v", left)
	}
	answer, _ := l.post(l.mailed("bea@example.org"), "")
	if got, _ := l.wallet(cookieOf(t, answer)); len(got) != 1 || got[0].ID != list[0].ID || got[0].Generation != 1 {
		t.Errorf("the new holder has %+v", got)
	}
}

// Links that open nothing lead nowhere, and who tries many of them has to wait.
func TestWalletLinksThatAreNone(t *testing.T) {
	l := newTill(t)
	for _, order := range []string{"", "//evil.example", "https%3A%2F%2Fevil.example", "/order/" + strings.Repeat("A", 60)} {
		if answer, body := l.post("/wallet/keep", "order="+order); answer.StatusCode != http.StatusNotFound || answer.Header.Get("Location") != "" || answer.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q: status %d to %q: %s", order, answer.StatusCode, answer.Header.Get("Location"), body)
		}
	}
	status := 0
	for range 40 {
		answer, _ := l.get("/wallet/enter/" + strings.Repeat("A", 43))
		if status = answer.StatusCode; status == http.StatusTooManyRequests {
			break
		}
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("forty wrong links: status %d", status)
	}
}

// Every answer keeps to this site and tells none other where it was read.
func TestWalletHeaders(t *testing.T) {
	l := newTill(t)
	for path, kind := range map[string]string{
		"/wallet": "text/html; charset=utf-8", "/wallet/sw.js": "text/javascript; charset=utf-8", "/wallet/words.json": "application/json",
		"/wallet/app/code.js": "text/javascript; charset=utf-8", "/wallet/app/vendor/uqr/index.mjs": "text/javascript; charset=utf-8",
		"/wallet/app/wallet.css": "text/css; charset=utf-8", "/wallet/app/wallet.webmanifest": "application/manifest+json",
	} {
		answer, body := l.get(path)
		h := answer.Header
		if answer.StatusCode != 200 || h.Get("Content-Type") != kind || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Set-Cookie") != "" || strings.Contains(h.Get("Cache-Control"), "public") {
			t.Errorf("%s: status %d, %v", path, answer.StatusCode, h)
		}
		for _, never := range []string{"http://", "https://"} {
			if strings.Contains(body, `src="`+never) || strings.Contains(body, `href="`+never) {
				t.Errorf("%s asks %s for something", path, never)
			}
		}
	}
	if answer, _ := l.get("/wallet"); !strings.Contains(answer.Header.Get("Content-Security-Policy"), "manifest-src 'self'; worker-src 'self'") {
		t.Errorf("the page can't be installed: %v", answer.Header)
	}
	if answer, _ := l.get("/wallet/sw.js"); answer.Header.Get("Service-Worker-Allowed") != "/wallet" {
		t.Errorf("the worker stands below its page: %v", answer.Header)
	}
	for _, path := range []string{"/wallet/app/sw.js", "/wallet/app/index.html", "/wallet/app/vendor/uqr/README.md", "/wallet/app/../wallet.go", "/wallet/none"} {
		if answer, _ := l.get(path); answer.StatusCode == http.StatusOK {
			t.Errorf("%s is served", path)
		}
	}
	if answer, body := l.get("/wallet/tickets.json"); answer.StatusCode != http.StatusUnauthorized || !strings.Contains(body, `"type":"unauthorised"`) {
		t.Errorf("nobody's tickets: status %d: %s", answer.StatusCode, body)
	}
}

// The worker asks for the page of its own version. A server that has another one, while
// servers are being replaced, gives it nothing, or what is kept would be half of each.
func TestWorkerOfAnotherServer(t *testing.T) {
	l := newTill(t)
	_, worker := l.get("/wallet/sw.js")
	version := regexp.MustCompile(`\?v=([0-9a-f]+)"`).FindStringSubmatch(worker)
	if version == nil {
		t.Fatalf("the worker names no version: %s", worker)
	}
	for _, path := range []string{"/wallet", "/wallet/app/wallet.js", "/wallet/words.json"} {
		for query, want := range map[string]int{"": http.StatusOK, "?v=" + version[1]: http.StatusOK, "?v=0123456789abcdef": http.StatusNotFound} {
			if answer, body := l.get(path + query); answer.StatusCode != want || want == http.StatusNotFound && answer.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: status %d, want %d, %v: %.100s", path+query, answer.StatusCode, want, answer.Header, body)
			}
		}
	}
}
