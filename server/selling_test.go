package server_test

import (
	"io"
	"net"
	"net/http"
	netmail "net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/server"
	"usher/server/catalog"
	"usher/server/sales"
)

// shopFile is an event that sells.
var shopFile = strings.Replace(strings.Replace(file, "[[zone]]", `
[shop]
currency = "EUR"
seller = { name = "Pier Events" }

[[pool]]
code = "floor"
name = "Floor"
capacity = 5

[[zone]]`, 1), "name = \"<b>General</b>\"", "name = \"<b>General</b>\"\nprice = 25", 1)

// selling is a server with a sandbox and an inbox that answers the network.
func selling(t *testing.T) (s *server.Server, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = "http://" + listener.Addr().String()
	s = opened(t, server.Config{PublicURL: address, Selling: server.Selling{
		Sandbox: true, Inbox: true, From: netmail.Address{Name: "Pier Events", Address: "tickets@pier.example"},
	}})
	spec, err := catalog.ParseFile("night.toml", []byte(sellsNow(shopFile)))
	if err == nil {
		_, err = s.Catalog.Apply(t.Context(), spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(t.Context(), listener) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s, address
}

// sellsNow moves an event to the days ahead.
func sellsNow(text string) string {
	starts := time.Now().Add(72 * time.Hour)
	text = strings.Replace(text, "2026-07-04 20:00:00", starts.Format("2006-01-02 15:04:05"), 1)
	return strings.Replace(text, "2026-07-05 02:00:00", starts.Add(6*time.Hour).Format("2006-01-02 15:04:05"), 1)
}

// From a cart to the mail, over the network: the sandbox's page, its signed notice,
// tickets, the letter in the inbox.
func TestSelling(t *testing.T) {
	s, address := selling(t)
	o, err := s.Sales.Begin(t.Context(), sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	_, page, err := s.Sales.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &sales.Details{Name: "Ada", Email: "ada@buyers.example"}})
	if err != nil || !strings.HasPrefix(page, address+"/sandbox/") {
		t.Fatalf("%q, %v", page, err)
	}
	once := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := once.PostForm(page+"/card", url.Values{"number": {"4242 4242 4242 4242"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(answer.Header.Get("Location"), address+"/order/") {
		t.Fatalf("paying answers %s to %q, %v", answer.Status, answer.Header.Get("Location"), err)
	}
	var text string
	for deadline := time.Now().Add(time.Minute); !strings.Contains(text, "Your tickets"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			story, err := s.Sales.Story(t.Context(), o.ID)
			t.Fatalf("no letter with tickets comes: %+v, %v", story, err)
		}
		text = get(t, address+"/inbox/")
	}
	if metrics := get(t, address+"/metrics"); !strings.Contains(metrics, "usher_mail_failed 0") || !strings.Contains(metrics, "usher_mail_waiting 0") {
		t.Error("the metrics don't tell of mail")
	}
	if ready := get(t, address+"/readyz"); ready != "{\"status\":\"ready\"}\n" {
		t.Errorf("while all is well it says %s", ready)
	}
	if o, err = s.Sales.Order(t.Context(), o.ID); err != nil || o.State != sales.Paid || len(o.Tickets) != 2 {
		t.Errorf("it is %+v, %v", o, err)
	}
	left, err := s.Stock.Left(t.Context(), event)
	if err != nil || left["floor"] != 3 {
		t.Errorf("%v places are left, %v", left, err)
	}
	if answer, err := http.Post(address+"/hooks/sandbox", "application/json", strings.NewReader(`{"ref":"x"}`)); err != nil || answer.StatusCode != http.StatusUnauthorized || answer.Body.Close() != nil {
		t.Errorf("a forged notice is answered with %v, %v", answer, err)
	}
	if answer, err := http.Post(address+"/hooks/stripe", "application/json", strings.NewReader(`{}`)); err != nil || answer.StatusCode != http.StatusNotFound || answer.Body.Close() != nil {
		t.Errorf("a notice of nobody is answered with %v, %v", answer, err)
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
