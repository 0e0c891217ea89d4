package uplink

import (
	"context"
	"slices"
	"time"

	"usher/sync/exchange"
	"usher/sync/journal"
)

// ClaimWait is how long an admission waits at most for its turn at the server and for
// what others did with the ticket.
const ClaimWait = 150 * time.Millisecond

// Claim has the server give this gate its turn to decide on a ticket, and waits until
// the gate has taken into account what the server holds of the ticket, or the time for
// it is over. It decides nothing: the caller looks at what the gate knows then. asked is
// false, at once, where no server would answer at present.
func (u *Uplink) Claim(ctx context.Context, ticket journal.TicketID) (asked bool) {
	if !u.local.Claims.Answering() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, u.claimWait)
	defer cancel()
	marks, asked := u.local.Claims.Ask(ctx, ticket)
	u.await(ctx, marks)
	return asked
}

// await returns when the marks have been taken into account, or ctx has ended.
func (u *Uplink) await(ctx context.Context, marks []exchange.Mark) {
	lacks := func(m exchange.Mark) bool { return !u.applied(m.Chain, m.Seq) }
	if !slices.ContainsFunc(marks, lacks) {
		return
	}
	wake, end := u.local.Subscribe()
	defer end()
	for slices.ContainsFunc(marks, lacks) {
		select {
		case <-wake:
		case <-ctx.Done():
			return
		}
	}
}
