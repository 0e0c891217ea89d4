package dbtest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Trips counts the round trips to a PostgreSQL: how often somebody sent something and
// waited for the answer. It stands between the two and reads what they say
// (https://www.postgresql.org/docs/current/protocol-message-formats.html).
type Trips struct {
	server string

	mu    sync.Mutex
	trips []string // the statements of each
}

// Counted gives an address that leads to the same database and counts on the way,
// until the test ends.
func Counted(t testing.TB, address string) (string, *Trips) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Trips{server: u.Host}
	u.Host = listener.Addr().String()
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { c.carry(t, conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return u.String(), c
}

// Reset forgets what was counted.
func (c *Trips) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trips = nil
}

// All lists the round trips, by the statements that each was for.
func (c *Trips) All() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.trips)
}

// talk is one connection as it is understood. The mutex of its Trips covers it.
type talk struct {
	*Trips
	waits int               // for how many answers
	texts map[string]string // of prepared statements, by their names
}

// carry carries one connection until either end closes it.
func (c *Trips) carry(t testing.TB, conn net.Conn) {
	defer conn.Close()
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		t.Error(err)
		return
	}
	defer server.Close()
	w := &talk{Trips: c, texts: map[string]string{}}
	var running sync.WaitGroup
	running.Go(func() {
		if err := pass(server, conn, true, w.asked); err != nil {
			t.Errorf("what the client says: %v", err)
		}
		_ = server.Close()
	})
	if err := pass(conn, server, false, w.answered); err != nil {
		t.Errorf("what the server says: %v", err)
	}
	_ = conn.Close()
	running.Wait()
}

// pass carries messages one way and shows each before it goes on. The first that a
// client says has no kind.
func pass(to io.Writer, from io.Reader, bare bool, see func(kind byte, body []byte)) error {
	in := bufio.NewReaderSize(from, 1<<16)
	out := bufio.NewWriterSize(to, 1<<16)
	for ; ; bare = false {
		head := make([]byte, 5)
		if bare {
			head = head[:4]
		}
		if _, err := io.ReadFull(in, head); err != nil {
			return ended(err)
		}
		size := binary.BigEndian.Uint32(head[len(head)-4:])
		if size < 4 {
			return errors.New("a message is shorter than its length")
		}
		body := make([]byte, size-4)
		if _, err := io.ReadFull(in, body); err != nil {
			return ended(err)
		}
		if !bare {
			see(head[0], body)
		}
		_, _ = out.Write(append(head, body...)) // Flush says it
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return ended(err)
			}
		}
	}
}

// ended passes over what is the end of a connection.
func ended(err error) error {
	var network net.Error
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &network) {
		return nil
	}
	return err
}

// asked sees what the client says: P prepares, B runs what was prepared, Q is a text
// to be run, S and Q want to hear that all is done.
func (w *talk) asked(kind byte, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := ""
	parts := strings.SplitN(string(body), "\x00", 3)
	switch {
	case kind == 'X' || kind == 'p':
		return // farewell, password
	case kind == 'P' && len(parts) == 3:
		w.texts[parts[0]], text = parts[1], "prepare"
	case kind == 'B' && len(parts) == 3:
		text = w.texts[parts[1]]
	case kind == 'Q':
		text = parts[0]
	}
	if w.waits == 0 {
		w.trips = append(w.trips, "")
		w.waits = -1 // sent, and the end of it not yet
	}
	if text != "" {
		w.trips[len(w.trips)-1] += strings.Join(strings.Fields(text), " ") + "; "
	}
	if kind == 'S' || kind == 'Q' {
		w.waits = max(w.waits, 0) + 1
	}
}

// answered sees what the server says: Z, that all is done.
func (w *talk) answered(kind byte, _ []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if kind == 'Z' && w.waits > 0 { // the first greets
		w.waits--
	}
}
