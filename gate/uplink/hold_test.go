package uplink_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/gate/uplink"
	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/fault"
)

// process is one of several servers on one database.
type process struct {
	node  *exchangetest.Node
	leave chan struct{} // closed when it drains

	mu   sync.Mutex // covers what follows
	now  int        // sessions
	came []time.Time
}

func newProcess(node *exchangetest.Node) *process {
	return &process{node: node, leave: make(chan struct{})}
}

// serve holds the process's side of a session.
func (p *process) serve(ctx context.Context, end *exchangetest.End) {
	p.mu.Lock()
	p.now++
	p.came = append(p.came, time.Now())
	p.mu.Unlock()
	local := p.node.Local
	local.Leaving, local.Peers = p.leave, new(exchange.Peers)
	_ = exchange.Run(ctx, end, local)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now--
}

func (p *process) sessions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// arrivals is when each session began.
func (p *process) arrivals() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.came)
}

// answer has a process answer at an address from now on; nil: it answers that it can't.
func (n *town) answer(base string, p *process) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.served, base)
	if p != nil {
		n.served[base] = p.serve
	}
}

// connected watches a gate for a while, and reports whether it had its server all the
// time.
func connected(u *uplink.Uplink, t *testing.T, d time.Duration) (always bool) {
	t.Helper()
	always = true
	for range d / (5 * time.Millisecond) {
		time.Sleep(5 * time.Millisecond)
		s, err := u.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		always = always && s.Remotes[0].Connected
	}
	return always
}

// A gate whose server drains goes on with the next one before it leaves the first:
// it is never without, and nothing that it writes meanwhile is lost.
func TestADrainMovesAGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		town, first, second := newTown(t), newProcess(server), newProcess(server)
		town.answer(serverURL, first)
		u, stop := town.start(gates[0], uplink.Config{Server: serverURL})
		defer stop()
		time.Sleep(5 * time.Second)
		writing := make(chan struct{})
		go func() {
			defer close(writing)
			for range 100 {
				gates[0].Own(t, 1)
				time.Sleep(37 * time.Millisecond)
			}
		}()
		town.answer(serverURL, second)
		close(first.leave)
		if !connected(u, t, exchange.MoveWithin+time.Second) {
			t.Error("for a moment the gate had no server")
		}
		if a, b := first.sessions(), second.sessions(); a != 0 || b != 1 {
			t.Errorf("%d sessions with the first server, %d with the second", a, b)
		}
		<-writing
		time.Sleep(time.Second)
		exchangetest.Same(t, server, gates[0])
		if s := town.status(u); s.Unsent != 0 || s.Remotes[0].Err != nil {
			t.Errorf("afterwards: %+v", s)
		}
		time.Sleep(time.Minute)
		if n := town.tried(serverURL); n != 2 {
			t.Errorf("it connected %d times, want twice", n)
		}
	})
}

// While no other server answers, the gate stays where it is; when one does, it goes.
// Should the first end before, the gate finds the next as after any cut.
func TestADrainThatNobodyTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		town, first, second := newTown(t), newProcess(server), newProcess(server)
		town.answer(serverURL, first)
		u, stop := town.start(gates[0], uplink.Config{Server: serverURL})
		defer stop()
		time.Sleep(5 * time.Second)
		town.answer(serverURL, nil)
		close(first.leave)
		if !connected(u, t, 10*time.Minute) || first.sessions() != 1 {
			t.Error("it gave up the server that it had")
		}
		if n := town.tried(serverURL); n < 20 || n > 60 {
			t.Errorf("%d tries in ten minutes", n)
		}
		town.answer(serverURL, second)
		if !connected(u, t, uplink.LongestPause+time.Second) || first.sessions() != 0 || second.sessions() != 1 {
			t.Errorf("%d sessions with the first server, %d with the second", first.sessions(), second.sessions())
		}
		town.answer(serverURL, nil)
		close(second.leave)
		time.Sleep(exchange.MoveWithin)
		town.cut(serverURL, false)
		time.Sleep(time.Second)
		if town.status(u).Remotes[0].Connected {
			t.Error("it is connected to nobody")
		}
		third := newProcess(server)
		town.answer(serverURL, third)
		time.Sleep(uplink.LongestPause)
		if !town.status(u).Remotes[0].Connected || third.sessions() != 1 {
			t.Error("it found no way back")
		}
	})
}

// Many gates that are moved don't come all at once.
func TestMovesAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var names []string
		for i := range 20 {
			names = append(names, fmt.Sprint("gate ", i))
		}
		server, gates := venue(t, names...)
		town, first, second := newTown(t), newProcess(server), newProcess(server)
		town.answer(serverURL, first)
		defer town.group.Wait()
		for _, g := range gates {
			g.Local.Rand = rand.Reader
			_, stop := town.begin(g, uplink.Config{Server: serverURL})
			defer stop()
		}
		time.Sleep(5 * time.Second)
		town.answer(serverURL, second)
		began := time.Now()
		close(first.leave)
		time.Sleep(exchange.MoveWithin + time.Second)
		quarters := map[time.Duration]int{}
		came := second.arrivals()
		for _, at := range came {
			quarters[at.Sub(began)/(exchange.MoveWithin/4)]++
		}
		if len(came) != len(gates) || len(quarters) < 3 || first.sessions() != 0 {
			t.Errorf("%d gates came, by the quarter %v; %d stayed", len(came), quarters, first.sessions())
		}
	})
}

// Who is no server moves nobody.
func TestOnlyAServerMovesAGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north", "south")
		for _, g := range gates {
			if err := g.Accept(t.Context(), server.Memory.Records(server.Chain())); err != nil {
				t.Fatal(err)
			}
		}
		town, other := newTown(t), newProcess(gates[1])
		town.answer(peerURL, other)
		_, stop := town.start(gates[0], uplink.Config{Peers: []string{peerURL}})
		defer stop()
		time.Sleep(5 * time.Second)
		close(other.leave)
		time.Sleep(time.Minute)
		if n := town.tried(peerURL); n != 1 {
			t.Errorf("it connected %d times", n)
		}
	})
}

// A gate that knows several addresses goes to the next where one doesn't answer, and
// where its server drains.
func TestSeveralAddresses(t *testing.T) {
	const otherURL, thirdURL = "https://server-2.example", "https://server-3.example"
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		town, second, third := newTown(t), newProcess(server), newProcess(server)
		town.answer(thirdURL, third)
		u, stop := town.start(gates[0], uplink.Config{Server: serverURL, Others: []string{otherURL, thirdURL}})
		defer stop()
		time.Sleep(2 * uplink.TurnPause)
		if s := town.status(u); !s.Remotes[0].Connected || s.Remotes[0].URL != thirdURL || len(s.Remotes) != 1 {
			t.Fatalf("at once: %+v", s.Remotes)
		}
		town.answer(otherURL, second)
		close(third.leave)
		if !connected(u, t, 6*time.Second) || second.sessions() != 1 || third.sessions() != 0 {
			t.Errorf("moved: %+v", town.status(u).Remotes)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		town := newTown(t)
		town.hosts[otherURL] = server
		u, err := uplink.New(t.Context(), uplink.Config{Local: gates[0].Local, Dial: town.dial, Server: serverURL, Others: []string{otherURL}})
		if err != nil {
			t.Fatal(err)
		}
		if outcomes, err := u.Sync(t.Context()); err != nil || len(outcomes) != 1 {
			t.Errorf("a sync: %+v, %v", outcomes, err)
		}
		town.group.Wait()
	})
	_, gates := venue(t, "north")
	if _, err := uplink.New(t.Context(), uplink.Config{Local: gates[0].Local, Server: serverURL, Others: []string{"nonsense"}}); !errors.Is(err, fault.BadInput) {
		t.Errorf("a bad address: %v", err)
	}
}
