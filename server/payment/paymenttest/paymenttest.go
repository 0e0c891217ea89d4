// Package paymenttest holds what payment.Provider promises against a provider, so
// that all providers are held to the same.
package paymenttest

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"usher/server/clocktest"
	"usher/server/payment"
	"usher/sync/fault"
)

// Rig is a provider with hands on everything around it: the buyer, the bank, the
// wire and the clock.
type Rig struct {
	Provider payment.Provider
	Clock    *clocktest.Clock

	// Pay has the buyer pay with a card that works, and reports whether they could.
	Pay func(s payment.Started) bool
	// Decline has the buyer try a card that is declined.
	Decline func(s payment.Started)
	// Dispute has the buyer pay with a card whose owner goes to the bank later. The
	// returned functions wait until the dispute has begun, and until it has ended.
	Dispute func(s payment.Started, won bool) (begins, ends func())
	// Notices gives what the provider has sent since the last call and was due.
	Notices func() []Delivery
	// Signature is the header that holds a notice's signature.
	Signature string
	// Forge signs a body as a notice with another key than the provider's.
	Forge func(body []byte, at time.Time) http.Header
	// Wire is what stands between usher and the provider.
	Wire *Wire
}

// Delivery is a notice as it came.
type Delivery struct {
	Header http.Header
	Body   []byte
}

// Start is when the clock of a suite begins.
var Start = time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)

// Wire is a transport that can be cut, and that can lose answers.
type Wire struct {
	Next http.RoundTripper
	Cut  atomic.Bool  // nothing arrives
	Lose atomic.Int64 // of so many next requests that have a key, the answer is lost
}

// ErrWire is what a broken wire says.
var ErrWire = errors.New("the wire broke")

// RoundTrip takes a request over the wire.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.Cut.Load() {
		return nil, ErrWire
	}
	res, err := w.Next.RoundTrip(r)
	if err == nil && r.Header.Get("Idempotency-Key") != "" && w.Lose.Add(-1) >= 0 {
		_ = res.Body.Close() // lost anyway
		return nil, ErrWire
	}
	return res, err
}

var attempts atomic.Int64

// Attempt is an attempt that is right, with a key of its own.
func (r *Rig) Attempt() payment.Attempt {
	n := attempts.Add(1)
	return payment.Attempt{
		Key: fmt.Sprintf("attempt-%d", n), Order: fmt.Sprintf("order-%d", n), Text: "Two tickets for the Harbour Festival",
		Email: "ada@example.org", Amount: 5150, Currency: "EUR",
		Success: "https://shop.example/order/paid", Cancel: "https://shop.example/order/back", Until: r.Clock.Now().Add(10 * time.Minute),
		Lines: []payment.Line{{Text: "Day ticket", Count: 2, Amount: 2500}, {Text: "Fee", Count: 1, Amount: 150}},
	}
}

// Run runs the suite. open makes a rig of its own for each test.
func Run(t *testing.T, open func(*testing.T) *Rig) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *Rig)
	}{
		{"start", testStart},
		{"start with one key", testStartOnce},
		{"start too late", testStartLate},
		{"start with bad input", testStartBad},
		{"look", testLook},
		{"unknown", testUnknown},
		{"decline, then pay", testDecline},
		{"cancel", testCancel},
		{"cancel against pay", testCancelRace},
		{"runs out", testRunsOut},
		{"refund", testRefund},
		{"refund with one key", testRefundOnce},
		{"refund too much", testRefundTooMuch},
		{"refund that was refused", testRefundAgain},
		{"refunds side by side", testRefundRace},
		{"dispute", testDispute},
		{"notices", testNotices},
		{"notices twice and out of order", testNoticesShuffled},
		{"forged notices", testForged},
		{"replayed notices", testReplayed},
		{"away", testAway},
		{"lost answers", testLost},
		{"any order of acts", testAnyOrder},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// start makes a payment.
func (r *Rig) start(t testing.TB, a payment.Attempt) payment.Started {
	t.Helper()
	s, err := r.Provider.Start(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// paid makes a payment that is paid.
func (r *Rig) paid(t testing.TB) (payment.Attempt, payment.Started) {
	t.Helper()
	a := r.Attempt()
	s := r.start(t, a)
	if !r.Pay(s) {
		t.Fatal("the buyer can't pay")
	}
	return a, s
}

// look tells how a payment stands.
func (r *Rig) look(t testing.TB, ref string) payment.Payment {
	t.Helper()
	p, err := r.Provider.Look(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wantState fails unless the payment is in the state.
func (r *Rig) wantState(t testing.TB, s payment.Started, want payment.State) {
	t.Helper()
	if got := r.look(t, s.Ref).State; got != want {
		t.Errorf("the payment is %s; want %s", got, want)
	}
}

// wantKind fails unless err is of the kind.
func wantKind(t testing.TB, err error, want fault.Kind) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v; want %s", err, want)
	}
}
