package exchangetest

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"usher/sync/exchange"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// Event is the event of every Node.
const Event = "JAZZ-26"

// Node is a gate or a server around a store in memory. What it knows of others
// comes from the server's journal, as in a real one: a gate begins with nothing
// but the server's key.
type Node struct {
	*journaltest.Writer // its own journal
	Local               exchange.Local
	Memory              *journaltest.Memory

	server  journal.NodeID
	mu      sync.Mutex // covers what follows
	members map[journal.NodeID]ed25519.PublicKey
	expels  map[journal.NodeID]*journal.Expel
	wakes   map[chan struct{}]struct{}
	accepts int
	refuse  func([]*journal.Record) error
}

// NewServer makes the server of the event.
func NewServer(t testing.TB) *Node {
	n := newNode(t, "server", journal.NodeID{})
	n.server = n.ID()
	n.Local.Clock = exchange.ServerClock()
	n.members[n.server] = n.Signer.Public()
	return n
}

// NewGate makes a gate of a name, which the server has yet to Enrol.
func NewGate(t testing.TB, name string, server *Node) *Node {
	n := newNode(t, name, server.ID())
	n.Local.Clock = exchange.NewClock(exchange.Estimate{}, nil)
	n.members[server.ID()] = server.Signer.Public()
	return n
}

func newNode(t testing.TB, name string, server journal.NodeID) *Node {
	t.Helper()
	n := &Node{
		Writer: journaltest.NewWriter(t, name), Memory: journaltest.NewMemory(), server: server,
		members: map[journal.NodeID]ed25519.PublicKey{}, expels: map[journal.NodeID]*journal.Expel{},
		wakes: map[chan struct{}]struct{}{},
	}
	n.Local = exchange.Local{
		Event: Event, Self: n.Signer, Store: n.Memory, Directory: n, Accept: n.Accept, Subscribe: n.Subscribe,
		IsServer: func(id journal.NodeID) bool { return id == n.server },
		Peers:    new(exchange.Peers), Rand: &counter{name: name},
	}
	n.Local.Checkpoints = exchange.NewCheckpoints(n.checkpoint, nil)
	return n
}

// ID is the node's id.
func (n *Node) ID() journal.NodeID { return n.Chain().Node }

// Own writes records of the node's own and stores them.
func (n *Node) Own(t testing.TB, count int) []*journal.Record {
	t.Helper()
	records := n.Scans(t, count)
	n.put(t, records)
	return records
}

// Enrol has the server enrol a gate, and gives the gate its introduction.
func (n *Node) Enrol(t testing.TB, gate *Node) {
	t.Helper()
	r := n.Write(t, journal.KindEnrol, &journal.Enrol{
		Node: gate.ID(), Public: gate.Signer.Public(), Gate: "north", Role: "scanner", Name: "handheld",
	})
	n.put(t, []*journal.Record{r})
	gate.Local.Introduction = r.Bytes()
}

// Expel has the server end a gate's enrolment.
func (n *Node) Expel(t testing.TB, gate *Node) {
	t.Helper()
	n.put(t, []*journal.Record{n.Write(t, journal.KindExpel, &journal.Expel{Node: gate.ID(), Last: gate.Head.Seq, Why: "lost"})})
}

func (n *Node) put(t testing.TB, records []*journal.Record) {
	t.Helper()
	if err := n.Accept(context.Background(), records); err != nil {
		t.Fatalf("storing own records: %v", err)
	}
}

// Accept stores and applies records, as Local.Accept.
func (n *Node) Accept(ctx context.Context, records []*journal.Record) error {
	n.mu.Lock()
	n.accepts++
	refuse := n.refuse
	n.mu.Unlock()
	if refuse != nil {
		if err := refuse(records); err != nil {
			return err
		}
	}
	if err := n.Memory.Append(ctx, records); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range records {
		n.apply(r)
	}
	for c := range n.wakes {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	return nil
}

func (n *Node) apply(r *journal.Record) {
	if r.Chain.Node != n.server {
		return
	}
	switch r.Kind {
	case journal.KindEnrol:
		if e, err := journal.Read[journal.Enrol](r); err == nil {
			n.members[e.Node] = e.Public
		}
	case journal.KindExpel:
		if e, err := journal.Read[journal.Expel](r); err == nil {
			n.expels[e.Node] = e
		}
	}
}

// Author implements exchange.Directory.
func (n *Node) Author(id journal.NodeID) (ed25519.PublicKey, *journal.Expel, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	pub, ok := n.members[id]
	return pub, n.expels[id], ok
}

// Refuse lets f fail an Accept before anything is stored; nil: nothing does.
func (n *Node) Refuse(f func([]*journal.Record) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refuse = f
}

// Accepts is how often Accept was called.
func (n *Node) Accepts() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.accepts
}

// Subscribe implements Local.Subscribe.
func (n *Node) Subscribe() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wakes[c] = struct{}{}
	return c, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.wakes, c)
	}
}

// Restart drops what a crash drops: all but the store.
func (n *Node) Restart() {
	n.mu.Lock()
	defer n.mu.Unlock()
	server := n.members[n.server]
	n.members = map[journal.NodeID]ed25519.PublicKey{n.server: server}
	n.expels = map[journal.NodeID]*journal.Expel{}
	for _, chain := range n.Vector().Chains() {
		for _, r := range n.Memory.Records(chain) {
			n.apply(r)
		}
	}
	n.Local.Peers = new(exchange.Peers)
	n.Head = n.Vector()[n.Chain()]
}

// Vector is how far the node holds each chain.
func (n *Node) Vector() journal.Vector {
	v, err := n.Memory.Vector(context.Background())
	if err != nil {
		return nil
	}
	return v
}

func (n *Node) checkpoint(context.Context) (*journal.Checkpoint, error) {
	if n.Local.Now == nil {
		return nil, nil
	}
	now := n.Local.Now().UnixMilli()
	return n.Checkpoint(n.Vector()[n.Chain()], now, now+time.Hour.Milliseconds())
}

// Same checks that nodes hold the same records, byte for byte.
func Same(t interface {
	Helper()
	Errorf(string, ...any)
}, nodes ...*Node) {
	t.Helper()
	want := nodes[0].Vector()
	for i, n := range nodes[1:] {
		if got := n.Vector(); !maps.Equal(got, want) {
			t.Errorf("node %d holds %v, node 0 %v", i+1, heads(got), heads(want))
		}
	}
}

func heads(v journal.Vector) []string {
	var list []string
	for _, c := range v.Chains() {
		list = append(list, fmt.Sprintf("%s:%d:%.4s", c, v[c].Seq, v[c].Hash))
	}
	return list
}

// counter is randomness that is not: each Read gives other bytes, the same in
// each run.
type counter struct {
	name string
	mu   sync.Mutex
	n    int
}

var _ io.Reader = (*counter)(nil)

func (c *counter) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	seed := slices.Concat([]byte(c.name), fmt.Append(nil, c.n))
	for i := range b {
		b[i] = seed[i%len(seed)] + byte(i)
	}
	return len(b), nil
}
