package network

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"usher/gate"
	"usher/sync/admission"
)

// A network that answers every request with its own page until somebody logs in is
// named as such at the gate, which goes on without it, and gets through once the
// network lets it.
func TestCaptivePortal(t *testing.T) {
	v := newVenue(t, 3, "north")
	to, err := url.Parse("http://" + v.address)
	v.must(err)
	var loggedIn atomic.Bool
	through := httputil.NewSingleHostReverseProxy(to)
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if loggedIn.Load() {
			through.ServeHTTP(w, r)
			return
		}
		http.Redirect(w, r, "http://portal.example/login", http.StatusFound)
	}))
	defer portal.Close()
	north := v.start("north", portal.URL, gate.Config{})
	defer north.halt()
	until(t, "the portal to be named", func() bool {
		links := north.status().Links
		return len(links) == 1 && links[0].State != "up" && strings.Contains(links[0].Why, "does this network want somebody to log in?")
	})
	if a := north.scan(v.codes[0]); a.Result != admission.Accept {
		t.Errorf("%s %s", a.Result, a.Reason)
	}
	loggedIn.Store(true)
	v.meet(north)
	until(t, "the record to come home", func() bool { return north.status().Unsent == 0 })
}
