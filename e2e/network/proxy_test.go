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
	dialer   net.Dialer

	mu     sync.Mutex // covers what follows
	mode   mode
	delay  [2]time.Duration // of what is sent to the target, and back
	open   map[net.Conn]struct{}
	lost   map[net.Conn]struct{} // those of open that carry nothing any more
	thawed chan struct{}         // closed when nothing hangs
	group  sync.WaitGroup
}

type mode int

const (
	through mode = iota
	cut          // connections end, new ones are refused
	hung         // connections stay and carry nothing until that is over
	lost         // connections stay and never carry anything again; new ones are refused
)

// newProxy makes the network before a target.
func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	return newWay(t, "127.0.0.1", "", target)
}

// newWay makes a network that is itself at one address, and from which connections to
// the target come from another, or from any.
func newWay(t testing.TB, at, from, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(at, "0"))
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, listener: l, target: target, open: map[net.Conn]struct{}{}, lost: map[net.Conn]struct{}{}, thawed: make(chan struct{})}
	if from != "" {
		p.dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
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
	switch p.mode = m; m {
	case through:
	case hung:
		p.thawed = make(chan struct{})
	case cut:
		for c := range p.open {
			_ = c.Close()
		}
	case lost:
		for c := range p.open {
			p.lost[c] = struct{}{}
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
	out, err := p.dialer.Dial("tcp", p.target)
	if err != nil || !p.keep(out) {
		return
	}
	defer p.drop(out)
	var both sync.WaitGroup
	for i, way := range [2][2]net.Conn{{c, out}, {out, c}} {
		both.Go(func() {
			p.pump(way[0], way[1], i)
			if !p.carriesNothing(way[1]) { // else the other side is not to learn that this one ended
				_ = way[1].(*net.TCPConn).CloseWrite()
			}
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
			if p.carriesNothing(to) {
				continue
			}
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
			if !errors.Is(err, io.EOF) && !p.carriesNothing(to) {
				_ = to.Close()
			}
			break
		}
	}
	close(chunks)
	<-done
}

// carriesNothing reports whether what goes to a connection is lost.
func (p *proxy) carriesNothing(to net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, is := p.lost[to]
	return is
}

func (p *proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == cut || p.mode == lost {
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
	delete(p.lost, c)
	_ = c.Close()
}
