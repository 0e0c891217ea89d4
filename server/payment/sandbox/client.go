package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"time"

	"usher/server/payment"
	"usher/sync/fault"
)

// ClientConfig is what a client stands on.
type ClientConfig struct {
	URL     string // of the sandbox without Prefix; default: one that only matters on a network
	Key     string // of the interface
	HookKey string // that signs notices
	HTTP    *http.Client
}

// Client is the shop's side: it asks the sandbox over HTTP.
type Client struct{ ClientConfig }

var _ payment.Provider = (*Client)(nil)

// NewClient makes a client.
func NewClient(cfg ClientConfig) *Client {
	if cfg.URL == "" {
		cfg.URL = "http://sandbox.invalid"
	}
	return &Client{cfg}
}

// Name is [Name].
func (c *Client) Name() string { return Name }

// Start makes a payment that waits for the buyer.
func (c *Client) Start(ctx context.Context, a payment.Attempt) (payment.Started, error) {
	if err := a.Check(); err != nil {
		return payment.Started{}, err
	}
	var made wirePayment
	if err := c.ask(ctx, http.MethodPost, "", a.Key, toWire(a), &made); err != nil {
		return payment.Started{}, err
	}
	return payment.Started{Ref: made.Ref, URL: made.URL}, nil
}

// Look tells how a payment stands now.
func (c *Client) Look(ctx context.Context, ref string) (payment.Payment, error) {
	var have wirePayment
	if err := c.askOf(ctx, http.MethodGet, ref, "", "", nil, &have); err != nil {
		return payment.Payment{}, err
	}
	return have.payment(), nil
}

// Cancel sees to it that a payment can't be paid any more.
func (c *Client) Cancel(ctx context.Context, ref string) error {
	var have wirePayment
	if err := c.askOf(ctx, http.MethodPost, ref, "/cancel", "", nil, &have); err != nil {
		return err
	}
	switch {
	case have.State == payment.Paid:
		return payment.ErrPaid
	case have.Busy:
		return payment.ErrBusy
	}
	return nil
}

// Refund gives money back.
func (c *Client) Refund(ctx context.Context, r payment.Refund) (payment.Refunded, error) {
	if err := r.Check(); err != nil {
		return payment.Refunded{}, err
	}
	var made wireRefunded
	err := c.askOf(ctx, http.MethodPost, r.Ref, "/refunds", r.Key, wireRefund{r.Amount, r.Why, r.Again}, &made)
	if err != nil {
		return payment.Refunded{}, err
	}
	return payment.Refunded{Ref: made.ID, Amount: made.Amount}, nil
}

// Read takes a notice apart.
func (c *Client) Read(header http.Header, body []byte, now time.Time) (payment.Notice, error) {
	return readNotice(c.HookKey, header, body, now)
}

// askOf asks about the payment with a reference. What can't be one is not sent.
func (c *Client) askOf(ctx context.Context, method, ref, path, key string, body, answer any) error {
	if !reference.MatchString(ref) {
		return errNoPayment
	}
	return c.ask(ctx, method, "/"+ref+path, key, body, answer)
}

var reference = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

// ask makes one request and reads its answer. What the sandbox itself failed at
// may or may not have happened: fault.Unavailable, as when it can't be reached.
func (c *Client) ask(ctx context.Context, method, path, key string, body, answer any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return fault.Wrap(fault.Internal, err, "can't put a request to the payment sandbox into words")
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+pathPayments+path, bytes.NewReader(text))
	if err != nil {
		return fault.Wrap(fault.Internal, err, "can't ask the payment sandbox")
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	req.Header.Set("Content-Type", contentJSON)
	if key != "" {
		req.Header.Set(keyHeader, key)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the payment sandbox can't be reached")
	}
	defer func() { _ = res.Body.Close() }() // read to its end, or of no interest
	got, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the answer of the payment sandbox broke off")
	}
	if res.StatusCode >= 300 {
		return refusal(res.StatusCode, got)
	}
	if err := json.Unmarshal(got, answer); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the payment sandbox answered what is no answer")
	}
	return nil
}

// refusal is the error that an answer says.
func refusal(status int, body []byte) error {
	var p fault.Problem
	if status >= http.StatusInternalServerError || json.Unmarshal(body, &p) != nil || !p.Kind.Known() {
		return fault.New(fault.Unavailable, "the payment sandbox failed (HTTP %d)", status)
	}
	return p.Err()
}
