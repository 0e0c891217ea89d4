package sandbox

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/sync/fault"
)

// start writes a payment down, or finds the one that was made with the same key.
func (s *Sandbox) start(ctx context.Context, a payment.Attempt) (account, error) {
	if err := a.Check(); err != nil {
		return account{}, err
	}
	lines, err := json.Marshal(a.Lines)
	if err != nil {
		return account{}, fault.Wrap(fault.Internal, err, "can't keep the lines")
	}
	asked, err := digest(toWire(a))
	if err != nil {
		return account{}, err
	}
	ref, err := s.draw("pay_")
	if err != nil {
		return account{}, err
	}
	now := s.now()
	if !a.Until.After(now) || a.Until.Sub(now) > payment.MaxUntil {
		return s.startedBefore(ctx, a.Key, asked, untilFault(a.Until, now))
	}
	made := account{ref: ref, asked: asked, attempt: a, began: now, step: stepCard}
	var other bool
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		result, err := tx.ExecContext(ctx, `insert into sandbox_payment (ref, start_key, asked, order_code, title, email, amount, currency, lines,
				success_url, cancel_url, ends_at, began_at, step, card, declined, settles_at, outcome, cancelled_at, disputed_at, decided_at, won, refunded)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', '', 0, '', 0, 0, 0, 0, 0)
			on conflict (start_key) do nothing`,
			ref, a.Key, asked, a.Order, a.Text, a.Email, a.Amount, a.Currency, string(lines),
			a.Success, a.Cancel, column(a.Until), column(now), stepCard)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		other = n == 0
		return err
	})
	if err != nil || !other {
		return made, err
	}
	return s.startedBefore(ctx, a.Key, asked, fault.New(fault.Internal, "the payment of this key is gone"))
}

// untilFault says what is wrong with the end of an attempt that is new.
func untilFault(until, now time.Time) error {
	if until.After(now) {
		return fault.At(fault.BadInput, "until", "it ends more than %d h ahead", int(payment.MaxUntil.Hours()))
	}
	return fault.New(fault.Expired, "the attempt to pay ended before it began")
}

// startedBefore finds the payment that was made with a key; absent is the error
// where there is none.
func (s *Sandbox) startedBefore(ctx context.Context, key, asked string, absent error) (account, error) {
	have, err := scanAccount(s.DB.Read().QueryRowContext(ctx, `select `+accountColumns+` from sandbox_payment where start_key = $1`, key))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return account{}, absent
	case err != nil:
		return account{}, err
	case have.asked != asked:
		return account{}, errOtherContent
	}
	return have, nil
}

var errOtherContent = fault.New(fault.Exists, "this key was used before, for something else")

// digest is what tells one content from another.
func digest(value any) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "can't compare what was asked")
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// cancel ends a payment that nobody has paid, and tells how it stands.
func (s *Sandbox) cancel(ctx context.Context, ref string) (have account, err error) {
	now := s.now()
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		result, err := tx.ExecContext(ctx, `update sandbox_payment set cancelled_at = $1
			where ref = $2 and settles_at = 0 and cancelled_at = 0 and ends_at > $3`, column(now), ref, column(now))
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err == nil && n == 1 {
			err = s.tell(ctx, tx, ref, []planned{{kind: payment.NoticeCancelled, at: now, due: now}})
		}
		if err != nil {
			return err
		}
		have, err = readAccount(ctx, tx, ref)
		return err
	})
	s.nudge()
	return have, err
}

// keepRefusals is how long a refusal is said again under its key, whatever has changed
// since, as other providers do.
const keepRefusals = 24 * time.Hour

// refund gives money back, once for a key.
func (s *Sandbox) refund(ctx context.Context, r payment.Refund) (made payment.Refunded, err error) {
	if err := r.Check(); err != nil {
		return made, err
	}
	id, err := s.draw("ref_")
	if err != nil {
		return made, err
	}
	now := s.now()
	var refused error
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		refused = nil
		// The payment's row first: rivals of one payment wait here for each other.
		have, err := touchAccount(ctx, tx, r.Ref)
		if err != nil {
			return err
		}
		made, err = refundBefore(ctx, tx, r)
		if err != nil || made.Ref != "" {
			return err
		}
		if refused, err = refusedBefore(ctx, tx, r, now); err != nil || refused != nil {
			return err
		}
		if refused = have.refundable(r.Amount, now); refused != nil {
			return refuse(ctx, tx, r, refused, now)
		}
		made = payment.Refunded{Ref: id, Amount: r.Amount}
		_, err = tx.ExecContext(ctx, `insert into sandbox_refund (refund_key, id, ref, amount, why, made_at) values ($1, $2, $3, $4, $5, $6)`,
			r.Key, id, r.Ref, r.Amount, r.Why, column(now))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update sandbox_payment set refunded = refunded + $1 where ref = $2`, r.Amount, r.Ref); err != nil {
			return err
		}
		return s.tell(ctx, tx, r.Ref, []planned{{kind: payment.NoticeRefund, at: now, due: now}})
	})
	s.nudge()
	if err == nil {
		err = refused
	}
	return made, err
}

// refuse keeps a refusal.
func refuse(ctx context.Context, tx *sqldb.Tx, r payment.Refund, refused error, now time.Time) error {
	_, err := tx.ExecContext(ctx, `insert into sandbox_refusal (refund_key, again, ref, amount, why, said, made_at) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (refund_key, again) do update set ref = excluded.ref, amount = excluded.amount, why = excluded.why, said = excluded.said, made_at = excluded.made_at`,
		r.Key, r.Again, r.Ref, r.Amount, r.Why, fault.Message(refused), column(now))
	return err
}

// refusedBefore is the refusal that is kept for a refund, if any.
func refusedBefore(ctx context.Context, tx *sqldb.Tx, r payment.Refund, now time.Time) (refused, err error) {
	var ref, why, said string
	var amount int64
	err = tx.QueryRowContext(ctx, `select ref, amount, why, said from sandbox_refusal where refund_key = $1 and again = $2 and made_at > $3`,
		r.Key, r.Again, column(now.Add(-keepRefusals))).Scan(&ref, &amount, &why, &said)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case ref != r.Ref || amount != r.Amount || why != r.Why:
		return nil, errOtherContent
	}
	return fault.New(fault.Refused, "%s", said), nil
}

// touchAccount reads a payment and keeps it from changing until the end of tx.
func touchAccount(ctx context.Context, tx *sqldb.Tx, ref string) (account, error) {
	a, err := scanAccount(tx.QueryRowContext(ctx, `update sandbox_payment set refunded = refunded where ref = $1 returning `+accountColumns, ref))
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, errNoPayment
	}
	return a, err
}

// refundBefore finds the refund that was made with the key: the zero value when
// there is none, an error when it was another one.
func refundBefore(ctx context.Context, tx *sqldb.Tx, r payment.Refund) (payment.Refunded, error) {
	var had payment.Refunded
	var ref, why string
	err := tx.QueryRowContext(ctx, `select id, ref, amount, why from sandbox_refund where refund_key = $1`, r.Key).Scan(&had.Ref, &ref, &had.Amount, &why)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return payment.Refunded{}, nil
	case err != nil:
		return payment.Refunded{}, err
	case ref != r.Ref || had.Amount != r.Amount || why != r.Why:
		return payment.Refunded{}, errOtherContent
	}
	return had, nil
}

// refundable says why an amount can't be given back.
func (a account) refundable(amount int64, now time.Time) error {
	state, _ := a.state(now)
	dispute, _ := a.dispute(now)
	switch left := a.attempt.Amount - a.refunded; {
	case state != payment.Paid:
		return fault.New(fault.Refused, "the payment isn't made: there is nothing to refund")
	case dispute == payment.DisputeOpen || dispute == payment.DisputeLost:
		return fault.New(fault.Refused, "the payment is disputed: the buyer's bank has the money")
	case amount > left:
		return fault.New(fault.Refused, "%d minor units are more than the %d that are left of the payment", amount, left)
	}
	return nil
}
