package shoptest

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

// Bank is a payment provider in memory, which does what the test says and keeps what
// payment.Provider promises. It calls itself "test" and its payments p1, p2, and so on.
type Bank struct {
	mu      sync.Mutex
	line    Line
	now     func() time.Time
	byRef   map[string]*banked
	byKey   map[string]*banked
	refunds map[string]payment.Refund
	failed  map[string]bool // refunds that came back, by their keys
	refused map[payment.Refund]time.Time
}

// Line is what the bank says to what it is asked. The zero value is that all is well.
type Line struct {
	Trouble  error // said to everything, and nothing is done
	Lost     error // said to Start and Refund after they were done: the answer is lost
	Busy     bool  // Cancel says ErrBusy
	Refusing bool  // Refund says no
}

type banked struct {
	payment.Payment
	asked string
}

func newBank(now func() time.Time) *Bank {
	return &Bank{now: now, byRef: map[string]*banked{}, byKey: map[string]*banked{}, refunds: map[string]payment.Refund{}, failed: map[string]bool{},
		refused: map[payment.Refund]time.Time{}}
}

// Name is what the provider is called in addresses and in the ledger.
func (b *Bank) Name() string { return "test" }

// Start makes a payment that waits for its buyer.
func (b *Bank) Start(_ context.Context, a payment.Attempt) (payment.Started, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line.Trouble != nil {
		return payment.Started{}, b.line.Trouble
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
	return payment.Started{Ref: p.Ref, URL: "https://bank.example/" + p.Ref}, b.line.Lost
}

// Look tells how a payment stands.
func (b *Bank) Look(_ context.Context, ref string) (payment.Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch p := b.byRef[ref]; {
	case b.line.Trouble != nil:
		return payment.Payment{}, b.line.Trouble
	case p == nil:
		return payment.Payment{}, fault.New(fault.NotFound, "no payment %s", ref)
	default:
		return p.Payment, nil
	}
}

// Cancel sees to it that a payment can't be made any more.
func (b *Bank) Cancel(_ context.Context, ref string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.byRef[ref]
	switch {
	case b.line.Trouble != nil:
		return b.line.Trouble
	case p == nil:
		return fault.New(fault.NotFound, "no payment %s", ref)
	case p.State == payment.Paid:
		return payment.ErrPaid
	case b.line.Busy:
		return payment.ErrBusy
	case p.State == payment.Pending:
		p.State = payment.Cancelled
	}
	return nil
}

// Refund gives money back. A refusal is said again under its key for a day.
func (b *Bank) Refund(_ context.Context, r payment.Refund) (payment.Refunded, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, done := b.byRef[r.Ref], payment.Refunded{Ref: "r" + r.Key, Amount: r.Amount}
	have, again := b.refunds[r.Key]
	same := have
	same.Again = r.Again
	no, kept := b.refused[r]
	switch {
	case b.line.Trouble != nil:
		return payment.Refunded{}, b.line.Trouble
	case r.Check() != nil:
		return payment.Refunded{}, r.Check()
	case again && same != r:
		return payment.Refunded{}, fault.New(fault.Exists, "another refund has this key")
	case b.failed[r.Key] && r.Again <= have.Again:
		return payment.Refunded{}, fault.New(fault.Refused, "the refund failed")
	case again && !b.failed[r.Key]:
		return done, b.line.Lost
	case kept && b.now().Sub(no) < 24*time.Hour:
		return payment.Refunded{}, fault.New(fault.Refused, "%d could not go back", r.Amount)
	case p == nil:
		return payment.Refunded{}, fault.New(fault.NotFound, "no payment %s", r.Ref)
	case b.line.Refusing || r.Amount > p.Refundable():
		b.refused[r] = b.now()
		return payment.Refunded{}, fault.New(fault.Refused, "%d can't go back", r.Amount)
	}
	b.refunds[r.Key] = r
	delete(b.failed, r.Key)
	p.Refunded += r.Amount
	return done, b.line.Lost
}

// Read takes notices that are the payment's ref in clear: what a signature is worth
// the providers' own tests say.
func (b *Bank) Read(header http.Header, body []byte, _ time.Time) (payment.Notice, error) {
	if header.Get("Signature") != "good" {
		return payment.Notice{}, fault.New(fault.Unauthorised, "the notice is forged")
	}
	return payment.Notice{ID: "n", Ref: string(body), Kind: payment.NoticePaid}, nil
}

// Ends has a payment end, one that can still be made.
func (b *Bank) Ends(ref string, as payment.State) {
	b.Set(ref, func(p *payment.Payment) {
		if p.State == payment.Pending {
			p.State, p.At = as, b.now()
		}
	})
}

// SendsBack has all refunds of a payment fail that were made: the buyer's bank can't hand
// them on.
func (b *Bank) SendsBack(ref string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, r := range b.refunds {
		if r.Ref == ref && !b.failed[key] {
			b.failed[key] = true
			b.byRef[ref].Refunded -= r.Amount
		}
	}
}

// Set changes a payment in other ways.
func (b *Bank) Set(ref string, change func(*payment.Payment)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.byRef[ref].Payment)
}

// Get gives a payment.
func (b *Bank) Get(ref string) payment.Payment {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byRef[ref].Payment
}

// All lists the payments, in no order.
func (b *Bank) All() (list []payment.Payment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.byRef {
		list = append(list, p.Payment)
	}
	return list
}

// Kept is what the shop has at the bank of all payments, without the bank's fees: what a
// buyer's own bank has taken it has not.
func (b *Bank) Kept() (sum int64) {
	for _, p := range b.All() {
		if p.State != payment.Paid {
			continue
		}
		sum += p.Amount - p.Refunded - p.Fee
		taken, won, _ := p.Dispute.Sums()
		sum -= taken - won
	}
	return sum
}

// Has has the bank say this to what it is asked from now on.
func (b *Bank) Has(l Line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line = l
}
