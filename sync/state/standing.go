package state

import (
	"cmp"
	"slices"

	"usher/sync/journal"
)

// standing says whether an act counts, or why not.
type standing uint8

const (
	unplaced    standing = iota // not asked yet
	counts                      //
	waiting                     // its author is not known yet
	notGate                     // its author may not write it
	expelled                    // its author was expelled before
	gateMissing                 // no version of the event has its gate
	notOnRoster                 // let in without evidence, and the roster doesn't know the ticket
	keyMissing                  // its evidence is signed with a key that is in no ring
	badEvidence                 // its evidence is no ticket, or another one
)

// whys are the standings' words, for [Aside].
var whys = [...]string{
	unplaced: "", counts: "", waiting: WhyWaiting, notGate: WhyAuthor, expelled: WhyExpelled,
	gateMissing: WhyGateMissing, notOnRoster: WhyNotOnRoster, keyMissing: WhyKeyMissing, badEvidence: WhyEvidence,
}

// Why a record is set aside. The words are stable.
const (
	WhyWaiting     = "waiting"       // nobody has vouched for its author yet
	WhyAuthor      = "author"        // its author may not write records of its kind
	WhyExpelled    = "expelled"      // it comes after the last one believed of an expelled device
	WhyGateMissing = "gate_missing"  // it let somebody through at a gate that the event never had
	WhyNotOnRoster = "not_on_roster" // it let a typed code in that the roster doesn't know
	WhyKeyMissing  = "key_missing"   // its evidence is signed with a key that is in no key ring
	WhyWithheld    = "withheld"      // this node fails on it, and goes on without
	WhyEvidence    = "evidence"      // its evidence is no ticket of this event, or another ticket
)

// standingOf is the one place that says what counts. It looks at what is known
// now and at nothing that went before, so the order in which records come does
// not show in its answer.
func (s *State) standingOf(a *act) standing {
	author := s.chainList[a.chain].id
	if author.Node == s.server {
		return notGate
	}
	m, ok := s.enrolled(author.Node)
	switch {
	case !ok:
		return waiting
	case !m.believes(author.Epoch, a.seq):
		return expelled
	case !a.admits():
		return counts
	case a.zone == noZone && !s.position.Before(a.known):
		return gateMissing
	}
	if a.manual() {
		if _, ok := s.roster.Lookup(a.ticket); !ok {
			return notOnRoster
		}
		return counts
	}
	switch a.code.proof {
	case forged:
		return badEvidence
	case keyless:
		return keyMissing
	}
	return counts
}

// Aside is a record that doesn't count, and why.
type Aside struct {
	Chain  journal.Chain    `json:"chain"`
	Seq    uint64           `json:"seq"`
	Hash   journal.Hash     `json:"hash"`
	Kind   journal.Kind     `json:"-"`
	At     int64            `json:"at"` // corrected Unix ms
	Ticket journal.TicketID `json:"-"`  // zero where it is about none
	Gate   string           `json:"gate,omitempty"`
	Result string           `json:"result,omitempty"` // of a scan
	Why    string           `json:"why"`
}

// strayOf is the aside of a record of a kind for servers by somebody else.
func strayOf(r *journal.Record, why string) Aside {
	return Aside{Chain: r.Chain, Seq: r.Seq, Hash: r.Hash(), Kind: r.Kind, At: r.Stamp.Corrected(), Why: why}
}

// SetAside lists the records that are held and don't count, by chain and number.
// They are kept, and count once the reason is gone.
func (s *State) SetAside() []Aside {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []Aside
	for _, a := range s.acts {
		if a.standing != counts {
			list = append(list, s.aside(a))
		}
	}
	list = append(list, s.strays...)
	for node, records := range s.backlog {
		why := WhyWaiting
		if _, gate := s.enrolled(node); gate {
			why = WhyAuthor
		}
		for _, r := range records {
			list = append(list, strayOf(r, why))
		}
	}
	slices.SortFunc(list, func(a, b Aside) int { return cmp.Or(a.Chain.Compare(b.Chain), cmp.Compare(a.Seq, b.Seq)) })
	return list
}

func (s *State) aside(a *act) Aside {
	d := Aside{
		Chain: s.chainList[a.chain].id, Seq: a.seq, Hash: a.hash, Kind: journal.KindScan, At: a.at,
		Ticket: a.ticket, Gate: a.words.gate, Result: string(a.words.result), Why: whys[a.standing],
	}
	if a.isUndo() {
		d.Kind, d.Result = journal.KindUndo, ""
	}
	return d
}
