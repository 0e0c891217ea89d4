package admission

import (
	"slices"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// Decide judges what is presented at a gate: with what the gate knows, the
// ticket's newest revocation and its past in the agreed order ([Finding].Acts).
// It is the only place where a verdict is made.
func Decide(c Context, p Presented, void Void, past []Act) Verdict {
	s := scan{c: &c, p: &p, claims: p.claims(), void: void, past: tallyOf(past, c.Gate.Zone, checkOuts(c.Event, c.Gate.Zone), c.Now.At)}
	s.run(steps)
	s.verdict.Challenge = s.challenged()
	s.override()
	s.flags()
	return s.verdict
}

// claims are what the ticket says, whoever vouches for it.
func (p *Presented) claims() ticket.Claims {
	switch {
	case p.Manual:
		return p.Claims
	case p.Ticket != nil:
		return p.Ticket.Claims
	}
	return ticket.Claims{}
}

// scan is one decision on its way.
type scan struct {
	c       *Context
	p       *Presented
	claims  ticket.Claims
	void    Void
	past    *tally
	merged  bool // decided again in a merge: what the gate could judge by itself is settled
	product *journal.Product
	day     [2]int64 // today's bounds in Unix ms, once asked for; see today
	verdict Verdict
}

// outcome is what a check comes to; the zero outcome lets the scan go on.
type outcome struct {
	result Result
	reason Reason
}

func refuse(reason Reason) outcome { return outcome{Reject, reason} }

// onExit says what a check that fails means for somebody who leaves.
type onExit uint8

const (
	stops onExit = iota // as for an entry
	warns               // the exit is recorded, with the reason as a flag
	skips               // the check is about entries only
)

// step is one check of the order.
type step struct {
	check  func(*scan) outcome
	exit   onExit
	merged bool // depends on what other nodes did, so a merge asks again
}

// steps are the checks in the order of GATE.md: the first that fails is the
// verdict.
var steps = []step{
	{check: checkReady},
	{check: checkList, exit: skips},
	{check: checkGenuine},
	{check: checkRoster},
	{check: checkKey},
	{check: checkProofSignature},
	{check: checkEvent},
	{check: checkVoid, exit: warns, merged: true},
	{check: checkWindow, exit: warns},
	{check: checkTest},
	{check: checkProduct, exit: warns},
	{check: checkSession, exit: warns},
	{check: checkZone, exit: warns},
	{check: checkPaid, exit: skips},
	{check: checkLadder, exit: warns},
	{check: checkLive, exit: warns},
	{check: checkRules, exit: skips, merged: true},
	{check: checkUse, exit: skips, merged: true},
	{check: checkCapacity, exit: skips},
	{check: checkQuestions, exit: skips},
	{check: checkConfirmed, exit: skips},
}

// run goes through the checks and sets result and reason.
func (s *scan) run(steps []step) {
	leaving := s.p.Direction == Out
	for _, step := range steps {
		if s.merged && !step.merged || leaving && step.exit == skips {
			continue
		}
		o := step.check(s)
		if o == (outcome{}) {
			continue
		}
		if leaving && step.exit == warns {
			s.flag(string(o.reason))
			continue
		}
		s.verdict.Result, s.verdict.Reason = o.result, o.reason
		return
	}
	s.admit()
}

// admit makes the verdict an accept of the kind that the past calls for.
func (s *scan) admit() {
	s.verdict.Result, s.verdict.Reason = Accept, Entry
	switch multi := s.c.Gate.Multi; {
	case s.p.Direction == Out:
		s.verdict.Reason = Exit
	case s.past.away > 0 || multi && s.past.count() > 0:
		s.verdict.Reason = Reentry
	}
	s.verdict.Details.Count = s.past.count()
	if s.p.Direction != Out && !s.c.Gate.Multi {
		s.verdict.Details.Nth, s.verdict.Details.Allowed = s.used()+1, s.allowed()
	}
}

// neverOverridden are the refusals of something that is no ticket of this event
// at all: there is nothing to admit anybody on.
var neverOverridden = []Reason{Malformed, UnsupportedVersion, BadSignature, UnknownKey, UnknownTicket, WrongEvent}

// override lets a person who may do so admit against a verdict.
func (s *scan) override() {
	wish, v := s.p.Override, &s.verdict
	switch {
	case wish == nil || s.p.Direction == Out || v.Result == Cannot:
	case v.Green():
		s.flag(FlagOverrideNotNeeded)
	case s.p.Err != nil || slices.Contains(neverOverridden, v.Reason) || s.claims.Product == journal.TestProduct:
	case !wish.Allowed:
		if v.Result == Reject {
			v.Reason = OverrideDenied
		}
	default:
		against := v.Reason
		s.admit()
		v.Details.Overrode = against
		s.flag(FlagForced)
	}
}

// flags adds what a screen should say whatever the verdict is.
func (s *scan) flags() {
	if s.c.Event != nil && s.listStale() {
		s.flag(FlagStaleList)
		s.verdict.Details.ListAge = s.c.ListAge
	}
	s.attention()
	if s.p.Manual && s.p.Direction == In && s.void.Set && s.void.Minimum > 0 && s.verdict.Result != Reject {
		s.flag(FlagEarlierVoid)
	}
	if s.c.Now.Suspect {
		s.flag(FlagClockSuspect)
	}
	if !s.c.Now.Synced {
		s.flag(FlagClockUnsynced)
	}
}

func (s *scan) flag(word string) {
	if !slices.Contains(s.verdict.Flags, word) {
		s.verdict.Flags = append(s.verdict.Flags, word)
	}
}
