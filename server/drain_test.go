package server_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/server"
	"usher/server/catalog"
	"usher/sync/fault"
	"usher/sync/link"
)

// A server that drains says so to load balancers and sends gates away, and serves
// whoever comes all the same. Its operator can take that back.
func TestDrain(t *testing.T) {
	s := served(t, opened(t, server.Config{}))
	address, err := link.Address(s.url, event)
	if err != nil {
		t.Fatal(err)
	}
	dial := func() error {
		conn, err := link.Dialer{}.Dial(t.Context(), address)
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	page := ask{name: "a page", path: "/manage/events/NIGHT-1/board", header: []string{"Authorization: Bearer " + s.key}, status: 200}
	for range 2 {
		s.StartDrain()
		s.StartDrain()
		s.check(t, ask{name: "ready", path: "/readyz", status: 503, want: []string{`"status":"draining"`}, heads: []string{"Cache-Control: no-store"}})
		s.check(t, ask{name: "alive", path: "/healthz", status: 200})
		s.check(t, page)
		if err := dial(); !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "another one will answer") {
			t.Errorf("an exchange with a server that drains: %v", err)
		}
		s.EndDrain()
		s.EndDrain()
		s.check(t, ask{name: "ready again", path: "/readyz", status: 200})
		if err := dial(); err != nil {
			t.Errorf("an exchange afterwards: %v", err)
		}
	}
}

// serving is a server that serves until it is told to stop.
type serving struct {
	*site
	stop  func() // tells it to
	ended <-chan error
}

func newServing(t *testing.T, cfg server.Config) *serving {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.PublicURL = "http://" + listener.Addr().String()
	s := opened(t, cfg)
	spec, err := catalog.ParseFile("shop.toml", []byte(sellsNow(quayShop)))
	if err == nil {
		_, err = s.Catalog.Apply(t.Context(), spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.ManagerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	v := &serving{site: &site{Server: s, url: cfg.PublicURL, key: key, client: &http.Client{
		Transport:     &http.Transport{ExpectContinueTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, stop: cancel, ended: ended}
	t.Cleanup(func() {
		cancel()
		v.client.CloseIdleConnections()
	})
	return v
}

// wait waits until the server has ended, in good order.
func (v *serving) wait(t *testing.T) {
	t.Helper()
	select {
	case err := <-v.ended:
		if err != nil {
			t.Errorf("the server ended: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the server doesn't end")
	}
}

// Who buys at the moment at which the server is told to stop gets what they asked for,
// and a live page ends as a whole.
func TestStoppingFinishesWhatRuns(t *testing.T) {
	v := newServing(t, server.Config{})
	live := v.do(t, "GET", "/manage/events/NIGHT-1/live", []string{"Authorization: Bearer " + v.key}, nil)
	lines := bufio.NewReader(live.Body)
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "data: ") {
		t.Fatalf("the live page says %q, %v", line, err)
	}
	form, body := io.Pipe()
	taken := make(chan struct{})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: sync.OnceFunc(func() { close(taken) })})
	const order = "n.ga=2"
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+"/events/SHOP-1/order", form)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(len(order))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Expect", "100-continue")
	var answer *http.Response
	var buying sync.WaitGroup
	buying.Go(func() { answer, err = v.client.Do(r) })
	<-taken // the page reads the form
	v.stop()
	until(t, "the server takes nobody new", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(v.url, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	if _, err := io.WriteString(body, order); err != nil {
		t.Fatal(err)
	}
	_ = body.Close()
	buying.Wait()
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(answer.Header.Get("Location"), "/order/") {
		t.Errorf("the order is answered with %s to %q", answer.Status, answer.Header.Get("Location"))
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		t.Errorf("the live page was cut: %v", err)
	}
	v.wait(t)
}

// A server that is told to stop and is to drain first answers on for a while, and says
// to load balancers that it won't.
func TestStoppingDrains(t *testing.T) {
	v := newServing(t, server.Config{Drain: 2 * time.Second})
	v.check(t, ask{name: "ready", path: "/readyz", status: 200})
	v.stop()
	until(t, "the server says that it drains", func() bool {
		answer := v.do(t, "GET", "/readyz", nil, nil)
		text, err := io.ReadAll(answer.Body)
		return err == nil && answer.StatusCode == 503 && strings.Contains(string(text), `"draining"`)
	})
	v.check(t, ask{name: "a page", path: "/events/SHOP-1", status: 200})
	v.wait(t)
}
