package crash

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"usher/e2e/venue"
	"usher/gate"
	"usher/gate/turnstile"
	"usher/server"
	"usher/sync/admission"
	"usher/sync/journal"
)

// held gives how far the server's disk holds a chain.
func held(ctx context.Context, v *venue.Venue, chain journal.Chain) uint64 {
	v.T.Helper()
	s, err := server.Open(ctx, server.Config{Data: v.Path("server"), Unsealed: true})
	v.Must(err)
	defer s.Close()
	vector, err := s.Journals.Store(venue.Event).Vector(ctx)
	v.Must(err)
	return vector[chain].Seq
}

// Killed at any instant of an exchange, a server has on its disk all that a gate
// was told it has; the rest comes with the next exchange.
func TestServerKilledInAnExchange(t *testing.T) {
	const tickets = 1500
	v := newVenue(t, tickets, "north")
	ctx := t.Context()
	g, err := gate.Open(ctx, gate.Config{Data: v.Path("north")})
	v.Must(err)
	defer g.Close()
	for _, code := range v.Codes {
		if out := g.Turnstile.Scan(ctx, turnstile.Attempt{Text: code, Direction: admission.In, How: "wedge", Lane: "1"}); !out.Green() {
			t.Fatalf("a good ticket: %s %s", out.Result, out.Reason)
		}
	}
	own := journal.Chain{Node: g.Enrolment.Node}
	for range *rounds {
		p := v.ServeProcess()
		synced := make(chan error, 1)
		go func() { synced <- g.Sync(ctx) }()
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
		p.Kill()
		<-synced // it may have been quicker
		status, err := g.Uplink.Status(ctx)
		v.Must(err)
		if told, has := status.Own-status.Unsent, held(ctx, v, own); has < told {
			t.Fatalf("the gate was told that the server holds %d records, it holds %d", told, has)
		}
	}
	p := v.ServeProcess()
	v.Must(g.Sync(ctx))
	p.Kill()
	if has := held(ctx, v, own); has != tickets {
		t.Errorf("in the end the server holds %d records, want %d", has, tickets)
	}
}

// Two gates that know each other keep each other right with no server in reach;
// when there is one, it gets all of it from either.
func TestGatesWithoutAServer(t *testing.T) {
	v := newVenue(t, 4, "north", "south")
	north := v.Agent("north", nil)
	south := v.Agent("south", nil, "--peer", north.URL())
	if a, err := north.Scan(v.Codes[0], "1"); err != nil || a.Result != admission.Accept {
		t.Fatalf("a good ticket: %+v, %v", a.Verdict, err)
	}
	// South looks, so that waiting for the news changes nothing.
	south.Until(t, "the news at south", func() bool {
		a, err := south.Look(v.Codes[0])
		return err == nil && a.Reason == admission.AlreadyUsed
	})
	if a, err := south.Scan(v.Codes[1], "1"); err != nil || a.Result != admission.Accept {
		t.Fatalf("another good ticket: %+v, %v", a.Verdict, err)
	}
	north.Until(t, "the news at north", func() bool {
		a, err := north.Look(v.Codes[1])
		return err == nil && a.Reason == admission.AlreadyUsed
	})
	south.Kill()
	p := v.ServeProcess()
	var nodes []journal.Chain
	for _, name := range []string{"north", "south"} {
		look := v.Peek(name)
		nodes = append(nodes, journal.Chain{Node: look.Enrolment.Node})
		look.Close()
	}
	p.Until(t, "both gates' records at the server", func() bool {
		_ = north.Sync() // whether it could is seen there
		return held(t.Context(), v, nodes[0]) == 1 && held(t.Context(), v, nodes[1]) == 1
	})
	north.Kill()
	p.Kill()
}
