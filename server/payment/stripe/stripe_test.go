package stripe

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"usher/server/payment"
	"usher/server/payment/stripe/stripetest"
	"usher/sync/fault"
)

// A payment that the bank takes its time over can't be cancelled, whatever became
// of its session.
func TestProcessing(t *testing.T) {
	for _, yes := range []bool{true, false} {
		b := newBench(t)
		s := b.start()
		if !b.fake.Process(s.Ref) {
			t.Fatal("the buyer can't pay")
		}
		for _, later := range []time.Duration{0, 2 * time.Hour} {
			b.clock.Pass(later)
			if got := b.look(s.Ref).State; got != payment.Pending {
				t.Errorf("being processed it is %s", got)
			}
			if err := b.p.Cancel(t.Context(), s.Ref); err != payment.ErrBusy {
				t.Errorf("cancelled while it is processed: %v", err)
			}
		}
		b.fake.Decide(s.Ref, yes)
		want, wantErr := payment.Paid, error(payment.ErrPaid)
		if !yes {
			want, wantErr = payment.Failed, nil
		}
		if got := b.look(s.Ref).State; got != want {
			t.Errorf("decided %t it is %s", yes, got)
		}
		if err := b.p.Cancel(t.Context(), s.Ref); err != wantErr {
			t.Errorf("decided %t, cancel: %v", yes, err)
		}
	}
}

// The longest hold and the shortest end well within what Stripe takes.
func TestSessionEnd(t *testing.T) {
	b := newBench(t)
	for _, until := range []time.Duration{time.Second, 10 * time.Minute, payment.MaxUntil} {
		a := b.rig().Attempt()
		a.Until = b.clock.Now().Add(until)
		s, err := b.p.Start(t.Context(), a)
		if err != nil {
			t.Fatalf("%v ahead: %v", until, err)
		}
		b.clock.Pass(until + Longer - time.Second)
		if got := b.look(s.Ref).State; got != payment.Pending {
			t.Errorf("%v ahead: it is %s before the end", until, got)
		}
		b.clock.Pass(time.Second)
		if got := b.look(s.Ref).State; got != payment.Cancelled {
			t.Errorf("%v ahead: it is %s at the end", until, got)
		}
	}
}

func TestSeveralDisputes(t *testing.T) {
	type dispute struct {
		amount int64
		status string
	}
	for _, c := range []struct {
		disputes []dispute
		want     payment.Dispute
	}{
		{[]dispute{{1000, "warning_needs_response"}}, payment.Dispute{State: payment.DisputeAsked, Amount: 1000}},
		{[]dispute{{1000, "warning_under_review"}}, payment.Dispute{State: payment.DisputeAsked, Amount: 1000}},
		{[]dispute{{1000, "warning_closed"}}, payment.Dispute{}},
		{[]dispute{{1000, "warning_closed"}, {2000, "needs_response"}}, payment.Dispute{State: payment.DisputeOpen, Amount: 2000}},
		{[]dispute{{1000, "warning_needs_response"}, {2000, "won"}}, payment.Dispute{State: payment.DisputeWon, Amount: 2000}},
		{[]dispute{{1000, "prevented"}}, payment.Dispute{State: payment.DisputeWon, Amount: 1000}},
		{[]dispute{{1000, "won"}, {2000, "lost"}, {500, "lost"}}, payment.Dispute{State: payment.DisputeLost, Amount: 2500, AlsoWon: 1000}},
		{[]dispute{{1000, "lost"}, {2000, "under_review"}}, payment.Dispute{State: payment.DisputeOpen, Amount: 2000, AlsoLost: 1000}},
		{[]dispute{{1000, "under_review"}, {2000, "won"}}, payment.Dispute{State: payment.DisputeOpen, Amount: 1000, AlsoWon: 2000}},
		{[]dispute{{1000, "a new one"}}, payment.Dispute{State: payment.DisputeOpen, Amount: 1000}},
	} {
		b := newBench(t)
		s := b.start()
		b.fake.Pay(s.Ref)
		for _, d := range c.disputes {
			b.fake.Dispute(s.Ref, d.amount, d.status)
		}
		got := b.look(s.Ref).Dispute
		if open := got.State == payment.DisputeOpen || got.State == payment.DisputeAsked; open == got.Until.IsZero() {
			t.Errorf("%v: evidence until %v", c.disputes, got.Until)
		}
		got.Until = time.Time{}
		if got != c.want {
			t.Errorf("%v: %+v; want %+v", c.disputes, got, c.want)
		}
	}
}

// A bank that only asks keeps no money from a refund.
func TestRefundInAnInquiry(t *testing.T) {
	b := newBench(t)
	s := b.start()
	b.fake.Pay(s.Ref)
	b.fake.Dispute(s.Ref, 5150, "warning_needs_response")
	if got := b.look(s.Ref); got.Refundable() != 5150 {
		t.Errorf("%d can be refunded", got.Refundable())
	}
	if _, err := b.p.Refund(t.Context(), payment.Refund{Key: "r", Ref: s.Ref, Amount: 5150}); err != nil {
		t.Error(err)
	}
}

// A refund that the bank sends back is not given back, and its key stays used.
func TestFailedRefund(t *testing.T) {
	b := newBench(t)
	s := b.start()
	b.fake.Pay(s.Ref)
	ask := payment.Refund{Key: "r", Ref: s.Ref, Amount: 5150}
	if _, err := b.p.Refund(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	b.fake.FailRefunds(s.Ref)
	if got := b.look(s.Ref).Refunded; got != 0 {
		t.Errorf("%d is refunded", got)
	}
	if _, err := b.p.Refund(t.Context(), ask); fault.KindOf(err) != fault.Refused {
		t.Errorf("asked again: %v", err)
	}
	ask.Again = 1
	for range 2 {
		if _, err := b.p.Refund(t.Context(), ask); err != nil || b.look(s.Ref).Refunded != 5150 {
			t.Errorf("asked anew: %v, %d is refunded", err, b.look(s.Ref).Refunded)
		}
	}
	b.fake.FailRefunds(s.Ref)
	if _, err := b.p.Refund(t.Context(), ask); fault.KindOf(err) != fault.Refused {
		t.Errorf("failed again: %v", err)
	}
	ask.Key, ask.Again = "r2", 0
	if _, err := b.p.Refund(t.Context(), ask); err != nil {
		t.Errorf("with another key: %v", err)
	}
}

func TestFeeNotKnownYet(t *testing.T) {
	b := newBench(t)
	s := b.start()
	b.fake.Pay(s.Ref)
	b.fake.NoFees(true)
	if got := b.look(s.Ref); got.Fee != 0 || got.State != payment.Paid {
		t.Errorf("it stands at %+v", got)
	}
}

// What else goes on in the account is none of ours.
func TestStrangers(t *testing.T) {
	b := newBench(t)
	id := b.fake.Stranger()
	if _, err := b.p.Look(t.Context(), id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("look: %v", err)
	}
	if err := b.p.Cancel(t.Context(), id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("cancel: %v", err)
	}
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct {
		currency      string
		minor, stripe int64
		kind          fault.Kind
	}{
		{"EUR", 2550, 2550, ""}, {"JPY", 500, 500, ""}, {"ISK", 500, 50000, ""}, {"MGA", 500000, 5000, ""}, {"KWD", 5120, 5120, ""}, {"HUF", 100000, 100000, ""},
		{"MGA", 500050, 0, fault.Refused}, {"KWD", 5124, 0, fault.Refused}, {"UGX", 500, 0, fault.Refused},
	} {
		got, err := toStripe(c.minor, c.currency)
		if got != c.stripe || fault.KindOf(err) != c.kind {
			t.Errorf("%d %s: %d, %v; want %d", c.minor, c.currency, got, err, c.stripe)
		}
		if err != nil {
			continue
		}
		if back, err := fromStripe(got, c.currency); back != c.minor || err != nil {
			t.Errorf("%d %s comes back as %d, %v", c.minor, c.currency, back, err)
		}
	}
}

// An amount in a currency that Stripe counts otherwise arrives as it was meant.
func TestCurrencyThroughout(t *testing.T) {
	b := newBench(t)
	a := b.rig().Attempt()
	a.Currency, a.Amount, a.Lines = "ISK", 6900, []payment.Line{{Text: "Miði", Count: 1, Amount: 6900}}
	s, err := b.p.Start(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	b.fake.Pay(s.Ref)
	if _, err := b.p.Refund(t.Context(), payment.Refund{Key: "k", Ref: s.Ref, Amount: 900}); err != nil {
		t.Fatal(err)
	}
	if got := b.look(s.Ref); got.Amount != 6900 || got.Refunded != 900 || got.Currency != "ISK" {
		t.Errorf("it stands at %+v", got)
	}
}

// One answer that is lost on the way is asked for again, with the same key.
func TestRetry(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Retries = 0 })
	b.wire.Lose.Store(1)
	before := b.fake.Asked()
	s := b.start()
	if asked := b.fake.Asked() - before; asked != 2 {
		t.Errorf("%d requests; want 2", asked)
	}
	if got := b.look(s.Ref).State; got != payment.Pending {
		t.Errorf("it is %s", got)
	}
}

// What Stripe says when it doesn't do something, and what becomes of it here.
func TestRefusals(t *testing.T) {
	const key = `"type":"invalid_request_error","message":"the key sk_live_abcDEF and cs_1_secret_abcDEF"`
	for name, c := range map[string]struct {
		trouble stripetest.Trouble
		want    fault.Kind
	}{
		"rate":           {stripetest.Trouble{Status: 429, Body: `{"error":{"type":"invalid_request_error","code":"rate_limit"}}`}, fault.TooMany},
		"lock":           {stripetest.Trouble{Status: 429, Body: `{"error":{"type":"invalid_request_error","code":"lock_timeout"}}`}, fault.Unavailable},
		"in use":         {stripetest.Trouble{Status: 409, Body: `{"error":{"type":"idempotency_error","code":"idempotency_key_in_use"}}`}, fault.Unavailable},
		"500":            {stripetest.Trouble{Status: 500, Body: `{"error":{"type":"api_error","message":"sorry"}}`}, fault.Unavailable},
		"500, done":      {stripetest.Trouble{Status: 500, Body: `{"error":{"type":"api_error","message":"sorry"}}`, After: true}, fault.Unavailable},
		"no JSON":        {stripetest.Trouble{Status: 502, Body: `<html>Bad gateway for Ada Lovelace</html>`}, fault.Unavailable},
		"no error in it": {stripetest.Trouble{Status: 503, Body: `{"name":"Ada Lovelace"}`}, fault.Unavailable},
		"half an answer": {stripetest.Trouble{Status: 200, Body: `{"id":"cs_1","name":"Ada Love`}, fault.Unavailable},
		"key":            {stripetest.Trouble{Status: 401, Body: `{"error":{` + key + `}}`}, fault.Unavailable},
		"leave":          {stripetest.Trouble{Status: 403, Body: `{"error":{` + key + `}}`}, fault.Unavailable},
		"amount":         {stripetest.Trouble{Status: 400, Body: `{"error":{"type":"invalid_request_error","code":"amount_too_small"}}`}, fault.Refused},
		"email":          {stripetest.Trouble{Status: 400, Body: `{"error":{"type":"invalid_request_error","param":"customer_email","message":"Invalid email: ada@"}}`}, fault.BadInput},
		"other":          {stripetest.Trouble{Status: 400, Body: `{"error":{` + key + `}}`}, fault.BadInput},
		"card":           {stripetest.Trouble{Status: 402, Body: `{"error":{"type":"card_error","payment_intent":{"id":"pi_1","client_secret":"pi_1_secret_abcDEF","receipt_email":"ada@example.org"}}}`}, fault.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			b := newBench(t, func(cfg *Config) { cfg.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			a := b.rig().Attempt()
			b.fake.Trouble(c.trouble)
			_, err := b.p.Start(t.Context(), a)
			if fault.KindOf(err) != c.want {
				t.Errorf("%v; want %s", err, c.want)
			}
			if err == nil {
				return
			}
			for _, hidden := range []string{stripetest.Key, stripetest.HookSecret, "abcDEF", "Ada Lov", "ada@example.org"} {
				if strings.Contains(err.Error()+fault.Message(err)+log.String(), hidden) {
					t.Errorf("%q is shown: %v, log %s", hidden, err, &log)
				}
			}
			if operator := c.trouble.Status == 401 || c.trouble.Status == 403; operator != (log.Len() > 0) {
				t.Errorf("the log says %q", log.String())
			}
			if _, err := b.p.Start(t.Context(), a); err != nil {
				t.Errorf("asked again: %v", err)
			}
		})
	}
}

// Every request fails in its own way, and none does half of its work.
func TestTroubleEverywhere(t *testing.T) {
	b := newBench(t)
	s := b.start()
	b.fake.Pay(s.Ref)
	down := stripetest.Trouble{Status: 500, Body: `{"error":{"type":"api_error"}}`}
	for n := range 3 { // a refund looks, looks for an earlier one, and makes one
		well := b.fake.Asked()
		b.fake.TroubleAfter(n, down)
		if _, err := b.p.Refund(t.Context(), payment.Refund{Key: "r", Ref: s.Ref, Amount: 10}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("request %d fails: %v", n+1, err)
		}
		if asked := b.fake.Asked() - well; asked != n+1 {
			t.Errorf("request %d fails: %d requests", n+1, asked)
		}
	}
	if got := b.look(s.Ref).Refunded; got != 0 {
		t.Errorf("%d is refunded", got)
	}
	open := b.start()
	for n := range 3 { // a cancellation looks, expires, and looks
		b.fake.TroubleAfter(n, down)
		if err := b.p.Cancel(t.Context(), open.Ref); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("cancel, request %d fails: %v", n+1, err)
		}
	}
	if err := b.p.Cancel(t.Context(), open.Ref); err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no key":      {HookSecrets: []string{"whsec_a"}},
		"public key":  {Key: "pk_live_SECRET", HookSecrets: []string{"whsec_a"}},
		"no hook":     {Key: "sk_live_a"},
		"no secret":   {Key: "sk_live_a", HookSecrets: []string{"SECRET"}},
		"key as hook": {Key: "sk_live_a", HookSecrets: []string{"whsec_a", "sk_live_SECRET"}},
	} {
		_, err := New(cfg)
		if !errors.Is(err, fault.BadInput) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(Config{Key: "rk_live_a", HookSecrets: []string{"whsec_a"}}); err != nil {
		t.Errorf("a restricted key: %v", err)
	}
}

// A wrong key is the operator's to mend: the error and the log say so, without it.
func TestWrongKey(t *testing.T) {
	var log bytes.Buffer
	b := newBench(t, func(cfg *Config) {
		cfg.Key = "sk_test_wrong"
		cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	_, err := b.p.Start(t.Context(), b.rig().Attempt())
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(log.String(), "look at the key") {
		t.Errorf("%v, log %s", err, &log)
	}
	if strings.Contains(err.Error()+log.String(), "sk_test_wrong") {
		t.Errorf("the key is shown: %v, log %s", err, &log)
	}
}
