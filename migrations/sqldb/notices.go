package sqldb

import "sync"

// notices tells of commits. What is told while nobody listens is told once when
// somebody does.
type notices struct {
	mu  sync.Mutex
	all map[chan struct{}]struct{}
}

// add gives a channel that gets a notice after each commit, or after several.
func (n *notices) add() chan struct{} {
	c := make(chan struct{}, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all == nil {
		n.all = make(map[chan struct{}]struct{})
	}
	n.all[c] = struct{}{}
	return c
}

func (n *notices) remove(c chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.all, c)
}

func (n *notices) send() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.all {
		notify(c)
	}
}

// notify leaves a notice in c, unless one waits there already.
func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
