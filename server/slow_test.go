package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/server"
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

// slow is somebody who takes their time.
type slow struct {
	says   string
	drop   string        // and then this, over and over
	every  time.Duration // so often
	takes  time.Duration // until the answer is looked at
	answer string        // in what comes until the end; "" for nothing at all
	within time.Duration // until it is hung up on
}

// Whoever opens a connection and says nothing, half of something or a drop at a
// time, and who asks and doesn't listen, is hung up on, at every door: pages, forms,
// notices, the sandbox, devices. None of it takes anything.
func TestSlowClients(t *testing.T) {
	post := func(path string, header ...string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n" +
			strings.Join(append(header, "\r\n"), "\r\n")
	}
	const drip = 2 * time.Second
	l := newTill(t) // outside of the bubble: its clock stands still while somebody listens to a network
	paid := l.begin("n.ga=1")
	for name, c := range map[string]slow{
		"nothing":                      {within: 10 * time.Second},
		"a header drop by drop":        {says: "GET / HTTP/1.1\r\nX-A: ", drop: "a", every: drip, within: 10 * time.Second},
		"half a cart":                  {says: post("/events/SHOP-1/order") + "n.ga=1", answer: "HTTP/1.1 400", within: 30 * time.Second},
		"a cart drop by drop":          {says: post("/events/SHOP-1/order") + "n.ga=1&x=", drop: "x", every: drip, answer: "HTTP/1.1 400", within: 30 * time.Second},
		"half a payment":               {says: post(paid+"/pay") + "name=A", answer: "HTTP/1.1 400", within: 30 * time.Second},
		"half a refund":                {says: post("/manage/orders/0000000000/refund", "Authorization: Bearer "+l.key) + "all=yes", answer: "HTTP/1.1 400", within: 30 * time.Second},
		"half a notice":                {says: post("/hooks/sandbox") + "{", answer: "HTTP/1.1 400", within: 10 * time.Second},
		"half a card":                  {says: post("/sandbox/pay/none/card") + "number=4", answer: "HTTP/1.1 400", within: time.Minute},
		"half an enrolment":            {says: post("/api/v1/enrol") + "{", answer: "HTTP/1.1 400", within: 10 * time.Second},
		"half a body that nobody asks": {says: post("/nothing") + "x", answer: "HTTP/1.1 404", within: time.Minute},
		"a page with half a body":      {says: strings.Replace(post("/events/SHOP-1"), "POST", "GET", 1) + "x", answer: "HTTP/1.1 200", within: time.Minute},
		"a request and nothing more":   {says: "GET /healthz HTTP/1.1\r\nHost: shop.example\r\n\r\n", answer: `"ok"`, within: 2 * time.Minute},
		"one who doesn't listen":       {says: "GET /events/SHOP-1 HTTP/1.1\r\nHost: shop.example\r\n\r\n", takes: 4 * time.Minute, within: 4 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) { l.meets(t, name, c) })
	}
	left, err := l.Stock.Left(t.Context(), "SHOP-1")
	if err != nil || left["hall"] != 9 { // the one order's
		t.Errorf("left are %v, %v", left, err)
	}
}

// dial opens a connection to the site that nothing but the test's clock moves.
func (l *till) dial(t *testing.T) (conn net.Conn, end func()) {
	t.Helper()
	handler, stop, err := l.Handler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	listener, served := make(pipes), make(chan struct{})
	web := server.NewHTTP(ctx, handler, slog.New(slog.DiscardHandler))
	go func() { defer close(served); _ = web.Serve(listener) /* ends with the listener */ }()
	ours, theirs := net.Pipe()
	listener <- theirs
	return ours, func() {
		cancel()
		_ = ours.Close()
		close(listener)
		<-served
		stop()
	}
}

func (l *till) meets(t *testing.T, name string, c slow) {
	t.Helper()
	conn, end := l.dial(t)
	var talking sync.WaitGroup
	defer talking.Wait()
	defer end()
	began := time.Now()
	talking.Go(func() {
		_, err := io.WriteString(conn, c.says)
		for err == nil && c.drop != "" {
			time.Sleep(c.every)
			_, err = io.WriteString(conn, c.drop)
		}
	})
	time.Sleep(c.takes)
	said, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%s: the connection ended with %v", name, err)
	}
	if took := time.Since(began); took > c.within+time.Second {
		t.Errorf("%s: hung up on after %v, want %v", name, took, c.within)
	}
	if !bytes.Contains(said, []byte(c.answer)) || c.answer == "" && bytes.Contains(said, []byte("</html>")) {
		t.Errorf("%s: told %.3000q, want %q", name, said, c.answer)
	}
}

// The live picture goes on for as long as somebody looks.
func TestLiveStreamGoesOn(t *testing.T) {
	l := newTill(t)
	if _, err := l.Doors.Board(t.Context(), event); err != nil { // what it watches, it watches from outside of the bubble
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		conn, end := l.dial(t)
		defer end()
		began, n := time.Now(), 0
		go func() {
			_, _ = io.WriteString(conn, "GET /manage/events/NIGHT-1/live HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer "+l.key+"\r\n\r\n")
		}()
		buf := make([]byte, 64<<10)
		for time.Since(began) < 10*time.Minute {
			got, err := conn.Read(buf)
			if err != nil {
				t.Fatalf("it ended after %v with %v", time.Since(began), err)
			}
			n += bytes.Count(buf[:got], []byte("data: "))
		}
		if n < 100 {
			t.Errorf("%d pictures in ten minutes", n)
		}
	})
}
