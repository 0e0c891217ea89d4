package gate

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are made by a test.
type pipes chan net.Conn

// Accept implements net.Listener.
func (p pipes) Accept() (net.Conn, error) {
	if c, more := <-p; more {
		return c, nil
	}
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (p pipes) Close() error { return nil }

// Addr implements net.Listener.
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// Who says nothing, or half of something, is hung up on; who listens is not.
func TestNobodyHoldsAConnectionForGood(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/live":
			time.Sleep(3 * fileTimeout)
		case filePath:
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
		default:
			w.WriteHeader(http.StatusUnauthorized) // and the body is not looked at
		}
		_, _ = io.WriteString(w, "answered") // who hung up is gone
	})
	const get = "GET /live HTTP/1.1\r\nHost: gate\r\n\r\n"
	post := func(path string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\nhalf"
	}
	for name, c := range map[string]struct {
		says   string
		late   time.Duration // until the rest comes
		rest   string
		answer string // in what it gets before the end; "": nothing
		within time.Duration
	}{
		"nothing":                        {"", 0, "", "", headerTimeout},
		"half a header":                  {"GET / HT", 0, "", "", headerTimeout},
		"half a body":                    {post("/api/scan"), 0, "", "answered", bodyTimeout}, // it is refused, but not before
		"half a file":                    {post(filePath), 0, "", "", fileTimeout},
		"a file that takes its time":     {post(filePath), fileTimeout - time.Second, " more", "answered", fileTimeout + idleTimeout},
		"a request, and then nothing":    {"GET / HTTP/1.1\r\nHost: gate\r\n\r\n", 0, "", "answered", idleTimeout},
		"one who listens all evening":    {get, 0, "", "answered", 3*fileTimeout + idleTimeout},
		"a body that comes in good time": {post("/api/scan"), bodyTimeout - time.Second, " more", "answered", bodyTimeout + idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener, began := make(pipes), time.Now()
				server := newServer(context.WithoutCancel(t.Context()), handler, slog.New(slog.DiscardHandler))
				served := make(chan struct{})
				go func() { defer close(served); _ = server.Serve(listener) /* ends with the listener */ }()
				ours, theirs := net.Pipe()
				listener <- theirs
				go func() {
					_, _ = io.WriteString(ours, c.says) // it may be hung up on meanwhile
					time.Sleep(c.late)
					_, _ = io.WriteString(ours, c.rest)
				}()
				said, err := io.ReadAll(bufio.NewReader(ours))
				if err != nil {
					t.Errorf("the connection ended with %v", err)
				}
				if got := strings.Contains(string(said), "answered"); got != (c.answer != "") {
					t.Errorf("it was told %q", said)
				}
				if took := time.Since(began); took > c.within+time.Second {
					t.Errorf("it was hung up on after %v, not %v", took, c.within)
				}
				_ = ours.Close()
				close(listener)
				<-served
			})
		})
	}
}
