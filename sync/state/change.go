package state

import "sync"

// Change says what a record changed.
type Change uint16

// What may change.
const (
	ChangedEvent       Change = 1 << iota // rules, products, zones, gates
	ChangedRing                           // keys
	ChangedDirectory                      // who is enrolled
	ChangedRevocations                    //
	ChangedRoster                         //
	ChangedHistory                        // scans and undos, and what counts of them
	ChangedResolutions                    // conflicts that a person has dealt with
	ChangedGuests                         // who holds which ticket
	ChangedStaff                          // who may sign in
	ChangedOther                          // faults, sets aside, and how far chains go
)

// Has reports whether any of the parts changed.
func (c Change) Has(parts Change) bool { return c&parts != 0 }

// bell tells subscribers that something changed.
type bell struct {
	mu          sync.Mutex
	subscribers map[chan struct{}]struct{}
}

// Subscribe gives a channel that gets a value after the state changed, and a
// function that ends the subscription. Notices coalesce: a subscriber who is
// busy finds one, however much has changed. The channel is never closed.
func (s *State) Subscribe() (<-chan struct{}, func()) {
	b := &s.bell
	notices := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subscribers == nil {
		b.subscribers = make(map[chan struct{}]struct{})
	}
	b.subscribers[notices] = struct{}{}
	return notices, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subscribers, notices)
	}
}

func (b *bell) ring(c Change) {
	if c == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for notices := range b.subscribers {
		select {
		case notices <- struct{}{}:
		default:
		}
	}
}
