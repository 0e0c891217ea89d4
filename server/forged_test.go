package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/server/guard"
	"usher/server/inventory"
	"usher/server/payment"
	"usher/server/payment/sandbox"
	"usher/server/sales"
)

// notice is what the payment provider sent, as somebody on the way could keep it.
type notice struct {
	signature string
	body      []byte
}

// caught gives the notices that the sandbox has to tell; they don't arrive.
func (s *stall) caught() (list []notice) {
	s.t.Helper()
	var mu sync.Mutex
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			list = append(list, notice{r.Header.Get(sandbox.SignatureHeader), body})
		}
	}))
	defer listener.Close()
	if _, err := s.Sandbox().Deliver(s.t.Context(), listener.URL); err != nil || len(list) == 0 {
		s.t.Fatalf("%d notices, %v", len(list), err)
	}
	return list
}

func (s *stall) hook(n notice) int {
	s.t.Helper()
	answer := s.do(s.t, http.MethodPost, "/hooks/sandbox", []string{sandbox.SignatureHeader + ": " + n.signature}, bytes.NewReader(n.body))
	return answer.StatusCode
}

// A notice that the provider didn't send, or sent long ago, or to tell of something
// else, is refused and changes nothing; one that comes again changes nothing.
func TestForgedAndReplayedNotices(t *testing.T) {
	onEach(t, func(t *testing.T, cfg server.Config) {
		s := newStall(t, cfg)
		s.post(s.card+"/card", "number=4242424242424242") // is paid, and nobody told the shop
		var all []notice
		for _, n := range s.caught() {
			all = append(all, n)
			last := len(n.signature) - 1
			for name, forged := range map[string]notice{
				"without a signature":      {"", n.body},
				"with half a signature":    {n.signature[:last/2], n.body},
				"with another signature":   {n.signature[:last] + string(n.signature[last]^1), n.body},
				"with an empty mac":        {n.signature[:strings.Index(n.signature, ",v1=")+4], n.body},
				"at another time":          {strings.Replace(n.signature, "t=1", "t=2", 1), n.body},
				"of another payment":       {n.signature, bytes.Replace(n.body, []byte("pay_"), []byte("pay_0"), 1)},
				"with more at its end":     {n.signature, append(bytes.Clone(n.body), ' ')},
				"with nothing in it":       {n.signature, nil},
				"with a list of two macs":  {n.signature + ",v1=00", n.body},
				"with zeroes for a number": {"t=,v1=00", n.body},
			} {
				dbtest.Unchanged(t, s.DB, func() {
					if status := s.hook(forged); status != http.StatusUnauthorized {
						t.Errorf("a notice %s: status %d", name, status)
					}
				})
			}
		}
		for _, n := range all {
			if status := s.hook(n); status != http.StatusNoContent {
				t.Errorf("a notice: status %d", status)
			}
		}
		s.shows(s.paying, "Your tickets are ready")
		s.clock.Pass(payment.Tolerance - time.Second)
		for _, n := range append(all, all...) {
			dbtest.Unchanged(t, s.DB, func() {
				if status := s.hook(n); status != http.StatusNoContent {
					t.Errorf("a notice again: status %d", status)
				}
			})
		}
		s.clock.Pass(2 * time.Second)
		dbtest.Unchanged(t, s.DB, func() {
			if status := s.hook(all[0]); status < 400 || status >= 500 {
				t.Errorf("a notice that was kept for too long: status %d", status)
			}
		})
	})
}

// Whatever a form says of prices, the catalogue's count; whatever it says of money
// that goes back, no more does than came.
func TestPricesAreOurs(t *testing.T) {
	s := newStall(t, server.Config{})
	const cheap = "&price=1&total=1&amount=1&fee=0&currency=XTS&cart=%7B%7D&state=paid&paid=1"
	path := s.begin("n.ga=2" + cheap)
	s.shows(path, "€53.00")
	answer, _ := s.post(path+"/pay", buyer[1:]+"card"+cheap)
	u, err := url.Parse(answer.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	if _, body := s.get(u.Path); !strings.Contains(body, "€53.00") {
		t.Errorf("the payment page asks for something else: %s", body)
	}
	if answer, _ := s.post(u.Path+"/card", "number=4242424242424242"+cheap); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("paying: status %d", answer.StatusCode)
	}
	s.shows(path, "Your tickets are ready", "€53.00")
	order := "/manage/orders/" + s.code
	dbtest.Unchanged(t, s.DB, func() {
		for _, form := range []string{
			"/refund?key=1&why=x&amount=26.51", "/refund?key=1&why=x&amount=-1", "/refund?key=1&why=x&amount=0", "/refund?key=1&why=x&amount=1e9",
			"/refund?key=1&why=x&amount=99999999999999999999", "/refund?key=1&why=x&amount=0.001", "/refund?key=1&why=x&ticket=0000000000000000",
			"/refund?key=1&why=x", "/refund?key=&all=1&why=x", "/refund?key=" + strings.Repeat("k", 200) + "&all=1&why=x", "/refund?all=1&key=1&why=",
			"/receive?via=bank&ref=1&amount=-5", "/receive?via=bank&ref=1&amount=99999999999999999999", "/receive?via=gold&ref=1&amount=5", "/receive?via=bank&ref=&amount=5",
			"/cancel?why=" + strings.Repeat("w", 5000), "/resend?email=nobody", "/resend?email=" + url.QueryEscape("a@b.example\r\nBcc: all@evil.example"),
		} {
			path, values, _ := strings.Cut(form, "?")
			answer, body := s.post(order+path, values, s.manager)
			s.refused(form, answer, body, 0)
		}
	})
}

// The link of an order opens that order, and no change of it any other.
func TestLinksAreNoGuess(t *testing.T) {
	s := newStall(t, server.Config{})
	link := strings.TrimPrefix(s.paid, "/order/")
	for i := range link {
		s.clock.Pass(time.Minute) // nobody is held back who guesses so slowly
		forged := link[:i] + string("Ab"[b2i(link[i] == 'A')]) + link[i+1:]
		if answer, _ := s.get("/order/" + forged); forged != link && answer.StatusCode != http.StatusNotFound {
			t.Fatalf("with another letter at %d: status %d", i, answer.StatusCode)
		}
	}
	for _, other := range []string{"", link[1:], link + "A", link + "=", strings.ToLower(link), s.code, "%2e%2e%2fmanage", strings.Repeat("A", 9000)} {
		s.clock.Pass(time.Minute)
		if answer, _ := s.get("/order/" + other); answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusMovedPermanently {
			t.Errorf("%.40q: status %d", other, answer.StatusCode)
		}
	}
	s.clock.Pass(500 * 24 * time.Hour)
	if answer, body := s.get(s.paid); answer.StatusCode != http.StatusGone || strings.Contains(body, "ada@") {
		t.Errorf("long after the event: status %d", answer.StatusCode)
	}
}

func b2i(is bool) int {
	if is {
		return 1
	}
	return 0
}

// One address has so many open orders and no more, however often and at once it
// asks; whom a balancer names counts, and whom the buyer names doesn't.
func TestOneAddressIsLimited(t *testing.T) {
	onEach(t, func(t *testing.T, cfg server.Config) {
		proxies, err := guard.ParseProxies([]string{"127.0.0.1"}) // where the tests ask from
		if err != nil {
			t.Fatal(err)
		}
		cfg.Proxies = proxies
		l := tillOn(t, cfg)
		open := func(client string) int {
			answer, _ := l.post("/events/BIG-1/order", "n.ga=1", "X-Forwarded-For: "+client)
			return answer.StatusCode
		}
		l.apply(strings.NewReplacer("SHOP-1", "BIG-1", "capacity = 10", "capacity = 100000").Replace(quayShop))
		var mu sync.Mutex
		told := map[int]int{}
		var buyers sync.WaitGroup
		for i := range 12 {
			buyers.Go(func() {
				for n := range 25 {
					status := open(fmt.Sprintf("198.51.100.%d, 2001:db8:1:2:%x::%x", n, i, n)) // many of one house, who name others
					mu.Lock()
					told[status]++
					mu.Unlock()
				}
			})
		}
		buyers.Wait()
		if told[http.StatusSeeOther] != inventory.DefaultMaxOpen || told[http.StatusTooManyRequests] != 300-inventory.DefaultMaxOpen {
			t.Errorf("of 300 orders of one address became %v, want %d", told, inventory.DefaultMaxOpen)
		}
		for _, other := range []string{"2001:db8:1:3::1", "198.51.100.7", "198.51.100.8"} {
			if status := open(other); status != http.StatusSeeOther {
				t.Errorf("%s: status %d", other, status)
			}
		}
		left, err := l.Stock.Left(t.Context(), "BIG-1")
		if err != nil || left["hall"] != 100_000-int64(inventory.DefaultMaxOpen)-3 {
			t.Errorf("left are %v, %v", left, err)
		}
		found, err := l.Sales.Find(t.Context(), sales.Search{Event: "BIG-1", Limit: 200})
		if err != nil || len(found) != inventory.DefaultMaxOpen+3 {
			t.Errorf("%d orders are there, %v", len(found), err)
		}
		l.clock.Pass(11 * time.Minute)
		if _, _, err := l.Stock.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if status := open("2001:db8:1:2::1"); status != http.StatusSeeOther {
			t.Errorf("when their time is over: status %d", status)
		}
	})
}

// Who begins orders and leaves them again and again is stopped after a while, and told
// for how long; nobody else is, and leaving always works.
func TestOrdersThatAreBegunAndLeft(t *testing.T) {
	proxies, err := guard.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	l := tillOn(t, server.Config{Proxies: proxies})
	const from, other = "X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 198.51.100.8"
	var last string
	begun := func(header string) bool {
		t.Helper()
		answer, body := l.post("/events/SHOP-1/order", "n.ga=1", header)
		if answer.StatusCode == http.StatusSeeOther {
			last = answer.Header.Get("Location")
			return true
		}
		if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "2" || !strings.Contains(body, "many orders were begun in a short time") {
			t.Fatalf("status %d, after %q: %s", answer.StatusCode, answer.Header.Get("Retry-After"), body)
		}
		return false
	}
	leave := func() {
		t.Helper()
		if answer, body := l.post(last+"/leave", "", from); answer.StatusCode != http.StatusSeeOther {
			t.Fatalf("leaving: %d, %s", answer.StatusCode, body)
		}
	}
	times := 0
	for ; times < 200 && begun(from); times++ {
		if times > 0 && times < 119 {
			leave()
		}
	}
	if times != 120 {
		t.Errorf("one address began %d orders, want 120", times)
	}
	if !begun(other) {
		t.Error("another address is limited, too")
	}
	leave()
	l.clock.Pass(2 * time.Second)
	if !begun(from) || begun(from) {
		t.Error("after two seconds it may begin one more")
	}
	left, err := l.Stock.Left(t.Context(), "SHOP-1")
	if err != nil || left["hall"] != 10-3 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// Every answer has the headers that keep a browser from what a page didn't mean,
// whether it is a page, a file or an error, and of the shop none sets a cookie.
func TestEveryAnswerHasItsHeaders(t *testing.T) {
	s := newStall(t, server.Config{})
	for path, status := range map[string]int{
		"/": 200, "/events/SHOP-1": 200, "/events/SHOP-1?code=anchor": 200, "/events/SHOP-1/left": 200, "/events/SHOP-1/calendar.ics": 200, "/events/SHOP-1/seats/seat": 200,
		"/events/NONE": 404, "/events/SHOP-1/picture/none": 404, "/robots.txt": 200, "/sitemap.xml": 200, "/assets/shop.css": 200, "/assets/none": 404,
		s.open: 200, s.paying: 200, s.paid: 200, s.paid + "/state": 200, s.paid + "/tickets.pdf": 200, s.paid + "/receipt.pdf": 200, s.open + "/tickets.pdf": 410, "/order/none": 404,
		s.card: 200, "/sandbox/sandbox.css": 200, "/sandbox/pay/none": 404, "/sandbox/none": 404, "/inbox/": 200, "/inbox/none": 404, "/inbox/style.css": 200,
		"/manage": 401, "/manage/orders": 401, "/manage/orders/" + s.code: 401, "/manage/events/SHOP-1/board": 401, "/healthz": 200, "/readyz": 200, "/metrics": 200,
		"/api/v1/enrol": 405, "/api/none": 404, "/hooks/sandbox": 405, "/none": 404, "/%00": 400, "/events/SHOP-1/order": 405,
	} {
		answer, body := s.get(path)
		h := answer.Header
		if answer.StatusCode != status {
			t.Errorf("%s: status %d, want %d: %.200s", path, answer.StatusCode, status, body)
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") == "" || h.Get("Content-Type") == "" {
			t.Errorf("%s: %v", path, h)
		}
		if h.Get("Set-Cookie") != "" || h.Get("Access-Control-Allow-Origin") != "" || h.Get("Server") != "" || h.Get("X-Powered-By") != "" {
			t.Errorf("%s: %v", path, h)
		}
		secret := strings.HasPrefix(path, "/order/") || strings.HasPrefix(path, "/manage") || strings.HasPrefix(path, "/sandbox/pay")
		if secret && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %q", path, h.Get("Cache-Control"))
		}
	}
}

// Nothing that somebody puts into an address or a header makes usher lead a browser
// to another host, or write that host into a page or a mail.
func TestNobodyIsLedElsewhere(t *testing.T) {
	s := newStall(t, server.Config{})
	for _, path := range []string{
		"//evil.example", "//evil.example/", "//evil.example/%2e%2e", "/%2F%2Fevil.example", "/%5Cevil.example", "/\\evil.example", "/events//evil.example", "///evil.example/manage/",
		"/manage//evil.example", "/manage/?key=" + s.key + "&next=https://evil.example", "/manage?key=" + s.key + "#//evil.example", "/manage/orders//evil.example?key=" + s.key,
		"/order//evil.example", s.paid + "?next=https://evil.example", s.paid + "?url=//evil.example", s.card + "?success_url=https://evil.example", "/inbox?to=//evil.example",
		"/sandbox//evil.example", "/http://evil.example/", "/https:evil.example", "/./..//evil.example/..", "/.//evil.example",
	} {
		for _, header := range [][]string{nil, {"X-Forwarded-Host: evil.example"}, {"X-Original-Url: //evil.example"}, {"Forwarded: host=evil.example"}, {"Referer: https://evil.example/"}} {
			answer := s.do(t, "", path, header, http.NoBody)
			s.staysHere(path, answer)
		}
	}
	for name, d := range s.doors() {
		answer := s.do(t, http.MethodPost, d.path, append([]string{"Content-Type: application/x-www-form-urlencoded", "X-Forwarded-Host: evil.example"}, d.header...),
			strings.NewReader(d.form+"&next=https://evil.example&url=//evil.example&success_url=https://evil.example&To=https://evil.example"))
		s.staysHere(name, answer)
	}
	if _, body := s.get("/inbox/"); strings.Contains(body, "evil") {
		t.Error("a mail names the other host")
	}
}

func (s *stall) staysHere(name string, answer *http.Response) {
	s.t.Helper()
	to := answer.Header.Get("Location")
	u, err := url.Parse(to)
	if err != nil || u.Host != "" && u.Host != "shop.example" || u.Scheme != "" && u.Scheme != "http" || strings.HasPrefix(to, "//") || strings.Contains(to, "\\") {
		s.t.Errorf("%s: led to %q", name, to)
	}
	if refresh := answer.Header.Get("Refresh"); strings.Contains(refresh, "evil") {
		s.t.Errorf("%s: led to %q", name, refresh)
	}
}
