package guard_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/server/guard"
	"usher/sync/fault"
)

func proxies(t *testing.T, list ...string) guard.Proxies {
	t.Helper()
	p, err := guard.ParseProxies(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// asked is a request from an address with lines of X-Forwarded-For.
func asked(from string, seen ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.RemoteAddr = from
	for _, line := range seen {
		r.Header.Add("X-Forwarded-For", line)
	}
	return r
}

func TestParty(t *testing.T) {
	none, some := proxies(t), proxies(t, "10.0.0.0/8", "192.0.2.7", "2001:db8:f::/48")
	for name, c := range map[string]struct {
		trusts guard.Proxies
		r      *http.Request
		want   string
	}{
		"a buyer":                              {none, asked("203.0.113.9:4711"), "203.0.113.9"},
		"a buyer who says another address":     {none, asked("203.0.113.9:4711", "198.51.100.1"), "203.0.113.9"},
		"from this machine, without trust":     {none, asked("127.0.0.1:4711", "198.51.100.1"), "127.0.0.1"},
		"from the network, without trust":      {some, asked("192.168.0.4:4711", "198.51.100.1"), "192.168.0.4"},
		"through a balancer":                   {some, asked("10.1.2.3:4711", "198.51.100.1"), "198.51.100.1"},
		"through a balancer, IPv4 in IPv6":     {some, asked("[::ffff:10.1.2.3]:4711", "::ffff:198.51.100.1"), "198.51.100.1"},
		"through a balancer by its address":    {some, asked("192.0.2.7:1", "198.51.100.1"), "198.51.100.1"},
		"through two":                          {some, asked("10.1.2.3:4711", "198.51.100.1, 10.9.9.9"), "198.51.100.1"},
		"through two, in two lines":            {some, asked("10.1.2.3:4711", "198.51.100.1", "10.9.9.9"), "198.51.100.1"},
		"with a forged beginning":              {some, asked("10.1.2.3:4711", "8.8.8.8, 198.51.100.1"), "198.51.100.1"},
		"with a forged balancer in it":         {some, asked("10.1.2.3:4711", "8.8.8.8, 10.4.4.4, 198.51.100.1"), "198.51.100.1"},
		"with a port, as some balancers write": {some, asked("10.1.2.3:4711", "198.51.100.1:55"), "198.51.100.1"},
		"of IPv6 with a port":                  {some, asked("10.1.2.3:4711", "[2001:db8:1:2:3:4:5:6]:55"), "2001:db8:1:2::/64"},
		"the balancer itself":                  {some, asked("10.1.2.3:4711"), "10.1.2.3"},
		"nonsense from a balancer":             {some, asked("10.1.2.3:4711", "unknown"), "10.1.2.3"},
		"nonsense before the client":           {some, asked("10.1.2.3:4711", "'; drop table, 198.51.100.1"), "198.51.100.1"},
		"an empty header":                      {some, asked("10.1.2.3:4711", ""), "10.1.2.3"},
		"none but balancers":                   {some, asked("10.1.2.3:4711", "10.2.2.2, 10.3.3.3"), "10.2.2.2"},
		"more hops than there are":             {some, asked("10.1.2.3:4711", "198.51.100.1"+strings.Repeat(", 10.1.1.1", 5000)), "10.1.1.1"},
		"IPv6":                                 {none, asked("[2001:db8:1:2:aaaa:bbbb:cccc:dddd]:4711"), "2001:db8:1:2::/64"},
		"IPv6, a neighbour of the same house":  {none, asked("[2001:db8:1:2::1]:4711"), "2001:db8:1:2::/64"},
		"IPv6, another house":                  {none, asked("[2001:db8:1:3::1]:4711"), "2001:db8:1:3::/64"},
		"IPv6 through a balancer":              {some, asked("[2001:db8:f::1]:4711", "2001:db8:7:8:9::1"), "2001:db8:7:8::/64"},
		"IPv6 of a link":                       {none, asked("[fe80::1%eth0]:4711"), "fe80::/64"},
		"no network":                           {none, asked("@"), "nowhere"},
	} {
		got := ""
		c.trusts.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = guard.Party(r) }), slog.New(slog.DiscardHandler)).
			ServeHTTP(httptest.NewRecorder(), c.r)
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestBadProxies(t *testing.T) {
	for _, text := range []string{"", "balancer.example", "10.0.0.0/33", "10.0.0.0/", "10.0.0.1:80", "0.0.0.0/0", "::/0", "fe80::1%eth0", "10.0.0.1 10.0.0.2"} {
		if p, err := guard.ParseProxies([]string{"10.0.0.0/8", text}); fault.KindOf(err) != fault.BadInput || p != nil {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}

// An operator who forgot to name the balancer is told so, once, and not because a
// stranger wrote a header.
func TestForgottenProxyIsToldOnce(t *testing.T) {
	var out bytes.Buffer
	h := proxies(t).Handler(http.NotFoundHandler(), slog.New(slog.NewTextHandler(&out, nil)))
	h.ServeHTTP(httptest.NewRecorder(), asked("203.0.113.9:1", "198.51.100.1"))
	if out.Len() > 0 {
		t.Errorf("a stranger's header is told of: %s", &out)
	}
	for range 3 {
		h.ServeHTTP(httptest.NewRecorder(), asked("10.1.2.3:1", "198.51.100.1"))
	}
	if n := strings.Count(out.String(), "proxy=10.1.2.3"); n != 1 {
		t.Errorf("it is told %d times: %s", n, &out)
	}
}
