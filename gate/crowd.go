package gate

import (
	"net"
	"sync"
)

// Limits of the connections that others may hold open to an agent's port. This
// device's own are not counted: whatever happens on the network, its door page
// answers.
const (
	maxCrowd     = 1024
	maxCrowdEach = 64 // of one address
)

// crowd is a listener that turns away who comes when there are too many.
type crowd struct {
	net.Listener

	mu   sync.Mutex // covers what follows
	all  int
	each map[string]int
}

func newCrowd(l net.Listener) *crowd { return &crowd{Listener: l, each: make(map[string]int)} }

// Accept implements net.Listener.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host, ours := addressOf(conn.RemoteAddr())
		if ours {
			return conn, nil
		}
		if c.enter(host) {
			return &guest{Conn: conn, leave: sync.OnceFunc(func() { c.left(host) })}, nil
		}
		_ = conn.Close()
	}
}

// addressOf gives the host of an address, and whether it is this device's own.
func addressOf(at net.Addr) (host string, ours bool) {
	tcp, ok := at.(*net.TCPAddr)
	if !ok {
		return at.String(), false
	}
	return tcp.IP.String(), tcp.IP.IsLoopback()
}

func (c *crowd) enter(host string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= maxCrowd || c.each[host] >= maxCrowdEach {
		return false
	}
	c.all++
	c.each[host]++
	return true
}

func (c *crowd) left(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.each[host]--; c.each[host] == 0 {
		delete(c.each, host)
	}
}

// guest is a connection that is counted until it is closed.
type guest struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (g *guest) Close() error {
	defer g.leave()
	return g.Conn.Close()
}

// CloseWrite ends what this side says, where the connection can.
func (g *guest) CloseWrite() error {
	if half, ok := g.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
