package network

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// proxy is a network between a node and those that dial it.
type proxy struct {
	t        testing.TB
	listener net.Listener
	target   string

	mu     sync.Mutex // covers what follows
	mode   mode
	delay  [2]time.Duration // of what is sent to the target, and back
	open   map[net.Conn]struct{}
	thawed chan struct{} // closed when nothing hangs
	group  sync.WaitGroup
}

type mode int

const (
	through mode = iota
	cut          // connections end, new ones are refused
	hung         // connections stay and carry nothing: half open
)

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, listener: l, target: target, open: map[net.Conn]struct{}{}, thawed: make(chan struct{})}
	close(p.thawed)
	p.group.Go(p.accept)
	t.Cleanup(func() {
		p.set(cut)
		_ = l.Close()
		p.group.Wait()
	})
	return p
}

func (p *proxy) url() string { return "http://" + p.listener.Addr().String() }

// set changes how the network is.
func (p *proxy) set(m mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == hung {
		close(p.thawed)
	}
	if p.mode = m; m == hung {
		p.thawed = make(chan struct{})
	}
	if m == cut {
		for c := range p.open {
			_ = c.Close()
		}
	}
}

func (p *proxy) slow(there, back time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = [2]time.Duration{there, back}
}

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.group.Go(func() { p.carry(c) })
	}
}

func (p *proxy) carry(c net.Conn) {
	if !p.keep(c) {
		return
	}
	defer p.drop(c)
	out, err := net.Dial("tcp", p.target)
	if err != nil || !p.keep(out) {
		return
	}
	defer p.drop(out)
	var both sync.WaitGroup
	for i, way := range [2][2]net.Conn{{c, out}, {out, c}} {
		both.Go(func() {
			p.pump(way[0], way[1], i)
			_ = way[1].(*net.TCPConn).CloseWrite()
		})
	}
	both.Wait()
}

// pump carries bytes, each after the way's delay, until one side ends.
func (p *proxy) pump(from, to net.Conn, way int) {
	type chunk struct {
		bytes []byte
		due   time.Time
	}
	chunks := make(chan chunk, 1024)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for c := range chunks {
			time.Sleep(time.Until(c.due))
			p.mu.Lock()
			thawed := p.thawed
			p.mu.Unlock()
			<-thawed
			if _, err := to.Write(c.bytes); err != nil {
				_ = from.Close()
			}
		}
	}()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			p.mu.Lock()
			delay := p.delay[way]
			p.mu.Unlock()
			chunks <- chunk{append([]byte(nil), buffer[:n]...), time.Now().Add(delay)}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				_ = to.Close()
			}
			break
		}
	}
	close(chunks)
	<-done
}

func (p *proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == cut {
		_ = c.Close()
		return false
	}
	p.open[c] = struct{}{}
	return true
}

func (p *proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
	_ = c.Close()
}
