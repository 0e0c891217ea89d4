package gate

import (
	"fmt"
	"net"
	"testing"
)

// callers is a listener at which connections from given hosts come in.
type callers struct {
	net.Listener
	hosts  []string
	closed map[string]int
}

type caller struct {
	net.Conn
	from   string
	closed func()
}

func (c *caller) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(c.from), Port: 5000} }
func (c *caller) Close() error         { c.closed(); return nil }

func (l *callers) Accept() (net.Conn, error) {
	if len(l.hosts) == 0 {
		return nil, net.ErrClosed
	}
	host := l.hosts[0]
	l.hosts = l.hosts[1:]
	return &caller{from: host, closed: func() { l.closed[host]++ }}, nil
}

// enter lets all in who may, and gives their connections.
func enter(c *crowd) (in []net.Conn) {
	for {
		conn, err := c.Accept()
		if err != nil {
			return in
		}
		in = append(in, conn)
	}
}

func TestCrowdsAreTurnedAway(t *testing.T) {
	inner := &callers{closed: map[string]int{}}
	c := newCrowd(inner)
	for range 2 * maxCrowdEach {
		inner.hosts = append(inner.hosts, "10.0.0.1")
	}
	first := enter(c)
	if len(first) != maxCrowdEach || inner.closed["10.0.0.1"] != maxCrowdEach {
		t.Errorf("%d of one address came in", len(first))
	}
	for i := range 2 * maxCrowd {
		inner.hosts = append(inner.hosts, fmt.Sprintf("10.1.%d.%d", i/250, i%250))
	}
	if n := len(enter(c)) + len(first); n != maxCrowd {
		t.Errorf("%d came in", n)
	}
	inner.hosts = []string{"127.0.0.1", "10.0.0.2"}
	if in := enter(c); len(in) != 1 || in[0].RemoteAddr().String() != "127.0.0.1:5000" {
		t.Errorf("when it is full %d came in, want this device alone", len(in))
	}
	for _, conn := range first {
		conn.Close()
		conn.Close() // twice is once
	}
	inner.hosts = []string{"10.0.0.1", "10.0.0.2"}
	if in := enter(c); len(in) != 2 {
		t.Errorf("when some have left %d came in", len(in))
	}
}
