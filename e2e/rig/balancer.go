package rig

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// Balancer hands each connection to one of the servers, whichever takes it. It looks
// into nothing, and when a server dies so do its connections.
type Balancer struct {
	net.Listener
	backends []string

	mu    sync.Mutex // covers what follows
	conns map[net.Conn]bool
	work  sync.WaitGroup
	cut   bool // nothing goes through
	done  bool
}

// NewBalancer makes a balancer before servers, which ends with the test.
func NewBalancer(t testing.TB, backends []string) *Balancer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &Balancer{Listener: l, backends: backends, conns: map[net.Conn]bool{}}
	b.work.Go(b.serve)
	t.Cleanup(b.close)
	return b
}

func (b *Balancer) close() {
	b.mu.Lock()
	b.done = true
	_ = b.Listener.Close() // which ends serve
	for c := range b.conns {
		_ = c.Close() // which ends its carrying
	}
	b.mu.Unlock()
	b.work.Wait()
}

// Cut ends all that goes through the balancer, and lets nothing through until Mend.
func (b *Balancer) Cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = true
	for c := range b.conns {
		_ = c.Close() // which ends its carrying
	}
}

// Mend has it let through again.
func (b *Balancer) Mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = false
}

// open notes a connection, unless the balancer is cut or closing.
func (b *Balancer) open(c net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done || b.cut {
		_ = c.Close() // nobody uses it
		return false
	}
	b.conns[c] = true
	return true
}

func (b *Balancer) shut(c net.Conn) {
	_ = c.Close() // one of the two ends may have done so
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
}

func (b *Balancer) serve() {
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
func (b *Balancer) carry(from net.Conn) {
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
