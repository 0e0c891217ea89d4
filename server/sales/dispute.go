package sales

import (
	"context"
	"errors"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/server/ticketing"
)

// sums are what the disputes of a payment have come to: see payment.Dispute.Sums.
type sums struct{ taken, won, lost int64 }

// since is what is new in sums, beside those that are known. An older answer may arrive
// later: nothing is new in it. What ended stays as it ended.
func (s sums) since(known sums) (fresh sums, any bool) {
	fresh = sums{s.taken - known.taken, s.won - known.won, s.lost - known.lost}
	return fresh, max(fresh.taken, fresh.won, fresh.lost) > 0 && min(fresh.won, fresh.lost) >= 0
}

// dispute takes in that a buyer's bank took the money of a payment, or decided. While
// it is open, the tickets that the payment paid are blocked; they are good again or
// void for good by its end. A bank that only asks has taken nothing: the order's story
// says so, and all stays as it is.
func (a *act) dispute(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, have *known) error {
	var says sums
	says.taken, says.won, says.lost = p.Dispute.Sums()
	fresh, any := says.since(have.sums)
	switch {
	case any:
	case p.Dispute.State == payment.DisputeAsked && have.dispute == payment.NoDispute:
		have.dispute = p.Dispute.State
		a.note("inquiry", "provider", "the buyer's bank asks about %s of %s, and has taken nothing yet: answer it at %s", words(p.Dispute.Amount, p.Currency), p.Ref, provider)
		return nil
	default:
		return nil
	}
	have.sums, have.dispute = says, p.Dispute.State
	if fresh.taken > 0 {
		if err := a.taken(ctx, tx, provider, p, fresh.taken, have.accepted); err != nil {
			return err
		}
	}
	if fresh.lost > 0 {
		if err := a.lost(ctx, tx, provider, p, fresh.lost, have.accepted); err != nil {
			return err
		}
	}
	if fresh.won > 0 {
		return a.won(ctx, tx, provider, p, fresh.won, have.accepted && says.taken == says.won+says.lost)
	}
	return nil
}

// taken has the money with the bank, and the tickets blocked.
func (a *act) taken(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, amount int64, accepted bool) error {
	a.post(disputed, at(provider), amount, p.Currency, "disputed, "+p.Ref)
	a.note("disputed", "provider", "%s of %s", words(amount, p.Currency), p.Ref)
	if !accepted || !a.State.Good() {
		return nil
	}
	if err := a.turn(Disputed); err != nil {
		return err
	}
	own, err := a.sales.Own(ctx, tx, a.Order)
	if err != nil {
		return err
	}
	return a.sales.Tickets.VoidIn(ctx, tx, a.Event, own, ticketing.Blocked, "payment disputed")
}

// won has the money back: refunds that the dispute kept waiting can be made. When that is
// over by it, of the payment that paid the order, the tickets are good again.
func (a *act) won(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, amount int64, over bool) error {
	a.post(at(provider), disputed, amount, p.Currency, "dispute won, "+p.Ref)
	a.note("dispute won", "provider", "%s of %s", words(amount, p.Currency), p.Ref)
	if err := a.anew(ctx, tx, provider, p.Ref); err != nil {
		return err
	}
	if !over || a.State != Disputed {
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
func (a *act) lost(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, amount int64, accepted bool) error {
	covered, err := a.coverRefunds(ctx, tx, provider, p.Ref)
	if err != nil {
		return err
	}
	if !accepted {
		covered = amount // it was to go back from the first
	}
	a.post(owed, disputed, covered, p.Currency, "went back by a lost dispute, "+p.Ref)
	var numbers []int
	if accepted && a.State == Disputed {
		if numbers, err = a.chargedBack(ctx, tx); err != nil {
			return err
		}
	}
	a.postBack(disputed, a.share(amount-covered), "dispute lost, "+p.Ref)
	a.note("dispute lost", "provider", "%s of %s", words(amount, p.Currency), p.Ref)
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

// coverRefunds ends the refunds of a payment that wait for its provider, or that failed
// and are still to be given by other means, and gives what they come to. One of them may be this act's own: where nobody was told of the
// payment before the bank had decided.
func (a *act) coverRefunds(ctx context.Context, tx *sqldb.Tx, provider, ref string) (sum int64, err error) {
	gathered := a.more
	a.more = nil
	if err := tx.Later(ctx, gathered...); err != nil {
		return 0, err
	}
	rows, err := tx.QueryContext(ctx, `update order_refund set state = 'charged_back', done_at = $3, try_at = 0
		where provider = $1 and ref = $2 and state in ('asked', 'refused') returning amount`, provider, ref, a.now.UnixMilli())
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
