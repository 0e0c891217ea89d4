package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/server/sales"
)

// stall is a till with an order at each stage, for whoever wants to do harm there.
type stall struct {
	*till
	open, paying, paid string // paths of the orders' pages
	code               string // of the paid one
	card               string // path of the page where the second is paid
	manager            string // header that opens the manager's pages
}

func newStall(t testing.TB, cfg server.Config) *stall {
	t.Helper()
	l := tillOn(t, cfg)
	s := &stall{till: l, manager: "Authorization: Bearer " + l.key}
	s.open = l.begin("n.ga=1")
	s.paying, s.card = s.pays("n.ga=2")
	var page string
	s.paid, page = s.pays("n.ga=1")
	l.card("http://shop.example"+page, "4242424242424242")
	l.shows(s.paid, "Your tickets are ready")
	found, err := l.Sales.Find(t.Context(), sales.Search{State: sales.Paid})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d orders are paid, %v", len(found), err)
	}
	s.code = found[0].Code
	return s
}

// pays begins to pay an order, and gives the payment page's path with the order's.
func (s *stall) pays(form string) (order, page string) {
	s.t.Helper()
	order = s.begin(form)
	answer, body := s.post(order+"/pay", buyer[1:]+"card")
	u, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(u.Path, "/sandbox/pay/") {
		s.t.Fatalf("%s: status %d to %v: %s", form, answer.StatusCode, u, body)
	}
	return order, u.Path
}

// door is an address that takes a form, and one that it takes.
type door struct {
	path, form string
	header     []string
}

// doors are all addresses of selling that take something.
func (s *stall) doors() map[string]door {
	manager := []string{s.manager}
	order := "/manage/orders/" + s.code
	return map[string]door{
		"a cart":         {path: "/events/SHOP-1/order", form: "n.ga=1"},
		"details":        {path: s.open + "/details", form: "name=A&email=a%40b.example&terms=1"},
		"pay":            {path: s.open + "/pay", form: "name=A&email=a%40b.example&terms=1&method=card"},
		"leave":          {path: s.open + "/leave"},
		"extend":         {path: s.open + "/extend"},
		"a card":         {path: s.card + "/card", form: "number=4242424242424242"},
		"a confirmation": {path: s.card + "/confirm", form: "answer=yes"},
		"a refund":       {path: order + "/refund", form: "key=1&all=yes&why=rain", header: manager},
		"a cancellation": {path: order + "/cancel", form: "why=rain", header: manager},
		"a resend":       {path: order + "/resend", header: manager},
		"mail again":     {path: "/manage/mail/again", form: "all=yes", header: manager},
		"a receipt":      {path: order + "/receive", form: "amount=5&via=bank&ref=x", header: manager},
	}
}

// refused checks that an answer is a refusal: not our fault, and nothing led to.
func (s *stall) refused(name string, answer *http.Response, body string, want int) {
	s.t.Helper()
	if answer.StatusCode < 400 || answer.StatusCode >= 500 || want != 0 && answer.StatusCode != want {
		s.t.Errorf("%s: status %d to %q, want %d: %.300s", name, answer.StatusCode, answer.Header.Get("Location"), want, body)
	}
	if strings.TrimSpace(body) == "" || len(body) > 100_000 {
		s.t.Errorf("%s: %d bytes say why", name, len(body))
	}
}

// A page of another site can't have a buyer's or the organiser's browser do
// anything: whatever it is that the browser says of where the form came from.
func TestNoFormOfAnotherSite(t *testing.T) {
	s := newStall(t, server.Config{})
	for name, d := range s.doors() {
		for _, header := range []string{
			"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Sec-Fetch-Site: nonsense", "Origin: https://evil.example", "Origin: null",
			"Origin: http://shop.example.evil.example",
		} {
			dbtest.Unchanged(t, s.DB, func() {
				answer, body := s.post(d.path, d.form, append([]string{header}, d.header...)...)
				s.refused(name+" with "+header, answer, body, http.StatusForbidden)
			})
		}
		dbtest.Unchanged(t, s.DB, func() { // nor a link or a picture of one
			if answer, _ := s.get(d.path+"?"+d.form, d.header...); answer.StatusCode != http.StatusMethodNotAllowed && answer.StatusCode != http.StatusNotFound {
				t.Errorf("%s by a link: status %d", name, answer.StatusCode)
			}
		})
	}
}

// More than a form may have is refused at every door by its size, and a header of
// that kind before it is looked at.
func TestTooMuchIsRefused(t *testing.T) {
	s := newStall(t, server.Config{})
	flood := strings.Repeat("x", 2<<20)
	for name, d := range s.doors() {
		dbtest.Unchanged(t, s.DB, func() {
			answer, body := s.post(d.path, d.form+"&x="+flood, d.header...)
			s.refused(name, answer, body, http.StatusRequestEntityTooLarge)
		})
	}
	dbtest.Unchanged(t, s.DB, func() {
		answer, body := s.post("/hooks/sandbox", flood)
		s.refused("a notice", answer, body, http.StatusRequestEntityTooLarge)
		answer, body = s.post("/sandbox/v1/payments", flood)
		s.refused("a payment of a stranger", answer, body, http.StatusUnauthorized)
		answer, body = s.post("/api/v1/enrol", `{"card":"`+flood)
		s.refused("an enrolment", answer, body, http.StatusRequestEntityTooLarge)
	})
}

// Bytes that are no text, and ends of strings as some databases know them, are
// nobody's name, code or reason. On no engine are they our fault.
func TestNoTextIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, cfg server.Config) {
		s := newStall(t, cfg)
		for _, bad := range []string{"%00", "a%00b", "%FF", "a%C3%28", "%ED%A0%80"} {
			dbtest.Unchanged(t, s.DB, func() {
				for name, d := range map[string]door{
					"a product":        {path: "/events/SHOP-1/order", form: "n." + bad + "=1"},
					"a number":         {path: "/events/SHOP-1/order", form: "n.ga=" + bad},
					"a seat":           {path: "/events/SHOP-1/order", form: "seat.seat=" + bad},
					"a code":           {path: "/events/SHOP-1/order", form: "n.crew=1&code=" + bad},
					"a key":            {path: "/events/SHOP-1/order", form: "n.ga=1&key=" + bad},
					"an event":         {path: "/events/" + bad + "/order", form: "n.ga=1"},
					"a link":           {path: "/order/" + bad + "/pay", form: "method=card"},
					"a name":           {path: s.open + "/pay", form: "name=" + bad + "&email=a%40b.example&terms=1&method=card"},
					"an address":       {path: s.open + "/details", form: "name=A&email=a%40" + bad + ".example&terms=1"},
					"where they live":  {path: s.open + "/details", form: "name=A&email=a%40b.example&terms=1&address=" + bad},
					"a way to pay":     {path: s.open + "/pay", form: "name=A&email=a%40b.example&terms=1&method=" + bad},
					"a card":           {path: s.card + "/card", form: "number=" + bad},
					"a payment":        {path: "/sandbox/pay/" + bad + "/card", form: "number=4242424242424242"},
					"a reason":         {path: "/manage/orders/" + s.code + "/refund", form: "all=yes&key=1&why=" + bad, header: []string{s.manager}},
					"a refund's key":   {path: "/manage/orders/" + s.code + "/refund", form: "all=yes&why=rain&key=" + bad, header: []string{s.manager}},
					"a ticket":         {path: "/manage/orders/" + s.code + "/refund", form: "key=1&why=rain&ticket=" + bad, header: []string{s.manager}},
					"a cancellation":   {path: "/manage/orders/" + s.code + "/cancel", form: "why=" + bad, header: []string{s.manager}},
					"another address":  {path: "/manage/orders/" + s.code + "/resend", form: "email=a%40" + bad + ".example", header: []string{s.manager}},
					"an order's code":  {path: "/manage/orders/" + bad + "/cancel", form: "why=x", header: []string{s.manager}},
					"a provider":       {path: "/hooks/" + bad},
					"a form's name":    {path: s.open + "/pay", form: bad + "=1"},
					"a form of bytes":  {path: s.open + "/pay", form: bad},
					"a broken percent": {path: s.open + "/pay", form: "name=%zz"},
				} {
					answer, body := s.post(d.path, d.form, d.header...)
					s.refused(name+" of "+bad, answer, body, 0)
				}
				for _, path := range []string{
					"/events/" + bad, "/events/" + bad + "/left", "/events/" + bad + "/calendar.ics", "/events/SHOP-1/picture/" + bad,
					"/events/SHOP-1/seats/" + bad, "/events/" + bad + "/seats/seat", "/order/" + bad, "/order/" + bad + "/state", "/sandbox/pay/" + bad, "/inbox/" + bad,
					"/inbox/" + bad + "/files/0", "/manage/orders/" + bad, "/manage/events/" + bad, "/manage/events/" + bad + "/board", "/assets/" + bad,
				} {
					answer, body := s.get(path, s.manager)
					s.refused(path, answer, body, 0)
				}
				for _, query := range []string{"text", "event", "state"} { // finds nothing, and says so
					answer, body := s.get("/manage/orders?"+query+"="+bad, s.manager)
					if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusBadRequest || strings.Contains(body, s.code) {
						t.Errorf("orders with %s=%s: status %d", query, bad, answer.StatusCode)
					}
				}
			})
		}
	})
}
