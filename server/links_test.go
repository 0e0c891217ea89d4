package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/migrations/sqldb/dbtest"
	"usher/server"
)

// opener is what opens a route that is about somebody's tickets, and what holds back who
// hasn't got it.
type opener string

const (
	guessed opener = "a link"    // who tries many is held back
	session opener = "a session" // of the browser: a cookie that isn't sent by another site's page
	nothing opener = "nothing"   // the answer is the same for everybody
)

// openers are all routes of links, and all of the wallet's that are no file of its. One
// that is added to the server is to be added here.
var openers = map[string]opener{
	"GET /order/{link}": guessed, "GET /order/{link}/state": guessed, "GET /order/{link}/tickets.pdf": guessed, "GET /order/{link}/receipt.pdf": guessed,
	"POST /order/{link}/details": guessed, "POST /order/{link}/pay": guessed, "POST /order/{link}/leave": guessed, "POST /order/{link}/extend": guessed,
	"POST /order/{link}/back": guessed, "POST /order/{link}/send": guessed,
	"GET /resale/offer/{link}": guessed, "POST /resale/offer/{link}": guessed, "GET /resale/leave/{link}": guessed, "POST /resale/leave/{link}": guessed,
	"GET /transfer/{token}": guessed, "POST /transfer/{token}": guessed, "GET /transfer/done": nothing,
	"GET /wallet/enter/{token}": guessed, "POST /wallet/enter/{token}": guessed, "POST /wallet/keep": guessed,
	"GET /wallet": nothing, "POST /wallet/ask": nothing, "GET /wallet/words.json": nothing,
	"GET /wallet/tickets.json": session, "GET /wallet/sessions": session, "GET /wallet/ticket/{event}/{id}/{paper}": session,
	"GET /wallet/resale/{event}/{ticket}": session, "POST /wallet/resale/{event}/{ticket}": session, "POST /wallet/resale/{event}/{ticket}/back": session,
	"POST /wallet/challenge": session, "POST /wallet/bind": session, "POST /wallet/renew": session, "POST /wallet/pass": session, "POST /wallet/offer": session,
	"POST /wallet/take-back": session, "POST /wallet/end": session,
}

// ofLinks says whether a pattern is one that openers names.
func ofLinks(pattern string) bool {
	_, path, _ := strings.Cut(pattern, " ")
	file := strings.HasPrefix(path, "/wallet/app/") || path == "/wallet/sw.js"
	return strings.Contains(path, "{link}") || strings.Contains(path, "{token}") || strings.HasPrefix(path, "/transfer") || strings.HasPrefix(path, "/wallet") && !file
}

// Every route that a link or a wallet's cookie opens holds back who guesses, tells no other
// site and no cache of what it shows, and changes nothing for who hasn't what opens it.
func TestLinkRoutes(t *testing.T) {
	s := newStall(t, server.Config{})
	mux, end, err := s.Routes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	there := slices.DeleteFunc(patterns(mux), func(p string) bool { return !ofLinks(p) })
	for pattern := range openers {
		if !slices.Contains(there, pattern) {
			t.Errorf("there is no route %q any more", pattern)
		}
	}
	for _, pattern := range there {
		by, known := openers[pattern]
		if !known {
			t.Errorf("%q is a new route: say in openers what opens it", pattern)
			continue
		}
		t.Run(pattern, func(t *testing.T) {
			s.clock.Pass(time.Hour) // whoever was held back is not any more
			dbtest.Unchanged(t, s.DB, func() { s.guesses(t, pattern, by) })
		})
	}
	if answer, _ := s.get(s.paid); answer.StatusCode != http.StatusOK {
		t.Errorf("who has the link of an order is refused for what others guessed: status %d", answer.StatusCode)
	}
}

// guesses asks a route for things that aren't there, for long.
func (s *stall) guesses(t *testing.T, pattern string, by opener) {
	t.Helper()
	const most = 200
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.NewReplacer("{link}", "none.AAAA", "{token}", "AAAA", "{event}", "SHOP-1", "{id}", "0123456789abcdef", "{ticket}", "0123456789abcdef", "{paper}", "ticket.pdf").Replace(path)
	kind, body := "application/x-www-form-urlencoded", "order=%2Forder%2Fnone&email=&next=https%3A%2F%2Fevil.example"
	if strings.HasPrefix(path, "/wallet/") && by == session {
		kind, body = "application/json", "{}"
	}
	tries, held := most, false
	if by != guessed {
		tries = 1
	}
	for n := 0; n < tries && !held; n++ {
		answer := s.do(t, method, path, []string{"Content-Type: " + kind}, strings.NewReader(body))
		said := text(t, answer)
		held = answer.StatusCode == http.StatusTooManyRequests
		h := answer.Header
		if h.Get("Referrer-Policy") != "no-referrer" || h.Get("Set-Cookie") != "" || by != nothing && h.Get("Cache-Control") != "no-store" {
			t.Fatalf("status %d with %v", answer.StatusCode, h)
		}
		to := h.Get("Location")
		if to != "" && (by != nothing || strings.Contains(to, "evil")) || strings.Contains(said, "evil.example") {
			t.Fatalf("it leads to %q: %.200s", to, said)
		}
		if by == session && answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("without a session: status %d: %.200s", answer.StatusCode, said)
		}
	}
	if by == guessed && !held {
		t.Errorf("nobody is held back who guesses %d times", most)
	}
}
