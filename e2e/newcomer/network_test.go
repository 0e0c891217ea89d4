package newcomer

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
)

// network is how one browser reaches the world: a proxy that can be switched off.
type network struct {
	address string
	off     atomic.Bool
	refused atomic.Int64 // requests to the shop that came while it was off
}

// newNetwork reaches the shop and nothing else.
func newNetwork(t *testing.T, shop string) *network {
	t.Helper()
	n := &network{}
	pass := &httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}} // a proxy's requests name their server
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ours := strings.HasPrefix(r.URL.String(), shop) // else a browser calls home
		if ours && n.off.Load() {
			n.refused.Add(1)
		}
		if !ours || n.off.Load() {
			panic(http.ErrAbortHandler) // nothing answers
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	n.address = strings.TrimPrefix(s.URL, "http://")
	return n
}
