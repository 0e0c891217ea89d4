package calloff_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"usher/server/calloff"
	"usher/server/sales"
	"usher/server/shoptest"
)

// cutting is a context that ends by itself when it was looked at so often: the database's
// driver does so before, within and behind each statement.
type cutting struct {
	context.Context
	cut  context.CancelFunc
	left atomic.Int64
}

func cutAfter(ctx context.Context, n int) *cutting {
	c := &cutting{}
	c.Context, c.cut = context.WithCancel(ctx)
	c.left.Store(int64(n))
	return c
}

// Done implements context.Context.
func (c *cutting) Done() <-chan struct{} {
	if c.left.Add(-1) == 0 {
		c.cut()
	}
	return c.Context.Done()
}

// cutAll does something again and again, cut short further on each time, until it comes to
// its end. It gives how often it was cut.
func cutAll(t *testing.T, do func(context.Context) error) (cuts int) {
	t.Helper()
	const most = 100_000 // looks at the context: a batch here takes some hundreds
	for n := 1; n < most; n += 1 + n/6 {
		ctx := cutAfter(t.Context(), n)
		err := do(ctx)
		was := ctx.Err() != nil
		ctx.cut()
		switch {
		case err == nil:
			return cuts
		case !was:
			t.Fatalf("it fails by itself: %v", err)
		}
		cuts++
	}
	t.Fatalf("it was cut %d times, after up to %d steps, and doesn't come to its end", cuts, most)
	return cuts
}

// mostBatches is more than the job below takes: six orders and a dozen tickets, by three.
const mostBatches = 30

// A job that is cut short between two batches, between two statements of one, before its
// commit or right behind it goes on with nothing left out, done twice or paid twice; so do
// the refunds that it asked for.
func TestCutAtEveryStep(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		var bought []sales.Order
		for n := range 5 {
			bought = append(bought, w.paid(t, fmt.Sprint("Buyer", n), shoptest.Cart("ga", 2)))
		}
		w.begun(t, "Eve", shoptest.Cart("ga", 1))
		w.imports(t, "external_id,name,email,product\ng1,G,a@g.example,ga\ng2,G,b@g.example,ga\n")
		if _, err := w.CallOff(t.Context(), event, "storm warning", "organiser"); err != nil {
			t.Fatal(err)
		}
		w.Time.Pass(5 * time.Second)
		batches, cuts := 0, 0
		for more := true; more; batches++ {
			if j, err := w.Job(t.Context(), event); batches == mostBatches {
				t.Fatalf("after %d batches the job doesn't come to its end: it is %+v, %v", batches, j, err)
			}
			server := w.beside(t)
			cuts += cutAll(t, func(ctx context.Context) (err error) {
				more, err = server.Step(ctx, event)
				return err
			})
		}
		if j, err := w.Job(t.Context(), event); err != nil || j.Phase != calloff.Done || batches < 4 || cuts < 10*batches {
			t.Fatalf("after %d batches that were cut %d times the job is %+v, %v", batches, cuts, j, err)
		}
		refunds := cutAll(t, func(ctx context.Context) error { w.Time.Pass(time.Second); return w.Sales.Reconcile(ctx) })
		if refunds < 10 {
			t.Errorf("the refunds were cut %d times", refunds)
		}
		w.Time.Pass(time.Hour) // what a process didn't come to let go runs out by itself
		if _, _, err := w.Stock.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		p := w.finish(t)
		if p.Orders != 6 || p.Tickets != 12 || p.Refunds != 5 || p.Told != 2 {
			t.Errorf("it came to %+v", p)
		}
		for _, o := range bought {
			o = w.OrderNow(t, o.ID)
			want(t, "order", o.State, sales.Cancelled)
			paid, err := w.Bank.Look(t.Context(), w.refOf(t, o))
			if err != nil || o.Refunded != o.Total || paid.Refunded != o.Total {
				t.Errorf("of %d went back %d, at the provider %d, %v", o.Total, o.Refunded, paid.Refunded, err)
			}
		}
		got := w.letters(t, "called_off", "called_off_holder")
		if len(got) != 8 {
			t.Errorf("the letters are %v", got)
		}
		for who, n := range got {
			want(t, who, n, 1)
		}
		want(t, "floor", w.Left(t, "floor"), 100)
		w.sound(t)
	})
}
