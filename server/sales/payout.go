package sales

import (
	"context"
	"slices"
	"strings"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Payout is what somebody gets who bought a ticket and has sold it on.
type Payout struct {
	Listing string
	Ticket  ticket.ID
	Price   int64 // what the buyer paid them; it is held for them
	Fee     int64 // kept of it, tax included
	FeeTax  int64 // included in Fee, basis points
	// Own says that the seller is who paid the order. What they paid for the ticket goes
	// back to where it came from, and only what is above it is paid by hand.
	Own bool
}

// paidOutID names the refund by which a payout is made.
const paidOutID = "/payout/"

// ErrUndecided says that nobody can be paid out while a bank decides whether the seller
// has paid at all.
var ErrUndecided = fault.New(fault.NotReady, "the seller's own payment is disputed")

// PayOut credits the seller of a ticket that was sold on out of an order. mark keeps
// with the credit how it is paid: by card, by hand, or to nobody, whose own payment
// their bank has taken back; it says whether that is new. The provider is asked by Repay, at
// the pace of all refunds.
func (s *Sales) PayOut(ctx context.Context, order string, p Payout, mark func(ctx context.Context, tx *sqldb.Tx, card, hand int64) (bool, error)) error {
	_, err := s.change(ctx, order, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		if a.State == Disputed {
			return ErrUndecided
		}
		card, hand, provider, ref, err := a.payoutOf(ctx, tx, p)
		if err != nil {
			return err
		}
		fresh, err := mark(ctx, tx, card, hand)
		if err != nil || !fresh {
			return err
		}
		if a.State == ChargedBack {
			a.post(held, sold, p.Price, a.Currency, "sold on after a charge-back")
			a.note("not paid out", "usher", "%s for ticket %s: the payment of this order was charged back", words(p.Price, a.Currency), p.Ticket.Short())
			return nil
		}
		tax := taxIn(p.Fee, p.FeeTax)
		a.post(held, service, p.Fee-tax, a.Currency, "fee of a sale")
		a.post(held, taxes, tax, a.Currency, "fee of a sale")
		a.post(held, owed, card, a.Currency, "paid out, to where it came from")
		a.post(held, payouts, hand, a.Currency, "to be paid out by hand")
		if a.PaidOut += card; card > 0 {
			a.refund(refund{ID: a.ID + paidOutID + p.Listing, Provider: provider, Ref: ref, Amount: card, Currency: a.Currency, Why: "ticket sold on", asked: "sold on"})
		}
		a.note("paid out", "usher", "%s for ticket %s: %s to where it came from, %s by hand",
			words(card+hand, a.Currency), p.Ticket.Short(), words(card, a.Currency), words(hand, a.Currency))
		return nil
	})
	return err
}

// payoutOf splits a payout: what goes back to where the seller's payment came from, up to
// what was paid for the ticket, and what is paid by hand.
func (a *act) payoutOf(ctx context.Context, tx *sqldb.Tx, p Payout) (card, hand int64, provider, ref string, err error) {
	net := p.Price - p.Fee
	n := slices.Index(a.Tickets, p.Ticket)
	switch {
	case n < 0 || net < 0:
		return 0, 0, "", "", fault.New(fault.Internal, "ticket %s of a payout is none of order %s", p.Ticket.Short(), a.Code)
	case a.State == ChargedBack:
		return 0, 0, "", "", nil
	case !p.Own || a.Order.Paid == 0:
		return 0, net, "", "", nil
	}
	if provider, ref, err = a.acceptedPayment(ctx, tx); err != nil || byHand(provider) {
		return 0, net, "", "", err
	}
	place := a.Places()[n]
	card = max(0, min(net, place.Price+place.Item.Fee, a.Left()))
	return card, net - card, provider, ref, nil
}

// payoutRefused puts what a provider won't give to a seller among what is paid by hand.
func (a *act) payoutRefused(ctx context.Context, tx *sqldb.Tx, r refund) error {
	_, listing, is := strings.Cut(r.ID, paidOutID)
	if !is || a.sales.Resale == nil {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `update order_refund set state = 'by_hand' where id = $1`, r.ID); err != nil {
		return err
	}
	a.PaidOut -= r.Amount
	a.post(owed, payouts, r.Amount, r.Currency, "to be paid out by hand")
	return a.sales.Resale.ByHandIn(ctx, tx, listing, r.Amount)
}

// PaidByHand notes that a seller was paid by hand. mark keeps it, and says whether it is
// new.
func (s *Sales) PaidByHand(ctx context.Context, order string, amount int64, how, who string, mark func(context.Context, *sqldb.Tx) (bool, error)) error {
	_, err := s.change(ctx, order, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		fresh, err := mark(ctx, tx)
		if err != nil || !fresh {
			return err
		}
		a.post(payouts, at(Bank), amount, a.Currency, "paid out: "+how)
		a.note("paid out", who, "%s by hand: %s", words(amount, a.Currency), how)
		return nil
	})
	return err
}
