package cluster

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// balancer hands each connection to one of the servers, whichever takes it. It looks
// into nothing, and when a server dies so do its connections.
type balancer struct {
	net.Listener
	backends []string

	mu    sync.Mutex // covers what follows
	conns map[net.Conn]bool
	work  sync.WaitGroup
	done  bool
}

func newBalancer(t testing.TB, backends []string) *balancer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{Listener: l, backends: backends, conns: map[net.Conn]bool{}}
	b.work.Go(b.serve)
	t.Cleanup(b.close)
	return b
}

func (b *balancer) close() {
	b.mu.Lock()
	b.done = true
	_ = b.Listener.Close() // which ends serve
	for c := range b.conns {
		_ = c.Close() // which ends its carrying
	}
	b.mu.Unlock()
	b.work.Wait()
}

// open notes a connection, unless the balancer is closing.
func (b *balancer) open(c net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		_ = c.Close() // nobody uses it
		return false
	}
	b.conns[c] = true
	return true
}

func (b *balancer) shut(c net.Conn) {
	_ = c.Close() // one of the two ends may have done so
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
}

func (b *balancer) serve() {
	for {
		c, err := b.Accept()
		if err != nil {
			return
		}
		if b.open(c) {
			b.work.Go(func() { b.carry(c) })
		}
	}
}

// carry joins a connection to a server; with none there it is closed.
func (b *balancer) carry(from net.Conn) {
	defer b.shut(from)
	for _, i := range rand.Perm(len(b.backends)) {
		to, err := net.DialTimeout("tcp", b.backends[i], time.Second)
		if err != nil {
			continue
		}
		if !b.open(to) {
			return
		}
		var back sync.WaitGroup
		back.Go(func() {
			_, _ = io.Copy(from, to) // either end may break it
			_ = from.Close()
		})
		_, _ = io.Copy(to, from)
		b.shut(to)
		back.Wait()
		return
	}
}
