package stage

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Fault is what is wrong with a device's network. The names are those of the
// cases; the acts are the nearest that our protocol has.
type Fault struct {
	Name     string
	Value    int    // of break_at_page and break_after_bytes
	Resource string // of http_500
	Sticky   bool   // it stays until another is set; else one session meets it
}

// Direction limits a session to what one side has to say.
type Direction string

// The directions of a session.
const (
	Both     Direction = ""
	Upload   Direction = "upload"
	Download Direction = "download"
)

// unreachable are the faults with which no session comes about.
var unreachable = []string{
	"http_500", "http_502", "http_503", "http_401", "http_429", "timeout", "timeout_before_commit", "drop_request", "unreachable", "refused",
	"captive_portal", "dns", "tls", "half_open",
}

// resources are the records that carry what cases call a resource.
var resources = map[string][]journal.Kind{
	"tickets":     {journal.KindRoster, journal.KindGuests},
	"orders":      {journal.KindRoster, journal.KindGuests},
	"revocations": {journal.KindRevoke},
	"keys":        {journal.KindRing},
	"events":      {journal.KindEvent},
	"gates":       {journal.KindEvent},
	"products":    {journal.KindEvent},
}

// uploads are the names of what a device sends.
var uploads = []string{"uploads", "upload", "scans", "checkins"}

// CheckFault refuses a fault that is not known.
func CheckFault(f Fault) error {
	switch f.Name {
	case "", "none", "drop_response", "timeout_after_commit", "break_at_page", "break_after_bytes", "duplicate", "slow":
		return nil
	}
	if !slices.Contains(unreachable, f.Name) {
		return fmt.Errorf("unknown network fault %q", f.Name)
	}
	if _, known := resources[f.Resource]; !known && f.Resource != "" && !slices.Contains(uploads, f.Resource) {
		return fmt.Errorf("unknown resource %q", f.Resource)
	}
	return nil
}

// wire is the connection of one session between a device and the server.
type wire struct {
	event     string
	own       journal.NodeID // the device
	fault     Fault
	direction Direction
	page      int // records of one page
	// holds says how far the device holds a chain: what was sent before a fault has
	// arrived, as behind a proxy that answers one request and fails the next.
	holds func(journal.Chain) uint64

	mu    sync.Mutex // covers what follows
	bytes int
	pages int
	cut   func()
	done  bool
}

// dead says why no session can be had, nil where one can.
func (w *wire) dead() error {
	if slices.Contains(unreachable, w.fault.Name) && w.fault.Resource == "" {
		return fault.New(fault.Unavailable, "the network fails: %s", w.fault.Name)
	}
	return nil
}

func (w *wire) refusesUploads() bool {
	return slices.Contains(unreachable, w.fault.Name) && slices.Contains(uploads, w.fault.Resource)
}

// ends gives the two ends of the connection.
func (w *wire) ends() (device, server *exchangetest.End) {
	device, server = exchangetest.Pair(w.fate)
	w.cut = device.Cut
	return device, server
}

// greetings are the first messages of each direction, of which nobody makes copies:
// who sends them again begins another session.
const greetings = 2

// fate cuts the connection after so many bytes, or has every message come twice.
func (w *wire) fate(_, n int, message []byte) exchangetest.Fate {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes += len(message)
	if w.fault.Name == "duplicate" && n >= greetings {
		return exchangetest.Fate{Copies: 1}
	}
	return exchangetest.Fate{Cut: w.fault.Name == "break_after_bytes" && w.bytes > w.fault.Value}
}

// committed cuts the connection where the answer to an upload is to be lost.
func (w *wire) committed() {
	if w.fault.Name == "drop_response" || w.fault.Name == "timeout_after_commit" {
		w.end()
	}
}

func (w *wire) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.done = true
		w.cut()
	}
}

// turns counts a page that is about to leave, and says whether the network fails in
// its place.
func (w *wire) turns() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages++
	return w.fault.Name == "break_at_page" && w.pages >= w.fault.Value
}

// arrived waits until the device holds a chain up to a number.
func (w *wire) arrived(ctx context.Context, chain journal.Chain, seq uint64) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for w.holds(chain) < seq {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// fails reports whether records of a kind can't be had.
func (w *wire) fails(kind journal.Kind) bool {
	return w.fault.Resource != "" && slices.Contains(resources[w.fault.Resource], kind)
}

// pagedStore gives the server's records page by page.
type pagedStore struct {
	journal.Store
	wire *wire
}

// Vector hides what the direction of the session keeps back.
func (p *pagedStore) Vector(ctx context.Context) (journal.Vector, error) {
	v, err := p.Store.Vector(ctx)
	if err != nil || p.wire.direction != Upload {
		return v, err
	}
	for chain := range v {
		if chain.Node != p.wire.own {
			delete(v, chain)
		}
	}
	return v, nil
}

// Read gives at most a page, or cuts the connection in its place.
func (p *pagedStore) Read(ctx context.Context, chain journal.Chain, from uint64, maxRecords, maxBytes int) ([][]byte, error) {
	looks := maxRecords == 1 // at what the other side holds; it sends nothing
	if p.wire.page > 0 {
		maxRecords = min(maxRecords, p.wire.page)
	}
	list, err := p.Store.Read(ctx, chain, from, maxRecords, maxBytes)
	if err != nil || looks {
		return list, err
	}
	keep := len(list)
	for i, raw := range list {
		r, err := journal.Parse(raw)
		if err != nil {
			return nil, err
		}
		if p.wire.fails(r.Kind) {
			keep = i // what comes before it gets through
			break
		}
	}
	if keep == 0 {
		p.wire.arrived(ctx, chain, from-1)
		p.wire.end()
		return nil, fault.New(fault.Unavailable, "the network fails: %s of %s", p.wire.fault.Name, p.wire.fault.Resource)
	}
	if p.wire.turns() {
		p.wire.arrived(ctx, chain, from-1)
		p.wire.end()
		return nil, fault.New(fault.Unavailable, "the network fails: %s", p.wire.fault.Name)
	}
	return list[:keep], nil
}

var _ exchange.Conn = (*exchangetest.End)(nil)
