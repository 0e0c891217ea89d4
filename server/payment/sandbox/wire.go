package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"usher/server/payment"
	"usher/sync/fault"
)

// What the interface of the sandbox speaks: JSON over HTTP, with the secret key as
// a bearer token and an Idempotency-Key on what may be said twice. Errors are
// problem details as everywhere in usher.
const (
	pathPayments   = Prefix + "v1/payments"
	keyHeader      = "Idempotency-Key"
	maxRequest     = 128 << 10
	maxAnswer      = 64 << 10
	contentProblem = "application/problem+json"
	contentJSON    = "application/json"
)

type wireLine struct {
	Text   string `json:"text"`
	Count  int64  `json:"count"`
	Amount int64  `json:"amount"`
}

type wireAttempt struct {
	Order    string     `json:"order"`
	Text     string     `json:"text"`
	Email    string     `json:"email,omitempty"`
	Amount   int64      `json:"amount"`
	Currency string     `json:"currency"`
	Success  string     `json:"success_url"`
	Cancel   string     `json:"cancel_url"`
	Until    int64      `json:"ends_at"` // Unix ms
	Lines    []wireLine `json:"lines"`
}

func toWire(a payment.Attempt) wireAttempt {
	w := wireAttempt{Order: a.Order, Text: a.Text, Email: a.Email, Amount: a.Amount, Currency: a.Currency,
		Success: a.Success, Cancel: a.Cancel, Until: a.Until.UnixMilli()}
	for _, l := range a.Lines {
		w.Lines = append(w.Lines, wireLine(l))
	}
	return w
}

func (w wireAttempt) attempt(key string) payment.Attempt {
	a := payment.Attempt{Key: key, Order: w.Order, Text: w.Text, Email: w.Email, Amount: w.Amount, Currency: w.Currency,
		Success: w.Success, Cancel: w.Cancel, Until: time.UnixMilli(w.Until).UTC()}
	for _, l := range w.Lines {
		a.Lines = append(a.Lines, payment.Line(l))
	}
	return a
}

type wirePayment struct {
	Ref       string        `json:"ref"`
	URL       string        `json:"url,omitempty"` // of the buyer's page
	Order     string        `json:"order"`
	State     payment.State `json:"state"`
	Busy      bool          `json:"busy,omitempty"` // the bank works on it
	Amount    int64         `json:"amount"`
	Currency  string        `json:"currency"`
	Refunded  int64         `json:"refunded"`
	Fee       int64         `json:"fee"`
	Dispute   string        `json:"dispute,omitempty"`
	Contested int64         `json:"disputed_amount,omitempty"`
	Decides   int64         `json:"dispute_ends_at,omitempty"` // Unix ms
	At        int64         `json:"at"`                        // Unix ms
}

func (w wirePayment) payment() payment.Payment {
	p := payment.Payment{Ref: w.Ref, Order: w.Order, State: w.State, Amount: w.Amount, Currency: w.Currency,
		Refunded: w.Refunded, Fee: w.Fee, At: time.UnixMilli(w.At).UTC()}
	if w.Dispute != "" {
		p.Dispute = payment.Dispute{State: payment.DisputeState(w.Dispute), Amount: w.Contested}
		if w.Decides != 0 {
			p.Dispute.Until = time.UnixMilli(w.Decides).UTC()
		}
	}
	return p
}

type wireRefund struct {
	Amount int64  `json:"amount"`
	Why    string `json:"why,omitempty"`
	Again  int    `json:"again,omitempty"`
}

type wireRefunded struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"`
}

// wireNotice is the body of a notice.
type wireNotice struct {
	ID      string       `json:"id"`
	Payment string       `json:"payment"`
	Kind    payment.Kind `json:"kind"`
	At      int64        `json:"at"` // Unix ms
}

// readJSON reads one JSON value with no more and no less than into has.
func readJSON(body io.Reader, limit int64, into any) error {
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "the text broke off")
	}
	if int64(len(text)) > limit {
		return fault.New(fault.TooLarge, "more than %d bytes", limit)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fault.Wrap(fault.BadInput, err, "this is not the JSON that the sandbox reads")
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.New(fault.BadInput, "there is something after the JSON")
	}
	return nil
}

func writeJSON(rw http.ResponseWriter, status int, kind string, value any) {
	rw.Header().Set("Content-Type", kind)
	rw.Header().Set("Cache-Control", "no-store")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(value) // the other side hung up
}
