package secure

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

const (
	// firstWithin is how long a connection may say nothing.
	firstWithin = 10 * time.Second
	// maxSilent is how many connections at a time may have said nothing yet; one more
	// is closed. This device's own are not counted.
	maxSilent = 256

	handshake = 0x16 // the first byte of TLS (RFC 8446, section 5.1)
)

// Listen takes connections in plain text and over TLS from one listener. Closing
// what it gives closes that one, and waits until its own work has ended.
func Listen(inner net.Listener, id Identity) net.Listener {
	l := &listener{Listener: inner, config: config(id), sorted: make(chan net.Conn), closed: make(chan struct{}), silent: make(chan struct{}, maxSilent)}
	l.work.Go(l.accept)
	return l
}

type listener struct {
	net.Listener
	config *tls.Config
	sorted chan net.Conn
	silent chan struct{} // one for each connection of others that has said nothing yet
	work   sync.WaitGroup

	once   sync.Once
	closed chan struct{}
	failed error // why no more come in; read once closed is
}

// Accept gives the next connection that has said its first byte: a *tls.Conn if
// that begins a handshake.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.sorted:
		return c, nil
	case <-l.closed:
		return nil, l.failed
	}
}

// Close ends the listening.
func (l *listener) Close() error {
	err := l.Listener.Close()
	l.end(net.ErrClosed)
	l.work.Wait()
	return err
}

func (l *listener) end(why error) {
	l.once.Do(func() { l.failed = why; close(l.closed) })
}

func (l *listener) accept() {
	for {
		c, err := l.Listener.Accept()
		if temporary, is := err.(interface{ Temporary() bool }); is && temporary.Temporary() {
			time.Sleep(10 * time.Millisecond) // out of files, as a rule: some will be closed
			continue
		}
		if err != nil {
			l.end(err)
			return
		}
		said := func() {}
		if !onLoopback(c.RemoteAddr().String()) {
			select {
			case l.silent <- struct{}{}:
				said = func() { <-l.silent }
			default:
				_ = c.Close() // whoever it is: there is no room
				continue
			}
		}
		l.work.Go(func() { l.sort(c, said) })
	}
}

// sort waits for the first byte of a connection and hands it on. said is called once it
// counts no more as one that says nothing.
func (l *listener) sort(c net.Conn, said func()) {
	first, ok := l.first(c)
	said()
	if !ok {
		_ = c.Close() // it never said anything
		return
	}
	whole := net.Conn(&begun{Conn: c, first: first})
	if first[0] == handshake {
		whole = tls.Server(whole, l.config)
	}
	select {
	case l.sorted <- whole:
	case <-l.closed:
		_ = c.Close() // nobody is there to answer it
	}
}

// first reads the first byte of a connection, unless the listening ends before.
func (l *listener) first(c net.Conn) ([]byte, bool) {
	if err := c.SetReadDeadline(time.Now().Add(firstWithin)); err != nil {
		return nil, false
	}
	read := make(chan struct{})
	defer close(read)
	l.work.Go(func() {
		select {
		case <-l.closed:
			_ = c.SetReadDeadline(time.Unix(1, 0)) // a connection that has none is closed by who reads it
		case <-read:
		}
	})
	first := make([]byte, 1)
	if n, _ := c.Read(first); n == 0 {
		return nil, false
	}
	return first, c.SetReadDeadline(time.Time{}) == nil
}

// begun is a connection whose first byte was read already.
type begun struct {
	net.Conn
	first []byte
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 || len(p) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}
