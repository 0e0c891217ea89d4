package crash

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
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

const event = "CRASH"

// rounds is how often a process is killed in each test.
var rounds = flag.Int("rounds", 12, "how often a process is killed in each test")

// patience bounds what is waited for; nothing is measured by it.
const patience = 30 * time.Second

// program is usher, built to end at points of the scan path when it is told to.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "usher-crash-")
	if err != nil {
		log.Fatal(err)
	}
	program = filepath.Join(dir, "usher")
	build := exec.Command("go", "build", "-tags", "crashpoints", "-o", program, "usher/cmd/usher")
	if out, err := build.CombinedOutput(); err != nil {
		log.Fatalf("building usher: %v\n%s", err, out)
	}
	status := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(status)
}

// venue is a server's data and gates that were enrolled with it, all level.
type venue struct {
	t      *testing.T
	dir    string
	codes  []string // of the tickets
	ids    map[string]journal.TicketID
	server *server.Server
	site   *httptest.Server // answers while the gates are enrolled

	address string // of the server, whoever answers there
}

// newVenue makes an event with so many tickets and gates.
func newVenue(t *testing.T, tickets int, gates ...string) *venue {
	t.Helper()
	v := &venue{t: t, dir: t.TempDir(), ids: map[string]journal.TicketID{}}
	s, err := server.Open(t.Context(), server.Config{Data: v.path("server"), Unsealed: true})
	v.must(err)
	v.server = s
	v.must(s.Unlock(t.Context()))
	spec := &catalog.Spec{
		File: "test", Code: event, Name: "Crash test", Zone: "Europe/Berlin",
		Starts: time.Now().Add(-time.Hour).Unix(), Ends: time.Now().Add(6 * time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 300},
		Zones:    []catalog.ZoneSpec{{Code: "main", Name: "Main"}},
		Products: []catalog.ProductSpec{{Code: "ga", Name: "General", Zones: []string{"main"}}},
	}
	for _, g := range gates {
		spec.Gates = append(spec.Gates, catalog.GateSpec{Code: g, Name: g, Zone: "main", All: true})
	}
	_, err = s.Catalog.Apply(t.Context(), spec)
	v.must(err)
	v.issue(tickets)
	handler, end, err := s.Handler()
	v.must(err)
	v.site = httptest.NewServer(handler)
	v.address = v.site.Listener.Addr().String()
	for _, g := range gates {
		v.enrol(g)
	}
	v.site.Close()
	end()
	v.must(s.Close())
	return v
}

func (v *venue) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *venue) path(name string) string { return filepath.Join(v.dir, name) }

func (v *venue) issue(n int) {
	v.t.Helper()
	var list strings.Builder
	list.WriteString("external_id,name,email,product\n")
	for i := range n {
		fmt.Fprintf(&list, "T%05d,Guest %d,,ga\n", i, i)
	}
	_, err := v.server.Tickets.Import(v.t.Context(), event, "guests.csv", strings.NewReader(list.String()), nil)
	v.must(err)
	v.must(v.server.Tickets.Each(v.t.Context(), event, func(k ticketing.Ticket) error {
		v.codes, v.ids[k.Token] = append(v.codes, k.Token), journal.TicketID(k.ID)
		return nil
	}))
}

// enrol makes a gate and brings it level with the server.
func (v *venue) enrol(name string) {
	v.t.Helper()
	ctx := v.t.Context()
	card, err := v.server.Doors.NewCard(ctx, v.site.URL, event, name, grant.RoleScanner, time.Hour)
	v.must(err)
	st, err := store.Open(ctx, v.path(name))
	v.must(err)
	_, err = enrol.Enrol(ctx, enrol.Config{Store: st, Card: card.Text(), Name: name, Rand: v.server.Rand, Now: time.Now})
	v.must(errors.Join(err, st.Close()))
	g, err := gate.Open(ctx, gate.Config{Data: v.path(name)})
	v.must(err)
	v.must(errors.Join(g.Sync(ctx), g.Close()))
}

// process is a running usher.
type process struct {
	*exec.Cmd
	v    *venue
	url  string
	key  string
	dead chan struct{} // closed when it has ended
}

// run starts usher with arguments and more environment.
func (v *venue) run(env []string, args ...string) *process {
	v.t.Helper()
	p := &process{Cmd: exec.Command(program, args...), v: v, dead: make(chan struct{})}
	p.Env = append(os.Environ(), env...)
	v.must(p.Start())
	go func() {
		_ = p.Wait() // it is killed: how it ended is no news
		close(p.dead)
	}()
	v.t.Cleanup(p.kill)
	return p
}

// agent starts a gate's agent and waits until it answers.
func (v *venue) agent(name string, env []string, args ...string) *process {
	v.t.Helper()
	file := filepath.Join(v.path(name), "agent.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		v.t.Fatal(err)
	}
	p := v.run(env, append([]string{"gate", "run", "--data", v.path(name), "--listen", "127.0.0.1:0"}, args...)...)
	v.until("the agent of "+name, p, func() bool {
		text, err := os.ReadFile(file)
		var at struct{ URL, Key string }
		if err != nil || json.Unmarshal(text, &at) != nil {
			return false
		}
		p.url, p.key = strings.TrimRight(at.URL, "/"), at.Key
		answer, err := http.Get(p.url + "/healthz")
		if err == nil {
			answer.Body.Close()
		}
		return err == nil
	})
	return p
}

func (v *venue) until(what string, p *process, so func() bool) {
	v.t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		select {
		case <-p.dead:
			v.t.Fatalf("%s ended before it was ready", what)
		default:
		}
		if time.Now().After(end) {
			v.t.Fatalf("%s is not ready", what)
		}
	}
}

// kill ends the process at once, and waits until it is gone.
func (p *process) kill() {
	_ = p.Process.Kill() // it may be gone already
	<-p.dead
}

// peek looks at what a gate's disk holds, which has to be sound.
func (v *venue) peek(name string) *gate.Peek {
	v.t.Helper()
	p, err := gate.OpenPeek(v.t.Context(), v.path(name))
	v.must(err)
	report, err := p.Audit(v.t.Context(), nil)
	v.must(err)
	if !report.Sound() {
		v.t.Fatalf("the journals at %s are not sound: %+v", name, report)
	}
	return p
}

// scans reads all scans of a gate's own journal, by ticket.
func (v *venue) scans(ctx context.Context, name string) map[journal.TicketID][]scanned {
	v.t.Helper()
	p := v.peek(name)
	defer p.Close()
	all := map[journal.TicketID][]scanned{}
	v.must(p.Store.Each(ctx, func(r *journal.Record) error {
		if r.Chain.Node != p.Enrolment.Node || r.Kind != journal.KindScan {
			return nil
		}
		scan, err := journal.Read[journal.Scan](r)
		if err != nil {
			return err
		}
		all[scan.Ticket] = append(all[scan.Ticket], scanned{r.Hash(), scan.Result, scan.Reason})
		return nil
	}))
	return all
}

// scanned is a scan record.
type scanned struct {
	hash           journal.Hash
	result, reason string
}
