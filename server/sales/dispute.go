package sales

import (
	"context"
	"errors"
	"slices"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/server/ticketing"
)

// progress is the order in which a dispute's states follow each other; the last two
// are its ends.
var progress = []payment.DisputeState{payment.NoDispute, payment.DisputeAsked, payment.DisputeOpen, payment.DisputeWon, payment.DisputeLost}

// newer says whether what a provider says of a dispute comes after what is known:
// an older answer may arrive later.
func newer(says, known payment.DisputeState) bool {
	if known == payment.DisputeWon || known == payment.DisputeLost {
		return false
	}
	return slices.Index(progress, says) > slices.Index(progress, known)
}

// dispute takes in that a buyer's bank took the money of a payment, or decided. While
// it is open, the tickets that the payment paid are blocked; they are good again or
// void for good by its end. A bank that only asks has taken nothing: the order's story
// says so, and all stays as it is.
func (a *act) dispute(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, have known, was payment.DisputeState) error {
	if p.Dispute.State == payment.DisputeAsked {
		a.note("inquiry", "provider", "the buyer's bank asks about %s of %s, and has taken nothing yet: answer it at %s", words(p.Dispute.Amount, p.Currency), p.Ref, provider)
		return nil
	}
	if was == payment.NoDispute || was == payment.DisputeAsked {
		a.post(disputed, at(provider), p.Dispute.Amount, p.Currency, "disputed, "+p.Ref)
		a.note("disputed", "provider", "%s of %s", words(p.Dispute.Amount, p.Currency), p.Ref)
		if have.accepted && a.State.Good() {
			if err := a.turn(Disputed); err != nil {
				return err
			}
			own, err := a.sales.Own(ctx, tx, a.Order)
			if err != nil {
				return err
			}
			if err := a.sales.Tickets.VoidIn(ctx, tx, a.Event, own, ticketing.Blocked, "payment disputed"); err != nil {
				return err
			}
		}
	}
	switch p.Dispute.State {
	case payment.DisputeWon:
		return a.won(ctx, tx, provider, p, have.accepted)
	case payment.DisputeLost:
		return a.lost(ctx, tx, provider, p, have.accepted)
	}
	return nil
}

// won has the money back: refunds that the dispute kept waiting can be made.
func (a *act) won(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, accepted bool) error {
	a.post(at(provider), disputed, p.Dispute.Amount, p.Currency, "dispute won, "+p.Ref)
	a.note("dispute won", "provider", "%s of %s", words(p.Dispute.Amount, p.Currency), p.Ref)
	if err := a.anew(ctx, tx, provider, p.Ref); err != nil {
		return err
	}
	if !accepted || a.State != Disputed {
		return nil
	}
	to := Paid
	if a.Order.Refunded > 0 {
		to = PartRefunded
	}
	if err := a.turn(to); err != nil {
		return err
	}
	e, err := a.sales.Catalog.EventIn(ctx, tx, a.Event)
	if err != nil {
		return err
	}
	if e.CalledOff() { // meanwhile: it goes back all the same
		return a.cancel(ctx, tx, e.Standing.Why, "organiser")
	}
	own, err := a.sales.Own(ctx, tx, a.Order)
	if err != nil {
		return err
	}
	return a.sales.Tickets.UnblockIn(ctx, tx, a.Event, own, "dispute won")
}

// lost leaves the money with the buyer. What was to go back to them anyway has gone
// back by that.
func (a *act) lost(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, accepted bool) error {
	covered, err := a.coverRefunds(ctx, tx, provider, p.Ref)
	if err != nil {
		return err
	}
	if !accepted {
		covered = p.Dispute.Amount // it was to go back from the first
	}
	a.post(owed, disputed, covered, p.Currency, "went back by a lost dispute, "+p.Ref)
	var numbers []int
	if accepted && a.State == Disputed {
		if numbers, err = a.chargedBack(ctx, tx); err != nil {
			return err
		}
	}
	a.postBack(disputed, a.share(p.Dispute.Amount-covered), "dispute lost, "+p.Ref)
	a.note("dispute lost", "provider", "%s of %s", words(p.Dispute.Amount, p.Currency), p.Ref)
	if !accepted && a.State == Refunding {
		return a.turn(Refunded)
	}
	return a.giveUp(ctx, tx, numbers, ticketing.Cancelled, "charged back")
}

// chargedBack ends an order whose buyer keeps the money, and gives the numbers of its
// tickets that are void by that.
func (a *act) chargedBack(ctx context.Context, tx *sqldb.Tx) ([]int, error) {
	if err := a.turn(ChargedBack); err != nil {
		return nil, err
	}
	numbers, tickets, err := a.goodTickets(ctx, tx)
	if err != nil {
		return nil, err
	}
	a.tellHolders(tickets, numbers, "charged back")
	return numbers, a.settleAll(ctx, tx, numbers)
}

// coverRefunds ends the refunds of a payment that wait for its provider, and gives
// what they come to. One of them may be this act's own: where nobody was told of the
// payment before the bank had decided.
func (a *act) coverRefunds(ctx context.Context, tx *sqldb.Tx, provider, ref string) (sum int64, err error) {
	gathered := a.more
	a.more = nil
	if err := tx.Later(ctx, gathered...); err != nil {
		return 0, err
	}
	rows, err := tx.QueryContext(ctx, `update order_refund set state = 'charged_back', done_at = $3, try_at = 0
		where provider = $1 and ref = $2 and state = 'asked' returning amount`, provider, ref, a.now.UnixMilli())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var amount int64
		if err := rows.Scan(&amount); err != nil {
			return 0, err
		}
		sum += amount
	}
	return sum, rows.Err()
}
