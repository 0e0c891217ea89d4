package journal

import (
	"crypto/sha256"
	"math"
)

// TestProduct is the product of test tickets, by which a gate is tried before the
// doors open. No event has it, so nobody is let in on one, at any gate.
const TestProduct = math.MaxUint32

// TestGood is the id of an event's test ticket that is in order but for its product.
func TestGood(event string) TicketID { return testTicket("good", event) }

// TestVoid is the id of an event's test ticket that is revoked.
func TestVoid(event string) TicketID { return testTicket("void", event) }

// testTicket gives an id that a gate knows without having been told of the ticket.
func testTicket(kind, event string) TicketID {
	sum := sha256.Sum256([]byte("usher test ticket\x00" + kind + "\x00" + event))
	return TicketID(sum[:8])
}
