package server_test

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher/migrations/sqldb/dbtest"
	"usher/server"
)

// The addresses here are those of the server's own mux: what is added to it is held to
// these rules without being named. A mux doesn't list its patterns, so they are read
// out of it; when a new Go keeps them otherwise nothing is found, and the tests fail.

// patterns gives all patterns of a mux and of those that it hands requests on to.
func patterns(mux *http.ServeMux) (list []string) {
	seen := map[uintptr]bool{}
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
			if v.Type().String() == "*http.pattern" {
				list = append(list, v.Elem().FieldByName("str").String())
				return
			}
			walk(v.Elem())
		case reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			if !strings.HasPrefix(v.Type().PkgPath(), "net/http") {
				return
			}
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			for _, k := range v.MapKeys() {
				walk(v.MapIndex(k))
			}
		}
	}
	walk(reflect.ValueOf(mux))
	slices.Sort(list)
	return slices.Compact(list)
}

// route is an address and how it is asked for.
type route struct{ method, path string }

// routesOf gives every route of a server with its wildcards filled in. A pattern without
// a method takes all: the two are asked for that matter.
func routesOf(t testing.TB, s *server.Server, fill func(wildcard string) string) (list []route) {
	t.Helper()
	mux, end, err := s.Routes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	wildcard := regexp.MustCompile(`\{([a-z]*)(\.\.\.|\$)?\}`)
	for _, pattern := range patterns(mux) {
		method, path, named := strings.Cut(pattern, " ")
		if !named {
			method, path = "", pattern
		}
		path = wildcard.ReplaceAllStringFunc(path, func(found string) string {
			if name := strings.Trim(found, "{}.$"); name != "" {
				return fill(name)
			}
			return ""
		})
		if method != "" {
			list = append(list, route{method, path})
			continue
		}
		list = append(list, route{http.MethodGet, path}, route{http.MethodPost, path})
	}
	for _, want := range []route{{"POST", "/wallet/ask"}, {"POST", "/wallet/bind"}, {"GET", "/manage"}, {"GET", "/wallet"}} {
		if !slices.Contains(list, want) {
			t.Fatalf("of the routes there lacks %v: %v", want, list)
		}
	}
	return list
}

// real fills wildcards in with what there is.
func (s *stall) real(wildcard string) string {
	switch wildcard {
	case "event":
		return "SHOP-1"
	case "code":
		return s.code
	case "link":
		return strings.TrimPrefix(s.open, "/order/")
	case "ref":
		return strings.TrimPrefix(s.card, "/sandbox/pay/")
	case "provider":
		return "sandbox"
	}
	return "none"
}

func bogus(string) string { return "none" }

// machines are the addresses that programs send to, which no browser has a key for:
// they carry a signature or a key of their own in each request.
var machines = []string{"/hooks/", "/api/"}

func ofMachines(path string) bool {
	return slices.ContainsFunc(machines, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
}

// Whatever takes something refuses what another site's page sends, with everything
// that the browser would add to it, and changes nothing.
func TestNoRouteTakesFormsOfAnotherSite(t *testing.T) {
	s := newStall(t, server.Config{})
	cookie := s.keeps(s.paid)
	kinds := []string{"application/x-www-form-urlencoded", "application/json", "text/plain"}
	routes := routesOf(t, s.Server, s.real)
	for i, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example", "Origin: null"} {
		kind := kinds[i%len(kinds)]
		dbtest.Unchanged(t, s.DB, func() {
			for _, r := range routes {
				if r.method != http.MethodPost {
					continue
				}
				answer := s.do(t, r.method, r.path, []string{header, "Content-Type: " + kind, cookie, s.manager}, strings.NewReader(`{}`))
				body := text(t, answer)
				want := http.StatusForbidden
				if ofMachines(r.path) {
					want = 0 // whatever it is that is wrong with it
				}
				s.refused(fmt.Sprintf("%s %s with %s as %s", r.method, r.path, header, kind), answer, body, want)
			}
		})
	}
}

// Nobody does anything without what entitles them: a cookie, a key, or a link that
// nobody can guess. What is asked for of nobody's is nobody's fault but who asked.
func TestNoRouteActsForStrangers(t *testing.T) {
	s := newStall(t, server.Config{})
	routes := routesOf(t, s.Server, bogus)
	for _, header := range [][]string{nil, {"Cookie: usher-wallet=planted; usher_manager=planted"}, {"Authorization: Bearer planted"}} {
		dbtest.Unchanged(t, s.DB, func() {
			for _, r := range routes {
				if r.method != http.MethodPost {
					continue
				}
				for kind, body := range map[string]string{"application/x-www-form-urlencoded": "", "application/json": "{}"} {
					answer := s.do(t, r.method, r.path, append([]string{"Content-Type: " + kind}, header...), strings.NewReader(body))
					s.refused(r.method+" "+r.path, answer, text(t, answer), 0)
					if strings.Contains(answer.Header.Get("Set-Cookie"), "planted") {
						t.Errorf("%s: a cookie that was planted is set", r.path)
					}
				}
			}
		})
	}
}

// leads are the names by which a request may ask to be led somewhere.
var leads = []string{"next", "return", "return_to", "to", "url", "redirect", "redirect_uri", "continue", "back", "dest", "success_url", "cancel_url"}

// No route leads a browser to another host, whatever a request asks for and whoever
// asks.
func TestNoRouteLeadsElsewhere(t *testing.T) {
	s := newStall(t, server.Config{})
	cookie := s.keeps(s.paid)
	for _, c := range []struct {
		elsewhere string
		fill      func(string) string
	}{
		{"https://evil.example/", s.real}, {"//evil.example", s.real}, {`/\evil.example`, func(string) string { return "%2F%2Fevil.example" }},
	} {
		var asked []string
		for _, name := range leads {
			asked = append(asked, name+"="+c.elsewhere)
		}
		query := strings.Join(asked, "&")
		for _, r := range routesOf(t, s.Server, c.fill) {
			if strings.HasSuffix(r.path, "/live") {
				continue // it doesn't end
			}
			answer := s.do(t, r.method, r.path+"?"+query, []string{"Content-Type: application/x-www-form-urlencoded", "X-Forwarded-Host: evil.example", cookie, s.manager}, strings.NewReader(query))
			s.staysHere(r.method+" "+r.path, answer)
			_ = answer.Body.Close() // nobody reads it
		}
	}
}
