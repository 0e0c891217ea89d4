package server_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/server/payment"
	"usher/server/payment/stripe"
	"usher/server/payment/stripe/stripetest"
	"usher/server/sales"
	pages "usher/server/web/site"
)

// stripeTill is a till whose card payments Stripe takes.
type stripeTill struct {
	*till
	account *stripetest.Server
}

func newStripeTill(t *testing.T, cfg server.Config) *stripeTill {
	t.Helper()
	s := &stripeTill{}
	now := func() time.Time { return s.clock.Now() }
	s.account = stripetest.New(now)
	api := httptest.NewServer(s.account)
	t.Cleanup(api.Close)
	var err error
	cfg.Selling.Payment, err = stripe.New(stripe.Config{Key: stripetest.Key, HookSecrets: []string{stripetest.HookSecret}, URL: api.URL, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	s.till = tillOn(t, cfg)
	return s
}

var away = regexp.MustCompile(`http-equiv="refresh" content="0; url=https://checkout\.stripe\.test/c/pay/(cs_[a-z0-9]+)"`)

// goes takes an order to Stripe's page, and gives the payment that waits there.
func (s *stripeTill) goes(path string) (ref string) {
	s.t.Helper()
	answer, body := s.post(path+"/pay", buyer[1:]+"card")
	found := away.FindStringSubmatch(body)
	if answer.StatusCode != http.StatusOK || found == nil {
		s.t.Fatalf("status %d to %q: %s", answer.StatusCode, answer.Header.Get("Location"), body)
	}
	// The page leads away, and asks nobody but us for anything.
	if policy := answer.Header.Get("Content-Security-Policy"); policy != pages.Policy {
		s.t.Errorf("the policy is %q", policy)
	}
	for _, asked := range regexp.MustCompile(`(?:src|<link[^>]*href|action)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if !strings.HasPrefix(asked[1], "/") {
			s.t.Errorf("the page asks for %s", asked[1])
		}
	}
	return found[1]
}

// tells has usher told of events, each with its signature.
func (s *stripeTill) tells(events []stripetest.Signed, want int) {
	s.t.Helper()
	for _, e := range events {
		header := []string{"Stripe-Signature: " + e.Header.Get("Stripe-Signature")}
		if answer := s.do(s.t, http.MethodPost, "/hooks/stripe", header, bytes.NewReader(e.Body)); answer.StatusCode != want {
			s.t.Errorf("an event is answered with %d, want %d: %s", answer.StatusCode, want, e.Body)
		}
	}
}

// is fails unless the order is in a state.
func (s *stripeTill) is(path string, want sales.State) sales.Order {
	s.t.Helper()
	id, err := s.Sales.Open(s.t.Context(), strings.TrimPrefix(path, "/order/"))
	if err != nil {
		s.t.Fatal(err)
	}
	o, err := s.Sales.Order(s.t.Context(), id)
	if err != nil || o.State != want {
		s.t.Errorf("the order is %s, want %s, %v", o.State, want, err)
	}
	return o
}

// With Stripe the buyer is sent to its page; its events pay the order once, however often
// they come and in whatever order, and tell of refunds and disputes.
func TestStripe(t *testing.T) {
	onEach(t, func(t *testing.T, cfg server.Config) {
		s := newStripeTill(t, cfg)
		path := s.begin("n.ga=2")
		ref := s.goes(path)
		if again := s.goes(path); again != ref {
			t.Errorf("in another tab it is another payment: %s, %s", ref, again)
		}
		s.account.Decline(ref)
		s.tells(s.account.Events(), http.StatusNoContent)
		s.is(path, sales.Paying)
		if !s.account.Pay(ref) {
			t.Fatal("it can't be paid")
		}
		events := s.account.Events()
		dbtest.Unchanged(t, s.DB, func() {
			forged := slices.Clone(events)
			for i := range forged {
				forged[i].Header = stripetest.Sign(forged[i].Body, s.clock.Now(), "whsec_another")
			}
			s.tells(forged, http.StatusUnauthorized)
		})
		slices.Reverse(events)
		s.tells(events, http.StatusNoContent)
		o := s.is(path, sales.Paid)
		if len(o.Tickets) != 2 || o.Paid != o.Total {
			t.Errorf("it is %+v", o)
		}
		dbtest.Unchanged(t, s.DB, func() { s.tells(append(events, events...), http.StatusNoContent) })
		s.clock.Pass(payment.Tolerance + time.Second)
		dbtest.Unchanged(t, s.DB, func() { s.tells(events[:1], http.StatusGone) })
		s.shows(path, ready)

		answer, body := s.post("/manage/orders/"+o.Code+"/refund", "key=1&why=rain&ticket="+o.Tickets[0].String(), "Authorization: Bearer "+s.key)
		if answer.StatusCode != http.StatusSeeOther {
			t.Fatalf("refunding: status %d: %s", answer.StatusCode, body)
		}
		s.tells(s.account.Events(), http.StatusNoContent)
		if o = s.is(path, sales.PartRefunded); o.Refunded != 2650 {
			t.Errorf("%d went back", o.Refunded)
		}
		s.account.Dispute(ref, 2650, "needs_response")
		s.tells(s.account.Events(), http.StatusNoContent)
		s.is(path, sales.Disputed)
		s.account.CloseDispute(ref, "won")
		s.tells(s.account.Events(), http.StatusNoContent)
		s.is(path, sales.PartRefunded)

		// What is not paid in time can't be paid any more, though Stripe's page is open for longer.
		late := s.begin("n.ga=1")
		ref = s.goes(late)
		s.clock.Pass(10 * time.Minute)
		if err := s.Sales.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.is(late, sales.Expired)
		if s.account.Pay(ref) {
			t.Error("an order whose time is over can be paid")
		}
		if err := s.Sales.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
