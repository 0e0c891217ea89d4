package door

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"usher/sync/fault"
)

const cookieName = "usher_door"

// guard lets in this device and those who hold the door key, and of other sites'
// pages no more than a link that leads here.
func (d *Door) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			next.ServeHTTP(w, r)
			return
		}
		if ofAnotherSite(r) {
			writeJSON(w, http.StatusForbidden, told(fault.New(fault.Forbidden, "another site's page asked for this"), d.asks(r)))
			return
		}
		if key := r.URL.Query().Get("key"); r.URL.Path == "/" && r.Method == http.MethodGet && d.holds(key) {
			// Lax, so that a link in a message works: a strict cookie would not go
			// along when the other site's link is redirected.
			http.SetCookie(w, &http.Cookie{
				Name: cookieName, Value: key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil, MaxAge: 30 * 24 * 3600,
			})
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		if fromHere(r) || d.holds(bearer(r)) || d.holds(cookie(r)) {
			next.ServeHTTP(w, r)
			return
		}
		writeJSON(w, http.StatusUnauthorized, told(fault.New(fault.Unauthorised,
			"this door answers to its own device; from elsewhere open the address with the door key that the agent printed"), d.asks(r)))
	})
}

// ofAnotherSite reports whether a browser says that another site's page wants
// something other than to lead its reader to the door page. It could not read
// what it gets, but could keep the agent busy.
func ofAnotherSite(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.URL.Path != "/" || r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}

func (d *Door) holds(key string) bool {
	return key != "" && subtle.ConstantTimeCompare([]byte(key), []byte(d.Key)) == 1
}

func bearer(r *http.Request) string {
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return key
}

func cookie(r *http.Request) string {
	if c, err := r.Cookie(cookieName); err == nil {
		return c.Value
	}
	return ""
}

// fromHere reports whether the request comes from this device and asks for it by
// a loopback name. The name matters: a web page elsewhere whose host name is made
// to point here (DNS rebinding) asks by its own.
func fromHere(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() || proxied(r) {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

// proxied reports whether something on this device passes the request on, so that
// who asks may be anywhere.
func proxied(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if _, there := r.Header[name]; there {
			return true
		}
	}
	return false
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the other side hung up: nobody is left to tell
}
