package shop

import (
	"net"
	"sync"
)

// cable is a listener whose cable can be pulled: whoever is connected loses the
// connection, and whoever connects gets no answer.
type cable struct {
	net.Listener

	mu     sync.Mutex
	pulled bool
	conns  []net.Conn
}

// Accept gives the next connection that comes while the cable is in.
func (c *cable) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		if !c.pulled {
			c.conns = append(c.conns, conn)
			c.mu.Unlock()
			return conn, nil
		}
		c.mu.Unlock()
		_ = conn.Close() // as a line that is dead
	}
}

// pull takes the cable out, or puts it in again.
func (c *cable) pull(out bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = out
	for _, conn := range c.conns {
		_ = conn.Close() // many have ended by themselves
	}
	c.conns = nil
}
