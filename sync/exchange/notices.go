package exchange

import "sync"

// notices wakes whoever subscribed, without ever waiting for them: each has a
// channel of one place, so several wakes before it looks are one. The zero value
// is ready.
type notices struct {
	mu   sync.Mutex // covers subs
	subs map[chan struct{}]struct{}
}

func (n *notices) subscribe() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.subs == nil {
		n.subs = make(map[chan struct{}]struct{})
	}
	n.subs[c] = struct{}{}
	return c, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.subs, c)
	}
}

func (n *notices) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.subs {
		signal(c)
	}
}

// signal leaves a value in a channel of one place unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
