package exchange_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"usher/sync/exchange/exchangetest"
	"usher/sync/journal"
)

// A node whose store is slow to return says that it holds what is in a batch, as
// the store's other readers see, before it answers the batch. The other sends on
// when it hears that, and is not at fault.
func TestMoreComesBeforeAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, gates := venue(t, "north")
		gates[0].Own(t, 20_000)
		accept := server.Local.Accept
		server.Local.Accept = func(ctx context.Context, records []*journal.Record) error {
			defer time.Sleep(time.Second)
			return accept(ctx, records)
		}
		m := meet(t, gates[0], server, nil)
		time.Sleep(time.Minute)
		exchangetest.Same(t, server, gates[0])
		if a, b := m.part(); !errors.Is(a, context.Canceled) || !errors.Is(b, context.Canceled) {
			t.Errorf("the session had ended: %v, %v", a, b)
		}
	})
}
