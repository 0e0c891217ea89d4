package sandbox

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"usher/server/payment"
	"usher/sync/fault"
)

// routes is everything that the sandbox answers.
func (s *Sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+pathPayments, s.shops(s.postPayment))
	mux.Handle("GET "+pathPayments+"/{ref}", s.shops(s.getPayment))
	mux.Handle("POST "+pathPayments+"/{ref}/cancel", s.shops(s.postCancel))
	mux.Handle("POST "+pathPayments+"/{ref}/refunds", s.shops(s.postRefund))
	mux.Handle("GET "+pathPay+"/{ref}", s.buyers(s.getPay))
	mux.Handle("POST "+pathPay+"/{ref}/card", s.buyers(s.postCard))
	mux.Handle("POST "+pathPay+"/{ref}/confirm", s.buyers(s.postConfirm))
	mux.Handle("GET "+Prefix+"sandbox.css", http.HandlerFunc(s.pages.style))
	return http.NewCrossOriginProtection().Handler(mux)
}

// shops lets in who has the key of the interface, and answers errors as problems.
func (s *Sandbox) shops(next func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(rw, r.Body, maxRequest)
		err := error(fault.New(fault.Unauthorised, "this is the shop's side of the payment sandbox: it wants the key"))
		if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && subtle.ConstantTimeCompare([]byte(key), []byte(s.apiKey)) == 1 {
			err = next(rw, r)
		}
		if err == nil {
			return
		}
		p := fault.ToProblem(err)
		if p.Status >= http.StatusInternalServerError {
			s.Log.ErrorContext(r.Context(), "the payment sandbox failed", "path", r.URL.Path, "error", err)
		}
		writeJSON(rw, p.Status, contentProblem, p)
	})
}

func (s *Sandbox) postPayment(rw http.ResponseWriter, r *http.Request) error {
	var asked wireAttempt
	if err := readJSON(r.Body, maxRequest, &asked); err != nil {
		return err
	}
	a, err := s.start(r.Context(), asked.attempt(r.Header.Get(keyHeader)))
	if err != nil {
		return err
	}
	return s.answer(rw, a)
}

func (s *Sandbox) getPayment(rw http.ResponseWriter, r *http.Request) error {
	a, err := readAccount(r.Context(), s.DB.Read(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.answer(rw, a)
}

func (s *Sandbox) postCancel(rw http.ResponseWriter, r *http.Request) error {
	a, err := s.cancel(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.answer(rw, a)
}

func (s *Sandbox) postRefund(rw http.ResponseWriter, r *http.Request) error {
	var asked wireRefund
	if err := readJSON(r.Body, maxRequest, &asked); err != nil {
		return err
	}
	made, err := s.refund(r.Context(), payment.Refund{Key: r.Header.Get(keyHeader), Ref: r.PathValue("ref"), Amount: asked.Amount, Why: asked.Why, Again: asked.Again})
	if err != nil {
		return err
	}
	writeJSON(rw, http.StatusOK, contentJSON, wireRefunded{ID: made.Ref, Amount: made.Amount})
	return nil
}

// answer tells how a payment stands. The buyer's page is where the shop is: the
// sandbox is a part of it.
func (s *Sandbox) answer(rw http.ResponseWriter, a account) error {
	w := a.wire(s.now())
	w.URL = origin(a.attempt.Success) + pathPay + "/" + a.ref
	writeJSON(rw, http.StatusOK, contentJSON, w)
	return nil
}

// origin is the scheme, host and port of an address.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "" // Check has seen to it that it parses
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
}
