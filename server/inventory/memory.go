package inventory

import (
	"sync"
	"time"
)

// memory is what was last seen of pools. It refuses and it informs; it never gives.
type memory struct {
	mu    sync.Mutex
	empty map[poolKey]time.Time // when the pool was found to have none left
	left  map[string]leftSeen
}

type poolKey struct{ event, pool string }

type leftSeen struct {
	pools map[string]int64
	at    time.Time
}

// fresh reports whether what was seen then may still be said. A clock that was set
// back makes nothing fresh.
func fresh(at, now time.Time) bool {
	age := now.Sub(at)
	return age >= 0 && age < staleAfter
}

// refuses says no to a request for a pool that was just found empty.
func (m *memory) refuses(r *Request, now time.Time) *Short {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range r.Lines {
		if at, known := m.empty[poolKey{r.Event, l.Pool}]; known && fresh(at, now) {
			return &Short{Left: map[string]int64{l.Pool: 0}}
		}
	}
	return nil
}

// found notes what a batch left of a pool.
func (m *memory) found(event, pool string, left int64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if left > 0 {
		delete(m.empty, poolKey{event, pool})
		return
	}
	if m.empty == nil {
		m.empty = make(map[poolKey]time.Time)
	}
	m.empty[poolKey{event, pool}] = now
}

// forget knows nothing of the event any more: places came back, or its pools were
// changed. Another server's memory is a second old at most.
func (m *memory) forget(event string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.left, event)
	for key := range m.empty {
		if key.event == event {
			delete(m.empty, key)
		}
	}
}

func (m *memory) lefts(event string, now time.Time) (map[string]int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen, known := m.left[event]
	return seen.pools, known && fresh(seen.at, now)
}

func (m *memory) note(event string, pools map[string]int64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left == nil {
		m.left = make(map[string]leftSeen)
	}
	m.left[event] = leftSeen{pools, now}
}
