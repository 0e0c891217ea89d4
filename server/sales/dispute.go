package sales

import (
	"context"
	"slices"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/server/ticketing"
)

// progress is the order in which a dispute's states follow each other; the last two
// are its ends.
var progress = []payment.DisputeState{payment.NoDispute, payment.DisputeOpen, payment.DisputeWon, payment.DisputeLost}

// newer says whether what a provider says of a dispute comes after what is known:
// an older answer may arrive later.
func newer(says, known payment.DisputeState) bool {
	if known == payment.DisputeWon || known == payment.DisputeLost {
		return false
	}
	return slices.Index(progress, says) > slices.Index(progress, known)
}

// dispute takes in that a buyer's bank took the money, or decided. While it is
// open the tickets are blocked; they are good again or void for good by its end.
func (a *act) dispute(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, was payment.DisputeState) error {
	if was == payment.NoDispute {
		a.post(disputed, at(provider), p.Dispute.Amount, p.Currency, "disputed, "+p.Ref)
		a.note("disputed", "provider", "%s of %s: the tickets are blocked", words(p.Dispute.Amount, p.Currency), p.Ref)
		if a.State.Good() {
			if err := a.turn(Disputed); err != nil {
				return err
			}
			if err := a.sales.Tickets.VoidIn(ctx, tx, a.Event, a.Tickets, ticketing.Blocked, "payment disputed"); err != nil {
				return err
			}
		}
	}
	switch p.Dispute.State {
	case payment.DisputeWon:
		return a.won(ctx, tx, provider, p)
	case payment.DisputeLost:
		return a.lost(ctx, tx, p)
	}
	return nil
}

func (a *act) won(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment) error {
	a.post(at(provider), disputed, p.Dispute.Amount, p.Currency, "dispute won, "+p.Ref)
	a.note("dispute won", "provider", "%s of %s: the tickets are good again", words(p.Dispute.Amount, p.Currency), p.Ref)
	if a.State != Disputed {
		return nil
	}
	to := Paid
	if a.Order.Refunded > 0 {
		to = PartRefunded
	}
	if err := a.turn(to); err != nil {
		return err
	}
	return a.sales.Tickets.UnblockIn(ctx, tx, a.Event, a.Tickets, "dispute won")
}

func (a *act) lost(ctx context.Context, tx *sqldb.Tx, p payment.Payment) error {
	a.postBack(disputed, a.share(p.Dispute.Amount), "dispute lost, "+p.Ref)
	a.note("dispute lost", "provider", "%s of %s: the tickets are void", words(p.Dispute.Amount, p.Currency), p.Ref)
	if a.State != Disputed {
		return nil
	}
	if err := a.turn(ChargedBack); err != nil {
		return err
	}
	numbers, err := a.goodTickets(ctx, tx)
	if err != nil {
		return err
	}
	return a.giveUp(ctx, tx, numbers, ticketing.Cancelled, "charged back")
}
