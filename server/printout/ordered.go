package printout

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"usher/server/ticketing"
)

// ahead is how many tickets for each core may wait for the one before them.
const ahead = 4

// made is what was made of a ticket. The rest is there once done is closed.
type made[T any] struct {
	ticket ticketing.Ticket
	done   chan struct{}
	what   T
	err    error
}

// inOrder makes something of every ticket of the order, on all cores, and has it
// taken by one goroutine in the order of the tickets. It ends at the first error.
func inOrder[T any](ctx context.Context, j *job, draw func(ticketing.Ticket) (T, error), take func(ticketing.Ticket, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	cores := runtime.GOMAXPROCS(0)
	undone, queue := make(chan *made[T], ahead*cores), make(chan *made[T], ahead*cores)
	group.Go(func() error {
		defer close(undone)
		defer close(queue)
		return j.each(ctx, func(t ticketing.Ticket) error {
			m := &made[T]{ticket: t, done: make(chan struct{})}
			for _, to := range []chan<- *made[T]{queue, undone} {
				select {
				case to <- m:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			return nil
		})
	})
	for range cores {
		group.Go(func() error {
			for m := range undone {
				m.what, m.err = draw(m.ticket)
				close(m.done)
			}
			return nil
		})
	}
	group.Go(func() error {
		for m := range queue {
			select {
			case <-m.done:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if m.err != nil {
				return j.failed(m.ticket, m.err)
			}
			if err := take(m.ticket, m.what); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}
