package state

import (
	"usher/crypto/ticket"
	"usher/sync/fault"
	"usher/sync/journal"
)

// proof is what is known of a code's evidence.
type proof uint8

const (
	unchecked proof = iota
	good
	keyless // it names a key that is in no ring
	forged
)

// proofJob is a code whose evidence is to be checked.
type proofJob struct {
	ticket journal.TicketID
	code   *code
}

// VerifyEvidence says whether a green scan bears itself out: its evidence is a
// ticket of this event with the scan's id, signed with an issuing key of a ring
// of this event; or it was typed, and the roster knows the id. It gives the
// claims. Errors are of kind fault.Refused.
func (s *State) VerifyEvidence(scan *journal.Scan) (ticket.Claims, error) {
	s.mu.RLock()
	keys := s.issuers
	claims, listed := s.roster.At(scan.Known, scan.Ticket)
	s.mu.RUnlock()
	if len(scan.Evidence) > 0 {
		claims, _, err := prove(keys, s.event, scan.Ticket, scan.Evidence)
		return claims, err
	}
	if !listed {
		return claims, fault.New(fault.Refused, "ticket %s was let in without evidence, and the roster doesn't know it", ticket.ID(scan.Ticket))
	}
	return claims, nil
}

// prove checks evidence. It needs no lock.
func prove(keys *issuers, event string, id journal.TicketID, evidence []byte) (ticket.Claims, proof, error) {
	t, err := ticket.VerifyBytes(evidence, keys)
	if err != nil {
		is := forged
		if reason, ok := err.(*ticket.Error); ok && reason.Reason == ticket.ReasonKid {
			is = keyless
		}
		return ticket.Claims{}, is, fault.Wrap(fault.Refused, err, "the evidence for ticket %s is no genuine ticket", ticket.ID(id))
	}
	key, _ := keys.Key(t.KeyID)
	switch {
	case t.Event != event || !key.For(event):
		err = fault.New(fault.Refused, "the evidence for ticket %s is of another event", ticket.ID(id))
	case t.ID != ticket.ID(id):
		err = fault.New(fault.Refused, "the evidence for ticket %s is another ticket", ticket.ID(id))
	default:
		return t.Claims, good, nil
	}
	return ticket.Claims{}, forged, err
}

// Prove checks up to n codes that nobody had reason to check yet, and gives how
// many are left. A node calls it when it has nothing else to do; scans whose
// evidence turns out to be false are set aside.
func (s *State) Prove(n int) (left int) {
	s.mu.Lock()
	var jobs []proofJob
	for len(jobs) < n && len(s.unproven) > 0 {
		job := s.unproven[0]
		s.unproven = s.unproven[1:]
		if job.code.proof == unchecked {
			jobs = append(jobs, job)
		}
	}
	keys := s.issuers
	s.mu.Unlock()
	s.check(jobs, keys)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.unchecked
}

// check proves codes with the lock free, then notes what came of it.
func (s *State) check(jobs []proofJob, keys *issuers) {
	if len(jobs) == 0 {
		return
	}
	results := make([]code, len(jobs))
	for i, job := range jobs {
		claims, is, _ := prove(keys, s.event, job.ticket, []byte(job.code.evidence))
		results[i] = code{product: claims.Product, generation: claims.Generation, admissions: claims.Admissions, proof: is}
	}
	s.mu.Lock()
	change := Change(0)
	for i, job := range jobs {
		change |= s.note(job, results[i], keys)
	}
	s.mu.Unlock()
	s.bell.ring(change)
}

// note keeps what checking a code came to, unless somebody was faster.
func (s *State) note(job proofJob, result code, keys *issuers) Change {
	c := job.code
	if c.proof != unchecked {
		return 0
	}
	if result.proof == keyless && keys != s.issuers {
		s.unproven = append(s.unproven, job) // a ring came meanwhile
		return 0
	}
	c.product, c.generation, c.admissions, c.proof = result.product, result.generation, result.admissions, result.proof
	s.unchecked--
	if c.proof == good {
		return 0
	}
	if c.proof == keyless {
		s.keyless = append(s.keyless, job)
	}
	s.refitCode(job)
	return ChangedHistory
}

// recheckKeyless makes codes with an unknown key unchecked again: a ring came.
func (s *State) recheckKeyless() Change {
	jobs := s.keyless
	s.keyless = nil
	for _, job := range jobs {
		job.code.proof = unchecked
		s.unchecked++
		s.unproven = append(s.unproven, job)
		s.refitCode(job)
	}
	if len(jobs) == 0 {
		return 0
	}
	return ChangedHistory
}

func (s *State) refitCode(job proofJob) {
	for a := s.stories[job.ticket].newest; a != nil; a = a.older {
		if a.code == job.code {
			s.refit(a)
		}
	}
}

// openCodes lists the codes of a ticket that are unchecked.
func (s *State) openCodes(id journal.TicketID) (jobs []proofJob) {
	for c := s.stories[id].codes; c != nil; c = c.older {
		if c.proof == unchecked {
			jobs = append(jobs, proofJob{id, c})
		}
	}
	return jobs
}
