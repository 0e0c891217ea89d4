package sales_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"usher/server/payment"
	"usher/sync/fault"
)

// bank is a payment provider in memory, which does what the test says and keeps
// what payment.Provider promises.
type bank struct {
	mu       sync.Mutex
	now      func() time.Time
	byRef    map[string]*banked
	byKey    map[string]*banked
	refunds  map[string]payment.Refund
	trouble  error // said to everything, and nothing is done
	lost     error // said to Start and Refund after they were done: the answer is lost
	busy     bool  // Cancel says ErrBusy
	refusing bool  // Refund says no
}

type banked struct {
	payment.Payment
	asked string
}

func newBank(now func() time.Time) *bank {
	return &bank{now: now, byRef: map[string]*banked{}, byKey: map[string]*banked{}, refunds: map[string]payment.Refund{}}
}

func (b *bank) Name() string { return "test" }

func (b *bank) Start(_ context.Context, a payment.Attempt) (payment.Started, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trouble != nil {
		return payment.Started{}, b.trouble
	}
	if err := a.Check(); err != nil {
		return payment.Started{}, err
	}
	text, err := json.Marshal(a)
	if err != nil {
		return payment.Started{}, err
	}
	p := b.byKey[a.Key]
	switch {
	case p != nil && p.asked != string(text):
		return payment.Started{}, fault.New(fault.Exists, "another payment has this key")
	case p == nil:
		p = &banked{payment.Payment{
			Ref: fmt.Sprintf("p%d", len(b.byRef)+1), Order: a.Order, State: payment.Pending, Amount: a.Amount, Currency: a.Currency, At: b.now(),
		}, string(text)}
		b.byKey[a.Key], b.byRef[p.Ref] = p, p
	}
	return payment.Started{Ref: p.Ref, URL: "https://bank.example/" + p.Ref}, b.lost
}

func (b *bank) Look(_ context.Context, ref string) (payment.Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch p := b.byRef[ref]; {
	case b.trouble != nil:
		return payment.Payment{}, b.trouble
	case p == nil:
		return payment.Payment{}, fault.New(fault.NotFound, "no payment %s", ref)
	default:
		return p.Payment, nil
	}
}

func (b *bank) Cancel(_ context.Context, ref string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.byRef[ref]
	switch {
	case b.trouble != nil:
		return b.trouble
	case p == nil:
		return fault.New(fault.NotFound, "no payment %s", ref)
	case p.State == payment.Paid:
		return payment.ErrPaid
	case b.busy:
		return payment.ErrBusy
	case p.State == payment.Pending:
		p.State = payment.Cancelled
	}
	return nil
}

func (b *bank) Refund(_ context.Context, r payment.Refund) (payment.Refunded, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, done := b.byRef[r.Ref], payment.Refunded{Ref: "r" + r.Key, Amount: r.Amount}
	have, again := b.refunds[r.Key]
	switch {
	case b.trouble != nil:
		return payment.Refunded{}, b.trouble
	case r.Check() != nil:
		return payment.Refunded{}, r.Check()
	case again && have != r:
		return payment.Refunded{}, fault.New(fault.Exists, "another refund has this key")
	case again:
		return done, b.lost
	case p == nil:
		return payment.Refunded{}, fault.New(fault.NotFound, "no payment %s", r.Ref)
	case b.refusing || r.Amount > p.Refundable():
		return payment.Refunded{}, fault.New(fault.Refused, "%d can't go back", r.Amount)
	}
	b.refunds[r.Key] = r
	p.Refunded += r.Amount
	return done, b.lost
}

// Read takes notices that are the payment's ref in clear: what a signature is worth
// the providers' own tests say.
func (b *bank) Read(header http.Header, body []byte, _ time.Time) (payment.Notice, error) {
	if header.Get("Signature") != "good" {
		return payment.Notice{}, fault.New(fault.Unauthorised, "the notice is forged")
	}
	return payment.Notice{ID: "n", Ref: string(body), Kind: payment.NoticePaid}, nil
}

// ends has a payment end.
func (b *bank) ends(ref string, as payment.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.byRef[ref]; p.State == payment.Pending {
		p.State, p.At = as, b.now()
	}
}

// set changes a payment in other ways.
func (b *bank) set(ref string, change func(*payment.Payment)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.byRef[ref].Payment)
}

// get gives a payment.
func (b *bank) get(ref string) payment.Payment {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byRef[ref].Payment
}

// all lists the payments.
func (b *bank) all() (list []payment.Payment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.byRef {
		list = append(list, p.Payment)
	}
	return list
}

// has sets what it says to what is asked.
func (b *bank) has(change func(*bank)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}
