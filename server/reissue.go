package server

import (
	"context"

	"usher/server/ticketing"
	"usher/sync/fault"
)

// Reissue makes a new code for a ticket by the organiser's will, for a lost phone or mail,
// and voids the one before. After entry it is refused, unless afterEntry says that it is
// meant all the same; then it needs a reason.
func (s *Server) Reissue(ctx context.Context, t ticketing.Ticket, why string, afterEntry bool) (ticketing.Ticket, error) {
	came, err := s.Doors.Entered(ctx, t.Event, t.ID)
	switch {
	case err != nil:
		return t, err
	case len(came) > 0 && !afterEntry:
		return t, fault.At(fault.Refused, "after-entry", "somebody came in with ticket %s: say that it gets a new code in spite of that, and why", t.ID.Short())
	case len(came) > 0 && why == "":
		return t, fault.At(fault.BadInput, "why", "a new code after entry needs a reason")
	}
	return s.Tickets.Reissue(ctx, t, why)
}
