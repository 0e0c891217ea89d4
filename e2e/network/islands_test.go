package network

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/venue"
	"usher/gate"
	"usher/gate/door"
	"usher/sync/journal"
)

// scans is how many scans are answered in TestIslands.
var scans = flag.Int("scans", 4000, "how many scans are answered while links are cut and gates killed")

// What is at the doors of TestIslands.
const (
	singles = 600 // tickets for one
	pairs   = 250 // tickets for two
	voids   = 20  // of them, revoked; only one gate knows at first
	lanes   = 4   // at each gate
	near    = 24  // tickets that are at the doors at one time
)

// islands are three agents, each a process at an address of its own, with a way
// between each two that a test cuts. There is no server until the end.
type islands struct {
	*venue.Venue
	t      *testing.T
	names  []string
	listen []string
	ways   []*proxy
	order  []string // of the codes, as they come to the doors; the void ones first
	admits map[string]int

	taken atomic.Int64 // scans that were answered

	mu     sync.Mutex // covers what follows
	agents []*venue.Process
	tries  []try
	downs  int // how often an agent was killed
}

// try is what somebody at a lane saw of one scan.
type try struct {
	gate         int
	code         string
	began, ended time.Time
	answer       door.Answer
	err          error // no answer came
}

// newIslands makes the venue. Each gate's agent is to listen at 127.0.1.1 and so on,
// and the way from the first to the second is 127.0.1.12; so nobody knows another by
// the loopback that they share, and what an agent counts by address it counts by gate.
func newIslands(t *testing.T) *islands {
	i := &islands{t: t, names: []string{"north", "south", "west"}, admits: make(map[string]int)}
	i.Venue = venue.New(t, singles, i.names...)
	i.Issue(pairs, 2)
	for n, code := range i.Codes {
		i.admits[code] = 1 + n/singles
	}
	i.order = append(i.order, i.Codes...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(i.order), func(a, b int) { i.order[a], i.order[b] = i.order[b], i.order[a] })
	for _, name := range i.names {
		i.Level(name)
	}
	for _, code := range i.order[:voids] {
		i.Revoke(code)
		i.admits[code] = 0
	}
	i.Level("south") // and no other
	i.Stop()
	for n := range i.names {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.1.%d:0", n+1))
		i.Must(err)
		i.listen = append(i.listen, l.Addr().String())
		i.Must(l.Close())
	}
	for n := range i.names {
		to := (n + 1) % len(i.names)
		way := newWay(t, fmt.Sprintf("127.0.1.%d%d", n+1, to+1), fmt.Sprintf("127.0.1.%d", n+1), i.listen[to])
		way.set(cut)
		i.ways = append(i.ways, way)
	}
	i.agents = make([]*venue.Process, len(i.names))
	for n := range i.names {
		i.up(n)
	}
	return i
}

// up starts an agent.
func (i *islands) up(n int) {
	p := i.Agent(i.names[n], nil, "--listen", i.listen[n], "--peer", i.ways[n].url(), "--no-discovery", "--log-level", "error")
	i.mu.Lock()
	defer i.mu.Unlock()
	i.agents[n] = p
}

// at is the agent of a gate, the one before if it is being started again.
func (i *islands) at(n int) *venue.Process {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.agents[n]
}

// draw picks the ticket that is at a lane next: one of those that are at the doors now,
// or a void one that tries again.
func (i *islands) draw(luck *rand.Rand) string {
	if luck.IntN(20) == 0 {
		return i.order[luck.IntN(voids)]
	}
	from := int(i.taken.Load()) * (len(i.order) - near) / *scans
	return i.order[min(from, len(i.order)-near)+luck.IntN(near)]
}

// lane scans at a gate until there were enough scans, at a person's pace made short.
func (i *islands) lane(n, lane int) {
	luck := rand.New(rand.NewPCG(uint64(n), uint64(lane)))
	for i.taken.Load() < int64(*scans) {
		s := try{gate: n, code: i.draw(luck), began: time.Now()}
		s.answer, s.err = i.at(n).Scan(s.code, fmt.Sprint("lane ", lane))
		s.ended = time.Now()
		if s.err == nil {
			i.taken.Add(1)
		}
		i.mu.Lock()
		i.tries = append(i.tries, s)
		i.mu.Unlock()
		time.Sleep(time.Duration(luck.IntN(80)) * time.Millisecond)
	}
}

// weather changes a way between two gates at random until there were enough scans.
func (i *islands) weather(way *proxy, seed uint64) {
	luck := rand.New(rand.NewPCG(seed, 3))
	for i.taken.Load() < int64(*scans) {
		time.Sleep(time.Duration(100+luck.IntN(2000)) * time.Millisecond)
		way.set([]mode{through, through, through, cut, hung, lost}[luck.IntN(6)])
	}
}

// reap kills agents at random until there were enough scans, and starts them again.
func (i *islands) reap() {
	luck := rand.New(rand.NewPCG(4, 5))
	for i.taken.Load() < int64(*scans) {
		time.Sleep(time.Duration(500+luck.IntN(1500)) * time.Millisecond)
		n := luck.IntN(len(i.names))
		i.at(n).Kill()
		i.downs++
		i.durable(n)
		i.up(n)
	}
}

// heal mends every way and waits until all gates hold the same.
func (i *islands) heal() {
	for _, w := range i.ways {
		w.set(through)
	}
	venue.Until(i.t, "all gates to hold the same", func() bool {
		time.Sleep(100 * time.Millisecond) // looking costs the agents time, too
		first := i.vector(0)
		return same(first, i.vector(1)) && same(first, i.vector(2))
	})
}

// vector is how far a gate's disk holds each journal.
func (i *islands) vector(n int) journal.Vector {
	p, err := gate.OpenPeek(i.t.Context(), i.Path(i.names[n]))
	i.Must(err)
	defer p.Close()
	v, err := p.Store.Vector(i.t.Context())
	i.Must(err)
	return v
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

// Three gates with no server, at three addresses, each a process that is killed with
// SIGKILL now and then; every way between two of them is cut, hung, lost and mended at
// random, on its own; and people scan at all lanes meanwhile. What must hold is held
// against what the people at the doors were answered (see oracle_test.go): I1 at every
// kill, I2 to I4 and I6 once all is mended, at the gates and at the server, which comes
// back last.
//
// A network seldom says that it is cut. So besides ways that end connections (cut) there
// are ways that keep them and carry nothing for a while (hung: a roaming phone, a switch
// that starts again), and half-open ones (lost: a NAT that forgot, a gate that was
// switched off): both sides keep a connection for good that will never carry a byte
// again, and have to notice by themselves before they can meet anew.
func TestIslands(t *testing.T) {
	i := newIslands(t)
	var work sync.WaitGroup
	for n := range i.names {
		for lane := range lanes {
			work.Go(func() { i.lane(n, lane) })
		}
		work.Go(func() { i.weather(i.ways[n], uint64(n)) })
	}
	began := time.Now()
	i.reap()
	work.Wait()
	i.t.Logf("scans were made for %v", time.Since(began))
	mended := time.Now()
	i.heal()
	i.t.Logf("all held the same %v after the ways were mended", time.Since(mended))
	i.alike()
	i.Serve()
	i.home()
	for n := range i.names {
		i.at(n).Kill()
	}
	i.judge()
}
