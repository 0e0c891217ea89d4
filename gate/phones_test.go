package gate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate/gatetest"
	"usher/gate/secure"
	"usher/sync/fault"
)

// venueAgent runs the agent of a new gate that speaks TLS.
func venueAgent(t *testing.T, tls TLS) (a *Agent) {
	t.Helper()
	v := gatetest.New(t, time.Now(), nil)
	g, err := Open(t.Context(), Config{Data: v.Folder(t, v.Enrol(t, "handheld", gatetest.North)), TLS: tls, Find: Finding{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if a, err = NewAgent(g, listener); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	if answer, _ := ask(t, http.DefaultClient, a.URL+"healthz"); answer.StatusCode != http.StatusOK {
		t.Fatalf("the agent answers with status %d", answer.StatusCode)
	}
	return a
}

// phone is a browser on another device, which trusts what it was told to. It calls
// the gate by a name that is none of this device's own, wherever that leads.
func phone(t *testing.T, a *Agent, trusted *x509.Certificate) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &tls.Config{RootCAs: x509.NewCertPool()}
	if trusted != nil {
		cfg.RootCAs.AddCert(trusted)
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, a.listener.Addr().String())
	}
	transport := &http.Transport{TLSClientConfig: cfg, DialContext: dial}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Jar: jar}
}

func ask(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// A phone goes by its card: it gets the certificate, compares it, trusts it, and
// opens the page. What it keeps as its key never goes in plain text.
func TestPhoneComesInByItsCard(t *testing.T) {
	called := func() (string, error) { return "handheld", nil }
	a := venueAgent(t, TLS{On: true, Hostname: called})
	card, err := a.address().Phones.card(a.key, secure.ThisDevice(called, net.InterfaceAddrs).Names[1])
	if err != nil {
		t.Fatal(err)
	}
	stranger := phone(t, a, nil)
	_, page := ask(t, stranger, card.Trust)
	if !strings.Contains(page, card.Fingerprint) {
		t.Error("the page that tells how to trust has another fingerprint than the card")
	}
	_, file := ask(t, stranger, strings.TrimSuffix(card.Trust, secure.TrustPath)+"/authority.crt")
	block, _ := pem.Decode([]byte(file))
	if block == nil {
		t.Fatalf("no certificate: %s", file)
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if got := secure.FingerprintOf(root).String(); got != card.Fingerprint || got != a.Fingerprint() {
		t.Errorf("the certificate has the fingerprint %s, the card %s, the agent %s", got, card.Fingerprint, a.Fingerprint())
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, card.Link, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := stranger.Do(r); err == nil {
		answer.Body.Close()
		t.Error("a phone that trusts nobody opens the page")
	}
	trusting := phone(t, a, root)
	if answer, body := ask(t, trusting, card.Link); answer.StatusCode != http.StatusOK || !strings.Contains(body, "<!doctype html>") || answer.Request.URL.RawQuery != "" {
		t.Fatalf("the card's link gives status %d at %s", answer.StatusCode, answer.Request.URL)
	}
	base := strings.Replace(card.Link[:strings.Index(card.Link, "/?")], "https", "http", 1)
	cookies := trusting.Jar.Cookies(mustURL(t, card.Link))
	if len(cookies) != 1 || len(trusting.Jar.Cookies(mustURL(t, base))) > 0 {
		t.Errorf("of %d cookies some would go in plain text", len(cookies))
	}
	if answer, body := ask(t, trusting, strings.Replace(base, "http", "https", 1)+"/api/status"); answer.StatusCode != http.StatusOK || !strings.Contains(body, gatetest.Event) {
		t.Errorf("with the cookie: status %d", answer.StatusCode)
	}
}

// The device's own commands go on asking in plain text.
func TestAgentWithTLSAnswersItsOwnDevice(t *testing.T) {
	a := venueAgent(t, TLS{On: true})
	g, err := Reach(t.Context(), Config{Data: a.Data})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Status(t.Context()); err != nil {
		t.Error(err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

func TestPhoneCard(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	own := phones{Listen: "[::]:8430", Fingerprint: "AB CD", Gate: "North", Event: "GALA"}
	given, narrow, local := own, own, own
	given.Host, given.Fingerprint = "gate7.venue.example", ""
	narrow.Listen, local.Listen = "192.168.1.20:8430", "127.0.0.1:8430"
	for name, c := range map[string]struct {
		from              phones
		host, link, trust string
		kind              fault.Kind
	}{
		"a name":                 {own, "gate7.local", "https://gate7.local:8430/?key=" + key, "http://gate7.local:8430/trust", ""},
		"an IPv6 address":        {own, "fd00::7", "https://[fd00::7]:8430/?key=" + key, "http://[fd00::7]:8430/trust", ""},
		"the address it has":     {narrow, "", "https://192.168.1.20:8430/?key=" + key, "http://192.168.1.20:8430/trust", ""},
		"a real certificate":     {given, "", "https://gate7.venue.example:8430/?key=" + key, "", ""},
		"its own device alone":   {local, "", "", "", fault.NotReady},
		"its own device, forced": {local, "gate7.local", "https://gate7.local:8430/?key=" + key, "http://gate7.local:8430/trust", ""},
		"no host":                {own, "a/b", "", "", fault.BadInput},
		"somebody at a host":     {own, "me@evil.example", "", "", fault.BadInput},
		"words":                  {own, "gate 7", "", "", fault.BadInput},
	} {
		got, err := c.from.card(key, c.host)
		if c.kind != "" {
			if fault.KindOf(err) != c.kind {
				t.Errorf("%s: %v, want %s", name, err, c.kind)
			}
			continue
		}
		if err != nil || got.Link != c.link || got.Trust != c.trust || got.Fingerprint != c.from.Fingerprint || got.Event != "GALA" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A real certificate whose files can't be used keeps the agent from starting: a
// phone would be refused, and nobody would know why.
func TestAgentWithBadCertificate(t *testing.T) {
	v := gatetest.New(t, time.Now(), nil)
	missing := filepath.Join(t.TempDir(), "cert.pem")
	g, err := Open(t.Context(), Config{Data: v.Folder(t, v.Enrol(t, "handheld", gatetest.North)), TLS: TLS{On: true, Cert: missing, Key: missing}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewAgent(g, listener); fault.KindOf(err) != fault.BadInput || !strings.Contains(fault.Message(err), missing) {
		t.Errorf("%v, want a fault that names %s", err, missing)
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A certificate that is another than the one that the gate was enrolled with shows on
// its card; one that is the same, or of which nothing is known, does not.
func TestCertificateMadeAnewShows(t *testing.T) {
	shown, other := grant.Fingerprint{1}, grant.Fingerprint{2}
	for enrolled, want := range map[grant.Fingerprint]string{shown: "", other: other.String(), {}: ""} {
		p := phones{Listen: "192.168.1.20:8430", Fingerprint: shown.String(), Enrolled: enrolled, Gate: "north", Event: "GALA"}
		if card, err := p.card("key", ""); err != nil || card.Before != want {
			t.Errorf("enrolled with %q: the card says %q, %v", enrolled, card.Before, err)
		}
	}
	real := phones{Listen: "192.168.1.20:8430", Host: "gate7.example", Enrolled: other}
	if card, err := real.card("key", ""); err != nil || card.Before != "" || card.Fingerprint != "" {
		t.Errorf("with a real certificate the card says %+v, %v", card, err)
	}
}

// What others can print of a gate's card holds no way in.
func TestCardOfAnotherGate(t *testing.T) {
	for at, want := range map[string]string{
		"": "", "192.168.1.20": "http://192.168.1.20:8430/trust", "gate7.local:9000": "http://gate7.local:9000/trust",
		"fd00::7": "http://[fd00::7]:8430/trust", "[fd00::7]": "http://[fd00::7]:8430/trust", "[fd00::7]:9000": "http://[fd00::7]:9000/trust",
	} {
		card, err := CardOf("North", "GALA", grant.Fingerprint{1}, at)
		if err != nil || card.Trust != want || card.Link != "" || card.Fingerprint != (grant.Fingerprint{1}).String() {
			t.Errorf("%q: %+v, %v, want %q", at, card, err, want)
		}
	}
	for _, at := range []string{"a/b", "a@b", "a b", "a?b", "a#b:1"} {
		if card, err := CardOf("North", "GALA", grant.Fingerprint{1}, at); fault.KindOf(err) != fault.BadInput {
			t.Errorf("%q: %+v, %v", at, card, err)
		}
	}
}
