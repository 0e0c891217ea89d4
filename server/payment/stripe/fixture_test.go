package stripe

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"usher/server/clocktest"
	"usher/server/payment"
	"usher/server/payment/paymenttest"
	"usher/server/payment/stripe/stripetest"
)

// bench is a provider before a Stripe of its own.
type bench struct {
	t     *testing.T
	clock *clocktest.Clock
	fake  *stripetest.Server
	wire  *paymenttest.Wire
	p     *Stripe
}

func newBench(t *testing.T, change ...func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, clock: clocktest.At(paymenttest.Start)}
	b.fake = stripetest.New(b.clock.Now)
	server := httptest.NewServer(b.fake)
	t.Cleanup(server.Close)
	b.wire = &paymenttest.Wire{Next: server.Client().Transport}
	cfg := Config{Key: stripetest.Key, HookSecrets: []string{"whsec_old", stripetest.HookSecret}, URL: server.URL,
		HTTP: &http.Client{Transport: b.wire}, Retries: -1, Now: b.clock.Now}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if b.p, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) rig() *paymenttest.Rig {
	return &paymenttest.Rig{
		Provider: b.p, Clock: b.clock, Wire: b.wire, Signature: signatureHeader,
		Pay:     func(s payment.Started) bool { return b.fake.Pay(s.Ref) },
		Decline: func(s payment.Started) { b.fake.Decline(s.Ref) },
		Dispute: func(s payment.Started, won bool) (begins, ends func()) {
			b.fake.Pay(s.Ref)
			begins = func() { b.clock.Pass(time.Hour); b.fake.Dispute(s.Ref, 5150, "needs_response") }
			ends = func() { b.fake.CloseDispute(s.Ref, map[bool]string{true: "won", false: "lost"}[won]) }
			return begins, ends
		},
		Notices: func() (all []paymenttest.Delivery) {
			for _, e := range b.fake.Events() {
				all = append(all, paymenttest.Delivery(e))
			}
			return all
		},
		Forge: func(body []byte, at time.Time) http.Header { return stripetest.Sign(body, at, "whsec_another") },
	}
}

func (b *bench) start() payment.Started {
	b.t.Helper()
	s, err := b.p.Start(b.t.Context(), b.rig().Attempt())
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bench) look(ref string) payment.Payment {
	b.t.Helper()
	p, err := b.p.Look(b.t.Context(), ref)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}
