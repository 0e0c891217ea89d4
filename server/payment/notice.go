package payment

import "time"

const (
	// Tolerance is how far the time of a notice may be from the receiver's clock.
	// Whoever records one can't send it again after that.
	Tolerance = 300 * time.Second

	// MaxNotice is the longest notice that is read, in bytes. The receiver bounds
	// the request's body by it.
	MaxNotice = 256 << 10
)

// Notice says that a payment has news. It is no more than a nudge: the receiver
// asks Look what is true, so a notice that comes twice, late or out of order does
// no harm.
type Notice struct {
	ID   string    // of the event; the same when it is sent again
	Ref  string    // of the payment, for Look; "" when the notice is about none of ours
	Kind Kind      // for the log and the order's history
	At   time.Time // when it happened, as the provider says
}

// Kind is what a notice is about.
type Kind string

// The kinds.
const (
	NoticePaid      Kind = "paid"
	NoticeDeclined  Kind = "declined" // a card; the buyer may try another
	NoticeFailed    Kind = "failed"
	NoticeCancelled Kind = "cancelled"
	NoticeRefund    Kind = "refund"  // one was made, or is no longer good
	NoticeDispute   Kind = "dispute" // one began, moved on or ended
	NoticeOther     Kind = "other"   // nothing that usher follows: answer 200 and forget it
)
