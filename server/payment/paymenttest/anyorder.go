package paymenttest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/server/payment"
	"usher/sync/fault"
)

// model is a payment as it must be.
type model struct {
	state    payment.State
	refunded int64
	refunds  map[string]int64 // by key
	again    map[string]int   // refusals, by key: after one a refund is asked for anew
}

// testAnyOrder does what can be done to a payment in any order, and compares it
// with the model after each act.
func testAnyOrder(t *testing.T, r *Rig) {
	rapid.Check(t, func(rt *rapid.T) {
		a := r.Attempt()
		s, err := r.Provider.Start(t.Context(), a)
		if err != nil {
			rt.Fatal(err)
		}
		m := &model{state: payment.Pending, refunds: map[string]int64{}, again: map[string]int{}}
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) {
				p, err := r.Provider.Look(t.Context(), s.Ref)
				if err != nil || p.State != m.state || p.Refunded != m.refunded || p.Amount != a.Amount {
					rt.Fatalf("it stands at %+v, %v; want %s with %d refunded", p, err, m.state, m.refunded)
				}
			},
			"start again": func(rt *rapid.T) {
				if again, err := r.Provider.Start(t.Context(), a); err != nil || again.Ref != s.Ref {
					rt.Fatalf("started %+v, %v; want %s", again, err, s.Ref)
				}
			},
			"decline": func(*rapid.T) { r.Decline(s) },
			"wait":    func(*rapid.T) { r.Clock.Pass(time.Second) },
			"pay": func(rt *rapid.T) {
				if could := r.Pay(s); could != (m.state == payment.Pending) {
					rt.Fatalf("a %s payment could be paid: %t", m.state, could)
				}
				if m.state == payment.Pending {
					m.state = payment.Paid
				}
			},
			"cancel": func(rt *rapid.T) {
				err := r.Provider.Cancel(t.Context(), s.Ref)
				if m.state == payment.Pending {
					m.state = payment.Cancelled
				}
				if want := m.state == payment.Paid; errors.Is(err, payment.ErrPaid) != want || err != nil && !want {
					rt.Fatalf("cancelling a %s payment: %v", m.state, err)
				}
			},
			"refund": func(rt *rapid.T) { m.refund(rt, t, r, s) },
		})
	})
}

func (m *model) refund(rt *rapid.T, t *testing.T, r *Rig, s payment.Started) {
	key := fmt.Sprintf("%s %d", s.Ref, rapid.IntRange(1, 4).Draw(rt, "key"))
	amount := rapid.SampledFrom([]int64{1, 2000, 5150, 6000}).Draw(rt, "amount")
	got, err := r.Provider.Refund(t.Context(), payment.Refund{Key: key, Again: m.again[key], Ref: s.Ref, Amount: amount})
	before, had := m.refunds[key]
	var want fault.Kind
	switch {
	case had && before != amount:
		want = fault.Exists
	case had:
	case m.state != payment.Paid || m.refunded+amount > 5150:
		want = fault.Refused
		m.again[key]++
	default:
		m.refunds[key] = amount
		m.refunded += amount
	}
	if fault.KindOf(err) != want || err == nil && got.Amount != amount {
		rt.Fatalf("refunding %d of a %s payment with %v given back: %+v, %v; want %q", amount, m.state, m.refunds, got, err, want)
	}
}
