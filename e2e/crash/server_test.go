package crash

import (
	"context"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"usher/gate"
	"usher/gate/turnstile"
	"usher/server"
	"usher/sync/admission"
	"usher/sync/journal"
)

// serve starts the server's process and waits until it can do its work.
func (v *venue) serve() *process {
	v.t.Helper()
	p := v.run(nil, "serve", "--data", v.path("server"), "--listen", v.address)
	v.until("the server", p, func() bool {
		answer, err := http.Get("http://" + v.address + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return p
}

// held gives how far the server's disk holds a chain.
func (v *venue) held(ctx context.Context, chain journal.Chain) uint64 {
	v.t.Helper()
	s, err := server.Open(ctx, server.Config{Data: v.path("server"), Unsealed: true})
	v.must(err)
	defer s.Close()
	vector, err := s.Journals.Store(event).Vector(ctx)
	v.must(err)
	return vector[chain].Seq
}

// Killed at any instant of an exchange, a server has on its disk all that a gate
// was told it has; the rest comes with the next exchange.
func TestServerKilledInAnExchange(t *testing.T) {
	const tickets = 1500
	v := newVenue(t, tickets, "north")
	ctx := t.Context()
	g, err := gate.Open(ctx, gate.Config{Data: v.path("north")})
	v.must(err)
	defer g.Close()
	for _, code := range v.codes {
		if out := g.Turnstile.Scan(ctx, turnstile.Attempt{Text: code, Direction: admission.In, How: "wedge", Lane: "1"}); !out.Green() {
			t.Fatalf("a good ticket: %s %s", out.Result, out.Reason)
		}
	}
	own := journal.Chain{Node: g.Enrolment.Node}
	for range *rounds {
		p := v.serve()
		synced := make(chan error, 1)
		go func() { synced <- g.Sync(ctx) }()
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
		p.kill()
		<-synced // it may have been quicker
		status, err := g.Uplink.Status(ctx)
		v.must(err)
		if told, has := status.Own-status.Unsent, v.held(ctx, own); has < told {
			t.Fatalf("the gate was told that the server holds %d records, it holds %d", told, has)
		}
	}
	p := v.serve()
	v.must(g.Sync(ctx))
	p.kill()
	if has := v.held(ctx, own); has != tickets {
		t.Errorf("in the end the server holds %d records, want %d", has, tickets)
	}
}

// Two gates that know each other keep each other right with no server in reach;
// when there is one, it gets all of it from either.
func TestGatesWithoutAServer(t *testing.T) {
	v := newVenue(t, 4, "north", "south")
	north := v.agent("north", nil)
	south := v.agent("south", nil, "--peer", north.url)
	if a := north.scan(v.codes[0], "1"); a == nil || a.Result != admission.Accept {
		t.Fatalf("a good ticket: %+v", a)
	}
	// South looks, so that waiting for the news changes nothing.
	v.until("the news at south", south, func() bool {
		a := south.look(v.codes[0])
		return a != nil && a.Reason == admission.AlreadyUsed
	})
	if a := south.scan(v.codes[1], "1"); a == nil || a.Result != admission.Accept {
		t.Fatalf("another good ticket: %+v", a)
	}
	v.until("the news at north", north, func() bool {
		a := north.look(v.codes[1])
		return a != nil && a.Reason == admission.AlreadyUsed
	})
	south.kill()
	p := v.serve()
	var nodes []journal.Chain
	for _, name := range []string{"north", "south"} {
		look := v.peek(name)
		nodes = append(nodes, journal.Chain{Node: look.Enrolment.Node})
		look.Close()
	}
	v.until("both gates' records at the server", p, func() bool {
		north.sync()
		return v.held(t.Context(), nodes[0]) == 1 && v.held(t.Context(), nodes[1]) == 1
	})
	north.kill()
	p.kill()
}
