package dbtest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Way is a way to PostgreSQL that can be cut and mended.
type Way struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	cut   bool
	deaf  bool // the next answer is lost, and its connection
	conns map[net.Conn]bool
}

// Behind gives an address that leads to the same database by a way that can be cut,
// until the test ends.
func Behind(t testing.TB, address string) (string, *Way) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w := &Way{server: u.Host, conns: map[net.Conn]bool{}}
	if w.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	u.Host = w.listener.Addr().String()
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := w.listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { w.carry(conn) })
		}
	})
	t.Cleanup(func() {
		_ = w.listener.Close()
		w.set(true)
		running.Wait()
	})
	return u.String(), w
}

// keep notes a connection, unless the way is cut.
func (w *Way) keep(conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns[conn] = true
	return !w.cut
}

func (w *Way) carry(conn net.Conn) {
	defer conn.Close()
	if !w.keep(conn) {
		return
	}
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return
	}
	defer server.Close()
	if !w.keep(server) {
		return
	}
	var running sync.WaitGroup
	running.Go(func() { _, _ = io.Copy(server, conn); _ = server.Close() })
	_, _ = io.Copy(w.answers(conn), server)
	_ = conn.Close()
	running.Wait()
}

// answers gives what carries a server's answers to a connection.
func (w *Way) answers(to net.Conn) io.Writer {
	return writer(func(p []byte) (int, error) {
		w.mu.Lock()
		lose := w.deaf
		w.deaf = false
		w.mu.Unlock()
		if lose {
			return 0, net.ErrClosed
		}
		return to.Write(p)
	})
}

type writer func([]byte) (int, error)

// Write implements io.Writer.
func (w writer) Write(p []byte) (int, error) { return w(p) }

// LoseAnswer ends the connection that gets the next answer, instead of the answer:
// what was asked has been done.
func (w *Way) LoseAnswer() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = true
}

// Cut ends all connections, and every new one.
func (w *Way) Cut() { w.set(true) }

// Mend lets connections through again.
func (w *Way) Mend() { w.set(false) }

func (w *Way) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for conn := range w.conns {
			_ = conn.Close()
		}
		clear(w.conns)
	}
}
