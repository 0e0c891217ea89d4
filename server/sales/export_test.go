package sales

import (
	"context"
	"slices"

	"usher/server/payment"
)

// Step has every named step between two lasting changes call f: an error of it ends
// the act there, as a crash would.
func (s *Sales) Step(f func(name string) error) { s.step = f }

// Ref is the payment at the provider that is under way.
func (o *Order) Ref() string { return o.ref }

// HearTogether records payments as one batch and gives the error of each.
func (s *Sales) HearTogether(ctx context.Context, provider string, list ...payment.Payment) []error {
	batch := make([]*hearing, len(list))
	for i, p := range list {
		batch[i] = &hearing{id: p.Order, provider: provider, p: p}
	}
	s.hearAll(ctx, slices.Clone(batch))
	errs := make([]error, len(batch))
	for i, h := range batch {
		errs[i] = h.err
	}
	return errs
}
