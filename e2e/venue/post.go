package venue

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"

	"usher/gate"
	"usher/gate/door"
	"usher/sync/exchange"
	"usher/sync/journal"
	"usher/sync/link"
)

// Nowhere is the URL of a server that is not there.
const Nowhere = "http://127.0.0.1:1"

// Post is a gate's agent in this process.
type Post struct {
	*gate.Agent
	Door *Door
	Halt func() // ends it, once

	v *Venue
}

// Start runs the agent of a gate. Its server is where it was enrolled, unless serverURL
// names a way there.
func (v *Venue) Start(name, serverURL string, cfg gate.Config) *Post {
	v.T.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	v.Must(err)
	return v.StartOn(l, name, serverURL, cfg)
}

// StartOn is Start for an agent that answers on a listener.
func (v *Venue) StartOn(l net.Listener, name, serverURL string, cfg gate.Config) *Post {
	v.T.Helper()
	cfg.Data = v.Path(name)
	if serverURL != "" {
		cfg.Dial = detour("http://"+v.Address, serverURL)
	}
	g, err := gate.Open(v.T.Context(), cfg)
	v.Must(err)
	a, err := gate.NewAgent(g, l)
	v.Must(err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(v.T.Context()))
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	p := &Post{Agent: a, Door: DoorAt(a.URL), v: v}
	p.Halt = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-done, g.Close()); err != nil {
			v.T.Errorf("the agent of %s: %v", name, err)
		}
	})
	v.T.Cleanup(func() {
		if v.T.Failed() {
			s := p.Now()
			v.T.Logf("in the end at %s: faults %q, ways to others %+v", name, s.Faults, s.Links)
		}
		p.Halt()
	})
	return p
}

// detour dials as an agent does, and where an address is the first one, the second in
// its place.
func detour(from, to string) func(context.Context, string) (exchange.Conn, error) {
	return func(ctx context.Context, base string) (exchange.Conn, error) {
		if strings.TrimRight(base, "/") == from {
			base = to
		}
		address, err := link.Address(base, Event)
		if err != nil {
			return nil, err
		}
		return link.Dialer{}.Dial(ctx, address)
	}
}

// Scan judges a code and records it.
func (p *Post) Scan(code string) door.Answer {
	p.v.T.Helper()
	a, err := p.Door.Scan(code, "1")
	p.v.Must(err)
	return a
}

// Look judges a code and records nothing.
func (p *Post) Look(code string) door.Answer {
	p.v.T.Helper()
	a, err := p.Door.Look(code)
	p.v.Must(err)
	return a
}

// Now is the agent's status.
func (p *Post) Now() door.Status { return p.Status(context.Background()) }

// Chain is the first chain of the gate's own journal.
func (p *Post) Chain() journal.Chain { return journal.Chain{Node: p.Enrolment.Node} }

// Held is how far the gate's disk holds each chain.
func (p *Post) Held() journal.Vector {
	p.v.T.Helper()
	vector, err := p.Store.Vector(context.Background())
	p.v.Must(err)
	return vector
}
