package ticket_test

import (
	"errors"
	"fmt"
	"strings"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
)

// A ticket is issued, read at a gate of its event, and at one of another.
func Example() {
	issuer, err := keyring.FromSeed([]byte(strings.Repeat("x", keyring.SeedSize)))
	if err != nil {
		fmt.Println(err)
		return
	}
	ring := &keyring.Ring{Keys: []keyring.Key{{
		ID: issuer.ID(), Public: issuer.Public(), Role: keyring.RoleIssuer,
		Events: []string{"GALA"}, NotBefore: 0, Expires: 2_000_000_000,
	}}}
	text, err := ticket.Issue(ticket.Claims{Event: "GALA", ID: ticket.ID{1, 2, 3}, Seat: "B-12"}, issuer)
	if err != nil {
		fmt.Println(err)
		return
	}

	gate := ticket.Context{Keys: ring, Event: "GALA", Now: 1_800_000_000}
	t, err := ticket.Judge(ticket.CleanInput(text+"\r\n"), gate)
	fmt.Println(t.ID.Short(), t.Seat, err)

	gate.Event = "BALL"
	_, err = ticket.Judge(text, gate)
	fmt.Println(errors.Is(err, ticket.ReasonAud), err)
	// Output:
	// 020G-3000-00000-A B-12 <nil>
	// true ticket: aud: the ticket is for event GALA
}
