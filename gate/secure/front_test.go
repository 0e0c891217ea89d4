package secure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"html/template"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"

	"usher/sync/words"
)

// front gives what a request gets that comes from an address, over TLS or not.
func front(t *testing.T, id Identity, method, target, from string, encrypted bool) *http.Response {
	t.Helper()
	return frontIn(t, "en", id, method, target, from, encrypted)
}

// frontIn is front for who wants to be told in a language.
func frontIn(t *testing.T, language string, id Identity, method, target, from string, encrypted bool) *http.Response {
	t.Helper()
	behind := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "the door") })
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	r.RemoteAddr, r.TLS = from, nil
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.168.1.20:8430"))))
	if encrypted {
		r.TLS = new(tls.ConnectionState)
	}
	w := httptest.NewRecorder()
	r.Header.Set("Accept-Language", language)
	Front(behind, id, Site{Gate: "north", Words: book(t), Language: "es"}).ServeHTTP(w, r)
	return w.Result()
}

// book is what doors say.
func book(t *testing.T) *words.Book {
	t.Helper()
	b, err := words.Load(os.DirFS("../door/messages"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestFront(t *testing.T) {
	own := newRig(t).open()
	cert, key := write(t, t.TempDir(), opening.AddDate(0, 1, 0), "gate7.venue.example")
	given, err := Load(cert, key, newRig(t).clock)
	if err != nil {
		t.Fatal(err)
	}
	const here, lan, secret = "127.0.0.1:5000", "192.168.1.30:5000", "0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		id        Identity
		method    string
		target    string
		from      string
		encrypted bool
		status    int
		to        string
	}{
		"encrypted":                   {own, "POST", "/api/scan", lan, true, 200, ""},
		"this device":                 {own, "POST", "/api/scan", here, false, 200, ""},
		"this device, IPv6":           {own, "GET", "/", "[::1]:5000", false, 200, ""},
		"this device, by its address": {own, "POST", "/api/scan", "192.168.1.20:5000", false, 200, ""},
		"another gate":                {own, "GET", "/api/v1/sync/GALA", lan, false, 200, ""},
		"health":                      {own, "GET", "/healthz", lan, false, 200, ""},
		"the page":                    {own, "GET", "http://192.168.1.20:8430/", lan, false, 307, "https://192.168.1.20:8430/"},
		"the page, by a real name":    {given, "GET", "http://192.168.1.20:8430/", lan, false, 307, "https://gate7.venue.example:8430/"},
		"the page, no port":           {given, "GET", "http://192.168.1.20/", lan, false, 307, "https://gate7.venue.example/"},
		"a key in the clear":          {own, "GET", "/?key=" + secret, lan, false, 403, ""},
		"a script":                    {own, "POST", "/api/scan", lan, false, 403, ""},
		"a file of the page":          {own, "GET", "/door.js", lan, false, 403, ""},
		"near the exchange":           {own, "GET", "/api/v1/syncs", lan, false, 403, ""},
		"an address that leads back":  {own, "GET", "/api/v1/sync/../../scan", lan, false, 307, "/api/scan"},
		"to trust":                    {own, "GET", "/trust", lan, false, 200, ""},
		"nothing to post there":       {own, "POST", "/trust", lan, false, 403, ""},
	} {
		got := front(t, c.id, c.method, c.target, c.from, c.encrypted)
		body := text(t, got)
		if got.StatusCode != c.status || got.Header.Get("Location") != c.to {
			t.Errorf("%s: status %d to %q, want %d to %q", name, got.StatusCode, got.Header.Get("Location"), c.status, c.to)
		}
		if strings.Contains(body, secret) || strings.Contains(got.Header.Get("Location"), secret) {
			t.Errorf("%s: the key goes over the air a second time", name)
		}
		if c.status != 200 && strings.Contains(body, "the door") {
			t.Errorf("%s: it got through", name)
		}
		if c.status == 403 && !strings.Contains(body, "https") {
			t.Errorf("%s: %s doesn't say what to do", name, body)
		}
	}
}

func TestTrustPage(t *testing.T) {
	own := newRig(t).open()
	page := front(t, own, "GET", "/trust", "192.168.1.30:5000", false)
	body := text(t, page)
	for _, part := range []string{FingerprintOf(own.Authority()).String(), certificatePath, "Trust gate north", "iPhone", "Android"} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if csp := page.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") {
		t.Errorf("the page may do %q", csp)
	}
	got := front(t, own, "GET", certificatePath, "192.168.1.30:5000", false)
	block, rest := pem.Decode([]byte(text(t, got)))
	if block == nil || len(rest) > 0 || got.Header.Get("Content-Type") != "application/x-x509-ca-cert" {
		t.Fatalf("no certificate, but %s", got.Header.Get("Content-Type"))
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !c.Equal(own.Authority()) {
		t.Errorf("another certificate: %v", err)
	}
}

// The page is in the phone's language, or in the event's, and lacks nothing in any.
func TestTrustPageInEachLanguage(t *testing.T) {
	own := newRig(t).open()
	cert, key := write(t, t.TempDir(), opening.AddDate(0, 1, 0), "gate7.venue.example")
	given, err := Load(cert, key, newRig(t).clock)
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]bool{}
	for _, code := range []string{"de", "en", "es", "fr"} {
		in := book(t).Language(code)
		for _, key := range in.Keys() {
			of := Identity(own)
			if key == "phone.trust.real" {
				of = given
			}
			if !strings.HasPrefix(key, "phone.trust.") {
				continue
			}
			body := text(t, frontIn(t, code+"-XX, it;q=0.5", of, "GET", "/trust", "192.168.1.30:5000", false))
			said := template.HTMLEscapeString(in.Say(key, words.With{"gate": "north", "file": certificateFile}))
			if !strings.Contains(body, said) || !strings.Contains(body, `<html lang="`+code+`">`) {
				t.Errorf("%s: the page does not say %s: %s", code, key, body)
			}
			if strings.Contains(body, "phone.trust.") {
				t.Errorf("%s: a hole: %s", code, body)
			}
		}
		titles[in.Say("phone.trust.title", nil)] = true
	}
	if len(titles) != 4 {
		t.Errorf("the languages say the same: %v", titles)
	}
	if body := text(t, frontIn(t, "it", own, "GET", "/trust", "192.168.1.30:5000", false)); !strings.Contains(body, `<html lang="es">`) {
		t.Error("who reads no language of ours is not told in the event's")
	}
}

// Of a real certificate there is nothing to trust.
func TestNothingToTrust(t *testing.T) {
	cert, key := write(t, t.TempDir(), opening.AddDate(0, 1, 0), "gate7.venue.example")
	given, err := Load(cert, key, newRig(t).clock)
	if err != nil {
		t.Fatal(err)
	}
	if got := front(t, given, "GET", certificatePath, "192.168.1.30:5000", true); got.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", got.StatusCode)
	}
	if body := text(t, front(t, given, "GET", "/trust", "192.168.1.30:5000", true)); strings.Contains(body, certificatePath) || !strings.Contains(body, "real certificate") {
		t.Errorf("the page says %s", body)
	}
}
