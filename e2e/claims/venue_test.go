package claims

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/gate/turnstile"
	"usher/server"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/admission"
	"usher/sync/journal"
)

const event = "CLAIM"

// long is longer than anything takes that is bound to come, on however slow a machine.
const long = 40 * time.Second

// venue is a server on the network and two gates that know of no other than it.
type venue struct {
	*server.Server
	t     testing.TB
	codes []string // of the tickets
	used  int      // of them
	lines lines
	gates [2]*door
}

// door is a gate that runs its uplink.
type door struct {
	*gate.Gate
	t testing.TB
}

// newVenue makes the gates wait so long for the server, and the server as long for them;
// 0: as they do at a real door.
func newVenue(t testing.TB, tickets int, wait time.Duration) *venue {
	t.Helper()
	s, err := server.Open(t.Context(), server.Config{Data: filepath.Join(t.TempDir(), "server"), Unsealed: true})
	if err != nil {
		t.Fatal(err)
	}
	v := &venue{Server: s, t: t}
	t.Cleanup(func() { v.must(s.Close()) })
	if wait > 0 {
		s.Doors.ClaimTimes(wait, wait)
	}
	v.must(s.Unlock(t.Context()))
	_, err = s.Catalog.Apply(t.Context(), &catalog.Spec{
		File: "test", Code: event, Name: event, Zone: "Europe/Berlin",
		Starts: time.Now().Add(-time.Hour).Unix(), Ends: time.Now().Add(6 * time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 300},
		Zones:    []catalog.ZoneSpec{{Code: "main", Name: "Main"}},
		Products: []catalog.ProductSpec{{Code: "ga", Name: "General", Zones: []string{"main"}}},
		Gates: []catalog.GateSpec{
			{Code: "north", Name: "North", Zone: "main", All: true}, {Code: "south", Name: "South", Zone: "main", All: true},
		},
	})
	v.must(err)
	v.issue(tickets)
	address := v.serve()
	for i, name := range []string{"north", "south"} {
		v.gates[i] = v.open(name, address, wait)
	}
	for _, d := range v.gates {
		v.must(d.Sync(t.Context())) // so that each knows of the other
		d.run()
	}
	v.linked()
	return v
}

func (v *venue) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *venue) issue(n int) {
	v.t.Helper()
	var list strings.Builder
	list.WriteString("external_id,name,email,product\n")
	for i := range n {
		fmt.Fprintf(&list, "T%05d,Guest %d,,ga\n", i, i)
	}
	_, err := v.Tickets.Import(v.t.Context(), event, "guests.csv", strings.NewReader(list.String()), nil)
	v.must(err)
	v.must(v.Tickets.Each(v.t.Context(), event, func(k ticketing.Ticket) error {
		v.codes = append(v.codes, k.Token)
		return nil
	}))
}

// next gives the code of a ticket that nobody has used.
func (v *venue) next() string {
	v.used++
	return v.codes[v.used-1]
}

// serve answers the network, and gives where.
func (v *venue) serve() string {
	v.t.Helper()
	handler, end, err := v.Handler(v.t.Context())
	v.must(err)
	site := httptest.NewUnstartedServer(handler)
	v.lines.Listener = site.Listener
	site.Listener = &v.lines
	site.Start()
	v.t.Cleanup(func() {
		v.lines.cut()
		end()
		site.Close()
	})
	return site.URL
}

// lines are the connections to the server, as it takes them.
type lines struct {
	net.Listener
	mu    sync.Mutex // covers what follows
	open  []net.Conn
	stuck bool
}

// Accept implements net.Listener.
func (l *lines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = append(l.open, c)
	return &line{c, l}, nil
}

// cut ends every connection, as a server does that is killed; new ones are whole.
func (l *lines) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		_ = c.Close() // it may have ended already
	}
	l.open, l.stuck = nil, false
}

// stick loses all that the server says from now on, as a line does that is half open.
func (l *lines) stick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stuck = true
}

// line is a connection to the server.
type line struct {
	net.Conn
	of *lines
}

// Write implements net.Conn.
func (c *line) Write(b []byte) (int, error) {
	c.of.mu.Lock()
	stuck := c.of.stuck
	c.of.mu.Unlock()
	if stuck {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// open makes a device at a gate.
func (v *venue) open(name, address string, wait time.Duration) *door {
	v.t.Helper()
	ctx, dir := v.t.Context(), filepath.Join(v.t.TempDir(), name)
	card, err := v.Doors.NewCard(ctx, address, event, name, grant.RoleScanner, time.Hour)
	v.must(err)
	st, err := store.Open(ctx, dir)
	v.must(err)
	_, err = enrol.Enrol(ctx, enrol.Config{Store: st, Card: card.Text(), Name: name, Rand: v.Rand, Now: time.Now})
	v.must(errors.Join(err, st.Close()))
	g, err := gate.Open(ctx, gate.Config{Data: dir, ClaimWait: wait})
	v.must(err)
	v.t.Cleanup(func() { v.must(g.Close()) })
	v.must(g.Sync(ctx))
	return &door{g, v.t}
}

// run keeps the gate linked until the test ends.
func (d *door) run() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(d.t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.Uplink.Run(ctx) // ends with ctx
	}()
	d.t.Cleanup(func() {
		cancel()
		<-done
	})
}

// linked waits until both gates can ask the server, each about a ticket of its own that
// does not exist.
func (v *venue) linked() {
	v.t.Helper()
	for i, d := range v.gates {
		v.until("a link to the server", func() bool {
			d.Uplink.Retry()
			return d.Uplink.Claim(v.t.Context(), journal.TicketID{byte(i)})
		})
	}
}

func (v *venue) until(what string, so func() bool) {
	v.t.Helper()
	for end := time.Now().Add(long); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			v.t.Fatalf("waited %v for %s", long, what)
		}
	}
}

// scan holds a code before the gate.
func (d *door) scan(code string) turnstile.Outcome {
	return d.Turnstile.Scan(d.t.Context(), turnstile.Attempt{Text: code, Direction: admission.In, How: "wedge", Lane: "1"})
}

// both holds a code before both gates at once.
func (v *venue) both(code string) (outs [2]turnstile.Outcome) {
	var group sync.WaitGroup
	begin := make(chan struct{})
	for i, d := range v.gates {
		group.Go(func() {
			<-begin
			outs[i] = d.scan(code)
		})
	}
	close(begin)
	group.Wait()
	return outs
}

// settled waits until the server and both gates have taken all into account that the
// gates wrote.
func (v *venue) settled() {
	v.t.Helper()
	st, err := v.Doors.State(v.t.Context(), event)
	v.must(err)
	for _, author := range v.gates {
		chain := journal.Chain{Node: author.Enrolment.Node}
		held, err := author.Store.Vector(v.t.Context())
		v.must(err)
		v.until("the records of "+author.Enrolment.Gate, func() bool {
			return st.Holds(chain, held[chain].Seq) && v.gates[0].State.Holds(chain, held[chain].Seq) && v.gates[1].State.Holds(chain, held[chain].Seq)
		})
	}
}

// conflicts gives how many the server and the gates know of.
func (v *venue) conflicts() (n [3]int) {
	v.t.Helper()
	v.settled()
	st, err := v.Doors.State(v.t.Context(), event)
	v.must(err)
	return [3]int{len(st.Conflicts()), len(v.gates[0].State.Conflicts()), len(v.gates[1].State.Conflicts())}
}
