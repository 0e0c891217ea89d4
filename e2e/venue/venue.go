package venue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/server"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/journal"
)

// Event is the code of every venue's event.
const Event = "GIG"

// Patience bounds what is waited for; nothing is measured by it.
const Patience = 40 * time.Second

// Venue is a server and gates that were enrolled with it, all level.
type Venue struct {
	*server.Server // nil once it is closed

	T       testing.TB
	Dir     string
	Address string                      // of the server, whoever answers there
	Codes   []string                    // of the tickets, in the order in which they were issued
	IDs     map[string]journal.TicketID // of the tickets, by code

	cfg  server.Config
	stop func() // ends the serving; nil: it does not serve
}

// New makes a venue with so many tickets of one admission. Its server serves.
func New(t testing.TB, tickets int, gates ...string) *Venue {
	t.Helper()
	return NewOn(t, server.Config{}, tickets, gates...)
}

// NewOn is New with the server's data where a config says, in a file if it doesn't.
func NewOn(t testing.TB, cfg server.Config, tickets int, gates ...string) *Venue {
	t.Helper()
	v := &Venue{T: t, Dir: t.TempDir(), Address: "127.0.0.1:0", IDs: make(map[string]journal.TicketID), cfg: cfg}
	v.cfg.Unsealed = true
	v.OpenServer(v.Path("server"))
	spec := &catalog.Spec{
		File: "test", Code: Event, Name: "Test of the whole", Zone: "Europe/Berlin",
		Starts: time.Now().Add(-time.Hour).Unix(), Ends: time.Now().Add(6 * time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 300},
		Zones:    []catalog.ZoneSpec{{Code: "main", Name: "Main"}},
		Products: []catalog.ProductSpec{{Code: "ga", Name: "General", Zones: []string{"main"}}},
	}
	for _, g := range gates {
		spec.Gates = append(spec.Gates, catalog.GateSpec{Code: g, Name: g, Zone: "main", All: true})
	}
	_, err := v.Catalog.Apply(t.Context(), spec)
	v.Must(err)
	v.Issue(tickets, 1)
	v.Serve()
	for _, g := range gates {
		v.Enrol(g, g)
	}
	for _, g := range gates { // so that each knows of those enrolled after it
		v.Level(g)
	}
	return v
}

// Must ends the test on an error.
func (v *Venue) Must(err error) {
	v.T.Helper()
	if err != nil {
		v.T.Fatal(err)
	}
}

// Path is where something of the venue lies: each gate's data under its name, the
// server's under "server".
func (v *Venue) Path(name string) string { return filepath.Join(v.Dir, name) }

// OpenServer opens the server on a folder.
func (v *Venue) OpenServer(dir string) {
	v.T.Helper()
	cfg := v.cfg
	cfg.Data = dir
	s, err := server.Open(v.T.Context(), cfg)
	v.Must(err)
	v.Must(s.Unlock(v.T.Context()))
	v.Server = s
	v.T.Cleanup(func() {
		if v.Server == s {
			v.CloseServer()
		}
	})
}

// CloseServer stops serving and lets go of the server's data.
func (v *Venue) CloseServer() {
	v.T.Helper()
	v.Stop()
	v.Must(v.Server.Close())
	v.Server = nil
}

// Beside starts a further server on the venue's database, which has to be PostgreSQL,
// and gives its address. It serves until the test ends.
func (v *Venue) Beside() (*server.Server, string) {
	v.T.Helper()
	second := &Venue{T: v.T, Address: "127.0.0.1:0", cfg: v.cfg}
	second.OpenServer("")
	second.Serve()
	return second.Server, second.Address
}

// Serve answers the network, at the address of before if there was one.
func (v *Venue) Serve() {
	v.T.Helper()
	l, err := net.Listen("tcp", v.Address)
	v.Must(err)
	v.Address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.WithoutCancel(v.T.Context()))
	done := make(chan error, 1)
	s := v.Server
	go func() { done <- s.Serve(ctx, l) }()
	v.stop = func() {
		cancel()
		if err := <-done; err != nil {
			v.T.Errorf("serving: %v", err)
		}
	}
}

// Stop has the server serve no more.
func (v *Venue) Stop() {
	if v.stop != nil {
		v.stop()
		v.stop = nil
	}
}

// Issue makes tickets that each let in so many.
func (v *Venue) Issue(n, admissions int) {
	v.T.Helper()
	var list strings.Builder
	list.WriteString("external_id,name,email,product,admissions\n")
	for i := range n {
		fmt.Fprintf(&list, "T%05d,Guest %d,,ga,%d\n", len(v.Codes)+i, i, admissions)
	}
	_, err := v.Tickets.Import(v.T.Context(), Event, "guests.csv", strings.NewReader(list.String()), nil)
	v.Must(err)
	v.Must(v.Tickets.Each(v.T.Context(), Event, func(k ticketing.Ticket) error {
		if _, known := v.IDs[k.Token]; !known {
			v.Codes, v.IDs[k.Token] = append(v.Codes, k.Token), journal.TicketID(k.ID)
		}
		return nil
	}))
}

// Revoke makes a ticket void.
func (v *Venue) Revoke(code string) {
	v.T.Helper()
	var found *ticketing.Ticket
	v.Must(v.Tickets.Each(v.T.Context(), Event, func(k ticketing.Ticket) error {
		if k.Token == code {
			found = &k
		}
		return nil
	}))
	_, err := v.Tickets.Revoke(v.T.Context(), *found, ticketing.Revoked, "lost")
	v.Must(err)
}

// Enrol makes a device at a gate, whose data lie under the device's name.
func (v *Venue) Enrol(device, gateCode string) {
	v.T.Helper()
	ctx := v.T.Context()
	card, err := v.Doors.NewCard(ctx, "http://"+v.Address, Event, gateCode, grant.RoleScanner, time.Hour)
	v.Must(err)
	st, err := store.Open(ctx, v.Path(device))
	v.Must(err)
	_, err = enrol.Enrol(ctx, enrol.Config{Store: st, Card: card.Text(), Name: device, Rand: v.Rand, Now: time.Now})
	v.Must(errors.Join(err, st.Close()))
}

// Level brings a gate that does not run level with the server.
func (v *Venue) Level(name string) {
	v.T.Helper()
	g, err := gate.Open(v.T.Context(), gate.Config{Data: v.Path(name)})
	v.Must(err)
	v.Must(errors.Join(g.Sync(v.T.Context()), g.Close()))
}

// Peek looks at what a gate's disk holds, which has to be sound.
func (v *Venue) Peek(name string) *gate.Peek {
	v.T.Helper()
	p, err := gate.OpenPeek(v.T.Context(), v.Path(name))
	v.Must(err)
	report, err := p.Audit(v.T.Context(), nil)
	v.Must(err)
	if !report.Sound() {
		v.T.Fatalf("the journals at %s are not sound: %+v", name, report)
	}
	return p
}

// Until waits for something that has to come.
func Until(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", Patience, what)
		}
	}
}
