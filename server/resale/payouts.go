package resale

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// maxListed is how many listings a list has at most.
const maxListed = 5000

// byHand are the listings of an event whose sellers are paid by hand, or were.
const byHand = `where event = $1 and payout = 'credited' and hand > 0`

// Payouts lists what sellers of an event are paid by hand, or were: those first to whom
// something is due, and then the oldest. more is how many there are beyond the list.
func (r *Resale) Payouts(ctx context.Context, event string) (list []Listing, more int, err error) {
	list, err = listings(ctx, r.DB.Read(), byHand+` order by case when hand > hand_paid then 0 else 1 end, made_at, id limit $2`, event, maxListed)
	if err != nil || len(list) < maxListed {
		return list, 0, err
	}
	err = r.DB.Read().QueryRowContext(ctx, `select count(*) from resale_listing `+byHand, event).Scan(&more)
	return list, max(0, more-len(list)), stored(err, "counting payouts")
}

// All lists the listings of an event, newest first.
func (r *Resale) All(ctx context.Context, event string) ([]Listing, error) {
	return listings(ctx, r.DB.Read(), `where event = $1 order by made_at desc, id desc limit $2`, event, maxListed)
}

// PaidByHand notes that a seller was paid by hand what is due; how names the transfer or
// slip. Doing it again changes nothing.
func (r *Resale) PaidByHand(ctx context.Context, id, how, who string) error {
	how = strings.Join(strings.Fields(how), " ")
	if how == "" || len(how) > maxHow || !utf8.ValidString(how) || strings.ContainsFunc(how, unicode.IsControl) {
		return fault.At(fault.BadInput, "how", "please say how it was paid, in up to %d bytes", maxHow)
	}
	l, err := r.Listing(ctx, id)
	if err != nil {
		return err
	}
	due := l.Due()
	switch {
	case l.Payout != Credited || l.Hand == 0:
		return fault.New(fault.Refused, "nothing of this is to be paid by hand")
	case due == 0:
		return nil // done before
	}
	err = r.Sales.PaidByHand(ctx, l.SellerOrder, due, how, who, func(ctx context.Context, tx *sqldb.Tx) (bool, error) {
		// A card's refund that failed meanwhile has made it more: then it is looked at again.
		done, err := tx.ExecContext(ctx, `update resale_listing set hand_paid = hand, hand_at = $3, hand_how = $4, changed_at = $3 where id = $1 and hand = $2 and hand_paid = $5`,
			id, l.Hand, r.Now().UnixMilli(), how, l.HandPaid)
		if err != nil {
			return false, stored(err, "noting a payout")
		}
		n, err := done.RowsAffected()
		if err != nil || n == 0 {
			return false, err
		}
		return true, r.tellPaid(ctx, tx, &l, due, how)
	})
	return r.wakes(err)
}
