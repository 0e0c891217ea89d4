// Package stripe takes payments through Stripe, by its hosted Checkout: the buyer
// is sent to Stripe's page and comes back, so that no page of ours asks another
// host for anything and no card number comes near us.
//
// A payment's reference is the id of its Checkout Session. Stripe's events of
// refunds and disputes name the PaymentIntent instead, and Look knows a payment by
// either. Sessions that usher didn't make, on an account that does other business
// too, are not found.
//
// # Time
//
// Stripe ends a session 30 minutes after it was made at the soonest, which is
// longer than most holds. The session of an attempt ends [Longer] after the
// attempt's Until; the seller cancels it when the hold is over.
//
// # Keys
//
// Stripe forgets an idempotency key after a day or so. A refund that is asked for
// again after that is found by the key that usher noted on it; an attempt is over
// by then, and is refused.
//
// Until then it answers a key as it did first, also with what it refused. A refund that
// is asked for anew after that has another key at Stripe, and the same one noted on it.
package stripe

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"

	"usher/server/payment"
	"usher/sync/fault"
)

// Name is what the provider is called in addresses and in the ledger.
const Name = "stripe"

// Longer is how long after the end of an attempt its session ends: Stripe's least
// and a minute for clocks that differ.
const Longer = 31 * time.Minute

// The metadata by which usher knows its own.
const (
	metaOrder = "usher_order"
	metaKey   = "usher_key"
	metaWhy   = "usher_why"
	metaAgain = "usher_again"
)

// Config is what the provider stands on. Key and HookSecrets are secrets: they
// come from the environment or from files, never from flags.
type Config struct {
	// Key is the secret or restricted API key: sk_live_…, sk_test_…, rk_live_….
	Key string
	// HookSecrets are the signing secrets of the webhook endpoint, whsec_…: more
	// than one while one is being replaced by the next.
	HookSecrets []string
	// URL of the API; default: Stripe's own.
	URL string
	// HTTP makes the requests; default: a client that gives up after Patience.
	HTTP *http.Client
	// Retries is how often a request is repeated that broke off, after half a
	// second and more, with the same key; default: DefaultRetries. Negative: never.
	Retries int
	// Now tells the time; default: time.Now.
	Now func() time.Time
	// Log gets what Stripe refuses for a reason that only the operator can mend;
	// default: none.
	Log *slog.Logger
}

// Defaults of Config.
const (
	Patience       = 20 * time.Second
	DefaultRetries = 1
)

// Stripe is the provider.
type Stripe struct {
	api   *stripe.Client
	hooks []string
	now   func() time.Time
	log   *slog.Logger
}

var _ payment.Provider = (*Stripe)(nil)

// New makes the provider. Secrets that can't be any are fault.BadInput; the error
// doesn't show them.
func New(cfg Config) (*Stripe, error) {
	if !strings.HasPrefix(cfg.Key, "sk_") && !strings.HasPrefix(cfg.Key, "rk_") {
		return nil, fault.New(fault.BadInput, "the Stripe key is no secret key: it begins with sk_ or rk_")
	}
	if len(cfg.HookSecrets) == 0 {
		return nil, fault.New(fault.BadInput, "there is no signing secret of the Stripe webhook")
	}
	for _, secret := range cfg.HookSecrets {
		if !strings.HasPrefix(secret, "whsec_") {
			return nil, fault.New(fault.BadInput, "the signing secret of the Stripe webhook is none: it begins with whsec_")
		}
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: Patience}
	}
	if cfg.Retries == 0 {
		cfg.Retries = DefaultRetries
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	backend := &stripe.BackendConfig{
		HTTPClient:        cfg.HTTP,
		MaxNetworkRetries: stripe.Int64(int64(max(cfg.Retries, 0))),
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull}, // errors are ours to tell, without what they hold
	}
	if cfg.URL != "" {
		backend.URL = stripe.String(cfg.URL)
	}
	api := stripe.NewClient(cfg.Key, stripe.WithBackends(stripe.NewBackendsWithConfig(backend)))
	return &Stripe{api: api, hooks: cfg.HookSecrets, now: cfg.Now, log: cfg.Log}, nil
}

// Name is [Name].
func (s *Stripe) Name() string { return Name }

// Start makes a Checkout Session.
func (s *Stripe) Start(ctx context.Context, a payment.Attempt) (payment.Started, error) {
	params, err := sessionParams(a)
	if err != nil {
		return payment.Started{}, err
	}
	session, err := s.api.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return payment.Started{}, s.startFault(ctx, err, !a.Until.After(s.now()))
	}
	return payment.Started{Ref: session.ID, URL: session.URL}, nil
}

// sessionParams is an attempt in Stripe's words. It depends on the attempt alone,
// so that the same attempt is the same request.
func sessionParams(a payment.Attempt) (*stripe.CheckoutSessionCreateParams, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	code := strings.ToLower(a.Currency)
	p := &stripe.CheckoutSessionCreateParams{
		Mode:               stripe.String(stripe.CheckoutSessionModePayment),
		PaymentMethodTypes: []*string{stripe.String("card")}, // wallets included; what takes days to settle outlives any hold
		AdaptivePricing:    &stripe.CheckoutSessionCreateAdaptivePricingParams{Enabled: stripe.Bool(false)},
		SuccessURL:         stripe.String(a.Success),
		CancelURL:          stripe.String(a.Cancel),
		ClientReferenceID:  stripe.String(a.Order),
		ExpiresAt:          stripe.Int64(a.Until.Add(Longer).Unix()),
		Metadata:           map[string]string{metaOrder: a.Order, metaKey: a.Key},
		PaymentIntentData: &stripe.CheckoutSessionCreatePaymentIntentDataParams{
			Description: stripe.String(a.Text),
			Metadata:    map[string]string{metaOrder: a.Order},
		},
	}
	if a.Email != "" {
		p.CustomerEmail = stripe.String(a.Email)
	}
	for _, l := range a.Lines {
		amount, err := toStripe(l.Amount, a.Currency)
		if err != nil {
			return nil, err
		}
		p.LineItems = append(p.LineItems, &stripe.CheckoutSessionCreateLineItemParams{
			Quantity: stripe.Int64(l.Count),
			PriceData: &stripe.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: stripe.String(code), UnitAmount: stripe.Int64(amount),
				ProductData: &stripe.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripe.String(l.Text)},
			},
		})
	}
	p.SetIdempotencyKey("usher-start-" + a.Key)
	return p, nil
}

// Cancel expires a Checkout Session.
func (s *Stripe) Cancel(ctx context.Context, ref string) error {
	session, err := s.session(ctx, ref)
	if err != nil {
		return err
	}
	if session.Status == stripe.CheckoutSessionStatusOpen {
		// With a key that is drawn for this call: under one of ours an answer that said no
		// would be said again.
		_, err := s.api.V1CheckoutSessions.Expire(ctx, session.ID, nil)
		if err != nil {
			if err = s.fault(ctx, err, "cancel a payment"); fault.KindOf(err).Temporary() {
				return err
			}
		}
		// Whatever else it said: how it stands now is what counts.
		if session, err = s.session(ctx, session.ID); err != nil {
			return err
		}
	}
	switch state := stateOf(session); {
	case state == payment.Paid:
		return payment.ErrPaid
	case state == payment.Pending:
		return payment.ErrBusy
	}
	return nil
}

// Refund gives money back.
func (s *Stripe) Refund(ctx context.Context, r payment.Refund) (payment.Refunded, error) {
	if err := r.Check(); err != nil {
		return payment.Refunded{}, err
	}
	session, err := s.session(ctx, r.Ref)
	if err != nil {
		return payment.Refunded{}, err
	}
	if stateOf(session) != payment.Paid || session.PaymentIntent == nil {
		return payment.Refunded{}, fault.New(fault.Refused, "the payment isn't made: there is nothing to refund")
	}
	currency := strings.ToUpper(string(session.Currency))
	amount, err := toStripe(r.Amount, currency)
	if err != nil {
		return payment.Refunded{}, err
	}
	intent := session.PaymentIntent.ID
	if had, err := s.refundBefore(ctx, intent, r); err != nil || had != nil {
		return refunded(had, r, amount, err)
	}
	params := &stripe.RefundCreateParams{
		PaymentIntent: stripe.String(intent), Amount: stripe.Int64(amount),
		Metadata: map[string]string{metaKey: r.Key},
	}
	if r.Why != "" {
		params.Metadata[metaWhy] = r.Why
	}
	params.SetIdempotencyKey("usher-refund-" + r.Key)
	if r.Again > 0 {
		params.Metadata[metaAgain] = strconv.Itoa(r.Again)
		params.SetIdempotencyKey("usher-again-" + strconv.Itoa(r.Again) + "-" + r.Key)
	}
	made, err := s.api.V1Refunds.Create(ctx, params)
	if err != nil {
		return payment.Refunded{}, s.refusedRefund(ctx, err)
	}
	return refunded(made, r, amount, nil)
}

// refundBefore finds the refund of a payment that has a key; nil when there is none.
// One that failed counts where it was not asked for anew since.
func (s *Stripe) refundBefore(ctx context.Context, intent string, r payment.Refund) (had *stripe.Refund, err error) {
	list := s.api.V1Refunds.List(ctx, &stripe.RefundListParams{PaymentIntent: stripe.String(intent)})
	for refund, err := range list.All(ctx) {
		if err != nil {
			return nil, s.fault(ctx, err, "look for a refund")
		}
		if refund.Metadata[metaKey] != r.Key {
			continue
		}
		if !failed(refund) {
			return refund, nil
		}
		// None noted is 0.
		if again, _ := strconv.Atoi(refund.Metadata[metaAgain]); again >= r.Again {
			had = refund
		}
	}
	return had, nil
}

// failed reports a refund whose money stayed with the seller.
func failed(r *stripe.Refund) bool {
	return r.Status == stripe.RefundStatusFailed || r.Status == stripe.RefundStatusCanceled
}

// refunded is the answer that a refund at Stripe is to what was asked.
func refunded(had *stripe.Refund, asked payment.Refund, amount int64, err error) (payment.Refunded, error) {
	switch {
	case err != nil:
		return payment.Refunded{}, err
	case had.Amount != amount || had.Metadata[metaWhy] != asked.Why:
		return payment.Refunded{}, fault.New(fault.Exists, "this key was used before, for another refund")
	case failed(had):
		return payment.Refunded{}, fault.New(fault.Refused, "the refund failed: the money is still with the seller")
	}
	return payment.Refunded{Ref: had.ID, Amount: asked.Amount}, nil
}

// reference is what can be the id of a session or of a PaymentIntent.
var reference = regexp.MustCompile(`^(cs|pi)_[A-Za-z0-9_]{1,200}$`)

var errNoPayment = fault.New(fault.NotFound, "Stripe has no such payment of usher's")

// session finds a session of ours by its id or by that of its PaymentIntent.
func (s *Stripe) session(ctx context.Context, ref string) (*stripe.CheckoutSession, error) {
	if !reference.MatchString(ref) {
		return nil, errNoPayment
	}
	if strings.HasPrefix(ref, "pi_") {
		params := &stripe.CheckoutSessionListParams{PaymentIntent: stripe.String(ref)}
		params.Limit = stripe.Int64(1)
		id := ""
		for session, err := range s.api.V1CheckoutSessions.List(ctx, params).All(ctx) {
			if err != nil {
				return nil, s.fault(ctx, err, "look for a payment")
			}
			id = session.ID
			break
		}
		if id == "" {
			return nil, errNoPayment
		}
		ref = id
	}
	params := &stripe.CheckoutSessionRetrieveParams{}
	params.AddExpand("payment_intent.latest_charge.balance_transaction")
	session, err := s.api.V1CheckoutSessions.Retrieve(ctx, ref, params)
	if err != nil {
		return nil, s.fault(ctx, err, "look at a payment")
	}
	if session.Metadata[metaOrder] == "" {
		return nil, errNoPayment
	}
	return session, nil
}
