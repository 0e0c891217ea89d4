// Package payment is what usher asks of whoever takes the money: its vocabulary,
// and the [Provider] that server/payment/stripe and server/payment/sandbox are.
//
// # One payment
//
// A payment begins with an [Attempt]: what is to be paid, for which order, until
// when. [Provider.Start] answers with the page to which the buyer is sent, and
// with a reference that names the payment ever after. The buyer pays there, on
// the provider's page; no card number comes near usher.
//
// # What is true is looked up
//
// The provider tells of news by a [Notice], over HTTP. Notices come late, twice,
// out of order, or never, so one says only which payment has news: what is true
// now is what [Provider.Look] answers. Whoever looks again after each notice, after
// the buyer comes back, and once in a while without being told, misses nothing.
//
// # What can be said twice
//
// An answer may be lost on the way. Start and Refund carry a key: asked again with
// the same key and the same content they answer the same and do nothing, however
// often. With the same key and another content they do nothing either, and fail
// with fault.Exists. Look and Cancel can be repeated as they are.
//
// # Errors
//
// fault.Unavailable and fault.TooMany: nothing is known of what became of it, ask
// again with the same key. fault.BadInput, fault.Refused and fault.NotFound: it was
// not done, and won't be. No error and no log line holds a key or what a buyer
// typed.
//
// A provider may keep a refusal with its key and say it again for a day, whatever has
// changed since. Who asks for a refund anew counts Refund.Again up, which stands to the
// provider for another key. Money that went back under any of them is not given twice.
package payment

import (
	"context"
	"net/http"
	"time"

	"usher/sync/fault"
)

// Provider takes payments. It is safe for use by several goroutines. What each
// method promises, the suite in server/payment/paymenttest holds against every
// provider.
type Provider interface {
	// Name is what the provider is called in addresses and in the ledger: stripe,
	// sandbox. It never changes.
	Name() string

	// Start makes a payment that waits for the buyer, once for each Attempt.Key.
	// An attempt that is wrong is fault.BadInput, one that comes after its own
	// Until and was not made before is fault.Expired.
	Start(ctx context.Context, a Attempt) (Started, error)

	// Look tells how the payment stands now, by the reference that Start gave or
	// the one of a notice. One that doesn't exist is fault.NotFound.
	Look(ctx context.Context, ref string) (Payment, error)

	// Cancel sees to it that the payment can't be paid any more. When it returns
	// nil, it never will be. ErrPaid says that it is paid already; ErrBusy that
	// the buyer has paid and the outcome isn't known yet. One that was cancelled
	// or that failed is left as it is.
	Cancel(ctx context.Context, ref string) error

	// Refund gives money of a paid payment back, once for each Refund.Key, whatever
	// Refund.Again is. More than what is left of it, or anything of one that isn't
	// paid, is fault.Refused.
	Refund(ctx context.Context, r Refund) (Refunded, error)

	// Read takes a request to the address for notices apart, after it has made
	// sure of who sent it: a signature that is missing or wrong is
	// fault.Unauthorised, one more than Tolerance from now fault.Expired. It asks
	// nobody and reads no clock.
	Read(header http.Header, body []byte, now time.Time) (Notice, error)
}

var (
	// ErrPaid is Cancel's answer for a payment that is paid.
	ErrPaid = fault.New(fault.Refused, "the payment is made already: it can be refunded, not cancelled")

	// ErrBusy is Cancel's answer while the provider works on a payment.
	ErrBusy = fault.New(fault.Unavailable, "the payment is being made at this moment: ask again how it ended")
)

// State is how a payment stands. Paid, Failed and Cancelled are for ever.
type State string

// The states.
const (
	// Pending: not paid, and it may still be. A card that was declined leaves it
	// so: the buyer may try another.
	Pending State = "pending"
	// Paid: the money is taken. It stays paid when it is refunded or disputed.
	Paid State = "paid"
	// Failed: the provider gave up on it.
	Failed State = "failed"
	// Cancelled: by Cancel, or its time is over.
	Cancelled State = "cancelled"
)

// Final reports whether the state is one that a payment stays in.
func (s State) Final() bool { return s == Paid || s == Failed || s == Cancelled }

// Payment is a payment as it stands.
type Payment struct {
	Ref      string // as Start gave it, whatever Look was asked with
	Order    string // of the attempt
	State    State
	Amount   int64  // what was to be paid, minor units
	Currency string // ISO 4217
	Refunded int64  // of it, given back or on its way back
	Fee      int64  // what the provider keeps; 0 while it isn't known or is in another currency
	Dispute  Dispute
	At       time.Time // when it came into its State; zero when the provider doesn't say
}

// Refundable is what can still be given back. While a dispute is open, and after
// it was lost, the buyer's bank has the money.
func (p Payment) Refundable() int64 {
	if p.State != Paid || p.Dispute.State == DisputeOpen || p.Dispute.State == DisputeLost {
		return 0
	}
	return p.Amount - p.Refunded
}

// Dispute is a payment that the buyer had their bank take back. The zero value is
// none.
type Dispute struct {
	State  DisputeState
	Amount int64     // minor units of the payment's currency
	Until  time.Time // by when evidence can be given; zero when there is nothing to give

	// What other disputes of the same payment were about that ended already.
	AlsoWon, AlsoLost int64
}

// Sums are what all disputes of a payment have come to so far: what the bank took, and
// of it what was won and lost. None of them ever gets less.
func (d Dispute) Sums() (taken, won, lost int64) {
	taken, won, lost = d.AlsoWon+d.AlsoLost, d.AlsoWon, d.AlsoLost
	switch d.State {
	case DisputeOpen:
		taken += d.Amount
	case DisputeWon:
		taken, won = taken+d.Amount, won+d.Amount
	case DisputeLost:
		taken, lost = taken+d.Amount, lost+d.Amount
	}
	return taken, won, lost
}

// DisputeState is how a dispute stands.
type DisputeState string

// The states of a dispute.
const (
	NoDispute    DisputeState = ""
	DisputeAsked DisputeState = "asked" // the bank asks, and may leave it at that: the money stays
	DisputeOpen  DisputeState = "open"  // the money is with the bank until it decides
	DisputeWon   DisputeState = "won"   // the money is back with the seller
	DisputeLost  DisputeState = "lost"  // the money is the buyer's again
)

// Started is a payment that waits for its buyer.
type Started struct {
	Ref string // names the payment; no secret, not to be guessed
	URL string // the page to send the buyer to
}

// Refund asks for money to be given back.
type Refund struct {
	Key    string // of this refund, chosen by the caller
	Again  int    // how often it was refused and is asked for anew; 0 at first
	Ref    string // of the payment
	Amount int64  // minor units of the payment's currency; more than 0
	Why    string // for people who look at the provider's books; may be empty
}

// Refunded is a refund that the provider has taken on.
type Refunded struct {
	Ref    string // names the refund at the provider
	Amount int64
}
