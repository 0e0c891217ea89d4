package uplink

import (
	"errors"
	"time"

	"usher/sync/journal"
)

// sameTime is how close together two sessions began when neither is the first.
const sameTime = time.Second

// errDouble ends a session beside which there is another with the same node.
var errDouble = errors.New("there is another session with the node")

// sessions are those with other nodes at present, by who began them: one with each
// is enough, and two gates that find each other begin two. Uplink.mu covers it.
type sessions struct {
	came map[journal.NodeID]came
	went map[journal.NodeID]*went
}

// came are the sessions that a node began.
type came struct {
	count int
	since time.Time // of the first
}

// went is the session that this gate began with a node.
type went struct {
	node  journal.NodeID
	since time.Time
	end   func(error)
}

// received counts a session that the node began. Where this gate began one at the
// same time, the one that the smaller node began stays.
func (u *Uplink) received(node journal.NodeID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.sessions.came == nil {
		u.sessions.came = make(map[journal.NodeID]came)
	}
	now, c := u.local.Now(), u.sessions.came[node]
	if c.count++; c.count == 1 {
		c.since = now
	}
	u.sessions.came[node] = c
	own := u.sessions.went[node]
	if own != nil && node.Compare(u.own().Node) < 0 && now.Sub(own.since) <= sameTime {
		own.end(errDouble)
	}
}

// left ends what received began.
func (u *Uplink) left(node journal.NodeID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.sessions.came[node]
	if c.count--; c.count > 0 {
		u.sessions.came[node] = c
		return
	}
	delete(u.sessions.came, node)
}

// begun counts a session that this gate began, and ends it if it is one too many:
// there is one with the node by another of its addresses, or the node began one. One
// that takes the place of another is not. It gives the session as it is counted, nil
// for one too many.
func (u *Uplink) begun(node journal.NodeID, end func(error), before *went) *went {
	u.mu.Lock()
	defer u.mu.Unlock()
	now, c := u.local.Now(), u.sessions.came[node]
	other := u.sessions.went[node]
	another := other != nil && other != before
	ours := node.Compare(u.own().Node) > 0 && now.Sub(c.since) <= sameTime // which of two stays
	if another || c.count > 0 && !ours {
		end(errDouble)
		return nil
	}
	if u.sessions.went == nil {
		u.sessions.went = make(map[journal.NodeID]*went)
	}
	w := &went{node, now, end}
	u.sessions.went[node] = w
	return w
}

// over ends what begun began.
func (u *Uplink) over(w *went) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if w != nil && u.sessions.went[w.node] == w {
		delete(u.sessions.went, w.node)
	}
}
