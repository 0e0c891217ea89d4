package drain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/e2e/venue"
	"usher/gate"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/admission"
	"usher/sync/journal"
)

func TestMain(m *testing.M) {
	keyring.DefaultParams = keyring.Params{Time: 1, KiB: 64, Threads: 1}
	os.Exit(m.Run())
}

// gates are those of the event, each with a device.
var gates = []string{"east", "north", "west"}

// process is a server.
type process struct {
	*server.Server
	address string
	stop    func() // as SIGTERM does; returns when it has ended
}

// start starts a server at an address.
func start(t *testing.T, cfg server.Config, address string) *process {
	t.Helper()
	s, err := server.Open(t.Context(), cfg)
	if err == nil {
		err = s.Unlock(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	p := &process{Server: s, address: listener.Addr().String()}
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Errorf("a server ended: %v", err)
		}
	})
	t.Cleanup(p.stop)
	return p
}

// balancer sends each request to one of the servers that say they are ready.
type balancer struct {
	*httptest.Server
	mu    sync.Mutex
	ready []string
	next  int
}

// look asks each server how it is, until ctx ends.
func (b *balancer) look(ctx context.Context, servers []string) {
	client := http.Client{Timeout: time.Second}
	for ctx.Err() == nil {
		var ready []string
		for _, address := range servers {
			if answer, err := client.Get("http://" + address + "/readyz"); err == nil {
				answer.Body.Close()
				if answer.StatusCode == http.StatusOK {
					ready = append(ready, address)
				}
			}
		}
		b.mu.Lock()
		b.ready = ready
		b.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
	}
}

func (b *balancer) pick() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ready) == 0 {
		return "127.0.0.1:1"
	}
	b.next++
	return b.ready[b.next%len(b.ready)]
}

func newBalancer(t *testing.T, servers []string) *balancer {
	b := &balancer{}
	b.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: b.pick()}) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	ctx, cancel := context.WithCancel(t.Context())
	var looking sync.WaitGroup
	looking.Go(func() { b.look(ctx, servers) })
	t.Cleanup(func() {
		cancel()
		looking.Wait()
		b.CloseClientConnections()
		b.Close()
	})
	return b
}

// apply makes the event with its tickets, and gives their codes.
func apply(t *testing.T, s *server.Server, tickets int) (codes []string) {
	t.Helper()
	spec := &catalog.Spec{
		File: "test", Code: venue.Event, Name: "Test of drains", Zone: "Europe/Berlin",
		Starts: time.Now().Add(-time.Hour).Unix(), Ends: time.Now().Add(6 * time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 300},
		Zones:    []catalog.ZoneSpec{{Code: "main", Name: "Main"}},
		Products: []catalog.ProductSpec{{Code: "ga", Name: "General", Zones: []string{"main"}}},
	}
	for _, g := range gates {
		spec.Gates = append(spec.Gates, catalog.GateSpec{Code: g, Name: g, Zone: "main", All: true})
	}
	_, err := s.Catalog.Apply(t.Context(), spec)
	var list strings.Builder
	list.WriteString("external_id,name,email,product\n")
	for i := range tickets {
		fmt.Fprintf(&list, "T%05d,Guest %d,,ga\n", i, i)
	}
	if err == nil {
		_, err = s.Tickets.Import(t.Context(), venue.Event, "guests.csv", strings.NewReader(list.String()), nil)
	}
	if err == nil {
		err = s.Tickets.Each(t.Context(), venue.Event, func(k ticketing.Ticket) error { codes = append(codes, k.Token); return nil })
	}
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// open enrols a device by way of the balancer and runs its agent.
func open(t *testing.T, s *server.Server, base, name string) *venue.Door {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), name)
	card, err := s.Doors.NewCard(t.Context(), base, venue.Event, name, grant.RoleScanner, time.Hour)
	must(err)
	st, err := store.Open(t.Context(), dir)
	must(err)
	_, err = enrol.Enrol(t.Context(), enrol.Config{Store: st, Card: card.Text(), Name: name, Rand: s.Rand, Now: time.Now})
	must(errors.Join(err, st.Close()))
	g, err := gate.Open(t.Context(), gate.Config{Data: dir, Find: gate.Finding{Off: true}})
	must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	a, err := gate.NewAgent(g, listener)
	must(err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, g.Close()); err != nil {
			t.Errorf("the agent of %s: %v", name, err)
		}
	})
	return venue.DoorAt(a.URL)
}

// crowd goes in at all gates until it is told to stop, and each ticket tries again at
// another gate once the news is there.
type crowd struct {
	t     *testing.T
	doors []*venue.Door
	codes []string
	over  atomic.Bool
	let   atomic.Int64 // in
}

func (c *crowd) lane(lane int) {
	for i := lane; i < len(c.codes) && !c.over.Load(); i += len(c.doors) {
		here, there := c.doors[lane], c.doors[(lane+1)%len(c.doors)]
		a, err := here.Scan(c.codes[i], "1")
		if err != nil || a.Result != admission.Accept {
			c.t.Errorf("a good ticket: %+v, %v", a.Verdict, err)
			return
		}
		c.let.Add(1)
		for end := time.Now().Add(venue.Patience); ; time.Sleep(5 * time.Millisecond) {
			if a, err = there.Look(c.codes[i]); err == nil && a.Reason == admission.AlreadyUsed {
				break
			}
			if time.Now().After(end) {
				c.t.Errorf("the other gate never hears of an entry: %+v, %v", a.Verdict, err)
				return
			}
		}
		if a, err = there.Scan(c.codes[i], "1"); err != nil || a.Result == admission.Accept {
			c.t.Errorf("a ticket that is inside: %+v, %v", a.Verdict, err)
			return
		}
	}
}

// watch notes when a gate's door page would say that the server is gone.
func (c *crowd) watch(d *venue.Door, name string) {
	for !c.over.Load() {
		if s, err := d.Status(); err != nil || !s.Server {
			c.t.Errorf("for a moment %s had no server: %v", name, err)
			return
		}
		time.Sleep(3 * time.Millisecond)
	}
}

// exchanges is how many gates a server holds, as it says itself.
func exchanges(t *testing.T, address string) string {
	answer, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	_, after, _ := strings.Cut(string(text), "\nusher_exchanges ")
	n, _, _ := strings.Cut(after, "\n")
	return n
}

// Servers are replaced and taken out one after the other while people go in at three
// gates: no door page shows a blink, no record is lost, nobody is let in twice.
func TestGatesAreMoved(t *testing.T) {
	cfg := server.Config{Database: dbtest.PostgresURL(t, migrations.Server), Unsealed: true, Drain: 3 * time.Second}
	one := start(t, cfg, "127.0.0.1:0")
	two := start(t, cfg, "127.0.0.1:0")
	addresses := []string{one.address, two.address}
	b := newBalancer(t, addresses)
	c := &crowd{t: t, codes: apply(t, one.Server, 2000)}
	for _, g := range gates {
		c.doors = append(c.doors, open(t, one.Server, b.URL, g))
	}
	for _, d := range c.doors {
		venue.Until(t, "every gate has its server and the list", func() bool {
			s, err := d.Status()
			return err == nil && s.Server && s.Ready
		})
	}
	var people sync.WaitGroup
	for i, d := range c.doors {
		people.Go(func() { c.lane(i) })
		people.Go(func() { c.watch(d, gates[i]) })
	}
	one.stop() // it drains first
	venue.Until(t, "the other server holds all gates", func() bool { return exchanges(t, addresses[1]) == "3" })
	one = start(t, cfg, one.address)
	two.StartDrain()
	venue.Until(t, "the gates are at the new one", func() bool {
		return exchanges(t, addresses[1]) == "0" && exchanges(t, addresses[0]) == "3"
	})
	two.EndDrain()
	c.over.Store(true)
	people.Wait()
	for _, d := range c.doors {
		venue.Until(t, "every record is at the server", func() bool {
			s, err := d.Status()
			return err == nil && s.Unsent == 0
		})
	}
	for _, p := range []*process{one, two} {
		venue.Until(t, "both servers count everybody once", func() bool {
			board, err := p.Doors.Board(t.Context(), venue.Event)
			if err != nil {
				t.Fatal(err)
			}
			return int64(board.Zones[0].Inside) == c.let.Load() && len(board.Conflicts) == 0 && len(board.Faults) == 0
		})
	}
	report, err := one.Audit(t.Context(), venue.Event, nil)
	if err != nil || !report.Sound() {
		t.Errorf("the journals are not sound: %+v, %v", report, err)
	}
	t.Logf("%d people went in", c.let.Load())
}
