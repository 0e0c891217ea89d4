package server_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/server"
	"usher/server/catalog"
	"usher/sync/journal"
)

// hostile is an event whose name is an attack on the page.
const hostile = `<script>alert("1")</script>`

// site is a whole server behind its handler, and its manager key.
func site(t *testing.T) (*httptest.Server, string) {
	t.Helper()
	s, err := server.Open(t.Context(), server.Config{Data: t.TempDir(), Unsealed: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = s.Catalog.Apply(t.Context(), &catalog.Spec{
		File: "test", Code: "EV1", Name: hostile, Zone: "Europe/Berlin", Starts: time.Now().Unix(), Ends: time.Now().Add(time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15},
		Zones:    []catalog.ZoneSpec{{Code: "main", Name: hostile}},
		Products: []catalog.ProductSpec{{Code: "ga", Name: "General", Zones: []string{"main"}}},
		Gates:    []catalog.GateSpec{{Code: "north", Name: hostile, Zone: "main", All: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.ManagerKey()
	if err != nil {
		t.Fatal(err)
	}
	handler, end, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(handler)
	t.Cleanup(func() {
		end()
		site.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return site, key
}

// What anybody gets, and what only the manager does: status, what must be in the
// answer and what must not.
func TestAnswers(t *testing.T) {
	site, key := site(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, c := range []struct {
		name, method, path, bearer, body string
		status                           int
		has, lacks                       string
	}{
		{"health", "GET", "/healthz", "", "", 200, "ok", "EV1"},
		{"readiness", "GET", "/readyz", "", "", 200, "", hostile},
		{"metrics", "GET", "/metrics", "", "", 200, "usher_", hostile},
		{"the list, to anybody", "GET", "/", "", "", 401, "manager", "EV1"},
		{"the list, with a wrong key", "GET", "/", "0123456789abcdef0123456789abcdef", "", 401, "manager", "EV1"},
		{"the list, with the key in another scheme", "GET", "/", "\x00Basic: " + key, "", 401, "manager", "EV1"},
		{"the list", "GET", "/", key, "", 200, "EV1", "<script>alert"},
		{"the live page, to anybody", "GET", "/events/EV1", "", "", 401, "manager", "north"},
		{"the live page", "GET", "/events/EV1", key, "", 200, "&lt;script&gt;", "<script>alert"},
		{"an event that is none", "GET", "/events/NONE", key, "", 404, "", "panic"},
		{"the board, to anybody", "GET", "/events/EV1/board", "", "", 401, "", "counts"},
		{"the board", "GET", "/events/EV1/board", key, "", 200, `"counts"`, "<script>"},
		{"the stream, to anybody", "GET", "/events/EV1/live", "", "", 401, "", "data:"},
		{"the link with the key", "GET", "/events/EV1?key=" + key, "", "", 303, "", key},
		{"a link with another key", "GET", "/events/EV1?key=nonsense", "", "", 401, "manager", "north"},
		{"an enrolment of nothing", "POST", "/api/v1/enrol", "", "{}", 400, "handle", "panic"},
		{"an enrolment that is no JSON", "POST", "/api/v1/enrol", "", "<xml/>", 400, "request body", "panic"},
		{"an enrolment with a member too many", "POST", "/api/v1/enrol", "", `{"role":"supervisor"}`, 400, "role", "panic"},
		{"an enrolment that is too long", "POST", "/api/v1/enrol", "", `{"name":"` + strings.Repeat("x", 8<<10) + `"}`, 400, "", "panic"},
		{"another method", "DELETE", "/api/v1/enrol", "", "", 405, "", "panic"},
		{"a sync that is no WebSocket", "GET", "/api/v1/sync/EV1", "", "", 400, "", "panic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), c.method, site.URL+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if other, is := strings.CutPrefix(c.bearer, "\x00"); is {
				r.Header.Set("Authorization", other)
			} else if c.bearer != "" {
				r.Header.Set("Authorization", "Bearer "+c.bearer)
			}
			answer, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			text := string(body)
			if answer.StatusCode != c.status || !strings.Contains(text, c.has) || strings.Contains(text, c.lacks) {
				t.Errorf("status %d, want %d; want %q in it and not %q: %.300s", answer.StatusCode, c.status, c.has, c.lacks, text)
			}
			html := strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html")
			if csp := answer.Header.Get("Content-Security-Policy"); html && c.status != 303 && !strings.Contains(csp, "default-src 'none'") {
				t.Errorf("a page without a strict policy: %q", csp)
			}
		})
	}
}

// The stream begins with the picture as it is, and ends with who asked for it.
func TestStream(t *testing.T) {
	site, key := site(t)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, site.URL+"/events/EV1/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("the stream is of kind %q", kind)
	}
	line, err := bufio.NewReader(answer.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, `data: {"event":"EV1"`) {
		t.Errorf("it begins with %.100q, %v", line, err)
	}
}
