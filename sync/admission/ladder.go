package admission

import "usher/sync/journal"

// checkLadder refuses what comes by a rung below the lowest that the organiser takes.
// A lowest rung that can't be evaluated refuses whatever comes, as a rule does. Where
// only live codes are let in, checkLive says so.
func checkLadder(s *scan) outcome {
	switch s.c.Event.Policy.DownTo {
	case journal.RungName, journal.RungLive:
		return outcome{}
	case journal.RungTyped:
		if !s.p.ByName {
			return outcome{}
		}
	case journal.RungCode:
		if !s.p.Manual {
			return outcome{}
		}
	default:
		return refuse(RuleFailed)
	}
	return refuse(CodeRequired)
}
