package state

import (
	"strings"

	"usher/sync/admission"
	"usher/sync/journal"
)

// act is an admission.Act in little space: a hundred thousand of them are held.
type act struct {
	hash        journal.Hash
	seq         uint64
	ticket      journal.TicketID // zero: no genuine ticket was seen
	at          int64
	uncertainty int64
	known       journal.Position
	words       *words
	refs        string // hashes one after the other: a scan's parents, or what an undo takes back
	code        *code  // what a green scan shows as evidence; nil for none
	older       *act   // the act of the same ticket that was applied before
	longest     uint64 // of the assurance
	unheard     uint32 // of the assurance
	chain       uint32 // index in chainList
	generation  uint16
	zone        uint8
	stay        uint16 // how many check-outs of the zone were before it
	standing    standing
	synced      bool
	undone      bool // by an undo that counts
}

// words are the texts of an act. Acts with the same ones share them.
type words struct {
	result                            admission.Result
	reason                            admission.Reason
	direction                         admission.Direction
	gate, lane, how, operator, assure string
	forced                            bool
}

// code is one code of a ticket as green scans showed it.
type code struct {
	evidence   string // the ticket's bytes
	older      *code  // of the same ticket
	product    uint32 // what the evidence says, once proof is good
	generation uint16
	admissions uint8
	proof      proof
}

// admits reports whether the act let somebody through, in or out: it needs
// evidence to count.
func (a *act) admits() bool { return a.words.result == admission.Accept }

// entry reports whether the act let somebody in.
func (a *act) entry() bool { return a.admits() && a.words.direction == admission.In }

func (a *act) isUndo() bool { return a.words.result == admission.Undo }

// manual reports whether the act let somebody through without evidence, which is
// for the roster to bear out.
func (a *act) manual() bool { return a.admits() && a.code == nil }

// takesBack reports whether the undo u is about a: an admission that u's author
// wrote before. Whether u counts is another question.
func (s *State) takesBack(u, a *act) bool {
	if !u.isUndo() || !a.entry() || u.refs != string(a.hash[:]) {
		return false
	}
	author, of := s.chainList[u.chain].id, s.chainList[a.chain].id
	return author.Node == of.Node && (of.Epoch < author.Epoch || of.Epoch == author.Epoch && a.seq < u.seq)
}

// pack gives the small form of an act of a chain. Zone, claims and standing are
// not in it.
func (l *ledger) pack(full *admission.Act, c *chain, ticket journal.TicketID) *act {
	a := &act{
		hash: full.Hash, seq: full.Seq, chain: c.index, ticket: ticket,
		at: full.At, uncertainty: full.Uncertainty, synced: full.Synced,
		known: full.Known, generation: full.Generation,
		longest: full.Assurance.LongestMS, unheard: full.Assurance.Unheard,
		zone: noZone, standing: unplaced,
	}
	a.words = l.share(words{
		full.Result, full.Reason, full.Direction,
		full.Gate, full.Lane, full.How, full.Operator, full.Assurance.Level, full.Forced,
	})
	if full.Result == admission.Undo {
		a.refs = string(full.Undoes[:])
		return a
	}
	var refs strings.Builder
	refs.Grow(len(full.Parents) * len(journal.Hash{}))
	for i := range full.Parents {
		refs.Write(full.Parents[i][:])
	}
	a.refs = refs.String()
	return a
}

func (l *ledger) share(w words) *words {
	shared, ok := l.vocabulary[w]
	if !ok {
		shared = &w
		l.vocabulary[w] = shared
	}
	return shared
}

// unpack gives the full form, with the zone and the claims as they are known now.
func (s *State) unpack(a *act) admission.Act {
	c, w := s.chainList[a.chain], a.words
	full := admission.Act{
		Hash: a.hash, Chain: c.id, Seq: a.seq,
		Result: w.result, Reason: w.reason, Direction: w.direction,
		At: a.at, Uncertainty: a.uncertainty, Synced: a.synced,
		Gate: w.gate, Zone: a.zone, Lane: w.lane, How: w.how, Operator: w.operator, Forced: w.forced,
		Generation: a.generation, Undone: a.undone, SetAside: a.standing != counts, Known: a.known,
		Assurance: journal.Assurance{Level: w.assure, Unheard: a.unheard, LongestMS: a.longest},
	}
	switch {
	case a.isUndo():
		full.Zone, full.Undoes = 0, journal.Hash([]byte(a.refs))
		return full
	case a.code != nil && a.code.proof == good:
		full.Generation, full.Product, full.Admissions = a.code.generation, a.code.product, a.code.admissions
	case a.manual():
		claims, _ := s.roster.At(a.known, a.ticket)
		full.Product, full.Admissions = claims.Product, claims.Admissions
	}
	for rest := a.refs; rest != ""; rest = rest[len(journal.Hash{}):] {
		full.Parents = append(full.Parents, journal.Hash([]byte(rest[:len(journal.Hash{})])))
	}
	return full
}
