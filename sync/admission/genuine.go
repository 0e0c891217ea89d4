package admission

import (
	"errors"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
)

// checkGenuine refuses what is no ticket, or not one that an issuer made.
func checkGenuine(s *scan) outcome {
	if s.p.Err == nil && (s.p.Manual || s.p.Ticket != nil) {
		return outcome{}
	}
	s.verdict.Details.Looks = s.p.Looks
	var e *ticket.Error
	if !errors.As(s.p.Err, &e) {
		return refuse(Malformed)
	}
	s.verdict.Details.KeyID = e.KeyID
	reason := reasonOf(e.Reason)
	switch {
	case reason == Malformed && s.p.Looks == ticket.LooksNewer:
		reason = UnsupportedVersion
	case reason == UnknownKey:
		s.verdict.Details.KeyFault = faultOf(e.Reason)
	}
	return refuse(reason)
}

// reasonOf gives the door's word for a refusal by crypto/ticket. A holder-bound
// ticket without its proof is what a copied or printed one looks like.
func reasonOf(r ticket.Reason) Reason {
	switch r {
	case ticket.ReasonSig, ticket.ReasonKeyWeak, ticket.ReasonProofSig:
		return BadSignature
	case ticket.ReasonKid, ticket.ReasonKeyRole, ticket.ReasonKeyRevoked, ticket.ReasonKeyNotBefore,
		ticket.ReasonKeyExpired, ticket.ReasonKeyRosterOnly, ticket.ReasonKeyAud:
		return UnknownKey
	case ticket.ReasonAud:
		return WrongEvent
	case ticket.ReasonNotBefore:
		return NotYetValid
	case ticket.ReasonExpired:
		return Expired
	case ticket.ReasonGeneration:
		return Superseded
	case ticket.ReasonProofMissing:
		return LiveRequired
	case ticket.ReasonProofTime, ticket.ReasonChallenge:
		return StaleCode
	}
	return Malformed
}

func faultOf(r ticket.Reason) KeyFault {
	switch r {
	case ticket.ReasonKeyRole:
		return KeyNotIssuer
	case ticket.ReasonKeyRevoked:
		return KeyRevoked
	case ticket.ReasonKeyNotBefore:
		return KeyNotYet
	case ticket.ReasonKeyExpired:
		return KeyExpired
	case ticket.ReasonKeyRosterOnly:
		return KeyRosterOnly
	case ticket.ReasonKeyAud:
		return KeyOtherEvent
	}
	return KeyMissing
}

// checkRoster takes a typed short code on the roster's word only: nobody signed it.
func checkRoster(s *scan) outcome {
	if s.p.Manual && !s.p.InRoster {
		return refuse(UnknownTicket)
	}
	return outcome{}
}

// checkKey asks whether the issuing key is still believed.
func checkKey(s *scan) outcome {
	if s.p.Manual {
		return outcome{}
	}
	s.verdict.Details.KeyID = s.p.Ticket.KeyID
	if fault := s.keyFault(); fault != "" {
		s.verdict.Details.KeyFault = fault
		return refuse(UnknownKey)
	}
	return outcome{}
}

func (s *scan) keyFault() KeyFault {
	key := &s.p.Key
	before, after := s.windowFaults(seconds(key.NotBefore), seconds(key.Expires))
	switch {
	case !s.p.KeyKnown || key.ID != s.p.Ticket.KeyID:
		return KeyMissing
	case key.Role != keyring.RoleIssuer:
		return KeyNotIssuer
	case key.State != keyring.Active && key.State != keyring.RosterOnly:
		return KeyRevoked
	case before:
		return KeyNotYet
	case after:
		return KeyExpired
	case key.State == keyring.RosterOnly && !s.p.InRoster:
		return KeyRosterOnly
	case !key.For(s.claims.Event):
		return KeyOtherEvent
	}
	return ""
}

// checkProofSignature refuses a presentation that the ticket's holder did not sign.
func checkProofSignature(s *scan) outcome {
	if s.p.Manual || s.p.Ticket.Proof == nil {
		return outcome{}
	}
	if s.p.Ticket.VerifyProof() != nil {
		return refuse(BadSignature)
	}
	return outcome{}
}

// checkEvent refuses tickets of other events. From here on the ticket is one of
// ours, and the verdict may say whose.
func checkEvent(s *scan) outcome {
	v := &s.verdict
	rostered := s.p.Manual && s.claims.Event == "" // a roster is one event's, and need not say so
	if s.claims.Event != s.c.Event.Code && !rostered {
		v.Details.Event = s.claims.Event
		if s.claims.NotBefore.Set {
			v.Details.EventDay = seconds(s.claims.NotBefore.Unix)
		}
		return refuse(WrongEvent)
	}
	v.Ticket, v.Generation, v.Seat, v.Manual, v.ByName, v.Holder =
		s.claims.ID, s.claims.Generation, s.claims.Seat, s.p.Manual, s.p.ByName, s.p.Holder
	return outcome{}
}
