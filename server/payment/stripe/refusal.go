package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"github.com/stripe/stripe-go/v85"

	"usher/sync/fault"
)

// secret matches what must be in no log: keys, signing and client secrets.
var secret = regexp.MustCompile(`\b(?:sk|rk|pk|whsec)_[A-Za-z0-9_*]+|_secret_[A-Za-z0-9]+`)

// cause is what the log gets to know of an error of Stripe's: without the objects
// that came with it, which hold buyers' names, and without anything that may be a
// key.
func cause(e *stripe.Error) error {
	text := fmt.Sprintf("Stripe answered HTTP %d, type %s", e.HTTPStatusCode, e.Type)
	for pair := range slices.Chunk([]string{"code", string(e.Code), "parameter", e.Param, "request", e.RequestID}, 2) {
		if pair[1] != "" {
			text += ", " + pair[0] + " " + pair[1]
		}
	}
	if e.HTTPStatusCode != http.StatusUnauthorized && e.Msg != "" {
		text += ": " + e.Msg
	}
	return errors.New(secret.ReplaceAllString(text, "[secret]"))
}

// fault says in usher's words what Stripe's client says. doing completes "can't".
func (s *Stripe) fault(ctx context.Context, err error, doing string) error {
	var e *stripe.Error
	var wire *url.Error
	switch {
	case errors.As(err, &e):
	case errors.As(err, &wire):
		return fault.Wrap(fault.Unavailable, wire, "Stripe can't be reached to %s", doing)
	default:
		// The library's error holds a piece of the answer, and so perhaps of a person.
		return fault.Wrap(fault.Unavailable, errors.New("its answer can't be read"), "Stripe didn't answer when asked to %s", doing)
	}
	kind := kindOf(e)
	if operators(e) {
		s.log.ErrorContext(ctx, "Stripe doesn't take usher's requests: look at the key and at what it may do", "error", cause(e))
	}
	switch {
	case kind == fault.NotFound:
		return errNoPayment
	case kind == fault.Exists:
		return fault.Wrap(fault.Exists, cause(e), "this key was used before, for something else")
	case kind == fault.Expired:
		return fault.Wrap(fault.Expired, cause(e), "the attempt to pay ended before it began")
	case kind.Temporary():
		return fault.Wrap(kind, cause(e), "Stripe can't %s at the moment", doing)
	case e.Param != "":
		return &fault.Error{Kind: kind, Where: places[e.Param], Message: "Stripe doesn't take this", Cause: cause(e)}
	}
	return fault.Wrap(kind, cause(e), "Stripe refused to %s", doing)
}

// places gives our words for the parameters that a seller's data end up in.
var places = map[string]string{"customer_email": "email", "expires_at": "until", "success_url": "success", "cancel_url": "cancel"}

// operators reports an error that no buyer and no retry can mend.
func operators(e *stripe.Error) bool {
	return e.HTTPStatusCode == http.StatusUnauthorized || e.HTTPStatusCode == http.StatusForbidden
}

// kindOf says what the receiver of an error can do about it.
func kindOf(e *stripe.Error) fault.Kind {
	switch {
	case e.Type == stripe.ErrorTypeIdempotency && e.HTTPStatusCode != http.StatusConflict:
		return fault.Exists
	case e.Code == stripe.ErrorCodeLockTimeout || e.HTTPStatusCode == http.StatusConflict:
		return fault.Unavailable // a request with the same key is at work
	case e.HTTPStatusCode == http.StatusTooManyRequests:
		return fault.TooMany
	case operators(e) || e.HTTPStatusCode >= http.StatusInternalServerError || e.HTTPStatusCode == 0:
		return fault.Unavailable
	case e.Code == stripe.ErrorCodeResourceMissing || e.HTTPStatusCode == http.StatusNotFound:
		return fault.NotFound
	case e.Code == stripe.ErrorCodeAmountTooLarge || e.Code == stripe.ErrorCodeAmountTooSmall || e.Type == stripe.ErrorTypeCard:
		return fault.Refused
	}
	return fault.BadInput
}

// startFault tells the two ways apart in which the end of an attempt can be wrong.
func (s *Stripe) startFault(ctx context.Context, err error, late bool) error {
	var e *stripe.Error
	if late && errors.As(err, &e) && e.Param == "expires_at" {
		return fault.Wrap(fault.Expired, cause(e), "the attempt to pay ended before it began")
	}
	return s.fault(ctx, err, "start a payment")
}

// refusedRefund says why Stripe gave no money back: what isn't to be tried again as
// it is was against a rule of its.
func (s *Stripe) refusedRefund(ctx context.Context, err error) error {
	fail := s.fault(ctx, err, "refund")
	var e *stripe.Error
	if errors.As(err, &e) && fault.KindOf(fail) == fault.BadInput {
		return fault.Wrap(fault.Refused, cause(e), "Stripe doesn't refund this: it is more than what is left, or the payment is disputed")
	}
	return fail
}
