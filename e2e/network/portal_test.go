package network

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"usher/e2e/venue"
	"usher/gate"
	"usher/sync/admission"
)

// A network that answers every request with its own page until somebody logs in is
// named as such at the gate, which goes on without it, and gets through once the
// network lets it.
func TestCaptivePortal(t *testing.T) {
	v := venue.New(t, 3, "north")
	to, err := url.Parse("http://" + v.Address)
	v.Must(err)
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
	north := v.Start("north", portal.URL, gate.Config{})
	defer north.Halt()
	venue.Until(t, "the portal to be named", func() bool {
		links := north.Now().Links
		return len(links) == 1 && links[0].State != "up" && strings.Contains(links[0].Why, "does this network want somebody to log in?")
	})
	if a := north.Scan(v.Codes[0]); a.Result != admission.Accept {
		t.Errorf("%s %s", a.Result, a.Reason)
	}
	loggedIn.Store(true)
	meet(v, north)
	venue.Until(t, "the record to come home", func() bool { return north.Now().Unsent == 0 })
}
