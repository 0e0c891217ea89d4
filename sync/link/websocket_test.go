package link_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen serves with handler and gives its base URL.
func listen(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// accepted serves connections one after the other.
func accepted(t *testing.T) (string, <-chan exchange.Conn) {
	t.Helper()
	conns := make(chan exchange.Conn, 8)
	return listen(t, func(w http.ResponseWriter, r *http.Request) {
		if conn, err := link.Upgrade(w, r); err == nil {
			conns <- conn
		}
	}), conns
}

func dial(t *testing.T, base string) exchange.Conn {
	t.Helper()
	address, err := link.Address(base, "JAZZ-26")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := link.Dialer{}.Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// both gives the two ends of a connection over loopback.
func both(t *testing.T) (client, server exchange.Conn) {
	t.Helper()
	base, conns := accepted(t)
	client = dial(t, base)
	server = <-conns
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func TestMessagesArriveWhole(t *testing.T) {
	client, server := both(t)
	widen(client, server)
	for _, size := range []int{0, 1, 125, 126, 65_536, exchange.MaxMessage} {
		message := bytes.Repeat([]byte{7}, size)
		for _, way := range [][2]exchange.Conn{{client, server}, {server, client}} {
			sent := make(chan error, 1)
			go func() { sent <- way[0].Send(t.Context(), message) }()
			got, err := way[1].Receive(t.Context())
			if err := errors.Join(err, <-sent); err != nil || !bytes.Equal(got, message) {
				t.Fatalf("%d bytes arrived as %d: %v", size, len(got), err)
			}
		}
	}
}

func TestMessagesOverTheLimitAreRefused(t *testing.T) {
	for _, c := range []struct {
		limit  int
		proved bool
	}{{exchange.MaxHello, false}, {exchange.MaxMessage, true}} {
		client, server := both(t)
		if c.proved {
			widen(client, server)
		}
		sent := make(chan error, 1)
		go func() { sent <- client.Send(t.Context(), make([]byte, c.limit)) }()
		got, err := server.Receive(t.Context())
		if err := errors.Join(err, <-sent); err != nil || len(got) != c.limit {
			t.Errorf("%d bytes: %v", c.limit, err)
		}
		go client.Send(t.Context(), make([]byte, c.limit+1))
		if _, err := server.Receive(t.Context()); !errors.Is(err, fault.TooLarge) {
			t.Errorf("%d bytes: %v", c.limit+1, err)
		}
	}
}

// widen lets connections take what only nodes that proved themselves may send.
func widen(conns ...exchange.Conn) {
	for _, c := range conns {
		c.(exchange.Narrow).Widen()
	}
}

func TestTextMessagesAreRefused(t *testing.T) {
	base, conns := accepted(t)
	ws, _, err := (&websocket.Dialer{Subprotocols: []string{link.Subprotocol}}).Dial(strings.Replace(base, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	server := <-conns
	defer server.Close()
	if err := ws.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Receive(t.Context()); !errors.Is(err, fault.BadInput) {
		t.Errorf("Receive: %v", err)
	}
}

func TestContextEndsWhatWaits(t *testing.T) {
	client, server := both(t)
	ctx, cancel := context.WithCancel(t.Context())
	received := make(chan error, 1)
	go func() {
		_, err := server.Receive(ctx)
		received <- err
	}()
	sent := make(chan error, 1)
	go func() { // nobody reads, so this fills every buffer on the way
		for {
			if err := server.Send(ctx, make([]byte, exchange.MaxMessage)); err != nil {
				sent <- err
				return
			}
		}
	}()
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := errors.Join(<-received, <-sent); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	_ = client
}

// What was sent before Close arrives even if the other side had sent something
// that nobody read.
func TestCloseDeliversLastWords(t *testing.T) {
	for range 20 {
		client, server := both(t)
		for range 50 {
			if err := client.Send(t.Context(), make([]byte, 10_000)); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.Send(t.Context(), []byte("go away")); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- server.Close() }()
		got, err := client.Receive(t.Context())
		if err != nil || string(got) != "go away" {
			t.Fatalf("the last words arrived as %q: %v", got, err)
		}
		client.Close()
		<-done
	}
}

func TestBrowsersAndOthersAreRefused(t *testing.T) {
	base, _ := accepted(t)
	for _, c := range []struct {
		name   string
		header http.Header
		status int
	}{
		{"a page elsewhere", http.Header{"Origin": {"https://evil.example"}, "Sec-Websocket-Protocol": {link.Subprotocol}}, 403},
		{"a page of the node itself", http.Header{"Origin": {base}, "Sec-Websocket-Protocol": {link.Subprotocol}}, 403},
		{"another protocol", http.Header{"Sec-Websocket-Protocol": {"usher.sync.v9"}}, 400},
		{"no protocol", nil, 400},
	} {
		_, response, err := websocket.DefaultDialer.Dial(strings.Replace(base, "http", "ws", 1), c.header)
		if err == nil || response.StatusCode != c.status || response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %v, status %v", c.name, err, response)
		}
	}
	response, err := http.Get(base)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if response.StatusCode != 400 {
		t.Errorf("a plain request: %s", response.Status)
	}
}

func TestDialSaysWhatAnswered(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    fault.Kind
		says    string
	}{
		{"captive portal", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<h1>Accept our terms</h1>"))
		}, fault.Unavailable, "log in"},
		{"captive portal that redirects", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://portal.example/", http.StatusFound)
		}, fault.Unavailable, "log in"},
		{"captive portal that knows its status", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNetworkAuthenticationRequired)
		}, fault.Unavailable, "log in"},
		{"a problem of ours", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(404)
			_, _ = w.Write([]byte(`{"type":"not_found","detail":"there is no event JAZZ-26"}`))
		}, fault.NotFound, "no event JAZZ-26"},
		{"not here", http.NotFound, fault.NotFound, "404"},
		{"down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, fault.Unavailable, "502"},
		{"forbidden", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, fault.Refused, "403"},
	} {
		address, err := link.Address(listen(t, c.handler), "JAZZ-26")
		if err != nil {
			t.Fatal(err)
		}
		_, err = link.Dialer{}.Dial(t.Context(), address)
		if fault.KindOf(err) != c.want || !strings.Contains(fault.Message(err), c.says) {
			t.Errorf("%s: %v, want %s and %q", c.name, err, c.want, c.says)
		}
	}
}

func TestDialNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := (link.Dialer{}).Dial(t.Context(), "ws://"+l.Addr().String()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("Dial: %v", err)
	}
}

func TestDialTrustsWhatItIsTold(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := link.Upgrade(w, r); err == nil {
			conn.Close()
		}
	}))
	defer server.Close()
	server.Config.ErrorLog = nil
	address, _ := link.Address(server.URL, "JAZZ-26")
	if _, err := (link.Dialer{}).Dial(t.Context(), address); !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "does this network read what goes through it") {
		t.Errorf("a certificate of nobody's: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	conn, err := link.Dialer{TLS: &tls.Config{RootCAs: pool}}.Dial(t.Context(), address)
	if err != nil {
		t.Fatalf("a certificate that is trusted: %v", err)
	}
	conn.Close()
}

// A portal that takes the TLS port and speaks no TLS is named as such.
func TestDialWhatSpeaksNoTLS(t *testing.T) {
	base := listen(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<h1>Accept our terms</h1>")) })
	_, err := link.Dialer{}.Dial(t.Context(), strings.Replace(base, "http", "wss", 1))
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "something else answers") {
		t.Errorf("Dial: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for base, want := range map[string]string{
		"https://usher.example":       "wss://usher.example/api/v1/sync/JAZZ-26",
		"https://usher.example/":      "wss://usher.example/api/v1/sync/JAZZ-26",
		"http://10.0.0.7:8080":        "ws://10.0.0.7:8080/api/v1/sync/JAZZ-26",
		"wss://usher.example/tickets": "wss://usher.example/tickets/api/v1/sync/JAZZ-26",
		"usher.example":               "",
		"ftp://usher.example":         "",
		"https://":                    "",
		"https://me:pw@usher.example": "",
		"https://usher.example?x=1":   "",
		"https://[::1":                "",
	} {
		got, err := link.Address(base, "JAZZ-26")
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Address(%q) = %q, %v; want %q", base, got, err, want)
		}
		if strings.Contains(base, "pw") && strings.Contains(err.Error(), "pw") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
}
