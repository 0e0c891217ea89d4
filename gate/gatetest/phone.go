package gatetest

import (
	"strconv"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// Phone is a guest's phone that shows a ticket live.
type Phone struct {
	holder *keyring.Signer
	ticket []byte
}

// NewPhone issues a ticket of product 1 to a phone that has a key of its own.
func NewPhone(tb testing.TB, issuer *keyring.Signer, event string, id journal.TicketID) Phone {
	tb.Helper()
	holder := journaltest.Signer(tb, "phone of "+ticket.ID(id).String())
	bound, err := ticket.IssueBound(ticket.Claims{Event: event, ID: ticket.ID(id), Product: 1, Holder: holder.Public()}, issuer)
	if err != nil {
		tb.Fatal(err)
	}
	return Phone{holder, bound}
}

// Code is what the phone shows at an instant, with the digits of a number if its guest
// has typed any.
func (p Phone) Code(tb testing.TB, at time.Time, digits string) string {
	tb.Helper()
	var number *uint32
	if digits != "" {
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil {
			tb.Fatal(err)
		}
		number = new(uint32(n))
	}
	text, err := ticket.Present(p.ticket, p.holder, at.Unix(), number)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
