package sales

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/sync/fault"
)

// giveBack asks the provider for the refunds of an order that it has not done yet.
func (s *Sales) giveBack(ctx context.Context, id string) error {
	open, err := s.openRefunds(ctx, id)
	if err != nil {
		return err
	}
	var all []error
	for _, r := range open {
		all = append(all, s.giveOneBack(ctx, id, r))
	}
	return errors.Join(all...)
}

// giveOneBack asks the provider for one refund. The key is the refund's id, so it
// may be asked for any number of times; how often it was refused tells tries apart.
func (s *Sales) giveOneBack(ctx context.Context, id string, r refund) error {
	if !s.has(r.Provider) {
		return fault.Wrap(fault.Unavailable, errNotHere, notHere, r.Provider)
	}
	_, failed := s.Provider.Refund(ctx, payment.Refund{Key: r.ID, Again: r.again, Ref: r.Ref, Amount: r.Amount, Why: payment.ClipText(r.Why)})
	switch kind := fault.KindOf(failed); {
	case failed == nil || kind == fault.BadInput || kind == fault.NotFound:
	case kind == fault.Refused:
		if waits, err := s.waitsForBank(ctx, id, r); err != nil || waits {
			return err
		}
	default:
		return errors.Join(failed, s.later(ctx, r.ID, soon<<min(r.tries, maxDoubled), fault.Message(failed)))
	}
	if err := s.step("refunded"); err != nil {
		return err
	}
	_, err := s.change(ctx, id, func(ctx context.Context, tx *sqldb.Tx, a *act) error { return a.gaveBack(ctx, tx, r, failed) })
	return err
}

// errNotHere says that a payment's provider is not set up in this process; in another it
// may be.
var errNotHere = errors.New("another provider's")

const notHere = "payment provider %s is not set up here"

// has says whether a provider is set up here.
func (s *Sales) has(provider string) bool {
	return s.Provider != nil && s.Provider.Name() == provider
}

// putOff puts an order's refunds off whose provider is not set up on this server, which
// says so with them.
func (s *Sales) putOff(ctx context.Context, id string) error {
	open, err := s.openRefunds(ctx, id)
	for _, r := range open {
		if !s.has(r.Provider) {
			err = errors.Join(err, s.later(ctx, r.ID, soon<<min(r.tries, maxDoubled), fmt.Sprintf(notHere, r.Provider)))
		}
	}
	return err
}

// waitsForBank finds out whether a refund was refused because the buyer's bank has the
// money, which usher may not have heard yet. While the bank decides the refund waits;
// when the buyer has won, it is done by that.
func (s *Sales) waitsForBank(ctx context.Context, id string, r refund) (bool, error) {
	p, err := s.Provider.Look(ctx, r.Ref)
	if err != nil {
		return true, errors.Join(err, s.later(ctx, r.ID, soon<<min(r.tries, maxDoubled), fault.Message(err)))
	}
	if p.Dispute.State == payment.NoDispute || p.Dispute.State == payment.DisputeAsked {
		return false, nil
	}
	if _, _, err = s.hear(ctx, id, r.Provider, p); err != nil || p.Dispute.State == payment.DisputeLost {
		return true, err
	}
	if p.Dispute.State == payment.DisputeOpen {
		return true, s.later(ctx, r.ID, paidLook, "the buyer's bank has the money for now")
	}
	anew, err := s.askedAnew(ctx, r)
	if err != nil || !anew {
		return false, err
	}
	return true, s.later(ctx, r.ID, soon, "the buyer's bank had the money")
}

// askedAnew says whether a refund was asked for anew since it was read.
func (s *Sales) askedAnew(ctx context.Context, r refund) (is bool, err error) {
	err = s.DB.Read().QueryRowContext(ctx, `select again > $2 from order_refund where id = $1`, r.ID, r.again).Scan(&is)
	return is, stored(err, "reading a refund")
}

// anew has the refunds of a payment that wait be asked for anew, which may have been
// refused for a reason that is over.
func (a *act) anew(ctx context.Context, tx *sqldb.Tx, provider, ref string) error {
	_, err := tx.ExecContext(ctx, `update order_refund set again = again + 1 where provider = $1 and ref = $2 and state = 'asked'`, provider, ref)
	return err
}

// gaveBack notes that the provider has done a refund, or never will.
func (a *act) gaveBack(ctx context.Context, tx *sqldb.Tx, r refund, failed error) error {
	state := "done"
	if failed != nil {
		state = "refused"
	}
	problem := ""
	if failed != nil {
		problem = payment.ClipText(fault.Message(failed))
	}
	result, err := tx.ExecContext(ctx, `update order_refund set state = $2, done_at = $3, try_at = 0, problem = $4 where id = $1 and state = 'asked' and ($5 = 0 or again = $6)`,
		r.ID, state, a.now.UnixMilli(), problem, flag(failed != nil), r.again)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err // somebody else was faster, or it was asked for anew after that refusal
	}
	if failed != nil {
		a.note("refund failed", "provider", "%s of %s: %s. Give it back by other means", words(r.Amount, r.Currency), r.Ref, fault.Message(failed))
		return a.payoutRefused(ctx, tx, r)
	}
	a.post(owed, at(r.Provider), r.Amount, r.Currency, "given back, "+r.Ref)
	a.note("given back", "provider", "%s of %s", words(r.Amount, r.Currency), r.Ref)
	if a.State == Refunding {
		return a.turn(Refunded)
	}
	return nil
}

// cameBack has the provider asked again for the refunds of a payment of which less has
// gone back than it had said: a bank may send back what it can't hand on. Those that are
// well are answered as before, under their keys; of the others it says that they failed.
func (a *act) cameBack(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, said int64) (err error) {
	// What somebody gave back at the provider has no key by which to ask.
	rows, err := tx.QueryContext(ctx, `update order_refund set state = 'asked', done_at = 0, try_at = $3
		where provider = $1 and ref = $2 and state = 'done' and asked <> '' returning amount`, provider, p.Ref, a.now.UnixMilli())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var amount int64
		if err := rows.Scan(&amount); err != nil {
			return err
		}
		a.refunds = true
		a.post(at(provider), owed, amount, p.Currency, "asked about again, "+p.Ref)
	}
	if a.refunds {
		a.note("refund unsure", "provider", "%s of %s went back, and not the %s that it had said: it is asked again", words(p.Refunded, p.Currency), p.Ref, words(said, p.Currency))
	}
	return rows.Err()
}

// openRefunds lists what the provider has not done yet of an order's refunds.
func (s *Sales) openRefunds(ctx context.Context, id string) (list []refund, err error) {
	rows, err := s.DB.Read().QueryContext(ctx, `select id, provider, ref, amount, currency, why, tries, again from order_refund where order_id = $1 and state = 'asked' order by id`, id)
	if err != nil {
		return nil, stored(err, "reading refunds")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r refund
		if err := rows.Scan(&r.ID, &r.Provider, &r.Ref, &r.Amount, &r.Currency, &r.Why, &r.tries, &r.again); err != nil {
			return nil, stored(err, "reading refunds")
		}
		list = append(list, r)
	}
	return list, stored(rows.Err(), "reading refunds")
}

// soon is after how long a refund is asked for again that could not be asked for; each
// wait is twice the one before, so many times.
const (
	soon       = time.Minute
	maxDoubled = 6
)

// later puts a refund off that the provider can't do now.
func (s *Sales) later(ctx context.Context, refundID string, wait time.Duration, problem string) error {
	return stored(s.DB.Exec(ctx, `update order_refund set tries = tries + 1, try_at = $2, problem = $3 where id = $1 and state = 'asked'`,
		refundID, s.Now().Add(wait).UnixMilli(), payment.ClipText(problem)), "putting a refund off")
}
