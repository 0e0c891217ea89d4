package exchange

import (
	"slices"
	"sync"
	"time"

	"usher/sync/journal"
)

// Peer is what a node learned of another in the sessions with it.
type Peer struct {
	Node      journal.NodeID
	Connected int              // sessions open now
	Heard     time.Time        // last message from it, by the local clock; zero: never
	Vector    journal.Vector   // how far it said it holds each chain durably, in the newest session with it
	Sample    Sample           // the newest measurement of its clock
	Forked    []journal.Chain  // chains of which it holds another branch than this node
	Refused   map[string]error // by chain, what it or this node last refused, and why
}

// Peers writes down what sessions learn of other nodes, for the sessions of one
// Local. The zero value is empty and ready. It is safe for use by several
// goroutines.
type Peers struct {
	mu      sync.Mutex // covers what follows
	known   map[journal.NodeID]*Peer
	notices notices
}

// Restore puts back what was known of a peer before a restart.
func (p *Peers) Restore(node journal.NodeID, heard time.Time, held journal.Vector) {
	p.change(node, func(peer *Peer) bool {
		if heard.After(peer.Heard) {
			peer.Heard = heard
		}
		advance(peer.Vector, held)
		return true
	})
}

// All lists every peer that there ever was a session with, by node.
func (p *Peers) All() []Peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]Peer, 0, len(p.known))
	for _, peer := range p.known {
		list = append(list, peer.clone())
	}
	slices.SortFunc(list, func(a, b Peer) int { return a.Node.Compare(b.Node) })
	return list
}

// Get gives one peer.
func (p *Peers) Get(node journal.NodeID) (Peer, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	peer, ok := p.known[node]
	if !ok {
		return Peer{}, false
	}
	return peer.clone(), true
}

// Held gives the number up to which some other node is known to hold the chain
// durably: what lies beyond would be lost with this device. only, if not nil,
// says which nodes count.
func (p *Peers) Held(chain journal.Chain, only func(journal.NodeID) bool) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	var most uint64
	for node, peer := range p.known {
		if only == nil || only(node) {
			most = max(most, peer.Vector[chain].Seq)
		}
	}
	return most
}

// Subscribe gives a channel that gets a value, coalesced, when a peer came,
// went, or got further, and a function that ends the subscription.
func (p *Peers) Subscribe() (<-chan struct{}, func()) { return p.notices.subscribe() }

// change applies f to a peer, and notifies if f says so.
func (p *Peers) change(node journal.NodeID, f func(*Peer) bool) {
	p.mu.Lock()
	if p.known == nil {
		p.known = make(map[journal.NodeID]*Peer)
	}
	peer := p.known[node]
	if peer == nil {
		peer = &Peer{Node: node, Vector: journal.Vector{}, Refused: map[string]error{}}
		p.known[node] = peer
	}
	tell := f(peer)
	p.mu.Unlock()
	if tell {
		p.notices.tell()
	}
}

func (p *Peer) clone() Peer {
	c := *p
	c.Vector = p.Vector.Clone()
	c.Forked = slices.Clone(p.Forked)
	c.Refused = make(map[string]error, len(p.Refused))
	for chain, why := range p.Refused {
		c.Refused[chain] = why
	}
	return c
}

// advance moves v up to what w holds beyond it, and says whether it moved. It
// takes no more than MaxChains chains.
func advance(v, w journal.Vector) bool {
	moved := false
	for chain, head := range w {
		have, known := v[chain]
		if have.Seq < head.Seq && (known || len(v) < MaxChains) {
			v[chain] = head
			moved = true
		}
	}
	return moved
}
