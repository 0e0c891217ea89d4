package aftersale

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"usher/crypto/grant"
	"usher/e2e/rig"
	"usher/e2e/venue"
	"usher/gate"
	"usher/gate/clock"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/sync/admission"
)

// post is a real gate with a way of its own to the servers, which can be cut.
type post struct {
	*venue.Door
	town *town
	name string
	way  *rig.Balancer

	mu    sync.Mutex // covers what follows
	knows time.Time  // it has all that was acknowledged before
	green []*scanned
}

// newPost enrols a gate and runs its agent, whose clock goes as the servers' do.
func (w *town) newPost(name string, servers []string) *post {
	w.t.Helper()
	p := &post{town: w, name: name, way: rig.NewBalancer(w.t, servers)}
	ctx, dir := w.t.Context(), w.t.TempDir()
	card, err := w.organiser.Doors.NewCard(ctx, "http://"+p.way.Addr().String(), event, name, grant.RoleScanner, time.Hour)
	w.must(err)
	st, err := store.Open(ctx, dir)
	w.must(err)
	_, err = enrol.Enrol(ctx, enrol.Config{Store: st, Card: card.Text(), Name: name, Rand: rand.Reader, Now: w.clock.Now})
	w.must(errors.Join(err, st.Close()))
	mono := func() time.Duration { return w.clock.Now().Sub(w.clock.From) }
	g, err := gate.Open(ctx, gate.Config{Data: dir, Clock: &clock.Source{Wall: w.clock.Now, Mono: mono}, Now: w.clock.Now, Find: gate.Finding{Off: true}})
	w.must(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	a, err := gate.NewAgent(g, l)
	w.must(err)
	p.Door = venue.DoorAt(a.URL)
	running, halt := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- a.Run(running) }()
	w.t.Cleanup(func() {
		halt()
		if err := errors.Join(<-done, g.Close()); err != nil {
			w.t.Errorf("the agent of %s: %v", name, err)
		}
	})
	return p
}

// level brings the gate level with a server, if it can, and notes what it knows then.
func (p *post) level() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	began := p.town.clock.Now()
	if err := p.Sync(); err != nil {
		return err
	}
	p.knows = began
	for _, s := range p.green {
		if s.shared.IsZero() && s.ended.Before(began) {
			s.shared = p.town.clock.Now()
		}
	}
	p.green = nil
	return nil
}

var lanes atomic.Int64

// scan has a code judged by the gate, and holds what it says to what it has to know.
func (p *post) scan(c *code, who string) {
	k := c.papers
	p.mu.Lock()
	knows := p.knows
	p.mu.Unlock()
	k.mu.Lock()
	stamp, must := k.settled(c)
	s := &scanned{code: c, post: p, begun: p.town.clock.Now()}
	k.scans = append(k.scans, s)
	text := c.show(s.begun)
	k.mu.Unlock()

	a, err := p.Scan(text, fmt.Sprint("lane-", lanes.Add(1)))
	if err != nil {
		p.town.t.Errorf("gate %s doesn't judge: %v", p.name, err)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	after, still := k.settledBut(c, s)
	s.ended, s.green, s.reason = p.town.clock.Now(), a.Green(), a.Reason
	k.say("%s: comes to %s with generation %d: %s %s", who, p.name, c.generation, a.Result, a.Reason)
	if s.green {
		p.mu.Lock()
		p.green = append(p.green, s)
		p.mu.Unlock()
		k.mayEnter(s, knows)
		return
	}
	slow := a.Reason == admission.StaleCode && s.ended.Sub(s.begun) > 20*time.Second
	if must && still && after == stamp+1 && !slow {
		k.wrong("%s calls the newest code %s %s, and nobody came in", p.name, a.Result, a.Reason)
	}
}

// mayEnter holds a green to what its gate had to know. The caller holds mu.
func (k *papers) mayEnter(s *scanned, knows time.Time) {
	for _, a := range k.acts {
		if !k.moves && !a.ended.IsZero() && a.generation > s.code.generation && a.ended.Before(knows) {
			k.wrong("%s lets in generation %d, and it knows of %s by %s, which made that void", s.post.name, s.code.generation, a.what, a.by)
		}
	}
	for _, other := range k.scans {
		switch {
		case other == s || !other.green || other.ended.After(s.begun):
		case other.post == s.post:
			k.wrong("%s lets in twice", s.post.name)
		case !other.shared.IsZero() && other.shared.Before(knows):
			k.wrong("%s lets in, and it knows that %s did", s.post.name, other.post.name)
		}
	}
}
