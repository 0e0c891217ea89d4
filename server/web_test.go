package server_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/server"
	"usher/server/doors"
)

// secure is what every page and asset comes with.
var secure = []string{
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	"X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",
}

// hostile is what of the event's texts would run, were it not escaped.
var hostile = []string{"<script>alert", "<img src=x", "<svg onload", "<b>General", "</script><script>"}

func TestPages(t *testing.T) {
	s := served(t, opened(t, server.Config{}))
	cookie := []string{"Cookie: usher_manager=" + s.key}
	html, fresh := "Content-Type: text/html; charset=utf-8", "Cache-Control: no-store"
	asset := func(kind string) []string {
		return append([]string{"Content-Type: " + kind, "Cache-Control: no-cache"}, secure...)
	}
	for _, a := range []ask{
		{name: "the list", path: "/manage", header: cookie, status: 200, heads: append([]string{html, fresh}, secure...),
			want: []string{`href="/manage/events/NIGHT-1"`, "&lt;script&gt;alert(&#39;name&#39;)", "&lt;img src=x", "4 Jul 2026 20:00", "0 tickets"}, never: hostile},
		{name: "the live page", path: "/manage/events/NIGHT-1", header: cookie, status: 200, heads: append([]string{html, fresh}, secure...),
			want: []string{`data-event="NIGHT-1"`, `data-zone="Europe/Berlin"`, "&lt;script&gt;alert(&#39;name&#39;)"}, never: append([]string{"style=", "onload=", "http://", "https://"}, hostile...)},
		{name: "the board", path: "/manage/events/NIGHT-1/board", header: cookie, status: 200, heads: append([]string{"Content-Type: application/json", fresh}, secure...),
			want: []string{`"event":"NIGHT-1"`, `\u003c/script\u003e`}, never: hostile},
		{name: "the list by bearer token", path: "/manage", header: []string{"Authorization: Bearer " + s.key}, status: 200, want: []string{"NIGHT-1"}},
		{name: "the list by bearer token in small letters", path: "/manage", header: []string{"Authorization: bearer " + s.key}, status: 200},
		{name: "the script", path: "/assets/live.js", status: 200, heads: asset("text/javascript; charset=utf-8"), want: []string{"EventSource"}, never: []string{"innerHTML", "http://e", "https://"}},
		{name: "the style", path: "/assets/manager.css", status: 200, heads: asset("text/css; charset=utf-8"), never: []string{"@import", "http:", "https:"}},
		{name: "the icon", path: "/assets/icon.svg", status: 200, heads: asset("image/svg+xml"), never: []string{"<script", "onload"}},
		{name: "no such event", path: "/manage/events/NONE", header: cookie, status: 404, heads: append([]string{html}, secure...), want: []string{"Not here", "no event"}},
		{name: "an event with a hostile name", path: "/manage/events/%3Cscript%3Ealert(1)%3C%2Fscript%3E", header: cookie, status: 404, heads: secure, want: []string{"&lt;script&gt;alert"}, never: hostile},
		{name: "the board of no event", path: "/manage/events/NONE/board", header: cookie, status: 404, heads: append([]string{"Content-Type: application/problem+json"}, secure...),
			want: []string{`"type":"not_found"`, `"status":404`}},
		{name: "the stream of no event", path: "/manage/events/NONE/live", header: cookie, status: 404, heads: secure},
		{name: "nothing", path: "/nothing", header: cookie, status: 404},
		{name: "above the root", path: "/../manager.key", header: cookie, status: 307, heads: []string{"Location: /manager.key"}},
		{name: "the key's file", path: "/manager.key", header: cookie, status: 404},
		{name: "the page's source", path: "/assets/live.html", header: cookie, status: 404},
		{name: "posting to a page", method: "POST", path: "/manage/events/NIGHT-1", header: cookie, status: 405, heads: []string{"Allow: GET"}},
		{name: "deleting an event", method: "DELETE", path: "/manage/events/NIGHT-1", header: cookie, status: 405},
		{name: "only the head", method: "HEAD", path: "/manage", header: cookie, status: 200, heads: append([]string{html}, secure...)},
	} {
		s.check(t, a)
	}
}

// An asset that the browser has is not sent again.
func TestAssetsAreNotSentTwice(t *testing.T) {
	s := served(t, opened(t, server.Config{}))
	tag := s.do(t, "", "/assets/live.js", nil, http.NoBody).Header.Get("ETag")
	s.check(t, ask{name: "the script again", path: "/assets/live.js", header: []string{"If-None-Match: " + tag}, status: 304})
	s.check(t, ask{name: "the script, another one", path: "/assets/live.js", header: []string{`If-None-Match: "other"`}, status: 200, heads: []string{"ETag: " + tag}})
}

// Whoever hasn't the manager key sees no event, by whatever way they try, and is
// told how to get in.
func TestPagesAreTheManagers(t *testing.T) {
	s := served(t, opened(t, server.Config{}))
	wrong := strings.Repeat("0", len(s.key))
	for _, path := range []string{"/manage", "/manage/events/NIGHT-1", "/manage/events/NIGHT-1/board", "/manage/events/NIGHT-1/live", "/manage/events/NONE"} {
		for name, header := range map[string][]string{
			"nothing": nil, "an empty cookie": {"Cookie: usher_manager="}, "a wrong cookie": {"Cookie: usher_manager=" + wrong},
			"half a key": {"Cookie: usher_manager=" + s.key[:16]}, "more than a key": {"Cookie: usher_manager=" + s.key + "0"},
			"a cookie of another name": {"Cookie: manager=" + s.key}, "a wrong token": {"Authorization: Bearer " + wrong},
			"no token": {"Authorization: Bearer "}, "another scheme": {"Authorization: Secret " + s.key}, "no scheme": {"Authorization: " + s.key},
			"the key in another header": {"X-Key: " + s.key},
		} {
			s.check(t, ask{name: path + " with " + name, path: path, header: header, status: 401,
				want: []string{"This page is the manager"}, never: []string{"NIGHT-1", "alert", "Hall"}, heads: append([]string{"WWW-Authenticate: Bearer"}, secure...)})
		}
		for _, query := range []string{"?key=", "?key=" + wrong, "?key=" + s.key[:31], "?Key=" + s.key, "?key[]=" + s.key} {
			s.check(t, ask{name: path + query[:5], path: path + query, status: 401, heads: []string{"Set-Cookie: "}})
		}
	}
}

// The link that the server prints sets a cookie that no script reads, and takes
// the key out of the address.
func TestManagerLink(t *testing.T) {
	s := served(t, opened(t, server.Config{}))
	for path, want := range map[string]string{
		"/manage": "/manage", "/manage/events/NIGHT-1": "/manage/events/NIGHT-1", "/manage/events/a%3Fb": "/manage/events/a%3Fb", "/manage/events/%2F%2Fevil.example": "/manage/events/%2F%2Fevil.example",
	} {
		answer := s.do(t, "", path+"?key="+s.key+"&more=1", nil, http.NoBody)
		if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != want {
			t.Errorf("%s: status %d to %q, want %s", path, answer.StatusCode, answer.Header.Get("Location"), want)
		}
		cookies := answer.Cookies()
		if len(cookies) != 1 || cookies[0].Value != s.key || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Path != "/manage" {
			t.Errorf("%s: the cookies are %v", path, cookies)
			continue
		}
		s.check(t, ask{name: "with the cookie that was set", path: "/manage", header: []string{"Cookie: " + cookies[0].Name + "=" + cookies[0].Value}, status: 200})
	}
}

// The cookie is for TLS alone where the browser speaks it, be it with a proxy before
// the server; on a network without it stays usable.
func TestManagersCookieIsSecure(t *testing.T) {
	s := served(t, opened(t, server.Config{PublicURL: "https://tickets.example"}))
	for host, want := range map[string]bool{"tickets.example": true, "10.0.0.7:8420": false} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/manage?key="+s.key, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		answer, err := s.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if cookies := answer.Cookies(); len(cookies) != 1 || cookies[0].Secure != want {
			t.Errorf("at %s the cookies are %v", host, cookies)
		}
	}
}

// The live stream begins with the whole picture, and a new one follows whatever
// changes it.
func TestLiveStream(t *testing.T) {
	s := served(t, opened(t, server.Config{}))
	answer := s.do(t, "", "/manage/events/NIGHT-1/live", []string{"Authorization: Bearer " + s.key}, http.NoBody)
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" || answer.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, %s", answer.StatusCode, kind)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	next := func() doors.Board {
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var b doors.Board
			if err := json.Unmarshal([]byte(data), &b); err != nil {
				t.Fatalf("%v in %.300s", err, data)
			}
			return b
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return doors.Board{}
	}
	if b := next(); b.Event != event || len(b.Devices) != 0 || len(b.Gates) != 1 {
		t.Errorf("the first picture is %+v", b)
	}
	s.enrol(t, "handheld", grant.RoleScanner)
	for b := next(); !slices.ContainsFunc(b.Devices, func(d doors.DeviceLine) bool { return d.Name == "handheld" }); b = next() {
		if time.Since(b.At) > time.Hour {
			t.Fatal("pictures are of the past")
		}
	}
}
