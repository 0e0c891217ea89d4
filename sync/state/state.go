// Package state holds what a node's records amount to, for one event: the
// event's rules, the keys, who may write what, which tickets are void, every
// ticket's history, the conflicts and the counts. Server and gates use the same
// code for it, so the same records mean the same on all of them.
//
// # Derived, and disposable
//
// A [State] is computed from records and nothing else, and thrown away with the
// process: at start every record of the store goes through [State.Apply] again.
// Records of one chain come in their order; between chains any order gives the
// same state, because nothing is decided by what came first: what a record says
// is kept, and whether it counts is a question that is asked again whenever
// something came that may change the answer. It takes fewer questions to apply
// the server's chains before the others.
//
// # What counts
//
// The server's journal is believed because its key is in the key ring, the ring
// because the pinned roots signed it. Gates are believed because the server's
// journal enrolled them, up to the record that an expulsion names. A gate's
// admission counts only if its evidence, the ticket itself, verifies; without
// evidence, as of a typed short code, only if the roster knows the ticket. So a
// gate that lies can't use up tickets that it never met. What doesn't count is
// not dropped but set aside, with the reason: see [State.SetAside].
//
// # When evidence is checked
//
// A signature takes fifty times as long as the rest of applying a scan, so it is
// checked when something hangs on it: before a ticket's past is given out, before
// a conflict is found, and for the rest a few at a time by [State.ProveIdle],
// which a node runs beside its work. Until then a scan is counted, and [Counts]
// says how many codes are unproven.
//
// # Concurrency
//
// A State is safe for use by several goroutines. One lock covers all of it; a
// record is applied as a whole while it is held for writing. Signatures are
// checked with the lock free. What is given out is the caller's to keep, but
// shared parts (an *journal.Event, a *keyring.Ring, a slice of parents) are not
// to be changed.
package state

import (
	"fmt"
	"sync"

	"usher/crypto/keyring"
	"usher/sync/admission"
	"usher/sync/guests"
	"usher/sync/journal"
	"usher/sync/revocation"
	"usher/sync/roster"
	"usher/sync/staff"
)

// Config says whose state it is to be.
type Config struct {
	Event string       // the event's code
	Pins  keyring.Pins // of the root keys; without them no key ring is ever believed
	// Server is the node of the event's server journal. Zero: the key for it is
	// taken from the first ring that names one.
	Server journal.NodeID
	// GuestKey opens the guest list. Zero: this node may not read it.
	GuestKey guests.Key
	// StaffKey opens the staff list. Zero: this node may not read it.
	StaffKey staff.Key
}

// State is what the records of one event amount to. Make one with [New].
type State struct {
	event string
	bell  bell

	settling sync.Mutex // held by who judges dirty tickets, before mu

	mu sync.RWMutex // covers all below
	trust
	directory
	ledger
	versions    versions
	revocations revocation.Table
	roster      roster.Table
	guestKey    guests.Key
	guests      guests.List
	staffKey    staff.Key
	staff       staff.List
	answers     map[journal.TicketID][]answer
	notices     map[noticed]saidOf
	verdicts
	signs     map[journal.Chain]*sign
	chains    map[journal.Chain]*chain
	chainList []*chain
	position  journal.Position
	troubles  troubles
}

// chain is one author's chain as far as it was applied.
type chain struct {
	id    journal.Chain
	index uint32 // in chainList
	first uint64 // number of the first record applied
	head  journal.Head
	last  int64            // corrected time of the newest record, Unix ms
	known journal.Position // how far the author of the newest scan knew the server's journal
}

// New gives the state of an event before any record.
func New(c Config) *State {
	return &State{
		event:     c.Event,
		trust:     newTrust(c),
		directory: directory{nodes: make(map[journal.NodeID]*member)},
		ledger:    newLedger(),
		verdicts:  newVerdicts(),
		guestKey:  c.GuestKey,
		staffKey:  c.StaffKey,
		answers:   make(map[journal.TicketID][]answer),
		notices:   make(map[noticed]saidOf),
		signs:     make(map[journal.Chain]*sign),
		chains:    make(map[journal.Chain]*chain),
	}
}

// Apply takes in a record whose signature was verified and which is durable.
// Records of one chain come in order; one that was applied already changes
// nothing.
//
// An error says that the record does not fit its chain (it wraps
// journal.ErrGap or journal.ErrBroken) and that nothing changed. A record that
// fits and can't be read or may not be what it is gives no error: it is kept
// apart, and [State.Faults] or [State.SetAside] tell of it.
func (s *State) Apply(r *journal.Record) (Change, error) {
	s.mu.Lock()
	change, err := s.apply(r)
	s.mu.Unlock()
	if err != nil {
		return 0, fmt.Errorf("applying a %s record: %w", r.Kind, err)
	}
	s.bell.ring(change)
	return change, nil
}

func (s *State) apply(r *journal.Record) (Change, error) {
	c, err := s.enchain(r)
	switch {
	case c == nil || err != nil:
		return 0, err
	case r.Kind.FromServer():
		return s.fromServer(r), nil
	}
	return s.fromGate(c, r), nil
}

// enchain takes a chain on to its next record, and gives no chain where it holds
// the record already.
func (s *State) enchain(r *journal.Record) (*chain, error) {
	c, there := s.chains[r.Chain]
	if there && r.Seq <= c.head.Seq {
		if r.Seq == c.head.Seq && r.Hash() != c.head.Hash {
			return nil, r.Follows(c.head)
		}
		return nil, nil
	}
	var head journal.Head
	if there {
		head = c.head
	} else if r.Chain.Epoch > 0 {
		head = journal.Head{Seq: r.Seq - 1, Hash: r.Prev} // it goes on from the epoch before
	}
	if err := r.Follows(head); err != nil {
		return nil, err
	}
	if !there {
		c = &chain{id: r.Chain, index: uint32(len(s.chainList)), first: r.Seq}
		s.chains[r.Chain] = c
		s.chainList = append(s.chainList, c)
	}
	c.head, c.last = r.Head(), r.Stamp.Corrected()
	return c, nil
}

// Position is how far the server's journal was applied: its newest record.
func (s *State) Position() journal.Position {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.position
}

// Vector says how far each chain was applied, withheld records included.
func (s *State) Vector() journal.Vector {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v := make(journal.Vector, len(s.chains))
	for id, c := range s.chains {
		v[id] = c.head
	}
	return v
}

// Holds reports whether a chain was applied as far as a number, withheld records
// included.
func (s *State) Holds(id journal.Chain, seq uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, there := s.chains[id]
	return there && c.head.Seq >= seq
}

// Withhold passes over a record that this node keeps and can't take into account,
// for a fault of its own: it counts for nothing here until the state is built
// anew. It is set aside as WhyWithheld.
func (s *State) Withhold(r *journal.Record) error {
	s.mu.Lock()
	_, err := s.enchain(r)
	if err == nil {
		s.strays = append(s.strays, strayOf(r, WhyWithheld))
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("withholding a %s record: %w", r.Kind, err)
	}
	s.bell.ring(ChangedOther)
	return nil
}

// Event is the newest version of the event that can be read, or nil.
func (s *State) Event() *journal.Event {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.versions.newest()
}

// EventAt is the version of the event in force at a position of the server's
// journal, or nil.
func (s *State) EventAt(at journal.Position) *journal.Event {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.versions.at(at)
}

// Void is the newest revocation of a ticket; Set is false where there is none.
func (s *State) Void(id journal.TicketID) admission.Void {
	s.mu.RLock()
	defer s.mu.RUnlock()
	void, _ := s.revocations.Lookup(id)
	return void
}

// Passed is the newest revocation by which codes of a generation became somebody else's,
// if any did; see [revocation.Table.Passed].
func (s *State) Passed(id journal.TicketID, generation uint16) (admission.Void, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.revocations.Passed(id, generation)
}

// Revocations is how many revocations there are, later ones of one ticket counted.
func (s *State) Revocations() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.revocations.Len()
}
