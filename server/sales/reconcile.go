package sales

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// atOnce is how many orders, payments or refunds one round looks at.
const atOnce = 200

// lease is for how long a server has a payment or refund that it looks at.
const lease = time.Minute

// Expire ends orders whose time is over, and says how many and whether there are
// more. Their places go back by themselves, with the hold.
func (s *Sales) Expire(ctx context.Context) (n int, more bool, err error) {
	over, err := orders(ctx, s.DB.Read(), `where over_at > 0 and over_at <= $1 order by over_at, id limit $2`, s.Now().UnixMilli(), atOnce)
	if err != nil {
		return 0, false, err
	}
	var all []error
	silent := false // the provider: the next are not kept waiting for it, too
	for _, o := range over {
		if o.ref != "" && !silent {
			_, err := s.callOff(ctx, o)
			if err != nil && !errors.Is(err, payment.ErrBusy) {
				s.Log.WarnContext(ctx, "a payment can't be called off", "order", o.Code, "error", err)
				silent = fault.KindOf(err).Temporary()
			}
		}
		if err := s.expireOne(ctx, o); err != nil {
			all = append(all, err)
			continue
		}
		n++
	}
	return n, len(over) == atOnce && n > 0, errors.Join(all...)
}

// expireOne ends one order. One that is being paid was called off before. Where that
// couldn't be done it is over all the same, as its places go back, and Poll calls its
// payment off: should it be paid in spite of that, it was paid late.
func (s *Sales) expireOne(ctx context.Context, o Order) error {
	_, err := s.change(ctx, o.ID, func(ctx context.Context, tx *sqldb.Tx, a *act) error {
		switch {
		case !a.Over(a.now):
			return nil
		case a.State.Buying():
			a.note("expired", "usher", "")
			a.lookSoon()
			return a.turn(Expired)
		case a.State == Awaiting:
			a.postBack(buyers, a.split(), "not paid")
			a.note("lapsed", "usher", "not paid by %s", a.Until.Format(time.DateOnly))
			a.mail(mailLapsed, "", "")
			if err := a.voidUnpaid(ctx, tx, ticketing.Blocked, "not paid in time"); err != nil {
				return err
			}
			return a.turn(Lapsed)
		}
		return nil
	})
	return err
}

// Poll asks the provider about payments that it is time to ask about.
func (s *Sales) Poll(ctx context.Context) (n int, err error) {
	if s.Provider == nil {
		return 0, nil
	}
	due, err := s.takeDue(ctx, s.Provider.Name())
	if err != nil {
		return 0, err
	}
	var all []error
	for _, d := range due {
		err := s.Settle(ctx, s.Provider.Name(), d.ref)
		if err == nil {
			n++
			err = errors.Join(s.endStray(ctx, d), s.lookAgain(ctx, d))
		}
		if err != nil {
			all = append(all, err)
		}
	}
	return n, errors.Join(all...)
}

// dueLook is a payment to be asked about.
type dueLook struct {
	ref, order string
	until      int64 // taken, Unix ms
}

// takeDue takes payments that are due, so that no other server asks as well.
func (s *Sales) takeDue(ctx context.Context, provider string) (list []dueLook, err error) {
	now := s.Now()
	var waiting int
	err = s.DB.Read().QueryRowContext(ctx, `select count(*) from (select ref from order_payment where look_at > 0 and look_at <= $1 limit 1) as due`, now.UnixMilli()).Scan(&waiting)
	if err != nil || waiting == 0 {
		return nil, stored(err, "looking for payments to ask about")
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		list = nil
		until := now.Add(lease).UnixMilli()
		rows, err := tx.QueryContext(ctx, `update order_payment set look_at = $3
			where provider = $1 and look_at > 0 and look_at <= $2
			and ref in (select ref from order_payment where provider = $1 and look_at > 0 and look_at <= $2 order by look_at, ref limit $4)
			returning ref, order_id`, provider, now.UnixMilli(), until, atOnce)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			d := dueLook{until: until}
			if err := rows.Scan(&d.ref, &d.order); err != nil {
				return err
			}
			list = append(list, d)
		}
		return rows.Err()
	})
	return list, stored(err, "taking payments to ask about")
}

// endStray calls off a payment that can still be made though its order is over: the
// provider could not be reached then.
func (s *Sales) endStray(ctx context.Context, d dueLook) error {
	o, err := s.Order(ctx, d.order)
	if err != nil || o.ref != d.ref || o.State.Buying() {
		return err
	}
	if _, err := s.callOff(ctx, o); !errors.Is(err, payment.ErrBusy) {
		return err
	}
	return nil
}

// lookAgain says when the next look at a payment is of which there was nothing new: else
// whoever heard that has said when. A look that failed counts for none.
func (s *Sales) lookAgain(ctx context.Context, d dueLook) error {
	now := s.Now()
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		var state string
		var looks int
		err := tx.QueryRowContext(ctx, `update order_payment set looks = looks + 1 where provider = $1 and ref = $2 and look_at = $3 returning state, looks`,
			s.Provider.Name(), d.ref, d.until).Scan(&state, &looks)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `update order_payment set look_at = $3 where provider = $1 and ref = $2`,
			s.Provider.Name(), d.ref, nextLook(now, payment.State(state), looks))
		return err
	})
	return stored(err, "noting when to ask again")
}

// RefundPace is how many refunds a server asks the provider for in one round, of which
// there is one a second. So a whole event's don't take its provider by surprise.
const RefundPace = 20

// Repay asks the provider for refunds that it has not done yet and that are due.
func (s *Sales) Repay(ctx context.Context) (n int, err error) {
	ids, err := s.takeRefunds(ctx)
	if err != nil {
		return 0, err
	}
	var all []error
	for _, id := range ids {
		err := s.giveBack(ctx, id)
		if errors.Is(err, errNotHere) {
			err = errors.Join(err, s.putOff(ctx, id))
		}
		if err != nil {
			all = append(all, err)
			continue
		}
		n++
	}
	return n, errors.Join(all...)
}

// takeRefunds takes refunds that are due, so that no other server asks as well, and
// gives the orders that they are of.
func (s *Sales) takeRefunds(ctx context.Context) (ids []string, err error) {
	now := s.Now()
	var waiting int
	err = s.DB.Read().QueryRowContext(ctx, `select count(*) from (select id from order_refund where try_at > 0 and try_at <= $1 limit 1) as due`, now.UnixMilli()).Scan(&waiting)
	if err != nil || waiting == 0 {
		return nil, stored(err, "looking for refunds to make")
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		ids = nil
		rows, err := tx.QueryContext(ctx, `update order_refund set try_at = $2 where try_at > 0 and try_at <= $1
			and id in (select id from order_refund where try_at > 0 and try_at <= $1 order by try_at, id limit $3)
			returning order_id`, now.UnixMilli(), now.Add(lease).UnixMilli(), RefundPace)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	slices.Sort(ids)
	return slices.Compact(ids), stored(err, "taking refunds to make")
}

// Reconcile does once what Run does all the time: it ends what is over, asks about
// payments and makes refunds that are due. A crash anywhere leaves nothing that it
// doesn't finish.
func (s *Sales) Reconcile(ctx context.Context) error {
	_, _, expired := s.Expire(ctx)
	_, polled := s.Poll(ctx)
	_, repaid := s.Repay(ctx)
	return errors.Join(expired, polled, repaid)
}

// Times of Run.
const (
	expireEvery = 250 * time.Millisecond
	pollEvery   = time.Second
)

// Run does what is due by the clock until ctx ends.
func (s *Sales) Run(ctx context.Context) {
	expire, poll, prune := time.NewTicker(expireEvery), time.NewTicker(pollEvery), time.NewTimer(pruneEvery)
	defer expire.Stop()
	defer poll.Stop()
	defer prune.Stop()
	failing := map[string]string{} // what failed of each, until it goes well
	for {
		var what string
		var err error
		select {
		case <-ctx.Done():
			return
		case <-expire.C:
			what = "expire"
			_, _, err = s.Expire(ctx)
		case <-poll.C:
			what = "poll"
			_, polled := s.Poll(ctx)
			_, repaid := s.Repay(ctx)
			err = errors.Join(polled, repaid)
		case <-prune.C:
			what = "prune"
			var next time.Duration
			next, err = s.pruneSome(ctx)
			prune.Reset(next)
		}
		switch {
		case err == nil:
			failing[what] = ""
		case ctx.Err() == nil && err.Error() != failing[what]:
			failing[what] = err.Error()
			s.Log.ErrorContext(ctx, "orders can't be looked after", "error", err)
		}
	}
}
