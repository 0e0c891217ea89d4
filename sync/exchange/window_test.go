package exchange_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/journal"
)

// A node whose store is slow to return says that it holds what is in a batch, as
// the store's other readers see, before it answers the batch. The other sends on
// when it hears that, and is not at fault: the node goes on listening, or the
// other's signs of life would wait behind its batches until it counts as dead.
func TestMoreComesBeforeAnAnswer(t *testing.T) {
	const slow = exchange.SilenceLimit + 5*time.Second
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		gates[0].Own(t, 3_000)
		accept, left := server.Local.Accept, 3
		server.Local.Accept = func(ctx context.Context, records []*journal.Record) error {
			defer func() {
				if left--; left >= 0 {
					time.Sleep(slow)
				}
			}()
			return accept(ctx, records)
		}
		m := meet(t, gates[0], server, nil)
		time.Sleep(4 * slow)
		exchangetest.Same(t, server, gates[0])
		if a, b := m.part(); !errors.Is(a, context.Canceled) || !errors.Is(b, context.Canceled) {
			t.Errorf("the session had ended: %v, %v", a, b)
		}
	})
}
