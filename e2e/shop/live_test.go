package shop

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The manager's live page goes on by itself after its server answered with an error, as
// one does whose database is gone: a browser alone gives up then.
func TestLivePageGoesOn(t *testing.T) {
	to, err := url.Parse(world.url)
	if err != nil {
		t.Fatal(err)
	}
	var sick atomic.Bool
	var refused, streams atomic.Int64
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, FlushInterval: -1}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/live") {
			if sick.Load() {
				refused.Add(1)
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			streams.Add(1)
		}
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	defer front.CloseClientConnections()
	key, err := world.server.ManagerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	events, err := world.server.Catalog.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, 1280, 800)
	const lively = `document.getElementById("pulse").className === "good"`
	b.must(b.Go(front.URL + "/manage/events/" + events[0].Code + "?key=" + key))
	b.must(b.Wait(lively, patience))
	sick.Store(true)
	front.CloseClientConnections()
	until(t, "the browser is told an error", func() bool { return refused.Load() > 0 })
	sick.Store(false)
	before := streams.Load()
	until(t, "the page asks again", func() bool { return streams.Load() > before })
	b.must(b.Wait(lively, patience))
}

// until waits for what has to come.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for it that %s", what)
		}
	}
}
