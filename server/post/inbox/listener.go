package inbox

import (
	"errors"
	"io"
	"net"
	"sync"
)

// listener has so many connections at most, and none any more when it is closed.
type listener struct {
	net.Listener

	mu   sync.Mutex            // covers what follows
	open map[net.Conn]struct{} // nil: it is closed
}

// Accept implements net.Listener. It refuses clients while there are too many.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.admits(c) {
			return &client{Conn: c, of: l}, nil
		}
		// An answer this short waits for nobody.
		_, _ = io.WriteString(c, "421 4.7.0 Too many connections, try again later\r\n")
		_ = c.Close()
	}
}

func (l *listener) admits(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil || len(l.open) >= MaxClients {
		return false
	}
	l.open[c] = struct{}{}
	return true
}

// Close implements net.Listener, and hangs up.
func (l *listener) Close() error {
	err := l.Listener.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		_ = c.Close() // who is on the other end finds out
	}
	l.open = nil
	return err
}

// client is a connection that makes room when it is closed, and gives nothing more once
// it was too slow: the library goes on reading after half a message, and would take the
// other half for commands.
type client struct {
	net.Conn
	of   *listener
	late error // belongs to who reads
}

// Read implements net.Conn.
func (c *client) Read(b []byte) (int, error) {
	if c.late != nil {
		return 0, c.late
	}
	n, err := c.Conn.Read(b)
	if timedOut(err) {
		c.late = err
	}
	return n, err
}

func timedOut(err error) bool {
	failed, is := errors.AsType[net.Error](err)
	return is && failed.Timeout()
}

// Close implements net.Conn.
func (c *client) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c.Conn)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
