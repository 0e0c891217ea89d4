package wallet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/e2e/browser"
	"usher/e2e/venue"
	"usher/gate"
	"usher/gate/clock"
	"usher/gate/door"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/server"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/sync/admission"
)

const (
	patience = 20 * time.Second
	night    = "NIGHT" // lets in what is good
	strict   = "STRICT"
	untyped  = "UNTYPED"
)

// events are three of tonight, which sell all but one product for nothing, and where
// tickets may be sold on; one lets in live codes only, and lets tickets be given to named
// people only, another takes no typed codes, and has no gate here.
const events = `
code = "CODE"
name = "Harbour Night: The Long Lights"
time_zone = "Europe/Berlin"
venue = "Pier 7"
admission = ADMISSION
starts = STARTS
ends = ENDS
policy = { down_to = "LOWEST" }

[shop]
currency = "EUR"
tax_percent = 19
max_per_order = 8
address = "Hafenstraße 7, 20457 Hamburg"
seller = { name = "Pier 7", email = "hello@pier7.example" }

[shop.transfer]
named = NAMED

[shop.resale]
cap_percent = 110
seller_percent = 5
buyer_percent = 5

[[zone]]
code = "hall"
name = "Hall"

[[zone]]
code = "roof"
name = "Roof"

[[pool]]
code = "hall"
name = "Hall"
capacity = 500

[[pool]]
code = "gallery"
name = "Gallery"
seats = ["A 1-9"]

[[product]]
code = "ga"
name = "Standing"
zones = ["hall"]
price = 0
pool = "hall"

[[product]]
code = "seat"
name = "Gallery"
zones = ["hall"]
price = 0
pool = "gallery"

[[product]]
code = "lounge"
name = "Lounge, with a drink"
zones = ["hall"]
price = 48
pool = "hall"

[[product]]
code = "course"
name = "Knot course"
zones = ["hall"]
price = 0
pool = "hall"

[[product.question]]
code = "hand"
text = "Which hand do you tie with?"
kind = "choice"
choices = ["left", "right"]
required = true
asked = "checkout"

[[gate]]
code = "north"
name = "North door"
zone = "hall"
products = "all"
directions = "left of the crane, through the yard"

[[gate]]
code = "lift"
name = "Roof lift"
zone = "roof"
products = "all"
`

// world is what all tests stand in.
var world struct {
	browser *browser.Browser
	server  *server.Server
	url     string // of the server, by the way that browsers take
	way     *way   // which can be cut
	gates   map[string]*gateway
	ahead   atomic.Int64 // by how much the clocks of server and gates go ahead
}

// gateway is a gate of an event, its agent running.
type gateway struct {
	*gate.Agent
	door *venue.Door
}

func pass(d time.Duration) { world.ahead.Add(int64(d)) }

func now() time.Time { return time.Now().Add(time.Duration(world.ahead.Load())) }

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "usher-wallet-")
	if err != nil {
		log.Print(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	end, err := open(ctx, dir)
	if err != nil {
		log.Print(err)
		return 1
	}
	b, closed, err := browser.Start(ctx, browser.Config{Profile: filepath.Join(dir, "browser"), Width: 360, Height: 740})
	if err != nil {
		log.Print(err)
		return 1
	}
	world.browser = b
	status := m.Run()
	closed()
	stop()
	if err := end(); err != nil {
		log.Print(err)
		return 1
	}
	return status
}

// open opens the server, the way to it, and the gates.
func open(ctx context.Context, dir string) (end func() error, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if world.way, err = newWay(listener.Addr().String()); err != nil {
		return nil, err
	}
	world.url = "http://" + world.way.Addr().String()
	keys, err := passKeys()
	if err != nil {
		return nil, err
	}
	s, err := server.Open(ctx, server.Config{
		Data: filepath.Join(dir, "server"), Unsealed: true, PublicURL: world.url, Log: slog.New(slog.DiscardHandler), Now: now,
		Selling: server.Selling{Sandbox: true, Inbox: true}, PassKeys: keys,
	})
	if err == nil {
		err = s.Unlock(ctx)
	}
	if err == nil {
		err = apply(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	world.server = s
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	world.gates = map[string]*gateway{}
	gates := make(chan error, 2)
	for _, event := range []string{night, strict} {
		if err := openGate(ctx, filepath.Join(dir, event), "http://"+listener.Addr().String(), event, gates); err != nil {
			return nil, err
		}
	}
	return func() error { return errors.Join(<-gates, <-gates, world.way.Close(), <-ended, s.Close()) }, nil
}

func apply(ctx context.Context, s *server.Server) error {
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	for event, lowest := range map[string]string{night: "name", strict: "live", untyped: "code"} {
		text := strings.NewReplacer("CODE", event, "LOWEST", lowest, "NAMED", strconv.FormatBool(event == strict), "ADMISSION", at(-2*time.Hour), "STARTS", at(time.Hour), "ENDS", at(5*time.Hour)).Replace(events)
		spec, err := catalog.ParseFile("event.toml", []byte(text))
		if err != nil {
			return err
		}
		if _, err := s.Catalog.Apply(ctx, spec); err != nil {
			return err
		}
	}
	return nil
}

// openGate enrols the north door of an event and runs its agent.
func openGate(ctx context.Context, dir, url, event string, ended chan<- error) error {
	card, err := world.server.Doors.NewCard(ctx, url, event, "north", grant.RoleScanner, time.Hour)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	_, err = enrol.Enrol(ctx, enrol.Config{Store: st, Card: card.Text(), Name: event, Rand: rand.Reader, Now: now})
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	began := time.Now()
	source := clock.Source{Wall: now, Mono: func() time.Duration { return time.Since(began) + time.Duration(world.ahead.Load()) }}
	g, err := gate.Open(ctx, gate.Config{Data: dir, Clock: &source, Now: now})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	a, err := gate.NewAgent(g, l)
	if err != nil {
		return err
	}
	go func() { ended <- errors.Join(a.Run(ctx), g.Close()) }()
	world.gates[event] = &gateway{a, venue.DoorAt(a.URL)}
	return nil
}

// scans has a code judged at an event's gate, which knows what the server does.
func scans(t *testing.T, event, code string) door.Answer {
	t.Helper()
	g := world.gates[event]
	if err := g.door.Sync(); err != nil {
		t.Fatal(err)
	}
	a, err := g.door.Scan(code, fmt.Sprintf("lane-%d", lanes.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var lanes atomic.Int64

// wants has a code judged so and no other way.
func wants(t *testing.T, event, code string, result admission.Result, reason admission.Reason) {
	t.Helper()
	if a := scans(t, event, code); a.Result != result || a.Reason != reason {
		t.Errorf("the gate says %s %s to %.20s…, want %s %s", a.Result, a.Reason, code, result, reason)
	}
}

// buy orders tickets for somebody, and gives the path of the order's page.
func buy(t *testing.T, event, email string, wanted ...sales.Wanted) (path string, tickets []ticketing.Ticket) {
	t.Helper()
	s := world.server.Sales
	o, err := s.Begin(t.Context(), sales.Cart{Event: event, Wanted: wanted, Language: "en"})
	if err == nil {
		d := sales.Details{Name: "Ada Lovelace", Email: email}
		for range o.Places() {
			d.Holders = append(d.Holders, sales.Holder{Answers: map[string]string{"hand": "right"}}) // where it is asked
		}
		o, _, err = s.Pay(t.Context(), o.ID, sales.Payment{Details: &d})
	}
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.Link(t.Context(), &o)
	if err == nil {
		tickets, err = world.server.Tickets.Of(t.Context(), event, o.Tickets)
	}
	if err != nil {
		t.Fatal(err)
	}
	return "/order/" + link, tickets
}

// way is how browsers reach the server, and can be cut.
type way struct {
	net.Listener
	to   string
	slow atomic.Int64 // ns; how long an answer takes, more
	mu   sync.Mutex   // of all below
	cut  bool
	on   map[net.Conn]bool
}

func newWay(to string) (*way, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w := &way{Listener: l, to: to, on: map[net.Conn]bool{}}
	if err == nil {
		go w.run()
	}
	return w, err
}

func (w *way) run() {
	for {
		from, err := w.Accept()
		if err != nil {
			return
		}
		go w.carry(from)
	}
}

func (w *way) carry(from net.Conn) {
	to, err := net.Dial("tcp", w.to)
	if err != nil {
		_ = from.Close()
		return
	}
	w.mu.Lock()
	open := !w.cut
	if open {
		w.on[from], w.on[to] = true, true
	}
	w.mu.Unlock()
	if open {
		go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
		_, _ = io.Copy(from, slowed{to, &w.slow})
	}
	_, _ = from.Close(), to.Close()
	w.mu.Lock()
	delete(w.on, from)
	delete(w.on, to)
	w.mu.Unlock()
}

// slowed is what comes from a server by a way that may be slow.
type slowed struct {
	io.Reader
	by *atomic.Int64
}

func (s slowed) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	time.Sleep(time.Duration(s.by.Load()))
	return n, err
}

// Cut ends all that is under way and lets nothing through until Mend.
func (w *way) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for c := range w.on {
		_ = c.Close()
	}
}

// Mend lets through again.
func (w *way) Mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = false
}
