package admission

// Challenge says what became of the number that a gate asked the holder for. The
// words are stable.
type Challenge string

// What became of it.
const (
	Answered    Challenge = "answered" // by the ticket's own phone, now
	NoNumber    Challenge = "missing"  // the code carries none: not typed yet, made before, or relayed
	OtherNumber Challenge = "wrong"    // the code carries another, or another key signed it
	OutOfTime   Challenge = "late"     // the right one, in a code outside its time
	NoKey       Challenge = "keyless"  // a code that never changes has no key to answer with
)

// challenged says whether the phone answered, whatever the verdict is: the code of a
// ticket that is void or in can answer too. An answer counts within the code's time
// alone, since in advance nobody can sign all numbers for every minute.
func (s *scan) challenged() Challenge {
	p := s.p
	switch {
	case p.Challenge == nil || p.Err != nil || s.verdict.Result == Cannot:
		return ""
	case p.Manual || p.Ticket == nil || p.Ticket.Proof == nil:
		return NoKey
	case !p.Ticket.Proof.HasChallenge:
		return NoNumber
	case p.Ticket.Proof.Challenge != *p.Challenge || p.Ticket.VerifyProof() != nil:
		return OtherNumber
	}
	probe := *s
	if checkLive(&probe) != (outcome{}) {
		return OutOfTime
	}
	return Answered
}
