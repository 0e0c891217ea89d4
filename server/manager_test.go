package server_test

import (
	"io"
	"net/http"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
)

// With another key the manager's old links and sessions end, at every server while it
// runs, and so does a live page that is open.
func TestAnotherManagerKey(t *testing.T) {
	cfg := server.Config{Database: dbtest.PostgresURL(t, migrations.Server)}
	one := served(t, opened(t, cfg))
	cfg.Unsealed = true
	two := served(t, unlocked(t, cfg))
	old := one.key
	status := func(s *site, header ...string) int { return s.do(t, http.MethodGet, "/manage", header, nil).StatusCode }
	for _, s := range []*site{one, two} {
		if got := status(s, "Cookie: usher_manager="+old); got != http.StatusOK {
			t.Fatalf("before: %d", got)
		}
	}
	live := two.do(t, http.MethodGet, "/manage/events/NIGHT-1/live", []string{"Authorization: Bearer " + old}, nil)
	key, err := one.RotateManager(t.Context())
	if err != nil || key == old {
		t.Fatalf("%q, %v", key, err)
	}
	for _, s := range []*site{one, two} {
		until(t, "the old key opens nothing", func() bool {
			return status(s, "Cookie: usher_manager="+old) == http.StatusUnauthorized && status(s, "Authorization: Bearer "+old) == http.StatusUnauthorized
		})
		if got := s.do(t, http.MethodGet, "/manage?key="+old, nil, nil).StatusCode; got != http.StatusUnauthorized {
			t.Errorf("the old link: %d", got)
		}
		if got := s.do(t, http.MethodGet, "/manage?key="+key, nil, nil).StatusCode; got != http.StatusSeeOther {
			t.Errorf("the new link: %d", got)
		}
		if now, err := s.ManagerKey(t.Context()); err != nil || now != key {
			t.Errorf("a server says that it is %q, %v", now, err)
		}
	}
	if _, err := io.Copy(io.Discard, live.Body); err != nil { // which ends
		t.Error(err)
	}
}
