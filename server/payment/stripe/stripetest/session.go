package stripetest

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// session is a Checkout Session with its PaymentIntent and charge.
type session struct {
	id, intent, charge string
	created, expires   time.Time
	amount             int64
	currency           string
	meta, intentMeta   map[string]any
	status             string // open, complete, expired
	intentStatus       string // "" before the buyer did anything
	paid               time.Time
	refunded           int64
	successURL         string
}

// sessionParams are the parameters of a new session that this Stripe knows.
var sessionParams = regexp.MustCompile(`^(mode|success_url|cancel_url|client_reference_id|customer_email|expires_at|payment_method_types\[0\]|` +
	`adaptive_pricing\[enabled\]|metadata\[\w{1,40}\]|payment_intent_data\[(description|metadata\]?\[\w{1,40})\]|` +
	`line_items\[\d+\]\[(quantity|price_data\]\[(currency|unit_amount|product_data\]\[name))\])$`)

func (s *Server) createSession(form url.Values) (map[string]any, *failure) {
	for name, values := range form {
		if !sessionParams.MatchString(name) || len(values) != 1 {
			return nil, invalid(name, "parameter_unknown", "Received unknown parameter: %s", name)
		}
	}
	if form.Get("mode") != "payment" || form.Get("payment_method_types[0]") != "card" || form.Get("adaptive_pricing[enabled]") != "false" {
		return nil, invalid("mode", "", "Not the kind of session that usher makes")
	}
	for _, name := range []string{"success_url", "cancel_url"} {
		if u, err := url.Parse(form.Get(name)); err != nil || u.Host == "" {
			return nil, invalid(name, "url_invalid", "Not a valid URL")
		}
	}
	now := s.now().Truncate(time.Second)
	unix, err := strconv.ParseInt(form.Get("expires_at"), 10, 64)
	expires := time.Unix(unix, 0).UTC()
	switch {
	case err != nil:
		return nil, invalid("expires_at", "parameter_invalid_integer", "Invalid integer")
	case expires.Before(now.Add(30 * time.Minute)):
		return nil, invalid("expires_at", "", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.")
	case expires.After(now.Add(24 * time.Hour)):
		return nil, invalid("expires_at", "", "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.")
	}
	x := &session{id: s.id("cs"), created: now, expires: expires, status: "open", meta: metadata(form, ""),
		intentMeta: metadata(form, "payment_intent_data["), successURL: form.Get("success_url")}
	if fail := x.addLines(form); fail != nil {
		return nil, fail
	}
	s.sessions = append(s.sessions, x)
	return x.render(s, nil), nil
}

// addLines sums the line items up.
func (x *session) addLines(form url.Values) *failure {
	for i := range 101 {
		at := fmt.Sprintf("line_items[%d]", i)
		if !form.Has(at + "[quantity]") {
			break
		}
		count, err := strconv.ParseInt(form.Get(at+"[quantity]"), 10, 64)
		unit, err2 := strconv.ParseInt(form.Get(at+"[price_data][unit_amount]"), 10, 64)
		currency := form.Get(at + "[price_data][currency]")
		switch {
		case err != nil || count < 1:
			return invalid(at+"[quantity]", "parameter_invalid_integer", "Invalid integer")
		case err2 != nil || unit < 0:
			return invalid(at+"[price_data][unit_amount]", "parameter_invalid_integer", "Invalid non-negative integer")
		case form.Get(at+"[price_data][product_data][name]") == "":
			return invalid(at+"[price_data][product_data][name]", "parameter_invalid_empty", "You passed an empty string")
		case !regexp.MustCompile(`^[a-z]{3}$`).MatchString(currency) || i > 0 && currency != x.currency:
			return invalid(at+"[price_data][currency]", "", "Invalid currency: %s", currency)
		}
		x.currency = currency
		x.amount += count * unit
	}
	switch {
	case x.currency == "":
		return invalid("line_items", "parameter_missing", "No line items")
	case x.amount > 99_999_999:
		return invalid("", "amount_too_large", "The Checkout Session's total amount is too much")
	case x.amount < 50:
		return invalid("", "amount_too_small", "The Checkout Session's total amount must convert to at least 50 cents.")
	}
	return nil
}

// render is the session as it is answered.
func (x *session) render(s *Server, expand []string) map[string]any {
	paymentStatus := "unpaid"
	if x.intentStatus == "succeeded" {
		paymentStatus = "paid"
	}
	out := map[string]any{"id": x.id, "object": "checkout.session", "created": x.created.Unix(), "expires_at": x.expires.Unix(), "mode": "payment",
		"amount_total": x.amount, "currency": x.currency, "metadata": x.meta, "status": x.statusAt(s.now()), "payment_status": paymentStatus, "url": nil, "payment_intent": nil}
	if x.statusAt(s.now()) == "open" {
		out["url"] = "https://checkout.stripe.test/c/pay/" + x.id
	}
	if x.intent != "" {
		out["payment_intent"] = x.intent
		if reaches(expand, "payment_intent") {
			out["payment_intent"] = x.renderIntent(s, expand)
		}
	}
	return out
}

func (x *session) statusAt(now time.Time) string {
	if x.status == "open" && !now.Before(x.expires) {
		return "expired"
	}
	return x.status
}

func (x *session) renderIntent(s *Server, expand []string) map[string]any {
	out := map[string]any{"id": x.intent, "object": "payment_intent", "amount": x.amount, "currency": x.currency, "status": x.intentStatus,
		"metadata": x.intentMeta, "client_secret": x.intent + "_secret_abc", "latest_charge": nil}
	if x.charge != "" {
		out["latest_charge"] = x.charge
		if reaches(expand, "payment_intent.latest_charge") {
			out["latest_charge"] = x.renderCharge(s, expand)
		}
	}
	return out
}

func (x *session) renderCharge(s *Server, expand []string) map[string]any {
	out := map[string]any{"id": x.charge, "object": "charge", "amount": x.amount, "currency": x.currency, "created": x.paid.Unix(), "payment_intent": x.intent,
		"amount_refunded": x.refunded, "disputed": s.disputed(x), "balance_transaction": nil, "billing_details": map[string]any{"name": "Ada Lovelace"}}
	if !s.noFees && reaches(expand, "payment_intent.latest_charge.balance_transaction") {
		out["balance_transaction"] = map[string]any{"id": "txn_" + x.charge, "object": "balance_transaction", "currency": x.currency, "fee": x.amount*15/1000 + 25}
	}
	return out
}

// reaches tells whether a member is to be given whole.
func reaches(expand []string, member string) bool {
	return slices.ContainsFunc(expand, func(e string) bool { return e == member || len(e) > len(member) && e[:len(member)+1] == member+"." })
}

func expands(form url.Values) (out []string) {
	for i := range 10 {
		if e := form.Get(fmt.Sprintf("expand[%d]", i)); e != "" {
			out = append(out, e)
		}
	}
	return out
}

// find finds a session by its id or its PaymentIntent's. The caller holds mu.
func (s *Server) find(id string) *session {
	for _, x := range s.sessions {
		if x.id == id || id != "" && x.intent == id {
			return x
		}
	}
	return nil
}

func (s *Server) getSession(id string, form url.Values) (map[string]any, *failure) {
	x := s.find(id)
	if x == nil || x.id != id {
		return nil, missing("session", id)
	}
	return x.render(s, expands(form)), nil
}

func (s *Server) listSessions(form url.Values) (map[string]any, *failure) {
	x := s.find(form.Get("payment_intent"))
	if x == nil {
		return list("/v1/checkout/sessions", nil), nil
	}
	return list("/v1/checkout/sessions", []map[string]any{x.render(s, nil)}), nil
}

func (s *Server) expireSession(id string) (map[string]any, *failure) {
	x := s.find(id)
	if x == nil {
		return nil, missing("session", id)
	}
	if x.statusAt(s.now()) != "open" {
		return nil, invalid("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired.")
	}
	x.status = "expired"
	s.happened("checkout.session.expired", x.render(s, nil))
	return x.render(s, nil), nil
}
