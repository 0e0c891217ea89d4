package server

import "sync"

// drain says whether the server drains. The zero value is ready.
type drain struct {
	mu   sync.Mutex
	now  chan struct{} // closed while it drains
	done bool          // now is closed
}

// draining gives a channel that is closed while the server drains.
func (d *drain) draining() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.channel()
}

func (d *drain) channel() chan struct{} {
	if d.now == nil {
		d.now = make(chan struct{})
	}
	return d.now
}

// set begins or ends it, and reports whether that is a change.
func (d *drain) set(on bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done == on {
		return false
	}
	if d.done = on; on {
		close(d.channel())
	} else {
		d.now = nil
	}
	return true
}

func (d *drain) on() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done
}

// StartDrain has others take over: /readyz says no, so that a load balancer sends
// nobody here any more, gates are asked to move to another server and new ones are
// sent away. Whoever comes all the same is served.
func (s *Server) StartDrain() {
	if s.drain.set(true) {
		s.Log.Info("this server drains: load balancer and gates are asked to go elsewhere")
	}
}

// EndDrain has the server take part again.
func (s *Server) EndDrain() {
	if s.drain.set(false) {
		s.Log.Info("this server drains no more")
	}
}
