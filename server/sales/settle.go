package sales

import (
	"context"
	"net/http"
	"time"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/sync/fault"
)

// Hook takes a request to the address for a provider's notices. The answer to a
// notice that is none of ours is no error.
func (s *Sales) Hook(ctx context.Context, provider string, header http.Header, body []byte) error {
	if s.Provider == nil || s.Provider.Name() != provider {
		return fault.New(fault.NotFound, "there is no payment provider %.40q here", provider)
	}
	n, err := s.Provider.Read(header, body, s.Now())
	if err != nil {
		return err
	}
	if n.Ref == "" {
		return nil
	}
	err = s.Settle(ctx, provider, n.Ref)
	if fault.KindOf(err) == fault.NotFound {
		s.Log.InfoContext(ctx, "a notice of a payment that is no order's", "provider", provider, "kind", string(n.Kind))
		return nil
	}
	return err
}

// Settle asks the provider how a payment stands and records what is new: after a
// notice, when the buyer comes back, or because it is time to ask. It may be called
// any number of times.
func (s *Sales) Settle(ctx context.Context, provider, ref string) error {
	if s.Provider == nil || s.Provider.Name() != provider {
		return fault.New(fault.NotFound, "there is no payment provider %.40q here", provider)
	}
	p, err := s.Provider.Look(ctx, ref)
	if err != nil {
		return err
	}
	return s.record(ctx, p)
}

// record takes in what the provider says of a payment.
func (s *Sales) record(ctx context.Context, p payment.Payment) error {
	if err := s.step("looked"); err != nil {
		return err
	}
	o, owing, err := s.hear(ctx, p.Order, s.Provider.Name(), p)
	if err != nil {
		return err
	}
	if err := s.step("settled"); err != nil || !owing {
		return err
	}
	return s.giveBack(ctx, o.ID)
}

// lookWithin is how long a buyer's page waits for the provider to say how their payment
// stands: it is looked up again and again without them.
const lookWithin = 4 * time.Second

// Refresh gives an order after asking the provider how the payment stands that is
// under way: for the page to which a buyer comes back. When the provider can't be
// reached, or takes its time, it gives the order as it is known.
func (s *Sales) Refresh(ctx context.Context, id string) (Order, error) {
	o, err := s.Order(ctx, id)
	if err != nil || o.ref == "" || s.Provider == nil {
		return o, err
	}
	asking, cancel := context.WithTimeout(ctx, lookWithin)
	p, err := s.Provider.Look(asking, o.ref)
	cancel()
	if err == nil {
		err = s.record(ctx, p)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "a payment can't be looked up", "order", o.Code, "error", err)
		return o, nil
	}
	return s.Order(ctx, id)
}

// known is what is recorded of a payment.
type known struct {
	state    payment.State
	accepted bool
	fee      int64
	dispute  payment.DisputeState
	sums     sums
	back     int64 // that the provider has given back, as it said
}

// hear takes in what a provider says of a payment, of which have is known.
func (a *act) hear(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, have known) (err error) {
	before := len(a.events)
	if p.State == payment.Paid && have.state != payment.Paid {
		if have.accepted, err = a.receive(ctx, tx, provider, p); err != nil {
			return err
		}
		have.state = payment.Paid
	}
	if !have.state.Final() && p.State.Final() {
		have.state = p.State
		if err := a.failed(provider, p); err != nil {
			return err
		}
	}
	if have.state == payment.Paid {
		if err := a.followUp(ctx, tx, provider, p, &have); err != nil {
			return err
		}
	}
	if len(a.events) == before {
		return nil
	}
	a.more = append(a.more, sqldb.Call{
		Query: `update order_payment set state = $3, accepted = $4, amount = $5, currency = $6, fee = $7, dispute = $8, changed_at = $9, look_at = $10, looks = 0,
			taken = $11, won = $12, lost = $13
		where provider = $1 and ref = $2`,
		Args: []any{provider, p.Ref, string(have.state), flag(have.accepted), p.Amount, p.Currency, have.fee, string(have.dispute), a.now.UnixMilli(),
			nextLook(a.now, have.state, 0), have.sums.taken, have.sums.won, have.sums.lost},
	})
	return nil
}

// expect notes a payment that was started.
func (a *act) expect(provider, ref string) {
	a.more = append(a.more, sqldb.Call{
		Query: `insert into order_payment (provider, ref, order_id, state, accepted, amount, currency, fee, dispute, taken, won, lost, made_at, changed_at, look_at, looks)
		values ($1, $2, $3, 'pending', 0, $4, $5, 0, '', 0, 0, 0, $6, $6, $7, 0) on conflict (provider, ref) do nothing`,
		Args: []any{provider, ref, a.ID, a.Total, a.Currency, a.now.UnixMilli(), nextLook(a.now, payment.Pending, 0)},
	})
}

// settled notes how a payment ended that brought no money.
func (a *act) settled(provider, ref string, state payment.State) {
	a.more = append(a.more, sqldb.Call{
		Query: `update order_payment set state = $3, changed_at = $4, look_at = 0 where provider = $1 and ref = $2 and state = 'pending'`,
		Args:  []any{provider, ref, string(state), a.now.UnixMilli()},
	})
}

// lookSoon has Poll look at the payment that is under way, and call it off where its order
// is over.
func (a *act) lookSoon() {
	if a.ref != "" {
		a.more = append(a.more, sqldb.Call{
			Query: `update order_payment set look_at = $2 where order_id = $1 and state = 'pending'`, Args: []any{a.ID, a.now.UnixMilli()},
		})
	}
}

// failed notes that a payment will bring no money.
func (a *act) failed(provider string, p payment.Payment) error {
	a.note("not paid", "provider", "payment %s at %s: %s", p.Ref, provider, p.State)
	if a.ref != p.Ref {
		return nil
	}
	a.ref, a.url = "", ""
	if a.State == Paying {
		return a.turn(Open) // its time, if that is over, is for Expire to see
	}
	return nil
}

// receive records money that came in, and says whether it pays the order.
func (a *act) receive(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment) (accepted bool, err error) {
	if a.ref == p.Ref {
		a.ref, a.url = "", ""
	}
	if why, said := a.unacceptable(p); why != "" {
		return false, a.sendBack(provider, p, why, said)
	}
	taken, err := a.takePlaces(ctx, tx)
	if err != nil {
		return false, err
	}
	if !taken {
		said := "mail.why_gone"
		if a.Resold() {
			said = "resell.why_gone"
		}
		return false, a.sendBack(provider, p, "the places were gone", said)
	}
	if a.State != Awaiting {
		a.postSale(buyers, a.split(), "sold")
	}
	a.post(at(provider), buyers, p.Amount, p.Currency, "paid, "+p.Ref)
	a.Order.Paid = p.Amount
	if a.Method == "" {
		a.Method = provider
	}
	a.note("paid", "provider", "%s %s at %s", words(p.Amount, p.Currency), p.Ref, provider)
	return true, a.fulfil(ctx, tx, "usher", "")
}

// unacceptable says why money can't pay the order, "" when it can; said is the message
// that tells the buyer.
func (a *act) unacceptable(p payment.Payment) (why, said string) {
	switch {
	case p.Amount != a.Total || p.Currency != a.Currency:
		return "it is " + words(p.Amount, p.Currency) + " and the order is of " + words(a.Total, a.Currency), "mail.why_amount"
	case a.Order.Paid > 0 || a.State.Good() || a.State == Disputed || a.State == ChargedBack || a.State == Refunded:
		return "the order is paid already", "mail.why_paid"
	case a.State == Cancelled || a.State == Refunding:
		return "the order is " + a.State.Words(), "mail.why_over"
	}
	return "", ""
}

// sendBack has money returned that pays nothing, and the buyer told by the message said.
func (a *act) sendBack(provider string, p payment.Payment, why, said string) error {
	a.post(at(provider), owed, p.Amount, p.Currency, "not accepted, "+p.Ref)
	a.note("refused", "usher", "%s %s at %s is not accepted and goes back: %s", words(p.Amount, p.Currency), p.Ref, provider, why)
	a.refund(refund{
		ID: a.ID + "/" + provider + "/" + p.Ref, Provider: provider, Ref: p.Ref, Amount: p.Amount, Currency: p.Currency, Why: why, asked: "not accepted",
	})
	a.mail(mailReturned, "/"+p.Ref, said)
	if a.Order.Paid > 0 || a.State.Good() || a.State == Awaiting {
		return nil // the order itself is well, and may be paid still
	}
	if err := a.turn(Refunding); err != nil || !byHand(provider) {
		return err
	}
	return a.turn(Refunded)
}

// followUp takes in what became of a payment after it was made: its fee, refunds
// that somebody made at the provider, disputes.
func (a *act) followUp(ctx context.Context, tx *sqldb.Tx, provider string, p payment.Payment, have *known) error {
	if p.Fee != have.fee && p.Fee > 0 {
		a.post(cost(provider), at(provider), p.Fee-have.fee, p.Currency, "fee of "+p.Ref)
		a.note("fee", "provider", "%s of %s", words(p.Fee, p.Currency), p.Ref)
		have.fee = p.Fee
	}
	if err := a.refundedElsewhere(ctx, tx, provider, p, have.accepted); err != nil {
		return err
	}
	if p.Refunded < have.back && !byHand(provider) {
		if err := a.cameBack(ctx, tx, provider, p, have.back); err != nil {
			return err
		}
	}
	return a.dispute(ctx, tx, provider, p, have)
}

// firstLook and maxLook bound how long after a payment was started or made its
// provider is asked again without being told; each wait is twice the one before.
const (
	firstLook = 10 * time.Second
	maxLook   = 10 * time.Minute
	paidLook  = time.Hour // of one that is paid: for refunds and disputes nobody told us of
	maxLooks  = 12        // of one that is paid, since there was anything new: half a year
)

// nextLook is when to ask a provider again, Unix ms; 0 for never.
func nextLook(now time.Time, state payment.State, looks int) int64 {
	wait, most := firstLook, maxLook
	switch state {
	case payment.Failed, payment.Cancelled:
		return 0
	case payment.Paid:
		if looks >= maxLooks {
			return 0
		}
		wait, most = paidLook, paidLook<<maxLooks
	}
	for range min(looks, 2*maxLooks) {
		if wait *= 2; wait >= most {
			wait = most
			break
		}
	}
	return now.Add(wait).UnixMilli()
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
