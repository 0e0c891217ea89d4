package stripe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/server/payment"
	"usher/server/payment/stripe/stripetest"
	"usher/sync/fault"
)

func TestEventKinds(t *testing.T) {
	b := newBench(t)
	now := b.clock.Now()
	for _, c := range []struct {
		event, object string
		want          payment.Notice
	}{
		{"checkout.session.completed", `{"object":"checkout.session","id":"cs_1","payment_status":"paid"}`, payment.Notice{Ref: "cs_1", Kind: payment.NoticePaid}},
		{"checkout.session.completed", `{"object":"checkout.session","id":"cs_1","payment_status":"unpaid"}`, payment.Notice{Ref: "cs_1", Kind: payment.NoticeOther}},
		{"checkout.session.async_payment_succeeded", `{"object":"checkout.session","id":"cs_1","payment_status":"paid"}`, payment.Notice{Ref: "cs_1", Kind: payment.NoticePaid}},
		{"checkout.session.async_payment_failed", `{"object":"checkout.session","id":"cs_1"}`, payment.Notice{Ref: "cs_1", Kind: payment.NoticeFailed}},
		{"checkout.session.expired", `{"object":"checkout.session","id":"cs_1"}`, payment.Notice{Ref: "cs_1", Kind: payment.NoticeCancelled}},
		{"payment_intent.payment_failed", `{"object":"payment_intent","id":"pi_1"}`, payment.Notice{Ref: "pi_1", Kind: payment.NoticeDeclined}},
		{"charge.refunded", `{"object":"charge","id":"ch_1","payment_intent":"pi_1"}`, payment.Notice{Ref: "pi_1", Kind: payment.NoticeRefund}},
		{"refund.failed", `{"object":"refund","id":"re_1","payment_intent":{"id":"pi_1"}}`, payment.Notice{Ref: "pi_1", Kind: payment.NoticeRefund}},
		{"charge.dispute.created", `{"object":"dispute","id":"dp_1","payment_intent":"pi_1"}`, payment.Notice{Ref: "pi_1", Kind: payment.NoticeDispute}},
		{"charge.dispute.closed", `{"object":"dispute","id":"dp_1","payment_intent":null}`, payment.Notice{Kind: payment.NoticeDispute}},
		{"charge.refunded", `{"object":"charge","id":"ch_1","payment_intent":"../x"}`, payment.Notice{Kind: payment.NoticeRefund}},
		{"invoice.paid", `{"object":"invoice","id":"in_1"}`, payment.Notice{Kind: payment.NoticeOther}},
	} {
		body := fmt.Sprintf(`{"id":"evt_1","object":"event","type":%q,"created":%d,"data":{"object":%s}}`, c.event, now.Unix(), c.object)
		c.want.ID, c.want.At = "evt_1", now
		got, err := b.p.Read(stripetest.Sign([]byte(body), now, stripetest.HookSecret), []byte(body), now)
		if err != nil || got != c.want {
			t.Errorf("%s of %s: %+v, %v; want %+v", c.event, c.object, got, err, c.want)
		}
	}
}

// While a signing secret is being replaced, events come signed by either.
func TestOldHookSecret(t *testing.T) {
	b := newBench(t)
	now := b.clock.Now()
	body := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid","created":1,"data":{"object":{"id":"in_1"}}}`)
	for secret, good := range map[string]bool{"whsec_old": true, stripetest.HookSecret: true, "whsec_none": false, "": false} {
		if _, err := b.p.Read(stripetest.Sign(body, now, secret), body, now); (err == nil) != good {
			t.Errorf("signed by %q: %v", secret, err)
		}
	}
}

func TestNoEvents(t *testing.T) {
	b := newBench(t)
	now := b.clock.Now()
	for _, body := range []string{"", "null", "[]", "{", `{"id":"evt_1"}`, `{"object":"v2.core.event","id":"evt_1","type":"x"}`,
		`{"object":"event","id":"","type":"x"}`, `{"object":"event","id":"evt_1","type":"charge.refunded"}`,
		`{"object":"event","id":"evt_1","type":"charge.refunded","data":{"object":{}}}`, `{"object":"event","id":"evt_1","type":"charge.refunded","data":{"object":[]}}`} {
		_, err := b.p.Read(stripetest.Sign([]byte(body), now, stripetest.HookSecret), []byte(body), now)
		if fault.KindOf(err) != fault.BadInput {
			t.Errorf("%s: %v; want %s", body, err, fault.BadInput)
		}
	}
}

// Events are the names that the guide tells an operator to enable.
func TestEvents(t *testing.T) {
	events := Events()
	slices.Sort(events)
	if got := slices.Compact(slices.Clone(events)); len(got) != len(events) {
		t.Errorf("%v", events)
	}
	text, err := os.ReadFile("../../../docs/payment.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events {
		if !strings.Contains(string(text), event) {
			t.Errorf("docs/payment.md doesn't tell to enable %s", event)
		}
	}
}

// FuzzEvent: whatever comes is a notice, or a clear error, and nothing that Stripe
// didn't sign is taken.
func FuzzEvent(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	p, err := New(Config{Key: stripetest.Key, HookSecrets: []string{stripetest.HookSecret}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, signed bool, header, body string) {
		h := http.Header{signatureHeader: {header}}
		if signed {
			h = stripetest.Sign([]byte(body), now, stripetest.HookSecret)
		}
		n, err := p.Read(h, []byte(body), now)
		switch fault.KindOf(err) {
		case "":
			good := stripetest.Sign([]byte(body), now, stripetest.HookSecret).Get(signatureHeader)
			_, sum, _ := strings.Cut(good, "v1=")
			if !signed && !strings.Contains(strings.ToLower(header), sum) && strings.Contains(header, "t=1800000000") {
				t.Errorf("taken without a signature: %+v", n)
			}
			if n.ID == "" || n.Ref != "" && !reference.MatchString(n.Ref) || !json.Valid([]byte(body)) {
				t.Errorf("taken: %+v", n)
			}
		case fault.BadInput, fault.TooLarge:
			if !signed && len(body) <= payment.MaxNotice && !strings.Contains(header, "v1=") {
				t.Errorf("read before the signature was looked at: %v", err)
			}
		case fault.Unauthorised, fault.Expired:
			if signed {
				t.Errorf("refused what was signed: %v", err)
			}
		default:
			t.Errorf("kind %s", fault.KindOf(err))
		}
	})
}
