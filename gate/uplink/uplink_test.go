package uplink_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"usher/gate/uplink"
	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/fault"
	"usher/sync/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// town is a network on which a test decides who reaches whom.
type town struct {
	t     *testing.T
	mu    sync.Mutex // covers what follows
	hosts map[string]*exchangetest.Node
	down  map[string]bool
	ends  map[string][]*exchangetest.End
	tries map[string]int
	// served holds a node's side of a session where an uplink does.
	served map[string]func(context.Context, *exchangetest.End)
	group  sync.WaitGroup
}

func newTown(t *testing.T) *town {
	return &town{t: t, hosts: map[string]*exchangetest.Node{}, down: map[string]bool{}, ends: map[string][]*exchangetest.End{}, tries: map[string]int{}, served: map[string]func(context.Context, *exchangetest.End){}}
}

// dial connects to a node by its name.
func (n *town) dial(ctx context.Context, base string) (exchange.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tries[base]++
	node, serve := n.hosts[base], n.served[base]
	if node == nil && serve == nil || n.down[base] {
		return nil, fault.New(fault.Unavailable, "%s does not answer", base)
	}
	a, b := exchangetest.Pair(nil)
	n.ends[base] = append(n.ends[base], a)
	if serve == nil {
		serve = func(ctx context.Context, end *exchangetest.End) { _ = exchange.Run(ctx, end, node.Local) }
	}
	n.group.Go(func() { serve(n.t.Context(), b) })
	return a, nil
}

// cut takes a node off the network, or puts it back.
func (n *town) cut(base string, down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down[base] = down
	for _, e := range n.ends[base] {
		e.Cut()
	}
	n.ends[base] = nil
}

func (n *town) tried(base string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.tries[base]
}

const serverURL, peerURL = "https://server.example", "http://peer.example"

// start runs the uplink of a gate until the test ends.
func (n *town) start(gate *exchangetest.Node, cfg uplink.Config) (*uplink.Uplink, func()) {
	n.t.Helper()
	u, stop := n.begin(gate, cfg)
	return u, func() {
		stop()
		n.group.Wait()
	}
}

// begin is start for one of several that are linked to each other: n.group is to be
// waited for when all were stopped.
func (n *town) begin(gate *exchangetest.Node, cfg uplink.Config) (*uplink.Uplink, func()) {
	n.t.Helper()
	cfg.Local, cfg.Dial = gate.Local, n.dial
	u, err := uplink.New(n.t.Context(), cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(n.t.Context())
	done := make(chan error, 1)
	go func() { done <- u.Run(ctx) }()
	return u, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			n.t.Errorf("Run: %v", err)
		}
	}
}

func (n *town) status(u *uplink.Uplink) uplink.Status {
	n.t.Helper()
	s, err := u.Status(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	return s
}

func venue(t *testing.T, names ...string) (*exchangetest.Node, []*exchangetest.Node) {
	server := exchangetest.NewServer(t)
	server.Local.Now = time.Now
	var gates []*exchangetest.Node
	for _, name := range names {
		g := exchangetest.NewGate(t, name, server)
		g.Local.Now = time.Now
		server.Enrol(t, g)
		gates = append(gates, g)
	}
	return server, gates
}

func TestAGateIsContentToBeAloneForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		town := newTown(t)
		town.hosts[serverURL] = server
		town.cut(serverURL, true)
		u, stop := town.start(gates[0], uplink.Config{Server: serverURL})
		defer stop()
		gates[0].Own(t, 50)
		time.Sleep(72 * time.Hour)
		s := town.status(u)
		if s.Unsent != 50 || s.Alone != 50 || s.Remotes[0].Connected || s.Remotes[0].Err == nil || s.Remotes[0].Next.IsZero() {
			t.Errorf("alone: %+v", s)
		}
		most := 72 * int(time.Hour/(uplink.LongestPause/2))
		if n := town.tried(serverURL); n > most+10 || n < most/2 {
			t.Errorf("%d tries in three days, want at most %d and at least half of that", n, most)
		}
		town.cut(serverURL, false)
		time.Sleep(uplink.LongestPause + 2*time.Second)
		exchangetest.Same(t, server, gates[0])
		s = town.status(u)
		if s.Unsent != 0 || s.Alone != 0 || !s.Remotes[0].Connected || s.Remotes[0].Err != nil || !s.Time.Known {
			t.Errorf("connected: %+v", s)
		}
		if time.Since(s.Remotes[0].Heard) > 3*time.Second {
			t.Errorf("last heard %v ago", time.Since(s.Remotes[0].Heard))
		}
	})
}

func TestPausesAreNeverInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, gates := venue(t, "a", "b", "c", "d")
		town := newTown(t)
		var uplinks []*uplink.Uplink
		for _, g := range gates {
			u, stop := town.start(g, uplink.Config{Server: serverURL})
			defer stop()
			uplinks = append(uplinks, u)
		}
		time.Sleep(10 * time.Minute)
		next := map[time.Time]bool{}
		for _, u := range uplinks {
			next[town.status(u).Remotes[0].Next] = true
		}
		if len(next) != len(uplinks) {
			t.Errorf("%d gates try again at %d times", len(uplinks), len(next))
		}
	})
}

func TestRetryTriesNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		town := newTown(t)
		u, stop := town.start(gates[0], uplink.Config{Server: serverURL})
		defer stop()
		time.Sleep(time.Hour)
		town.mu.Lock()
		town.hosts[serverURL] = server
		town.mu.Unlock()
		u.Retry()
		time.Sleep(time.Second)
		if !town.status(u).Remotes[0].Connected {
			t.Error("not connected a second after Retry")
		}
	})
}

func TestAnExpelledGateIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		town := newTown(t)
		town.hosts[serverURL] = server
		u, stop := town.start(gates[0], uplink.Config{Server: serverURL})
		defer stop()
		time.Sleep(time.Minute)
		if town.status(u).Expelled {
			t.Error("expelled before it was")
		}
		server.Expel(t, gates[0])
		time.Sleep(10 * time.Second)
		if s := town.status(u); !s.Expelled {
			t.Errorf("not told: %+v", s)
		}
		before := town.tried(serverURL)
		time.Sleep(time.Hour)
		if n := town.tried(serverURL) - before; n > 121 {
			t.Errorf("it tried %d times in an hour", n)
		}
	})
}

// With the server gone, what one gate records is known at the other at once, and
// the server gets it from whoever meets it first.
func TestGatesKeepEachOtherInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north", "south")
		town := newTown(t)
		town.hosts[serverURL], town.hosts[peerURL] = server, gates[1]
		north, stop := town.start(gates[0], uplink.Config{Server: serverURL, Peers: []string{peerURL}})
		defer stop()
		time.Sleep(5 * time.Second)
		town.cut(serverURL, true)
		gates[0].Own(t, 10)
		gates[1].Own(t, 10)
		time.Sleep(time.Second)
		exchangetest.Same(t, gates[0], gates[1])
		if s := town.status(north); s.Unsent != 10 || s.Alone != 0 {
			t.Errorf("%d not at the server, %d nowhere else; want 10 and 0", s.Unsent, s.Alone)
		}
		town.cut(serverURL, false)
		time.Sleep(time.Minute)
		exchangetest.Same(t, gates[0], gates[1], server)
		if s := town.status(north); s.Unsent != 0 {
			t.Errorf("%d not at the server", s.Unsent)
		}
	})
}

func TestSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north", "south")
		town := newTown(t)
		town.hosts[serverURL], town.hosts[peerURL] = server, gates[1]
		gates[0].Own(t, 1000)
		gates[1].Own(t, 7)
		u, err := uplink.New(t.Context(), uplink.Config{Local: gates[0].Local, Dial: town.dial, Server: serverURL, Peers: []string{peerURL}})
		if err != nil {
			t.Fatal(err)
		}
		outcomes, err := u.Sync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if outcomes[0].Received != 2 || outcomes[1].Received != 7 {
			t.Errorf("received %+v", outcomes)
		}
		town.group.Wait()
		exchangetest.Same(t, gates[0], gates[1], server)
	})
}

func TestSyncSaysWhatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		town := newTown(t)
		town.hosts[peerURL] = server
		u, err := uplink.New(t.Context(), uplink.Config{Local: gates[0].Local, Dial: town.dial, Server: serverURL, Peers: []string{peerURL}})
		if err != nil {
			t.Fatal(err)
		}
		outcomes, err := u.Sync(t.Context())
		if !errors.Is(err, fault.Unavailable) || outcomes[0].Err == nil || outcomes[1].Err != nil {
			t.Errorf("%+v, %v", outcomes, err)
		}
		town.group.Wait()
		exchangetest.Same(t, gates[0], server)
		none, err := uplink.New(t.Context(), uplink.Config{Local: gates[0].Local})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := none.Sync(t.Context()); !errors.Is(err, fault.BadInput) {
			t.Errorf("with nobody to exchange with: %v", err)
		}
	})
}

func TestBadAddressesAreRefused(t *testing.T) {
	_, gates := venue(t, "north")
	for _, base := range []string{"server", "ftp://server", "https://"} {
		if _, err := uplink.New(t.Context(), uplink.Config{Local: gates[0].Local, Server: base}); !errors.Is(err, fault.BadInput) {
			t.Errorf("server %q: %v", base, err)
		}
	}
}

// drawer keeps a clock's offset in memory.
type drawer struct {
	mu      sync.Mutex
	kept    exchange.Estimate
	steps   int
	correct int
}

func (d *drawer) Offset(context.Context) (exchange.Estimate, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept, nil
}

func (d *drawer) Correct(_ context.Context, e exchange.Estimate, stepped bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept = e
	d.correct++
	if stepped {
		d.steps++
	}
	return nil
}

func TestTimeIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		var mu sync.Mutex
		slow := -17 * time.Minute
		gates[0].Local.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(slow)
		}
		town := newTown(t)
		town.hosts[serverURL] = server
		times := new(drawer)
		u, stop := town.start(gates[0], uplink.Config{Server: serverURL, Times: times})
		time.Sleep(time.Minute)
		if e := town.status(u).Time; !e.Known || (e.Offset-17*time.Minute).Abs() > e.Uncertainty {
			t.Errorf("estimate %+v", e)
		}
		mu.Lock()
		slow = time.Hour
		mu.Unlock()
		time.Sleep(10 * time.Second)
		if kept, _ := times.Offset(t.Context()); times.steps != 1 || (kept.Offset+time.Hour).Abs() > kept.Uncertainty {
			t.Errorf("after a step: %+v, %d steps", kept, times.steps)
		}
		stop()
		again, err := uplink.New(t.Context(), uplink.Config{Local: gates[0].Local, Times: times})
		if err != nil {
			t.Fatal(err)
		}
		if e := town.status(again).Time; !e.Known || (e.Offset+time.Hour).Abs() > e.Uncertainty {
			t.Errorf("after a restart: %+v", e)
		}
	})
}

// Over real sockets: a gate serves another.
func TestHandler(t *testing.T) {
	_, gates := venue(t, "north", "south")
	for _, g := range gates {
		g.Local.Introduction = nil
	}
	south, err := uplink.New(t.Context(), uplink.Config{Local: gates[1].Local})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /api/v1/sync/{event}", south.Handler())
	server := httptest.NewServer(mux)
	defer server.Close()
	north, err := uplink.New(t.Context(), uplink.Config{Local: gates[0].Local, Peers: []string{server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := north.Sync(t.Context()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("before Run: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- south.Run(ctx) }()
	defer func() {
		cancel()
		<-done
	}()
	// Both are of the event and neither has heard so from the server.
	for err = error(fault.Unavailable); errors.Is(err, fault.Unavailable); {
		_, err = north.Sync(t.Context())
	}
	if !errors.Is(err, fault.Unauthorised) {
		t.Errorf("strangers to each other: %v", err)
	}
	for _, g := range gates {
		hand(t, g, gates)
	}
	gates[0].Own(t, 5)
	if _, err := north.Sync(t.Context()); err != nil {
		t.Error(err)
	}
	exchangetest.Same(t, gates[0], gates[1])
	address, _ := link.Address(server.URL, "OTHER-1")
	if _, err := (link.Dialer{}).Dial(t.Context(), address); !errors.Is(err, fault.NotFound) {
		t.Errorf("another event: %v", err)
	}
}

// hand gives a gate the server's word on all gates.
func hand(t *testing.T, to *exchangetest.Node, gates []*exchangetest.Node) {
	t.Helper()
	server := exchangetest.NewServer(t)
	for _, g := range gates {
		server.Enrol(t, g)
	}
	if err := to.Accept(t.Context(), server.Memory.Records(server.Chain())); err != nil {
		t.Fatal(err)
	}
}

// Strangers who connect and say nothing can't keep others out for good, nor take
// all places from one address.
func TestStrangersAtTheDoor(t *testing.T) {
	_, gates := venue(t, "north")
	u, err := uplink.New(t.Context(), uplink.Config{Local: gates[0].Local})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(u.Handler())
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- u.Run(ctx) }()
	var open []exchange.Conn
	var refused error
	for len(open) <= uplink.MaxUnprovenEach && refused == nil {
		conn, err := link.Dialer{}.Dial(t.Context(), "ws"+server.URL[len("http"):])
		switch {
		case err == nil:
			open = append(open, conn)
		case !errors.Is(err, fault.Unavailable): // until Run has begun
			refused = err
		}
	}
	if !errors.Is(refused, fault.TooMany) || len(open) != uplink.MaxUnprovenEach {
		t.Errorf("%d strangers are in, then %v", len(open), refused)
	}
	cancel()
	<-done
	for _, conn := range open {
		conn.Close()
	}
}
