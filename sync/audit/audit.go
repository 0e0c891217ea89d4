// Package audit checks journals from the ground up: that every record a node
// holds is there, in its place, and was signed by who says so.
//
// # What is checked
//
// Nothing that was checked when the records arrived is taken on trust, least of
// all the database they lie in. The key ring has to be signed by the pinned
// roots, the server's chain by the key in the ring, an enrolment has to stand in
// the server's chain, and a gate's chain has to be signed by the enrolled key.
// Every record has to be in its one accepted encoding, to have the next number,
// and to name the record before it by its hash. So a record that was changed,
// dropped, inserted or moved is found, with the one exception that a chain can't
// tell by itself that its end was cut off: for that the checkpoints are compared,
// in which authors signed how far their chains went.
//
// # What is not
//
// What the records mean, and whether a gate decided rightly, is sync/state's and
// sync/admission's business. Records beyond the last one that an expulsion
// believes are counted, not blamed: they are signed all the same.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"usher/crypto/keyring"
	"usher/sync/journal"
	"usher/sync/state"
)

// Source is what to check: one event's journals on one node.
type Source struct {
	Event       string
	Store       journal.Store
	Pins        keyring.Pins          // of the roots that are trusted
	Rings       []*keyring.SignedRing // that came by another way than the journal
	Server      journal.NodeID        // whose journal is the server's; zero: the ring says
	Self        journal.NodeID        // whose node this is: nothing of its own chain may be missing here
	Checkpoints []*journal.Checkpoint // that the node kept
	Forks       []journal.Fork        // that the node kept
}

// Report says what was found.
type Report struct {
	Event  string   `json:"event"`
	Chains []Chain  `json:"chains"`
	Forks  []Fork   `json:"forks,omitempty"`
	Faults []string `json:"faults,omitempty"` // of the server's records: what contradicts itself or can't be read
}

// Sound reports whether nothing is wrong.
func (r *Report) Sound() bool {
	return len(r.Forks) == 0 && len(r.Faults) == 0 && !slices.ContainsFunc(r.Chains, func(c Chain) bool { return c.Fault != nil })
}

// Chain is what was found of one chain.
type Chain struct {
	Node  journal.NodeID `json:"node"`
	Epoch uint64         `json:"epoch"`
	// Author is what people call the author; "" where nobody enrolled it.
	Author     string       `json:"author"`
	Role       string       `json:"role"`                 // server, or a gate's: scanner, supervisor, box-office
	Records    uint64       `json:"records"`              // that are sound, from the first on
	Head       journal.Hash `json:"head"`                 // the newest of them
	Last       int64        `json:"last,omitempty"`       // when it was written, Unix ms, corrected
	Unbelieved uint64       `json:"unbelieved,omitempty"` // written after the device was expelled
	Absent     uint64       `json:"absent,omitempty"`     // that the author has said it wrote and are not held here yet
	Fault      *Fault       `json:"fault,omitempty"`
}

// Fault is the first thing that is wrong with a chain. What comes after it in the
// chain can't be judged.
type Fault struct {
	Seq  uint64 `json:"record"`
	What string `json:"what"`
}

// Fork is proof that an author wrote two records with one number: a cloned or
// restored device.
type Fork struct {
	Node  journal.NodeID `json:"node"`
	Epoch uint64         `json:"epoch"`
	Seq   uint64         `json:"record"`
	Held  journal.Hash   `json:"held"`
	Seen  journal.Hash   `json:"seen"`
}

// Progress is told how many records of how many were checked.
type Progress func(done, total uint64)

// Run checks a source. The error is that of the store or of ctx; what is wrong
// with the journals stands in the report.
func Run(ctx context.Context, src Source, progress Progress) (*Report, error) {
	held, err := src.Store.Vector(ctx)
	if err != nil {
		return nil, fmt.Errorf("auditing event %s: %w", src.Event, err)
	}
	if progress == nil {
		progress = func(uint64, uint64) {}
	}
	a := &auditor{
		Source: src, state: state.New(state.Config{Event: src.Event, Pins: src.Pins, Server: src.Server}),
		held: held, total: journal.Vector(nil).Missing(held), progress: progress, report: Report{Event: src.Event},
	}
	chains, err := a.ordered(ctx)
	if err != nil {
		return nil, fmt.Errorf("auditing event %s: %w", src.Event, err)
	}
	for _, id := range chains {
		w := &walker{auditor: a, id: id, out: Chain{Node: id.Node, Epoch: id.Epoch}}
		if err := w.walk(ctx); err != nil {
			return nil, fmt.Errorf("auditing chain %s of event %s: %w", id, src.Event, err)
		}
		a.report.Chains = append(a.report.Chains, w.out)
	}
	a.forks()
	a.report.Faults = append(a.report.Faults, a.state.Faults()...)
	return &a.report, nil
}

// auditor is one audit.
type auditor struct {
	Source
	state       *state.State // of the server's records alone: who may write
	held        journal.Vector
	done, total uint64
	progress    Progress
	report      Report
}

// ordered lists the chains that are held or that a checkpoint speaks of, the
// server's first, because it says who the others are. Whose that is, the rings
// say: those given, and those at the heads of chains. A ring is believed for its
// own signatures, wherever it lies.
func (a *auditor) ordered(ctx context.Context) ([]journal.Chain, error) {
	all := a.held.Clone()
	for _, p := range a.Checkpoints {
		if p.Head.Seq > 0 {
			all[p.Chain] = a.held[p.Chain]
		}
	}
	rings := slices.Clone(a.Rings)
	for id := range all {
		first, err := a.Store.Read(ctx, id, 1, 1, 1)
		if err != nil {
			return nil, err
		}
		if ring := ringIn(first); ring != nil {
			rings = append(rings, ring)
		}
	}
	a.trust(rings)
	chains := all.Chains()
	slices.SortStableFunc(chains, func(x, y journal.Chain) int { return rank(a.state.IsServer(x.Node)) - rank(a.state.IsServer(y.Node)) })
	return chains, nil
}

func rank(server bool) int {
	if server {
		return 0
	}
	return 1
}

func ringIn(raw [][]byte) *keyring.SignedRing {
	if len(raw) == 0 {
		return nil
	}
	r, err := journal.Parse(raw[0])
	if err != nil {
		return nil
	}
	c, err := journal.Read[journal.RingRecord](r)
	if err != nil {
		return nil
	}
	ring, err := keyring.ParseSigned(c.Signed)
	if err != nil {
		return nil
	}
	return ring
}

// trust takes in rings, newest first: the pins are those of the newest roots, and
// each ring names the one before it. One that is refused vouches for nobody; the
// chain that needs it is blamed for that.
func (a *auditor) trust(rings []*keyring.SignedRing) {
	slices.SortStableFunc(rings, func(x, y *keyring.SignedRing) int { return cmp.Compare(y.Ring.Seq, x.Ring.Seq) })
	for _, ring := range rings {
		_ = a.state.TrustRing(ring)
	}
}

// forks checks the proofs that were kept. One that proves nothing is passed
// over: anybody could have put it there.
func (a *auditor) forks() {
	for _, f := range a.Forks {
		pub, _, known := a.state.Author(f.Held.Chain.Node)
		if !known || f.Check(pub) != nil {
			continue
		}
		a.report.Forks = append(a.report.Forks, Fork{
			Node: f.Held.Chain.Node, Epoch: f.Held.Chain.Epoch, Seq: f.Held.Seq, Held: f.Held.Hash(), Seen: f.Seen.Hash(),
		})
	}
}
