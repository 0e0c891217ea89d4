package discovery

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Limits of what is kept of adverts.
const (
	// MaxHints bounds the addresses that are kept.
	MaxHints = 64
	// MaxEach bounds those of one host.
	MaxEach = 4
)

// hints are the addresses that were heard, until they are too old. When there are
// too many, the one that was heard the longest ago goes.
type hints struct {
	mu    sync.Mutex // covers what follows
	until map[netip.AddrPort]time.Time
}

func newHints() *hints { return &hints{until: make(map[netip.AddrPort]time.Time)} }

// add notes an address, and says whether the list changed.
func (h *hints) add(at netip.AddrPort, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, known := h.until[at]
	if !known {
		h.makeRoom(func(a netip.AddrPort) bool { return a.Addr() == at.Addr() }, MaxEach)
		h.makeRoom(func(netip.AddrPort) bool { return true }, MaxHints)
	}
	h.until[at] = now.Add(Life)
	return !known
}

// makeRoom drops the oldest of those that count while there are limit of them.
func (h *hints) makeRoom(counts func(netip.AddrPort) bool, limit int) {
	var n int
	var oldest netip.AddrPort
	for at, until := range h.until {
		if !counts(at) {
			continue
		}
		if n++; n == 1 || until.Before(h.until[oldest]) || until.Equal(h.until[oldest]) && at.Compare(oldest) < 0 {
			oldest = at
		}
	}
	if n >= limit {
		delete(h.until, oldest)
	}
}

// expire drops what was heard too long ago, and says whether there was any.
func (h *hints) expire(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := len(h.until)
	for at, until := range h.until {
		if !now.Before(until) {
			delete(h.until, at)
		}
	}
	return len(h.until) < before
}

// list gives the addresses as base URLs, in a stable order.
func (h *hints) list() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]string, 0, len(h.until))
	for at := range h.until {
		list = append(list, "http://"+at.String())
	}
	slices.Sort(list)
	return list
}
