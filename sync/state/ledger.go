package state

import (
	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/journal"
)

// ledger is every scan and undo, by ticket, and what they add up to.
type ledger struct {
	acts       []*act // in the order in which they were applied
	stories    map[journal.TicketID]story
	vocabulary map[words]*words

	cells     map[cell]int
	rooms     map[room]*occupancy
	checkOuts map[uint8][]int64 // of the newest event, by zone, Unix ms ascending
	standings [len(whys)]int    // how many acts stand so

	unproven  []proofJob // codes that nobody had reason to check yet, and some that were
	unchecked int        // codes that are unchecked
	keyless   []proofJob // codes whose key is in no ring
	placeless []*act     // green scans at a gate that may yet come with an event version

	strays []Aside // records of kinds for servers by others
}

// story is what a ticket's acts hang on.
type story struct {
	newest *act
	codes  *code
	undos  bool // there is an undo among the acts
}

func newLedger() ledger {
	return ledger{
		stories:    make(map[journal.TicketID]story),
		vocabulary: make(map[words]*words),
		cells:      make(map[cell]int),
		rooms:      make(map[room]*occupancy),
	}
}

// fromGate takes in a record of a kind that gates write. Whether its author may
// is what its standing says.
func (s *State) fromGate(c *chain, r *journal.Record) Change {
	switch r.Kind {
	case journal.KindScan:
		scan, err := journal.Read[journal.Scan](r)
		if err != nil {
			s.troubles.add(r, err)
			return ChangedOther
		}
		c.known = scan.Known
		full := admission.ScanAct(r, scan, noZone, ticket.Claims{})
		s.enter(s.pack(&full, c, scan.Ticket), scan.Evidence)
		return ChangedHistory
	case journal.KindAnswer:
		given, err := journal.Read[journal.Answer](r)
		if err != nil {
			s.troubles.add(r, err)
			return ChangedOther
		}
		s.takeAnswers(r, given)
		return ChangedHistory
	case journal.KindUndo:
		undo, err := journal.Read[journal.Undo](r)
		if err != nil {
			s.troubles.add(r, err)
			return ChangedOther
		}
		full := admission.UndoAct(r, undo)
		s.enter(s.pack(&full, c, undo.Ticket), nil)
		return ChangedHistory
	}
	return ChangedOther // of a newer gate: passed on, and of no consequence here
}

// enter puts a new act into its ticket's story and lets it count if it may.
func (s *State) enter(a *act, evidence []byte) {
	s.acts = append(s.acts, a)
	if a.ticket != (journal.TicketID{}) {
		story := s.stories[a.ticket]
		if a.admits() && len(evidence) > 0 {
			a.code = s.codeOf(a.ticket, &story, evidence)
		}
		a.older, story.newest = story.newest, a
		story.undos = story.undos || a.isUndo()
		s.stories[a.ticket] = story
	}
	s.refit(a)
}

// codeOf finds the code with this evidence in a story, or adds it.
func (s *State) codeOf(id journal.TicketID, story *story, evidence []byte) *code {
	for c := story.codes; c != nil; c = c.older {
		if c.evidence == string(evidence) {
			return c
		}
	}
	c := &code{evidence: string(evidence), older: story.codes}
	story.codes = c
	s.unchecked++
	s.unproven = append(s.unproven, proofJob{id, c})
	return c
}

// refit asks anew where an act belongs and whether it counts, and follows up on
// what that changes.
func (s *State) refit(a *act) {
	before := *a
	if before.standing != unplaced {
		s.tally(a, -1)
	}
	if !a.isUndo() {
		a.zone = s.versions.zone(a.known, a.words.gate)
		a.stay = s.stayOf(a)
	}
	a.standing = s.standingOf(a)
	a.undone = s.isUndone(a)
	s.tally(a, +1)
	if a.zone == noZone && a.admits() && s.position.Before(a.known) && before.standing == unplaced {
		s.placeless = append(s.placeless, a)
	}
	if a.standing == before.standing && a.zone == before.zone && a.undone == before.undone {
		return
	}
	s.touch(a.ticket)
	if a.isUndo() {
		for old := s.stories[a.ticket].newest; old != nil; old = old.older {
			if s.takesBack(a, old) {
				s.refit(old)
			}
		}
	}
}

// isUndone reports whether an undo that counts takes the act back.
func (s *State) isUndone(a *act) bool {
	story := s.stories[a.ticket]
	if !story.undos || !a.entry() || a.standing != counts {
		return false
	}
	for u := story.newest; u != nil; u = u.older {
		if u.standing == counts && s.takesBack(u, a) {
			return true
		}
	}
	return false
}

// refitAll asks anew about all acts that match.
func (s *State) refitAll(match func(*act) bool) {
	for _, a := range s.acts {
		if match(a) {
			s.refit(a)
		}
	}
}

// refitNode asks anew about all acts of a node.
func (s *State) refitNode(node journal.NodeID) {
	s.refitAll(func(a *act) bool { return s.chainList[a.chain].id.Node == node })
}
