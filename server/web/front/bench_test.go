package front

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkEventPage asks for an event's page over the loopback, on connections
// that stay open: plain, compressed, and with the tag that gets 304. Beside each it
// asks net/http for the same bytes from a handler that does nothing but write them,
// and gives the ratio of the two: what drawing, caching and headers cost.
//
//	go test -run - -bench EventPage ./server/web/front
func BenchmarkEventPage(b *testing.B) {
	w := newWorld(b, "en")
	page := httptest.NewServer(w.mux)
	defer page.Close()
	tag := w.get("/events/QUAY").Header.Get("ETag")
	for _, form := range []struct{ name, header string }{
		{"plain", ""}, {"gzip", "Accept-Encoding: gzip\r\n"}, {"304", "If-None-Match: " + tag + "\r\n"},
	} {
		sample, status := ask(b, page.Listener.Addr().String(), form.header)
		bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{"text/html; charset=utf-8"}
			if status == http.StatusNotModified {
				w.WriteHeader(status)
				return
			}
			w.Header()["Content-Length"] = []string{strconv.Itoa(len(sample))}
			_, _ = w.Write(sample)
		}))
		b.Run(form.name, func(b *testing.B) {
			// The two take turns, so that a busy machine is busy for both.
			var ours, theirs time.Duration
			const turns = 8
			n := max(1, b.N/turns)
			for range turns {
				ours += requests(b, page.Listener.Addr().String(), form.header, n)
				theirs += requests(b, bare.Listener.Addr().String(), form.header, n)
			}
			rate := float64(n*turns) / ours.Seconds()
			b.ReportMetric(rate, "pages/s")
			b.ReportMetric(float64(n*turns)/theirs.Seconds(), "bare/s")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
			b.ReportMetric(float64(len(sample)), "bytes")
		})
		bare.Close()
	}
}

// requests sends n requests over a few connections and gives how long that took.
func requests(b *testing.B, address, header string, n int) time.Duration {
	const connections = 8
	var left atomic.Int64
	left.Store(int64(n))
	done := make(chan error, connections)
	start := time.Now()
	for range connections {
		go func() { done <- caller(address, header, &left) }()
	}
	for range connections {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// caller asks on one connection until none is left to ask.
func caller(address, header string, left *atomic.Int64) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	in := bufio.NewReader(c)
	request := []byte("GET /events/QUAY HTTP/1.1\r\nHost: tickets.example\r\n" + header + "\r\n")
	for left.Add(-1) >= 0 {
		if _, err := c.Write(request); err != nil {
			return err
		}
		if _, err := read(in, io.Discard); err != nil {
			return err
		}
	}
	return nil
}

func ask(b *testing.B, address, header string) (body []byte, status int) {
	b.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /events/QUAY HTTP/1.1\r\nHost: tickets.example\r\n"+header+"\r\n"); err != nil {
		b.Fatal(err)
	}
	var kept keeper
	status, err = read(bufio.NewReader(c), &kept)
	if err != nil {
		b.Fatal(err)
	}
	return kept, status
}

type keeper []byte

func (k *keeper) Write(p []byte) (int, error) { *k = append(*k, p...); return len(p), nil }

// read reads one answer with as little work as it can, for the client's is counted
// too.
func read(in *bufio.Reader, body io.Writer) (status int, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("%s: %w", line, err)
	}
	length := int64(0)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		const name = "Content-Length: "
		if len(line) > len(name) && string(line[:len(name)]) == name {
			if length, err = strconv.ParseInt(string(line[len(name):len(line)-2]), 10, 64); err != nil {
				return 0, err
			}
		}
	}
	_, err = io.CopyN(body, in, length)
	return status, err
}
