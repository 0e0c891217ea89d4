package door

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

// A door answers to its own device and to those who hold its key, and to no page
// of another site.
func TestGuard(t *testing.T) {
	r := newRig(t)
	const here, lan = "127.0.0.1:50000", "192.168.1.20:50000"
	for name, c := range map[string]struct {
		from, host string
		header     http.Header
		want       int
	}{
		"this device":                 {here, "127.0.0.1:7000", nil, 200},
		"this device, IPv6":           {"[::1]:50000", "[::1]:7000", nil, 200},
		"this device, mapped":         {"[::ffff:127.0.0.1]:50000", "127.0.0.1:7000", nil, 200},
		"by name":                     {here, "localhost:7000", nil, 200},
		"by name, any case, no port":  {here, "LocalHost", nil, 200},
		"another loopback address":    {here, "127.9.9.9:7000", nil, 200},
		"rebound name":                {here, "door.example:7000", nil, 401},
		"rebound, nearly a good name": {here, "localhost.example:7000", nil, 401},
		"rebound, under the name":     {here, "evil.localhost:7000", nil, 401},
		"rebound, nearly an address":  {here, "127.0.0.1.example:7000", nil, 401},
		"address of the network":      {here, "192.168.1.10:7000", nil, 401},
		"unspecified address":         {here, "0.0.0.0:7000", nil, 401},
		"no host":                     {here, "", nil, 401},
		"another device":              {lan, "192.168.1.10:7000", nil, 401},
		"another device says here":    {lan, "127.0.0.1:7000", nil, 401},
		"no address":                  {"", "127.0.0.1:7000", nil, 401},
		"a socket's name":             {"@", "127.0.0.1:7000", nil, 401},
		"proxied":                     {here, "127.0.0.1:7000", header("X-Forwarded-For", "203.0.113.7"), 401},
		"proxied, RFC 7239":           {here, "127.0.0.1:7000", header("Forwarded", "for=203.0.113.7"), 401},
		"proxied, empty":              {here, "127.0.0.1:7000", header("X-Forwarded-For", ""), 401},
		"proxied, by nginx's name":    {here, "127.0.0.1:7000", header("X-Real-Ip", "203.0.113.7"), 401},
		"proxied, by hand":            {here, "127.0.0.1:7000", header("Via", "1.1 proxy"), 401},
		"with the key":                {lan, "192.168.1.10:7000", header("Authorization", "Bearer "+doorKey), 200},
		"proxied with the key":        {here, "127.0.0.1:7000", http.Header{"X-Forwarded-For": {"::1"}, "Authorization": {"Bearer " + doorKey}}, 200},
		"with another key":            {lan, "192.168.1.10:7000", header("Authorization", "Bearer "+strings.Repeat("0", 32)), 401},
		"with the key's start":        {lan, "192.168.1.10:7000", header("Authorization", "Bearer "+doorKey[:31]), 401},
		"with an empty key":           {lan, "192.168.1.10:7000", header("Authorization", "Bearer "), 401},
		"with the cookie":             {lan, "192.168.1.10:7000", header("Cookie", cookieName+"="+doorKey), 200},
		"with another cookie":         {lan, "192.168.1.10:7000", header("Cookie", cookieName+"=x"), 401},
		"other site's page":           {here, "127.0.0.1:7000", header("Sec-Fetch-Site", "cross-site"), 403},
		"other port's page":           {here, "127.0.0.1:7000", header("Sec-Fetch-Site", "same-site"), 403},
		"other site's, with cookie":   {lan, "192.168.1.10:7000", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Cookie": {cookieName + "=" + doorKey}}, 403},
		"other site's link":           {here, "127.0.0.1:7000", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}, 403},
		"own page":                    {here, "127.0.0.1:7000", header("Sec-Fetch-Site", "same-origin"), 200},
		"typed address":               {here, "127.0.0.1:7000", header("Sec-Fetch-Site", "none"), 200},
	} {
		for _, path := range []string{"/api/status", "/api/live"} {
			q := r.request("GET", path, nil)
			if path == "/api/live" { // without an end of its own
				over, cancel := context.WithCancel(q.Context())
				cancel()
				q = q.WithContext(over)
			}
			q.RemoteAddr, q.Host = c.from, c.host
			for k, v := range c.header {
				q.Header[k] = v
			}
			w := r.serve(q)
			if w.Code != c.want {
				t.Errorf("%s: GET %s gives %d, want %d: %s", name, path, w.Code, c.want, w.Body)
			}
			if c.want != 200 && (strings.Contains(w.Body.String(), eventCode) || strings.Contains(w.Body.String(), doorKey)) {
				t.Errorf("%s: a refusal tells %s", name, w.Body)
			}
		}
	}
}

func header(name, value string) http.Header { return http.Header{name: {value}} }

// What changes something is refused to every other site's page, the browser's
// own words about where a request comes from being enough.
func TestGuardRefusesOtherSites(t *testing.T) {
	r := newRig(t)
	for name, h := range map[string]http.Header{
		"fetch metadata": header("Sec-Fetch-Site", "cross-site"),
		"other port":     header("Sec-Fetch-Site", "same-site"),
		"origin":         header("Origin", "https://evil.example"),
		"no origin":      header("Origin", "null"),
	} {
		for _, path := range []string{"/api/scan", "/api/picture", "/api/frame", "/api/shown", "/api/undo", "/api/sync", "/api/import"} {
			q := r.request("POST", path, nil)
			for k, v := range h {
				q.Header[k] = v
			}
			q.Header.Set("Cookie", cookieName+"="+doorKey)
			if w := r.serve(q); w.Code != http.StatusForbidden {
				t.Errorf("%s: POST %s gives %d: %s", name, path, w.Code, w.Body)
			}
		}
	}
	if r.synced.Load() != 0 || r.imported != nil {
		t.Error("another site's page had the gate do something")
	}
}

// The key in the page's address becomes a cookie, and leaves the address.
func TestGuardKeepsTheKeyInACookie(t *testing.T) {
	r := newRig(t)
	lan := func(path string) *http.Request {
		q := r.request("GET", path, nil)
		q.RemoteAddr, q.Host = "192.168.1.20:50000", "192.168.1.10:7000"
		return q
	}
	w := r.serve(lan("/?key=" + doorKey))
	cookies := w.Result().Cookies()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" || len(cookies) != 1 {
		t.Fatalf("status %d, to %q, %d cookies", w.Code, w.Header().Get("Location"), len(cookies))
	}
	if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure {
		t.Errorf("the cookie is %s", c)
	}
	if strings.Contains(w.Body.String(), doorKey) {
		t.Error("the key stays on the page")
	}
	again := lan("/")
	again.AddCookie(cookies[0])
	if w := r.serve(again); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<!doctype html>") {
		t.Errorf("with the cookie: status %d", w.Code)
	}
	for path, want := range map[string]int{"/": 401, "/?key=" + doorKey[:31]: 401, "/?key=": 401, "/api/status?key=x": 401, "/door.js": 401, "/healthz": 200} {
		if w := r.serve(lan(path)); w.Code != want || len(w.Result().Cookies()) > 0 {
			t.Errorf("GET %s: status %d with %d cookies, want %d with none", path, w.Code, len(w.Result().Cookies()), want)
		}
	}
	post := lan("/api/sync?key=" + doorKey)
	post.Method = "POST"
	if w := r.serve(post); w.Code != http.StatusUnauthorized || r.synced.Load() != 0 {
		t.Errorf("a key in the address of a POST: status %d", w.Code)
	}
}

// A link on another site leads to the page, and to nothing else; its page gets
// nothing in any other way.
func TestGuardAndLinks(t *testing.T) {
	r := newRig(t)
	for name, c := range map[string]struct {
		path, mode, dest string
		want             int
	}{
		"link":               {"/", "navigate", "document", 200},
		"link with the key":  {"/?key=" + doorKey, "navigate", "document", 303},
		"frame":              {"/", "navigate", "iframe", 403},
		"fetch":              {"/", "no-cors", "empty", 403},
		"script":             {"/door.js", "no-cors", "script", 403},
		"picture":            {"/icon.svg", "no-cors", "image", 403},
		"link into the API":  {"/api/status", "navigate", "document", 403},
		"key at other paths": {"//evil.example/?key=" + doorKey, "navigate", "document", 403},
	} {
		q := r.request("GET", "/", nil)
		q.URL.Path, q.URL.RawQuery, _ = strings.Cut(c.path, "?")
		q.Header = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {c.mode}, "Sec-Fetch-Dest": {c.dest}}
		if w := r.serve(q); w.Code != c.want || c.want == 303 && w.Header().Get("Location") != "/" {
			t.Errorf("%s: GET %s gives %d, to %q, want %d", name, c.path, w.Code, w.Header().Get("Location"), c.want)
		}
	}
}
