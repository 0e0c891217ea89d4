package wallet

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"usher/server/catalog"
	"usher/server/payment/sandbox"
	"usher/server/sales"
	"usher/sync/admission"
)

// paidWith has somebody buy a ticket with a card of the sandbox, and gives the order and
// the ticket's code.
func paidWith(t *testing.T, number, email string) (order, code string) {
	t.Helper()
	s := world.server.Sales
	o, err := s.Begin(t.Context(), sales.Cart{Event: night, Wanted: []sales.Wanted{{Offer: "lounge", Count: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	o, page, err := s.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &sales.Details{Name: "Ada Lovelace", Email: email}})
	if err != nil {
		t.Fatal(err)
	}
	stay := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := stay.PostForm(page+"/card", url.Values{"card": {number}})
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close() // nobody reads it
	if o, err = s.Refresh(t.Context(), o.ID); err != nil || o.State != sales.Paid {
		t.Fatalf("the sandbox says %s, and the order is %s, %v", answer.Status, o.State, err)
	}
	tickets, err := world.server.Tickets.Of(t.Context(), night, o.Tickets)
	if err != nil {
		t.Fatal(err)
	}
	return o.ID, tickets[0].Token
}

// becomes waits until the payment provider's notice has brought an order into a state.
func becomes(t *testing.T, order string, want sales.State) {
	t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		o, err := world.server.Sales.Order(t.Context(), order)
		if err == nil && o.State == want {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("the order is %s, %v, and not %s", o.State, err, want)
		}
	}
}

// A ticket whose payment the buyer disputes gets nobody in once the gate has heard; when
// the buyer loses, the same code is good again, and when they win it is void for good.
func TestDisputeAtTheGate(t *testing.T) {
	won, good := paidWith(t, "4000000000000267", "won@example.org")
	lost, gone := paidWith(t, "4000000000000259", "lost@example.org")
	for _, code := range []string{good, gone} {
		if err := world.gates[night].door.Sync(); err != nil {
			t.Fatal(err)
		}
		if a, err := world.gates[night].door.Look(code); err != nil || !a.Green() {
			t.Fatalf("before, the gate says %s %s, %v", a.Result, a.Reason, err)
		}
	}
	pass(sandbox.DisputedAfter)
	for order, code := range map[string]string{won: good, lost: gone} {
		becomes(t, order, sales.Disputed)
		wants(t, night, code, admission.Reject, admission.Blocked)
	}
	pass(sandbox.DecidedAfter)
	becomes(t, won, sales.Paid)
	wants(t, night, good, admission.Accept, admission.Entry)
	becomes(t, lost, sales.ChargedBack)
	wants(t, night, gone, admission.Reject, admission.Cancelled)
}
