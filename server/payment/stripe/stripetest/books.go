package stripetest

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

type refund struct {
	id      string
	of      *session
	amount  int64
	meta    map[string]any
	status  string
	created time.Time
}

type dispute struct {
	id     string
	of     *session
	amount int64
	status string
	due    time.Time
}

func (r *refund) render() map[string]any {
	return map[string]any{"id": r.id, "object": "refund", "amount": r.amount, "currency": r.of.currency, "payment_intent": r.of.intent, "charge": r.of.charge,
		"metadata": r.meta, "status": r.status, "created": r.created.Unix()}
}

func (d *dispute) render() map[string]any {
	return map[string]any{"id": d.id, "object": "dispute", "amount": d.amount, "currency": d.of.currency, "payment_intent": d.of.intent, "charge": d.of.charge,
		"status": d.status, "evidence_details": map[string]any{"due_by": d.due.Unix()}}
}

func (s *Server) createRefund(form url.Values) (map[string]any, *failure) {
	x := s.find(form.Get("payment_intent"))
	amount, err := strconv.ParseInt(form.Get("amount"), 10, 64)
	switch {
	case x == nil:
		return nil, missing("payment_intent", form.Get("payment_intent"))
	case err != nil || amount < 1:
		return nil, invalid("amount", "parameter_invalid_integer", "Invalid positive integer")
	case x.intentStatus != "succeeded":
		return nil, cant("", "payment_intent_unexpected_state", "This PaymentIntent does not have a successful charge to refund.")
	case s.blocked(x):
		return nil, cant("", "charge_disputed", "The charge has been charged back; cannot issue a refund.")
	case x.refunded == x.amount:
		return nil, cant("", "charge_already_refunded", "The charge has already been refunded.")
	case amount > x.amount-x.refunded:
		return nil, cant("amount", "", "Refund amount is greater than unrefunded amount on charge")
	}
	r := &refund{id: s.id("re"), of: x, amount: amount, meta: metadata(form, ""), status: "succeeded", created: s.now()}
	s.refunds = append(s.refunds, r)
	x.refunded += amount
	s.happened("charge.refunded", x.renderCharge(s, nil))
	s.happened("refund.updated", r.render())
	return r.render(), nil
}

func (s *Server) listRefunds(form url.Values) (map[string]any, *failure) {
	var out []map[string]any
	for _, r := range s.refunds {
		if r.of.intent == form.Get("payment_intent") {
			out = append(out, r.render())
		}
	}
	return list("/v1/refunds", out), nil
}

func (s *Server) listDisputes(form url.Values) (map[string]any, *failure) {
	var out []map[string]any
	for _, d := range s.disputes {
		if d.of.intent == form.Get("payment_intent") {
			out = append(out, d.render())
		}
	}
	return list("/v1/disputes", out), nil
}

// disputed reports whether there ever was a dispute. The caller holds mu.
func (s *Server) disputed(x *session) bool {
	for _, d := range s.disputes {
		if d.of == x {
			return true
		}
	}
	return false
}

// blocked reports a dispute that keeps the money. The caller holds mu.
func (s *Server) blocked(x *session) bool {
	for _, d := range s.disputes {
		if d.of == x && d.status != "won" && !strings.HasPrefix(d.status, "warning_") {
			return true
		}
	}
	return false
}

// Pay has the buyer pay a session, and reports whether they could.
func (s *Server) Pay(id string) bool {
	return s.act(id, func(x *session) {
		x.status, x.intentStatus, x.paid = "complete", "succeeded", s.now()
		x.charge = s.id("ch")
		s.happened("payment_intent.succeeded", x.renderIntent(s, nil))
		s.happened("checkout.session.completed", x.render(s, nil))
	})
}

// Decline has the buyer try a card that is declined.
func (s *Server) Decline(id string) bool {
	return s.act(id, func(x *session) {
		x.intentStatus = "requires_payment_method"
		s.happened("payment_intent.payment_failed", x.renderIntent(s, nil))
	})
}

// Process has the bank take a payment on, and say nothing yet.
func (s *Server) Process(id string) bool {
	return s.act(id, func(x *session) {
		x.status, x.intentStatus = "complete", "processing"
		s.happened("checkout.session.completed", x.render(s, nil))
	})
}

// Decide ends what Process began.
func (s *Server) Decide(id string, yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(id)
	if x == nil || x.intentStatus != "processing" {
		panic("nothing is being processed")
	}
	if !yes {
		x.intentStatus = "requires_payment_method"
		s.happened("checkout.session.async_payment_failed", x.render(s, nil))
		return
	}
	x.intentStatus, x.paid = "succeeded", s.now()
	x.charge = s.id("ch")
	s.happened("checkout.session.async_payment_succeeded", x.render(s, nil))
}

// act does what only works on an open session.
func (s *Server) act(id string, do func(*session)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(id)
	if x == nil || x.statusAt(s.now()) != "open" {
		return false
	}
	if x.intent == "" {
		x.intent = s.id("pi")
	}
	do(x)
	return true
}

// Dispute has the buyer go to their bank about part of a payment.
func (s *Server) Dispute(id string, amount int64, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(id)
	if x == nil || x.charge == "" {
		panic("nothing was paid")
	}
	d := &dispute{id: s.id("dp"), of: x, amount: amount, status: status, due: s.now().Add(7 * 24 * time.Hour).Truncate(time.Second)}
	s.disputes = append(s.disputes, d)
	s.happened("charge.dispute.created", d.render())
}

// CloseDispute ends the disputes of a payment.
func (s *Server) CloseDispute(id, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.disputes {
		if d.of.id == id {
			d.status = status
			s.happened("charge.dispute.closed", d.render())
		}
	}
}

// FailRefunds has the bank send all refunds of a payment back.
func (s *Server) FailRefunds(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.refunds {
		if r.of.id == id && r.status == "succeeded" {
			r.status = "failed"
			r.of.refunded -= r.amount
			s.happened("refund.failed", r.render())
		}
	}
}

// Stranger adds a session that isn't usher's, and gives its id.
func (s *Server) Stranger() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &session{id: s.id("cs"), created: s.now(), expires: s.now().Add(time.Hour), status: "open", currency: "eur", amount: 100, meta: map[string]any{}, intent: s.id("pi")}
	s.sessions = append(s.sessions, x)
	return x.id
}
