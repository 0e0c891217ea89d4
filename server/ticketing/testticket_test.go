package ticketing

import (
	"testing"

	"usher/crypto/ticket"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Test tickets are genuine, of no product, and told of by one revocation.
func TestTestTickets(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(2))
		first, err := w.TestTickets(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.TestTickets(t.Context(), event)
		if err != nil || again != first {
			t.Errorf("made again they are %+v, %v; want %+v", again, err, first)
		}
		for text, id := range map[string]journal.TicketID{first.Good: journal.TestGood(event), first.Void: journal.TestVoid(event)} {
			read, err := ticket.Verify(text, w.ring(t))
			if err != nil || journal.TicketID(read.ID) != id || read.Product != journal.TestProduct || read.Event != event {
				t.Errorf("%s says %+v, %v", text, read, err)
			}
			if _, err := w.Find(t.Context(), event, text); fault.KindOf(err) != fault.NotFound {
				t.Errorf("a test ticket is among the tickets: %v", err)
			}
		}
		if lowest, reason := w.minimum(t, ticket.ID(journal.TestVoid(event))); lowest != journal.Never || reason != "revoked" {
			t.Errorf("the void one is %s from generation %d", reason, lowest)
		}
		if n := len(records[journal.Revoke](t, w, event, journal.KindRevoke)); n != 1 {
			t.Errorf("%d revocations were written", n)
		}
		if n, err := w.Count(t.Context(), event); n != 2 || err != nil {
			t.Errorf("the event has %d tickets, %v", n, err)
		}
		if _, err := w.TestTickets(t.Context(), "NOWHERE"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("of no event: %v", err)
		}
		if _, err := relock(w).TestTickets(t.Context(), event); fault.KindOf(err) != fault.NotReady {
			t.Errorf("under lock: %v", err)
		}
	})
}
