package admission

import "usher/crypto/ticket"

// checkWindow holds the ticket's own times against the clock: nbf is inclusive,
// exp exclusive.
func checkWindow(s *scan) outcome {
	opens, closes := int64(0), int64(longest)
	if bound := s.claims.NotBefore; bound.Set {
		opens = seconds(bound.Unix)
	}
	if bound := s.claims.Expires; bound.Set {
		closes = seconds(bound.Unix)
	}
	switch before, after := s.windowFaults(opens, closes); {
	case before:
		s.verdict.Details.Opens = opens
		return refuse(NotYetValid)
	case after:
		s.verdict.Details.Closes = closes
		return refuse(Expired)
	}
	return outcome{}
}

// windowFaults compares now with a window in Unix ms, its end exclusive. At a gate
// whose clock was never compared with the server's the window is wider by the
// event's tolerance at both ends.
func (s *scan) windowFaults(opens, closes int64) (before, after bool) {
	slack := int64(0)
	if !s.c.Now.Synced {
		slack = max(0, seconds(s.c.Event.Policy.Tolerance))
	}
	return s.c.Now.At < opens-slack, s.c.Now.At >= closes+slack
}

// checkLive refuses live codes outside their time, and codes that are not live
// where only those are let in. A gate that never synced gets no tolerance here: a
// copied code would gain what an honest holder gains.
func checkLive(s *scan) outcome {
	policy := s.c.Event.Policy
	if s.p.Manual || s.p.Ticket.Proof == nil {
		bound := !s.p.Manual && s.p.Ticket.Holder != nil
		if policy.DownTo.Live() || bound || s.p.Challenge != nil {
			return refuse(LiveRequired)
		}
		return outcome{}
	}
	proof := s.p.Ticket.Proof
	past, future := policy.ProofPast, policy.ProofFuture
	if past == 0 && future == 0 {
		past, future = ticket.DefaultWindow.Past, ticket.DefaultWindow.Future
	}
	// The proof's time is in whole seconds, and so is the comparison.
	age := s.c.Now.At/1000 - proof.Time
	answered := s.p.Challenge == nil || proof.HasChallenge && proof.Challenge == *s.p.Challenge
	if age > past || -age > future || !answered {
		s.verdict.Details.CodeAge = seconds(age)
		return refuse(StaleCode)
	}
	return outcome{}
}
