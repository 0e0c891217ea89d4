package network

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"

	"usher/gate"
	"usher/sync/admission"
	"usher/sync/journal"
)

// rounds is how often links are cut, and gates killed, in TestIslands.
var rounds = flag.Int("rounds", 8, "how often links are cut, and gates killed")

// islands are three agents, each a process of its own, in a ring of links that a test
// cuts.
type islands struct {
	*venue
	t      *testing.T
	names  []string
	listen []string
	agents []*process
	ways   []*proxy

	mu     sync.Mutex     // covers greens
	greens map[string]int // by code: how often somebody was shown green
}

func newIslands(t *testing.T, tickets int) *islands {
	i := &islands{t: t, names: []string{"north", "south", "west"}, greens: map[string]int{}}
	i.venue = newVenue(t, tickets, i.names...)
	for range i.names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		i.must(err)
		i.listen = append(i.listen, l.Addr().String())
		i.must(l.Close())
	}
	for n := range i.names {
		i.ways = append(i.ways, newProxy(t, i.listen[(n+1)%len(i.names)]))
	}
	i.agents = make([]*process, len(i.names))
	return i
}

func (i *islands) up(n int) {
	i.agents[n] = i.agentProcess(i.names[n], "--listen", i.listen[n], "--peer", i.ways[n].url(), "--no-discovery", "--log-level", "error")
}

// scans has codes judged at all gates at once.
func (i *islands) scans(seed uint64, each int) {
	var group sync.WaitGroup
	for n := range i.agents {
		draw := rand.New(rand.NewPCG(seed, uint64(n)))
		group.Go(func() {
			for range each {
				code := i.codes[draw.IntN(len(i.codes))]
				a, err := scanAt(i.t, i.agents[n].url, code, false)
				if err == nil && a.Result == admission.Accept {
					i.mu.Lock()
					i.greens[code]++
					i.mu.Unlock()
				}
			}
		})
	}
	group.Wait()
}

// heal mends every link and waits until all gates hold the same.
func (i *islands) heal() {
	for _, w := range i.ways {
		w.set(through)
	}
	until(i.t, "all gates to hold the same", func() bool {
		var vectors []journal.Vector
		for n, a := range i.agents {
			_ = call(i.t, "POST", a.url+"/api/sync", struct{}{}, new(any)) // it fails where the server is asked
			p, err := gate.OpenPeek(i.t.Context(), i.path(i.names[n]))
			i.must(err)
			v, err := p.Store.Vector(i.t.Context())
			i.must(err)
			i.must(p.Close())
			vectors = append(vectors, v)
		}
		return same(vectors[0], vectors[1]) && same(vectors[1], vectors[2])
	})
}

func same(a, b journal.Vector) bool {
	if len(a) != len(b) {
		return false
	}
	for chain, head := range a {
		if b[chain] != head {
			return false
		}
	}
	return true
}

// Three gates with no server, whose links are cut and mended while scans run, and
// which are killed meanwhile: whoever was shown green is on record, no record is lost,
// and in the end all three know the same conflicts, which are exactly the tickets that
// were let in more often than once. A revocation that one of them had is obeyed by all.
func TestIslands(t *testing.T) {
	i := newIslands(t, 400)
	i.revoke(i.codes[0])
	i.level("south")
	i.stop()
	for n := range i.names {
		i.up(n)
	}
	i.heal()
	draw := rand.New(rand.NewPCG(20, 26))
	for round := range uint64(*rounds) {
		for _, w := range i.ways {
			w.set([]mode{through, cut, cut, hung}[draw.IntN(4)])
		}
		i.scans(round, 30)
		if round%2 == 1 {
			n := draw.IntN(len(i.agents))
			i.agents[n].kill()
			i.up(n)
		}
	}
	i.heal()
	i.scans(99, 5)
	i.heal()
	for _, a := range i.agents {
		a.kill()
	}
	i.judge()
}

// judge compares what each gate's disk holds.
func (i *islands) judge() {
	t := i.t
	var first []byte
	for _, name := range i.names {
		p, err := gate.OpenPeek(t.Context(), i.path(name))
		i.must(err)
		report, err := p.Audit(t.Context(), nil)
		i.must(err)
		if !report.Sound() {
			t.Errorf("the journals at %s are not sound: %+v", name, report)
		}
		s, err := p.State(t.Context())
		i.must(err)
		conflicts, err := json.Marshal(s.Conflicts())
		i.must(err)
		if first == nil {
			first = conflicts
			i.compare(p, s.Conflicts())
		} else if !slices.Equal(first, conflicts) {
			t.Errorf("%s knows other conflicts:\n%s\nthan the first:\n%s", name, conflicts, first)
		}
		i.must(p.Close())
	}
}

// compare holds the conflicts to what the journals and the people at the doors say.
func (i *islands) compare(p *gate.Peek, conflicts []admission.Conflict) {
	admitted := make(map[journal.TicketID]int)
	i.must(p.Store.Each(i.t.Context(), func(r *journal.Record) error {
		if r.Kind != journal.KindScan {
			return nil
		}
		scan, err := journal.Read[journal.Scan](r)
		if err == nil && scan.Result == string(admission.Accept) {
			admitted[scan.Ticket]++
		}
		return err
	}))
	seen, recorded, tooMany := 0, 0, 0
	for _, n := range i.greens {
		seen += n
	}
	for _, n := range admitted {
		recorded += n
		tooMany += n - 1
	}
	if recorded < seen {
		i.t.Errorf("%d were shown green, %d are on record", seen, recorded)
	}
	if n := i.greens[i.codes[0]]; n > 0 {
		i.t.Errorf("a ticket that all knew to be revoked was let in %d times", n)
	}
	found := 0
	for _, c := range conflicts {
		found += len(c.Duplicates)
		if n := admitted[journal.TicketID(c.Ticket)]; c.Kind == admission.DoubleEntry && n != len(c.Duplicates)+1 {
			i.t.Errorf("ticket %s was let in %d times, and %d of them were too many", c.Ticket, n, len(c.Duplicates))
		}
	}
	if found != tooMany {
		i.t.Errorf("%d admissions were too many, %d are in conflicts", tooMany, found)
	}
	i.t.Logf("%d shown green, %d recorded, %d too many, in %d conflicts", seen, recorded, tooMany, len(conflicts))
}
