package state

import (
	"cmp"
	"crypto/ed25519"
	"slices"

	"usher/crypto/grant"
	"usher/sync/journal"
)

// directory is who the server's journal says may write as a gate.
type directory struct {
	nodes map[journal.NodeID]*member
}

// member is one device key. Enrolments and expulsions may come in any order:
// the one that stands latest in the server's journal counts, of each. An expelled
// key stays so: the device enrols anew, with a new one.
type member struct {
	enrol      *journal.Enrol
	enrolledAt journal.Position
	expel      *journal.Expel
	expelledAt journal.Position
	ended      []byte // the expel record as it was signed
}

// believes reports whether the member's record with this number is believed.
func (m *member) believes(epoch, seq uint64) bool {
	if m.expel == nil {
		return true
	}
	return epoch < m.expel.Epoch || epoch == m.expel.Epoch && seq <= m.expel.Last
}

func (m *member) active() bool { return m.enrol != nil && m.expel == nil }

func (d *directory) member(node journal.NodeID) *member {
	m := d.nodes[node]
	if m == nil {
		m = new(member)
		d.nodes[node] = m
	}
	return m
}

// enrolled gives the member of a node that is or was enrolled.
func (d *directory) enrolled(node journal.NodeID) (*member, bool) {
	m := d.nodes[node]
	return m, m != nil && m.enrol != nil
}

func (d *directory) admit(at journal.Position, e *journal.Enrol) {
	if m := d.member(e.Node); m.enrol == nil || m.enrolledAt.Before(at) {
		m.enrol, m.enrolledAt = e, at
	}
}

func (d *directory) expel(at journal.Position, e *journal.Expel, record []byte) {
	if m := d.member(e.Node); m.expel == nil || m.expelledAt.Before(at) {
		m.expel, m.expelledAt, m.ended = e, at, record
	}
}

// Ended gives the record that ended a node's enrolment, as it was signed; nil where
// there is none.
func (s *State) Ended(node journal.NodeID) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if m := s.nodes[node]; m != nil {
		return m.ended
	}
	return nil
}

// WhyEnded says why a node's enrolment was ended; "" where it was not.
func (s *State) WhyEnded(node journal.NodeID) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if m := s.nodes[node]; m != nil && m.expel != nil {
		return m.expel.Why
	}
	return ""
}

// Heed takes a record of the server that ends an enrolment into account before the
// server's journal has come as far: a node is told of its own expulsion so, for it
// is let into no session any more. The record is verified here; nothing else of
// the server can be told so. It reports whether the record ends node's enrolment.
func (s *State) Heed(r *journal.Record, node journal.NodeID) bool {
	pub, _, known := s.Author(r.Chain.Node)
	if !known || !s.IsServer(r.Chain.Node) || r.Kind != journal.KindExpel || r.Verify(pub) != nil {
		return false
	}
	expel, err := journal.Read[journal.Expel](r)
	if err != nil || expel.Node != node {
		return false
	}
	s.mu.Lock()
	s.expel(journal.Position{Epoch: r.Chain.Epoch, Seq: r.Seq}, expel, r.Bytes())
	s.refitNode(node)
	s.mu.Unlock()
	s.bell.ring(ChangedDirectory | ChangedHistory)
	return true
}

// Retiring lists the devices that are to hand in what they have, with the place in
// the server's journal that says so.
func (s *State) Retiring() map[journal.NodeID]journal.Position {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list map[journal.NodeID]journal.Position
	for node, m := range s.nodes {
		if m.expel != nil && m.expel.Last == journal.Retiring {
			if list == nil {
				list = make(map[journal.NodeID]journal.Position)
			}
			list[node] = m.expelledAt
		}
	}
	return list
}

// Author gives the public key of a node that writes in this event: a gate that
// was enrolled, with the record that ended its enrolment if there is one, or the
// server, whose key has to be in the ring and not revoked.
func (s *State) Author(node journal.NodeID) (pub ed25519.PublicKey, limit *journal.Expel, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if node == s.server {
		pub, ok = s.serverKey()
		return pub, nil, ok
	}
	m, ok := s.enrolled(node)
	if !ok {
		return nil, nil, false
	}
	return m.enrol.Public, m.expel, true
}

// GateOf gives the gate and the role of a device that is or was enrolled, as the
// server's journal says now.
func (s *State) GateOf(node journal.NodeID) (gate, role string, enrolled bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m, enrolled := s.enrolled(node)
	if !enrolled {
		return "", "", false
	}
	return m.enrol.Gate, m.enrol.Role, true
}

// IsServer reports whether the node is the event's server.
func (s *State) IsServer(node journal.NodeID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return node == s.server && node != journal.NodeID{}
}

// Member is a device that was enrolled, and how far it got.
type Member struct {
	Node journal.NodeID `json:"node"`
	Gate string         `json:"gate"`
	Role string         `json:"role"`
	Name string         `json:"name"`
	// Authority is the certificate that phones at its door page have to trust, as it
	// said when it was enrolled; zero: it said none.
	Authority  grant.Fingerprint `json:"authority,omitzero"`
	Expelled   bool              `json:"expelled,omitempty"`
	Why        string            `json:"why,omitempty"`         // it was expelled
	Believed   uint64            `json:"believed,omitempty"`    // last record believed, when expelled; 0 also while it hands in what it has
	Records    uint64            `json:"records"`               // of its journal, applied here
	LastRecord int64             `json:"last_record,omitempty"` // corrected time of the newest, Unix ms; 0: none
	Known      journal.Position  `json:"-"`                     // how far it knew the server's journal at its newest scan
}

// Gates lists the devices that are or were enrolled, by gate, name and node.
func (s *State) Gates() []Member {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Member, 0, len(s.nodes))
	for node, m := range s.nodes {
		if m.enrol != nil {
			list = append(list, s.describe(node, m))
		}
	}
	slices.SortFunc(list, func(a, b Member) int {
		return cmp.Or(cmp.Compare(a.Gate, b.Gate), cmp.Compare(a.Name, b.Name), a.Node.Compare(b.Node))
	})
	return list
}

func (s *State) describe(node journal.NodeID, m *member) Member {
	d := Member{Node: node, Gate: m.enrol.Gate, Role: m.enrol.Role, Name: m.enrol.Name, Authority: grant.ReadFingerprint(m.enrol.Authority)}
	if m.expel != nil {
		d.Expelled, d.Why = true, m.expel.Why
		if m.expel.Last != journal.Retiring {
			d.Believed = m.expel.Last
		}
	}
	var newest *chain
	for _, c := range s.chainList {
		if c.id.Node == node && (newest == nil || newest.id.Epoch < c.id.Epoch) {
			newest = c
		}
	}
	if newest != nil {
		d.Records, d.LastRecord, d.Known = newest.head.Seq, newest.last, newest.known
	}
	return d
}
