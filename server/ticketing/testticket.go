package ticketing

import (
	"context"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// whyTest is the reason of a test ticket's revocation.
const whyTest = "test ticket, void on purpose"

// TestTickets are the codes by which a gate is tried before the doors open. Nobody
// is let in on either: they are of no product.
type TestTickets struct {
	Event string `json:"event"`
	Good  string `json:"good"` // in order but for its product
	Void  string `json:"void"` // revoked
}

// TestTickets makes the event's test tickets, signed with the key that signs its
// tickets now. The first time it revokes the void one, so that gates know of it from
// their list. They are on no list of tickets and count nowhere.
func (o *Office) TestTickets(ctx context.Context, event string) (t TestTickets, err error) {
	if _, err := o.catalog.Event(ctx, event); err != nil {
		return t, err
	}
	key, err := o.vault.Issuer(ctx, event)
	if err != nil {
		return t, err
	}
	t.Event = event
	for _, c := range []struct {
		id   journal.TicketID
		code *string
	}{{journal.TestGood(event), &t.Good}, {journal.TestVoid(event), &t.Void}} {
		*c.code, err = ticket.Issue(ticket.Claims{Event: event, ID: ticket.ID(c.id), Product: journal.TestProduct}, key)
		if err != nil {
			return t, fault.Wrap(fault.Internal, err, "a test ticket of event %s can't be signed", event)
		}
	}
	return t, o.voidTest(ctx, event)
}

// voidTest revokes the void test ticket, once.
func (o *Office) voidTest(ctx context.Context, event string) error {
	void := Ticket{Event: event, ID: ticket.ID(journal.TestVoid(event))}
	told, err := o.Story(ctx, void)
	if err != nil || len(told) > 0 {
		return err
	}
	revocation := journal.NewRevoke(string(Revoked), o.now().UnixMilli(), whyTest,
		[]journal.Revocation{{Ticket: journal.TicketID(void.ID), Minimum: journal.Never}})
	err = o.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := o.journals.Write(ctx, tx, event, journal.KindRevoke, &revocation)
		return err
	})
	return stored(err, "revoking the test ticket of event %s", event)
}
