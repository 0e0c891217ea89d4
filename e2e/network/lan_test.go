package network

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/cmd/usher/demo"
	"usher/e2e/venue"
	"usher/gate"
	"usher/gate/door"
	"usher/gate/scan"
	"usher/sync/admission"
)

// loopback is the name of this machine's loopback interface.
func loopback(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, ifi := range all {
		if ifi.Flags&net.FlagLoopback != 0 {
			return ifi.Name
		}
	}
	t.Fatal("no loopback")
	return ""
}

// Agents find each other with nobody naming them, link after they proved their
// enrolment, and again after one was restarted at another port.
func TestAgentsFindEachOtherOnTheNetwork(t *testing.T) {
	v := venue.New(t, 3, "north", "south", "west")
	v.Stop()
	lo := loopback(t)
	north := v.Agent("north", nil, "--find-on", lo)
	south := v.Agent("south", nil, "--find-on", lo)
	quiet := v.Agent("west", nil)
	found := func(p *venue.Process, other string) bool {
		s, err := p.Status()
		v.Must(err)
		for _, l := range s.Links {
			if l.State == "up" && l.Who == other {
				return true
			}
		}
		return false
	}
	venue.Until(t, "north to be linked with south", func() bool { return found(north, "south") && found(south, "north") })
	if a, err := north.Scan(v.Codes[0], "1"); err != nil || a.Result != admission.Accept {
		t.Fatalf("%+v, %v", a.Result, err)
	}
	venue.Until(t, "south to know whom north let in", func() bool {
		a, err := south.Look(v.Codes[0])
		return err == nil && a.Reason == admission.AlreadyUsed
	})
	south.Kill()
	south = v.Agent("south", nil, "--find-on", lo)
	venue.Until(t, "south to be found again", func() bool { return found(north, "south") && found(south, "north") })
	if s, err := quiet.Status(); err != nil || s.Online {
		t.Errorf("a gate that answers to its own device only was found: %+v", s.Links)
	}
}

// With the server gone, what one gate knows the others know: entries, and a
// revocation that only one of them has.
func TestNewsSpreadsWithoutTheServer(t *testing.T) {
	v := venue.New(t, 4, "north", "south", "west")
	southListens, err := net.Listen("tcp", "127.0.0.1:0")
	v.Must(err)
	v.Revoke(v.Codes[3])
	v.Level("north") // and then the server is gone
	v.Stop()
	north := v.Start("north", "", gate.Config{Peers: []string{"http://" + southListens.Addr().String()}})
	south := v.StartOn(southListens, "south", "", gate.Config{})
	west := v.Start("west", "", gate.Config{Peers: []string{south.URL}})
	venue.Until(t, "the revocation to reach west by way of south", func() bool { return west.Look(v.Codes[3]).Reason == admission.Revoked })
	if a := west.Scan(v.Codes[3]); a.Result == admission.Accept {
		t.Error("a revoked ticket got in")
	}
	began := time.Now()
	if a := north.Scan(v.Codes[0]); a.Result != admission.Accept {
		t.Fatalf("%s %s", a.Result, a.Reason)
	}
	recorded := time.Now()
	venue.Until(t, "west to know whom north let in", func() bool { return west.Held()[north.Chain()].Seq > 0 })
	t.Logf("an entry at north, in %v; known at west, two links away, %v later", recorded.Sub(began), time.Since(recorded))
	if a := west.Scan(v.Codes[0]); a.Reason != admission.AlreadyUsed {
		t.Errorf("%s %s", a.Result, a.Reason)
	}
	if s := north.Now(); !s.Online || s.Server || s.Alone != 0 || s.Unsent == 0 {
		t.Errorf("north's status: %+v", s)
	}
}

// The main job's last act, with the program that people start: the server off, one
// ticket let in at both doors while they don't reach each other, and then both doors'
// pages told by each other.
func TestBothPagesAreToldByEachOther(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	p := venue.Run(t, nil, "demo", "--json", "--people", "20", "--data", dir)
	var place demo.Place
	p.Until(t, "the demo", func() bool { return json.Unmarshal([]byte(p.Said.String()), &place) == nil })
	north, south := listenTo(t, place.Doors["north"]), listenTo(t, place.Doors["south"])
	v := venue.Venue{T: t}
	v.Must(demo.Server(t.Context(), dir, false))
	v.Must(demo.Doors(t.Context(), dir, true))
	alone := func(s door.Status) bool { return !s.Online }
	north.wait("to be alone", alone)
	south.wait("to be alone", alone)
	code := codeIn(t, filepath.Join(place.Tickets, "ticket-2.png"))
	for _, url := range place.Doors {
		if a, err := venue.DoorAt(url).Scan(code, "1"); err != nil || a.Result != admission.Accept {
			t.Fatalf("%s: %s %s, %v", url, a.Result, a.Reason, err)
		}
	}
	began := time.Now()
	v.Must(demo.Doors(t.Context(), dir, false))
	together := time.Now()
	told := func(s door.Status) bool { return s.Conflicts == 1 && !s.Server }
	north.wait("to be told of the conflict", told)
	atNorth := time.Now()
	south.wait("to be told of the conflict", told)
	t.Logf("the doors were told to be together %v ago, and were after %v; north's page was told of the conflict %v after that, south's %v", time.Since(began),
		together.Sub(began), atNorth.Sub(together), time.Since(together))
}

// page is an open door page: it gets the status whenever that changes.
type page struct {
	t      *testing.T
	states chan door.Status
	last   door.Status
}

func listenTo(t *testing.T, url string) *page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimRight(url, "/")+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, states: make(chan door.Status, 1000)}
	go func() {
		defer answer.Body.Close()
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			text, ok := strings.CutPrefix(lines.Text(), "data: ")
			var s door.Status
			if ok && json.Unmarshal([]byte(text), &s) == nil {
				p.states <- s
			}
		}
	}()
	return p
}

func (p *page) wait(what string, so func(door.Status) bool) {
	p.t.Helper()
	if so(p.last) && p.last.Event != "" {
		return
	}
	late := time.After(venue.Patience)
	for {
		select {
		case p.last = <-p.states:
			if so(p.last) {
				return
			}
		case <-late:
			p.t.Fatalf("waited %v for a page %s; it shows %+v", venue.Patience, what, p.last)
		}
	}
}

func codeIn(t *testing.T, picture string) string {
	t.Helper()
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	texts, err := scan.Picture(f)
	if err != nil || len(texts) != 1 {
		t.Fatalf("%s: %v %v", picture, texts, err)
	}
	return texts[0]
}
