package turnstile

import (
	"sync"

	"usher/sync/journal"
)

// keyed is one lock a ticket, there only while somebody holds or wants it. The
// zero value is ready.
type keyed struct {
	mu    sync.Mutex
	locks map[journal.TicketID]*shared
}

type shared struct {
	sync.Mutex
	wanted int // covered by keyed.mu
}

// lock waits for the ticket and gives the function that lets it go.
func (k *keyed) lock(id journal.TicketID) (unlock func()) {
	k.mu.Lock()
	if k.locks == nil {
		k.locks = map[journal.TicketID]*shared{}
	}
	s := k.locks[id]
	if s == nil {
		s = &shared{}
		k.locks[id] = s
	}
	s.wanted++
	k.mu.Unlock()
	s.Lock()
	return func() {
		s.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if s.wanted--; s.wanted == 0 {
			delete(k.locks, id)
		}
	}
}
