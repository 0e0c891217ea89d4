package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/link"
)

// Limits of what others on the network can make a gate do.
const (
	// MaxIncoming bounds the sessions that others began.
	MaxIncoming = 128
	// MaxUnproven bounds those of them that did not prove a key yet.
	MaxUnproven = 16
	// MaxUnprovenEach bounds them for one address.
	MaxUnprovenEach = 4
	// MaxTries bounds the sessions that one address begins within TriesPeriod.
	MaxTries = 40
	// TriesPeriod is for how long tries are counted.
	TriesPeriod = 10 * time.Second
	// maxCallers bounds the addresses whose tries are counted; more are refused, until
	// the period is over.
	maxCallers = 4096
)

// guard counts who is at the door.
type guard struct {
	now func() time.Time

	mu       sync.Mutex // covers what follows
	sessions int
	unproven int
	each     map[string]int // unproven, by address
	tries    map[string]int // in this period, by address
	ends     time.Time      // of the period
}

// tried counts a try of an address, and says whether there were not too many. g.mu is
// held.
func (g *guard) tried(address string) bool {
	if now := g.now(); g.tries == nil || !now.Before(g.ends) || g.ends.Sub(now) > TriesPeriod {
		g.tries, g.ends = make(map[string]int), now.Add(TriesPeriod)
	}
	if _, known := g.tries[address]; !known && len(g.tries) >= maxCallers {
		return false
	}
	g.tries[address]++
	return g.tries[address] <= MaxTries
}

// enter lets a connection in, and gives what to call when it has proved itself
// and when it ends; both may be called in any order and more than once.
func (g *guard) enter(address string) (proved, ended func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.tried(address) || g.sessions >= MaxIncoming || g.unproven >= MaxUnproven || g.each[address] >= MaxUnprovenEach {
		return nil, nil, false
	}
	if g.each == nil {
		g.each = make(map[string]int)
	}
	g.sessions++
	g.unproven++
	g.each[address]++
	proved = sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.unproven--
		if g.each[address]--; g.each[address] == 0 {
			delete(g.each, address)
		}
	})
	ended = sync.OnceFunc(func() {
		proved()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.sessions--
	})
	return proved, ended, true
}

// Handler serves other gates that connect. It belongs at
// GET /api/v1/sync/{event}. It refuses with 503 while Run is not running and
// when there are too many at once.
func (u *Uplink) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if event := r.PathValue("event"); event != "" && event != u.local.Event {
			refuse(w, fault.New(fault.NotFound, "this gate is not of event %.20q", event))
			return
		}
		ctx, leave, ok := u.join()
		if !ok {
			refuse(w, fault.New(fault.Unavailable, "this gate does not exchange journals at present"))
			return
		}
		defer leave()
		proved, ended, ok := u.guard.enter(addressOf(r))
		if !ok {
			refuse(w, fault.New(fault.TooMany, "too many connections at once"))
			return
		}
		defer ended()
		conn, err := link.Upgrade(w, r)
		if err != nil {
			return // answered already
		}
		u.serve(ctx, conn, r.RemoteAddr, proved)
	})
}

// join makes Run wait for a session that somebody else began.
func (u *Uplink) join() (context.Context, func(), bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.running == nil || u.running.Err() != nil {
		return nil, nil, false
	}
	u.group.Add(1)
	return u.running, u.group.Done, true
}

func (u *Uplink) serve(ctx context.Context, conn exchange.Conn, from string, proved func()) {
	local := u.local
	local.Reticent = true
	var met []journal.NodeID // at most one
	local.Met = func(node journal.NodeID) {
		proved()
		u.received(node)
		met = append(met, node)
		if u.local.Met != nil {
			u.local.Met(node)
		}
	}
	err := exchange.Run(ctx, conn, local)
	for _, node := range met {
		u.left(node)
	}
	u.told(err)
	if err != nil && !errors.Is(err, context.Canceled) {
		u.log.InfoContext(ctx, "connection ended", "from", from, "err", err)
	}
}

// addressOf gives the address that a request came from, without its port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func refuse(w http.ResponseWriter, err error) {
	p := fault.ToProblem(err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // whoever asked is gone if this fails
}
