package gate

import (
	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/sync/journal"
)

// Pick gives the one of several gates on one handheld that is to judge what was
// read: the gate of the ticket's event. What no gate knows for its own goes to the
// first, which says why. There has to be one.
//
// A handheld at a door of two events holds an enrolment for each.
func Pick(gates []*Gate, text string) *Gate {
	if len(gates) == 1 {
		return gates[0]
	}
	in := scan.Classify(text)
	for _, g := range gates {
		if in.Kind == scan.ShortCode {
			if _, known := g.State.Roster(journal.TicketID(in.ID)); known {
				return g
			}
			continue
		}
		if t, err := ticket.Verify(in.Text, g.State); err == nil && t.Event == g.Enrolment.Event {
			return g
		}
	}
	return gates[0]
}
