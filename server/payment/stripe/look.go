package stripe

import (
	"context"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"

	"usher/server/payment"
)

// Look tells how a payment stands now.
func (s *Stripe) Look(ctx context.Context, ref string) (payment.Payment, error) {
	session, err := s.session(ctx, ref)
	if err != nil {
		return payment.Payment{}, err
	}
	p := payment.Payment{Ref: session.ID, Order: session.Metadata[metaOrder], State: stateOf(session),
		Currency: strings.ToUpper(string(session.Currency))}
	if p.Amount, err = fromStripe(session.AmountTotal, p.Currency); err != nil {
		return payment.Payment{}, err
	}
	if p.State == payment.Pending {
		p.At = time.Unix(session.Created, 0).UTC()
	}
	charge := chargeOf(session)
	if charge == nil {
		return p, nil
	}
	p.At = time.Unix(charge.Created, 0).UTC()
	if p.Refunded, err = fromStripe(charge.AmountRefunded, p.Currency); err != nil {
		return payment.Payment{}, err
	}
	if b := charge.BalanceTransaction; b != nil && b.Currency == session.Currency {
		if p.Fee, err = fromStripe(b.Fee, p.Currency); err != nil {
			return payment.Payment{}, err
		}
	}
	if charge.Disputed {
		p.Dispute, err = s.dispute(ctx, session.PaymentIntent.ID, p.Currency)
	}
	return p, err
}

// stateOf reads how a payment stands. The PaymentIntent knows best: a session may
// run out while the bank works on a payment that was begun in time.
func stateOf(session *stripe.CheckoutSession) payment.State {
	if intent := session.PaymentIntent; intent != nil {
		switch intent.Status {
		case stripe.PaymentIntentStatusSucceeded:
			return payment.Paid
		case stripe.PaymentIntentStatusProcessing, stripe.PaymentIntentStatusRequiresCapture:
			return payment.Pending
		}
	}
	switch {
	case session.PaymentStatus == stripe.CheckoutSessionPaymentStatusPaid:
		return payment.Paid
	case session.Status == stripe.CheckoutSessionStatusExpired:
		return payment.Cancelled
	case session.Status == stripe.CheckoutSessionStatusComplete:
		return payment.Failed // the buyer did what they could, and the bank said no
	}
	return payment.Pending
}

// chargeOf is the charge that paid, nil before it is paid.
func chargeOf(session *stripe.CheckoutSession) *stripe.Charge {
	if session.PaymentIntent == nil || stateOf(session) != payment.Paid {
		return nil
	}
	return session.PaymentIntent.LatestCharge
}

// dispute sums up the disputes of a payment: open while one is, lost when one is. What
// Stripe calls an inquiry has taken no money, and is a dispute once the bank takes it.
func (s *Stripe) dispute(ctx context.Context, intent, currency string) (payment.Dispute, error) {
	var sum payment.Dispute
	amounts := map[payment.DisputeState]int64{}
	for d, err := range s.api.V1Disputes.List(ctx, &stripe.DisputeListParams{PaymentIntent: stripe.String(intent)}).All(ctx) {
		if err != nil {
			return payment.Dispute{}, s.fault(ctx, err, "look at a dispute")
		}
		state := disputeState(d.Status)
		if worse(state, sum.State) {
			sum = payment.Dispute{State: state}
		}
		amount, err := fromStripe(d.Amount, currency)
		if err != nil {
			return payment.Dispute{}, err
		}
		amounts[state] += amount
		open := state == payment.DisputeOpen || state == payment.DisputeAsked
		if due := d.EvidenceDetails; open && state == sum.State && due != nil && due.DueBy != 0 {
			sum.Until = time.Unix(due.DueBy, 0).UTC()
		}
	}
	if sum.State == payment.NoDispute {
		return sum, nil
	}
	sum.Amount = amounts[sum.State]
	amounts[sum.State] = 0
	sum.AlsoWon, sum.AlsoLost = amounts[payment.DisputeWon], amounts[payment.DisputeLost]
	return sum, nil
}

func disputeState(s stripe.DisputeStatus) payment.DisputeState {
	switch s {
	case stripe.DisputeStatusWarningNeedsResponse, stripe.DisputeStatusWarningUnderReview:
		return payment.DisputeAsked
	case stripe.DisputeStatusWarningClosed:
		return payment.NoDispute
	case stripe.DisputeStatusWon, stripe.DisputeStatusPrevented:
		return payment.DisputeWon
	case stripe.DisputeStatusLost:
		return payment.DisputeLost
	}
	return payment.DisputeOpen
}

// worse orders the states of a dispute by what they mean for the seller.
func worse(a, b payment.DisputeState) bool {
	rank := map[payment.DisputeState]int{payment.NoDispute: 0, payment.DisputeAsked: 1, payment.DisputeWon: 2, payment.DisputeLost: 3, payment.DisputeOpen: 4}
	return rank[a] > rank[b]
}
