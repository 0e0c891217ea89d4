package stripe

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"usher/server/payment"
	"usher/sync/fault"
)

const signatureHeader = "Stripe-Signature"

// Events lists the events that the webhook endpoint has to be sent.
func Events() []string {
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, string(k.event))
	}
	return names
}

// kinds says what the events mean. The reference is the id of the session where
// the event is about one, else that of the PaymentIntent.
var kinds = []struct {
	event stripe.EventType
	kind  payment.Kind
}{
	{stripe.EventTypeCheckoutSessionCompleted, payment.NoticePaid},
	{stripe.EventTypeCheckoutSessionAsyncPaymentSucceeded, payment.NoticePaid},
	{stripe.EventTypeCheckoutSessionAsyncPaymentFailed, payment.NoticeFailed},
	{stripe.EventTypeCheckoutSessionExpired, payment.NoticeCancelled},
	{stripe.EventTypePaymentIntentPaymentFailed, payment.NoticeDeclined},
	{stripe.EventTypeChargeRefunded, payment.NoticeRefund},
	{stripe.EventTypeRefundUpdated, payment.NoticeRefund},
	{stripe.EventTypeRefundFailed, payment.NoticeRefund},
	{stripe.EventTypeChargeDisputeCreated, payment.NoticeDispute},
	{stripe.EventTypeChargeDisputeUpdated, payment.NoticeDispute},
	{stripe.EventTypeChargeDisputeClosed, payment.NoticeDispute},
}

// Read takes an event apart that Stripe sent to the webhook endpoint.
func (s *Stripe) Read(header http.Header, body []byte, now time.Time) (payment.Notice, error) {
	if len(body) > payment.MaxNotice {
		return payment.Notice{}, fault.New(fault.TooLarge, "a notice has %d bytes at most", payment.MaxNotice)
	}
	signature := header.Get(signatureHeader)
	if err := s.verify(signature, body); err != nil {
		return payment.Notice{}, err
	}
	if err := fresh(signature, now); err != nil {
		return payment.Notice{}, err
	}
	var event stripe.Event
	if err := json.Unmarshal(body, &event); err != nil {
		return payment.Notice{}, fault.Wrap(fault.BadInput, err, "this is no event of Stripe's")
	}
	if event.Object != "event" || event.ID == "" || event.Type == "" {
		return payment.Notice{}, fault.New(fault.BadInput, "this is no event of Stripe's: the webhook endpoint has to send snapshots, not thin events")
	}
	return notice(event)
}

// verify has Stripe's library check who signed the body. The library would look at
// the clock, so the time is fresh's.
func (s *Stripe) verify(signature string, body []byte) error {
	err := webhook.ErrNoValidSignature
	for _, secret := range s.hooks {
		if err = webhook.ValidatePayloadIgnoringTolerance(body, signature, secret); err == nil {
			return nil
		}
	}
	return fault.Wrap(fault.Unauthorised, err, "the signature is not Stripe's")
}

// fresh holds the time that was signed against the clock. A header with two of
// them is refused: which one was signed would be a matter of taste.
func fresh(signature string, now time.Time) error {
	var sent int64
	times := 0
	for part := range strings.SplitSeq(signature, ",") {
		value, ok := strings.CutPrefix(part, "t=")
		if !ok {
			continue
		}
		times++
		var err error
		if sent, err = strconv.ParseInt(value, 10, 64); err != nil {
			times = 0
			break
		}
	}
	if times != 1 {
		return fault.New(fault.Unauthorised, "the signature has no time, or more than one")
	}
	if now.Sub(time.Unix(sent, 0)).Abs() > payment.Tolerance {
		return fault.New(fault.Expired, "the notice was sent at another time than now")
	}
	return nil
}

// about is what we read of the object of an event. PaymentIntent is an id or the
// object itself.
type about struct {
	ID            string          `json:"id"`
	Object        string          `json:"object"`
	PaymentStatus string          `json:"payment_status"`
	PaymentIntent json.RawMessage `json:"payment_intent"`
}

func notice(event stripe.Event) (payment.Notice, error) {
	n := payment.Notice{ID: event.ID, Kind: payment.NoticeOther, At: time.Unix(event.Created, 0).UTC()}
	for _, k := range kinds {
		if k.event == event.Type {
			n.Kind = k.kind
		}
	}
	if n.Kind == payment.NoticeOther {
		return n, nil
	}
	var object about
	if event.Data == nil || json.Unmarshal(event.Data.Raw, &object) != nil || object.ID == "" {
		return payment.Notice{}, fault.New(fault.BadInput, "the event of Stripe's is about nothing")
	}
	switch object.Object {
	case "checkout.session", "payment_intent":
		n.Ref = object.ID
	default:
		n.Ref = intentID(object.PaymentIntent)
	}
	if !reference.MatchString(n.Ref) {
		n.Ref = "" // a charge or a dispute of another way to pay than ours
	}
	if n.Kind == payment.NoticePaid && object.PaymentStatus == string(stripe.CheckoutSessionPaymentStatusUnpaid) {
		n.Kind = payment.NoticeOther // the bank has yet to say
	}
	return n, nil
}

// intentID reads an id, or an object that has one.
func intentID(raw json.RawMessage) string {
	var id string
	if json.Unmarshal(raw, &id) == nil {
		return id
	}
	var object struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &object) != nil {
		return ""
	}
	return object.ID
}
