package server_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/server/catalog"
	"usher/sync/fault"
)

const event = "NIGHT-1"

// file is an event whose every text is hostile to whoever shows it.
const file = `
code = "NIGHT-1"
name = "<script>alert('name')</script> & \"more\""
time_zone = "Europe/Berlin"
starts = 2026-07-04 20:00:00
ends = 2026-07-05 02:00:00
venue = "<img src=x onerror=alert('venue')>"
terms = "</p><script>alert('terms')</script>"

[[zone]]
code = "hall"
name = "</script><script>alert('zone')</script>"
capacity = 300

[[product]]
code = "ga"
name = "<b>General</b>"

[[gate]]
code = "north"
name = "'><svg onload=alert('gate')>"
`

// A passphrase at its full price is tested in crypto/keyring; under the race
// detector it takes seconds.
func TestMain(m *testing.M) {
	keyring.DefaultParams = keyring.Params{Time: 1, KiB: 64, Threads: 1}
	m.Run()
}

// opened is a server over new data, with its event.
func opened(t testing.TB, cfg server.Config) *server.Server {
	t.Helper()
	cfg.Data, cfg.Unsealed = t.TempDir(), cfg.Passphrase == nil
	s := unlocked(t, cfg)
	spec, err := catalog.ParseFile("night.toml", []byte(file))
	if err == nil {
		_, err = s.Catalog.Apply(t.Context(), spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// unlocked is a server over data as they are.
func unlocked(t testing.TB, cfg server.Config) *server.Server {
	t.Helper()
	s, err := server.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// onEach runs test on every engine: over new data, which the config names.
func onEach(t *testing.T, test func(t *testing.T, cfg server.Config)) {
	t.Helper()
	t.Run(string(sqldb.SQLite), func(t *testing.T) { test(t, server.Config{}) })
	t.Run(string(sqldb.Postgres), func(t *testing.T) {
		test(t, server.Config{Database: dbtest.PostgresURL(t, migrations.Server)})
	})
}

// site is a server that answers the network.
type site struct {
	*server.Server
	url, key string
	client   *http.Client
}

func served(t testing.TB, s *server.Server) *site {
	t.Helper()
	handler, end, err := s.Handler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.ManagerKey(t.Context())
	if err != nil && !errors.Is(err, fault.NotReady) { // of keys that are locked
		t.Fatal(err)
	}
	web := httptest.NewServer(handler)
	t.Cleanup(func() {
		end()
		web.Close()
	})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &site{Server: s, url: web.URL, key: key, client: client}
}

// ask is one request, and what has to come of it.
type ask struct {
	name         string
	method, path string // GET where there is none
	header       []string
	body         string

	status int
	want   []string // in the body
	never  []string // nowhere in the body
	heads  []string // "Name: value" that the answer has; with an empty value: that it hasn't
}

func (s *site) do(t testing.TB, method, path string, header []string, body io.Reader) *http.Response {
	t.Helper()
	if method == "" {
		method = http.MethodGet
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // an answer without an end fails its test
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func (s *site) check(t *testing.T, a ask) {
	t.Helper()
	answer := s.do(t, a.method, a.path, a.header, strings.NewReader(a.body))
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	body := string(raw)
	if answer.StatusCode != a.status {
		t.Errorf("%s: status %d, want %d: %.300s", a.name, answer.StatusCode, a.status, body)
	}
	for _, text := range a.want {
		if !strings.Contains(body, text) {
			t.Errorf("%s: the answer lacks %q: %.600s", a.name, text, body)
		}
	}
	for _, text := range append(slices.Clone(a.never), s.key) {
		if strings.Contains(body, text) {
			t.Errorf("%s: the answer has %q: %.600s", a.name, text, body)
		}
	}
	for _, line := range a.heads {
		name, value, _ := strings.Cut(line, ": ")
		if got := answer.Header.Get(name); value == "" && got != "" || !strings.Contains(got, value) {
			t.Errorf("%s: the answer's %s is %q, want %q", a.name, name, got, value)
		}
	}
}
