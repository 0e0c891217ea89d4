package sales

import (
	"context"
	"slices"

	"usher/server/payment"
)

// Step has every named step between two lasting changes call f: an error of it ends
// the act there, as a crash would.
func (s *Sales) Step(f func(name string) error) { s.step = f }

// Queries are the statements by which Find looks, with what they are given.
func Queries(event string) map[string][]any {
	list := map[string][]any{fitting: {"ada", "ada" + lastLetter, maxLooked}}
	for _, q := range []Search{{Limit: 50}, {Event: event, Limit: 50}, {Event: event, State: Awaiting, Limit: 50}} {
		where, args := newestWhere(q)
		list[`select `+orderColumns+` from sale_order `+where] = args
	}
	where, args := theseWhere(Search{}, []hit{{id: "a"}, {id: "b"}})
	list[`select `+orderColumns+` from sale_order `+where] = args
	list[`select `+orderColumns+` from sale_order where code = $1`] = []any{"0123456789"}
	return list
}

// PruneAtOnce is how many orders one step of Prune deletes at most.
const PruneAtOnce = pruneAtOnce

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

// Batches gives how payments that came while others were recorded are put together, by
// the ids of their orders.
func Batches(list ...payment.Payment) (batches [][]string) {
	var q hearings
	var next *hearing
	for _, p := range list {
		h := &hearing{id: p.Order, p: p, lead: make(chan struct{})}
		if q.come(h) {
			next = h
		}
	}
	for next != nil {
		var ids []string
		for _, h := range q.take(next) {
			ids = append(ids, h.id)
		}
		batches = append(batches, ids)
		q.pass()
		next = nil
		for _, h := range q.waiting {
			select {
			case <-h.lead:
				next = h
			default:
			}
		}
	}
	return batches
}
