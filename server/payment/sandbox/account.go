package sandbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/sync/fault"
)

// The steps of a payment that nothing has settled.
const (
	stepCard    = "card"    // the buyer is asked for a card
	stepConfirm = "confirm" // the buyer is asked by their bank whether it is them
	stepWorking = "working" // the bank works on it
)

// What the sandbox keeps of a payment: 1.5 % and 25 minor units.
const (
	feeBasisPoints = 150
	feeFixed       = 25
)

// account is a row of sandbox_payment.
type account struct {
	ref, asked           string
	attempt              payment.Attempt
	began                time.Time
	step, card, declined string
	settles              time.Time // zero: not decided
	outcome              payment.State
	cancelled            time.Time
	disputed, decided    time.Time
	won                  bool
	refunded             int64
	before               int64 // of refunded: before the buyer went to their bank
}

const accountColumns = `ref, asked, order_code, title, email, amount, currency, lines, success_url, cancel_url, ends_at, began_at,
	step, card, declined, settles_at, outcome, cancelled_at, disputed_at, decided_at, won, refunded,
	(select coalesce(sum(r.amount), 0) from sandbox_refund r where r.ref = sandbox_payment.ref and r.made_at < sandbox_payment.disputed_at)`

// readAccount gives the payment with a reference; fault.NotFound without one.
func readAccount(ctx context.Context, q sqldb.Queryer, ref string) (account, error) {
	row := q.QueryRowContext(ctx, `select `+accountColumns+` from sandbox_payment where ref = $1`, ref)
	a, err := scanAccount(row)
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, errNoPayment
	}
	return a, err
}

var errNoPayment = fault.New(fault.NotFound, "the sandbox has no such payment")

func scanAccount(row *sql.Row) (account, error) {
	var a account
	var lines string
	var ends, began, settles, cancelled, disputed, decided int64
	t := &a.attempt
	err := row.Scan(&a.ref, &a.asked, &t.Order, &t.Text, &t.Email, &t.Amount, &t.Currency, &lines, &t.Success, &t.Cancel, &ends, &began,
		&a.step, &a.card, &a.declined, &settles, &a.outcome, &cancelled, &disputed, &decided, &a.won, &a.refunded, &a.before)
	if err != nil {
		return account{}, fmt.Errorf("reading a payment of the sandbox: %w", err)
	}
	if err := json.Unmarshal([]byte(lines), &t.Lines); err != nil {
		return account{}, fmt.Errorf("reading the lines of payment %s: %w", a.ref, err)
	}
	t.Until, a.began, a.settles = instant(ends), instant(began), instant(settles)
	a.cancelled, a.disputed, a.decided = instant(cancelled), instant(disputed), instant(decided)
	return a, nil
}

// instant reads a column where 0 is never.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// column is the other way of instant.
func column(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// passed reports that an instant was set and is over.
func passed(t, now time.Time) bool { return !t.IsZero() && !t.After(now) }

// busy reports that the bank has the payment and says nothing yet, which can't be
// taken back.
func (a account) busy(now time.Time) bool { return !a.settles.IsZero() && a.settles.After(now) }

// state says how the payment stands, and since when.
func (a account) state(now time.Time) (payment.State, time.Time) {
	switch {
	case passed(a.settles, now):
		return a.outcome, a.settles
	case !a.cancelled.IsZero():
		return payment.Cancelled, a.cancelled
	case a.busy(now):
		return payment.Pending, a.began
	case passed(a.attempt.Until, now):
		return payment.Cancelled, a.attempt.Until
	}
	return payment.Pending, a.began
}

// contested is what a dispute is about: what had not gone back before it.
func (a account) contested() int64 { return a.attempt.Amount - a.before }

// dispute says how a dispute stands, and by when evidence is taken. There is none of a
// payment of which all went back before.
func (a account) dispute(now time.Time) (payment.DisputeState, time.Time) {
	switch {
	case !passed(a.disputed, now) || a.contested() == 0:
		return payment.NoDispute, time.Time{}
	case !passed(a.decided, now):
		return payment.DisputeOpen, a.decided
	case a.won:
		return payment.DisputeWon, time.Time{}
	}
	return payment.DisputeLost, time.Time{}
}

// wire is the payment as the interface tells it.
func (a account) wire(now time.Time) wirePayment {
	state, at := a.state(now)
	dispute, decides := a.dispute(now)
	w := wirePayment{Ref: a.ref, Order: a.attempt.Order, State: state, Busy: a.busy(now), Amount: a.attempt.Amount, Currency: a.attempt.Currency,
		Refunded: a.refunded, Dispute: string(dispute), Decides: column(decides), At: at.UnixMilli()}
	if dispute != payment.NoDispute {
		w.Contested = a.contested()
	}
	if state == payment.Paid {
		w.Fee = min(a.attempt.Amount, a.attempt.Amount*feeBasisPoints/10_000+feeFixed)
	}
	return w
}
