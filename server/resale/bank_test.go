package resale_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"usher/server/payment"
	"usher/sync/fault"
)

// bank is a payment provider in memory, which does what the test says and keeps what
// payment.Provider promises.
type bank struct {
	mu       sync.Mutex
	now      func() time.Time
	byRef    map[string]*payment.Payment
	byKey    map[string]string
	refunds  map[string]payment.Refund
	refusing bool // Refund says no
	down     bool // Refund says later
}

func newBank(now func() time.Time) *bank {
	return &bank{now: now, byRef: map[string]*payment.Payment{}, byKey: map[string]string{}, refunds: map[string]payment.Refund{}}
}

func (b *bank) Name() string { return "test" }

func (b *bank) Start(_ context.Context, a payment.Attempt) (payment.Started, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ref, there := b.byKey[a.Key]
	if !there {
		ref = fmt.Sprintf("p%d", len(b.byRef)+1)
		b.byKey[a.Key] = ref
		b.byRef[ref] = &payment.Payment{Ref: ref, Order: a.Order, State: payment.Pending, Amount: a.Amount, Currency: a.Currency, At: b.now()}
	}
	return payment.Started{Ref: ref, URL: "https://bank.example/" + ref}, a.Check()
}

func (b *bank) Look(_ context.Context, ref string) (payment.Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.byRef[ref]; p != nil {
		return *p, nil
	}
	return payment.Payment{}, fault.New(fault.NotFound, "no payment %s", ref)
}

func (b *bank) Cancel(_ context.Context, ref string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.byRef[ref]
	if p.State == payment.Paid {
		return payment.ErrPaid
	}
	if p.State == payment.Pending {
		p.State = payment.Cancelled
	}
	return nil
}

func (b *bank) Refund(_ context.Context, r payment.Refund) (payment.Refunded, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, done := b.byRef[r.Ref], payment.Refunded{Ref: "r" + r.Key, Amount: r.Amount}
	if _, again := b.refunds[r.Key]; again {
		return done, nil
	}
	if b.down {
		return payment.Refunded{}, fault.New(fault.Unavailable, "the bank is closed")
	}
	if b.refusing || p == nil || r.Amount > p.Refundable() {
		return payment.Refunded{}, fault.New(fault.Refused, "%d can't go back", r.Amount)
	}
	b.refunds[r.Key] = r
	p.Refunded += r.Amount
	return done, nil
}

func (b *bank) Read(http.Header, []byte, time.Time) (payment.Notice, error) {
	return payment.Notice{}, fault.New(fault.Unauthorised, "no notices here")
}

// pay has a payment made, in time or not.
func (b *bank) pay(ref string) {
	b.set(ref, func(p *payment.Payment) { p.State, p.At = payment.Paid, b.now() })
}

// set changes a payment.
func (b *bank) set(ref string, change func(*payment.Payment)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b.byRef[ref])
}

// kept is what the bank has of all payments: what a buyer's own bank has taken it has not.
func (b *bank) kept() (sum int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.byRef {
		if p.State == payment.Paid {
			sum += p.Amount - p.Refunded
			if p.Dispute.State == payment.DisputeOpen || p.Dispute.State == payment.DisputeLost {
				sum -= p.Dispute.Amount
			}
		}
	}
	return sum
}

// closes has the bank put refunds off from now on, or no more.
func (b *bank) closes(yes bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = yes
}

// refuses has the bank refuse refunds from now on, or no more.
func (b *bank) refuses(yes bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refusing = yes
}
