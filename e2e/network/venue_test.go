package network

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/gate"
	"usher/gate/door"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/server"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/admission"
	"usher/sync/journal"
)

const event = "NET"

// patience bounds what is waited for; nothing is measured by it.
const patience = 40 * time.Second

// program is usher.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	keyring.DefaultParams = keyring.Params{Time: 1, KiB: 64, Threads: 1}
	dir, err := os.MkdirTemp("", "usher-network-")
	if err != nil {
		log.Fatal(err)
	}
	program = filepath.Join(dir, "usher")
	build := exec.Command("go", "build", "-o", program, "usher/cmd/usher")
	if out, err := build.CombinedOutput(); err != nil {
		log.Fatalf("building usher: %v\n%s", err, out)
	}
	status := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(status)
}

// venue is a server and gates that were enrolled with it, all level.
type venue struct {
	t     testing.TB
	dir   string
	codes []string // of the tickets
	*server.Server
	address string // of the server, while it serves
	stop    func() // serving
}

func newVenue(t testing.TB, tickets int, gates ...string) *venue {
	t.Helper()
	v := &venue{t: t, dir: t.TempDir()}
	v.openServer(v.path("server"))
	spec := &catalog.Spec{
		File: "test", Code: event, Name: "Network test", Zone: "Europe/Berlin",
		Starts: time.Now().Add(-time.Hour).Unix(), Ends: time.Now().Add(6 * time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 300},
		Zones:    []catalog.ZoneSpec{{Code: "main", Name: "Main"}},
		Products: []catalog.ProductSpec{{Code: "ga", Name: "General", Zones: []string{"main"}}},
	}
	for _, g := range gates {
		spec.Gates = append(spec.Gates, catalog.GateSpec{Code: g, Name: g, Zone: "main", All: true})
	}
	_, err := v.Catalog.Apply(t.Context(), spec)
	v.must(err)
	v.issue(tickets)
	v.serve()
	for _, g := range gates {
		v.enrol(g, g)
	}
	for _, g := range gates { // so that each knows of those enrolled after it
		v.level(g)
	}
	return v
}

func (v *venue) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *venue) path(name string) string { return filepath.Join(v.dir, name) }

// openServer opens the server on a folder; what was open is closed.
func (v *venue) openServer(dir string) {
	v.t.Helper()
	s, err := server.Open(v.t.Context(), server.Config{Data: dir, Unsealed: true})
	v.must(err)
	v.must(s.Unlock(v.t.Context()))
	v.Server = s
	v.t.Cleanup(func() {
		if v.Server == s {
			v.closeServer()
		}
	})
}

func (v *venue) closeServer() {
	v.t.Helper()
	if v.stop != nil {
		v.stop()
	}
	v.must(v.Server.Close())
	v.Server = nil
}

// serve answers the network, at the address of before if there was one.
func (v *venue) serve() {
	v.t.Helper()
	if v.address == "" {
		v.address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", v.address)
	v.must(err)
	v.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.WithoutCancel(v.t.Context()))
	done := make(chan error, 1)
	s := v.Server
	go func() { done <- s.Serve(ctx, l) }()
	v.stop = func() {
		cancel()
		v.stop = nil
		if err := <-done; err != nil {
			v.t.Errorf("serving: %v", err)
		}
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

// enrol makes a device at a gate.
func (v *venue) enrol(device, gateCode string) {
	v.t.Helper()
	ctx := v.t.Context()
	card, err := v.Doors.NewCard(ctx, "http://"+v.address, event, gateCode, grant.RoleScanner, time.Hour)
	v.must(err)
	st, err := store.Open(ctx, v.path(device))
	v.must(err)
	_, err = enrol.Enrol(ctx, enrol.Config{Store: st, Card: card.Text(), Name: device, Rand: v.Rand, Now: time.Now})
	v.must(errors.Join(err, st.Close()))
}

// level brings a gate that does not run level with the server.
func (v *venue) level(name string) {
	v.t.Helper()
	g, err := gate.Open(v.t.Context(), gate.Config{Data: v.path(name)})
	v.must(err)
	v.must(errors.Join(g.Sync(v.t.Context()), g.Close()))
}

// revoke makes a ticket void.
func (v *venue) revoke(code string) {
	v.t.Helper()
	var found *ticketing.Ticket
	v.must(v.Tickets.Each(v.t.Context(), event, func(k ticketing.Ticket) error {
		if k.Token == code {
			found = &k
		}
		return nil
	}))
	_, err := v.Tickets.Revoke(v.t.Context(), *found, ticketing.Revoked, "lost")
	v.must(err)
}

// post is a gate's agent in this process.
type post struct {
	*gate.Agent
	t    testing.TB
	halt func()
}

// start runs the agent of a gate. Its server is where it was enrolled, unless serverURL
// names a way there.
func (v *venue) start(name, serverURL string, cfg gate.Config) *post {
	v.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	v.must(err)
	return v.startOn(l, name, serverURL, cfg)
}

func (v *venue) startOn(l net.Listener, name, serverURL string, cfg gate.Config) *post {
	v.t.Helper()
	cfg.Data = v.path(name)
	if serverURL != "" {
		cfg.Dial = detour("http://"+v.address, serverURL)
	}
	g, err := gate.Open(v.t.Context(), cfg)
	v.must(err)
	a, err := gate.NewAgent(g, l)
	v.must(err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(v.t.Context()))
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	p := &post{Agent: a, t: v.t}
	p.halt = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-done, g.Close()); err != nil {
			v.t.Errorf("the agent of %s: %v", name, err)
		}
	})
	v.t.Cleanup(p.halt)
	return p
}

// scan judges a code and records it.
func (p *post) scan(code string) door.Answer { return p.ask(code, false) }

// look judges a code and records nothing.
func (p *post) look(code string) door.Answer { return p.ask(code, true) }

func (p *post) ask(code string, look bool) door.Answer {
	p.t.Helper()
	answer, err := scanAt(p.t, strings.TrimRight(p.URL, "/"), code, look)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer
}

func (p *post) status() door.Status { return p.Status(context.Background()) }

func (p *post) heldOf(chain journal.Chain) uint64 {
	vector, err := p.Store.Vector(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	return vector[chain].Seq
}

func (p *post) chain() journal.Chain { return journal.Chain{Node: p.Enrolment.Node} }

// until waits for something that has to come.
func until(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// process is a running usher.
type process struct {
	*exec.Cmd
	t    testing.TB
	out  *output // what it printed on standard error
	said *output // and on standard output
	url  string
	dead chan struct{} // closed when it has ended
}

// output is what a process prints.
type output struct {
	mu   sync.Mutex // covers text
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// printed is what it has printed so far.
func (p *process) printed() string { return p.said.String() }

// run starts usher.
func run(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(program, args...), t: t, out: new(output), said: new(output), dead: make(chan struct{})}
	p.Stderr, p.Stdout = p.out, p.said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait() // it is killed: how it ended is no news
		close(p.dead)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends the process at once, and waits until it is gone.
func (p *process) kill() {
	_ = p.Process.Kill() // it may be gone already
	<-p.dead
}

// agentProcess starts a gate's agent and waits until it answers.
func (v *venue) agentProcess(name string, args ...string) *process {
	v.t.Helper()
	file := filepath.Join(v.path(name), "agent.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		v.t.Fatal(err)
	}
	p := run(v.t, append([]string{"gate", "run", "--data", v.path(name)}, args...)...)
	until(v.t, "the agent of "+name, func() bool {
		select {
		case <-p.dead:
			v.t.Fatalf("the agent of %s ended: %s", name, p.out)
		default:
		}
		text, err := os.ReadFile(file)
		var at struct{ URL string }
		if err != nil || json.Unmarshal(text, &at) != nil {
			return false
		}
		p.url = strings.TrimRight(at.URL, "/")
		answer, err := http.Get(p.url + "/healthz")
		if err == nil {
			answer.Body.Close()
		}
		return err == nil
	})
	return p
}

// call asks a door's interface.
func call(t testing.TB, method, url string, body, into any) error {
	t.Helper()
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		sent = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, url, sent)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: %s", answer.Status, b)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

func (p *process) status() (s door.Status) {
	p.t.Helper()
	if err := call(p.t, http.MethodGet, p.url+"/api/status", nil, &s); err != nil {
		p.t.Fatal(err)
	}
	return s
}

// scanAt has a code judged by the agent at a URL.
func scanAt(t testing.TB, url, code string, look bool) (a door.Answer, err error) {
	t.Helper()
	err = call(t, http.MethodPost, url+"/api/scan", door.Scan{Text: code, Lane: "1", Direction: admission.In, How: "wedge", Look: look}, &a)
	return a, err
}
