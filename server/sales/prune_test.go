package sales_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/sync/fault"
)

// pruned deletes what came to nothing, to the end, and says in how many steps and how
// many orders.
func (w *world) pruned(t *testing.T) (steps, total int) {
	t.Helper()
	for {
		n, err := w.Prune(t.Context())
		if err != nil || n > sales.PruneAtOnce {
			t.Fatalf("%d in one step, %v", n, err)
		}
		if n == 0 {
			return steps, total
		}
		steps, total = steps+1, total+n
	}
}

// rows counts what a table has of orders.
func (w *world) rows(t *testing.T, table, column string, ids ...string) (n int) {
	t.Helper()
	for _, id := range ids {
		var of int
		if err := w.DB.Read().QueryRowContext(t.Context(), `select count(*) from `+table+` where `+column+` = $1`, id).Scan(&of); err != nil {
			t.Fatal(err)
		}
		n += of
	}
	return n
}

// expired lets an order's time pass.
func (w *world) expired(t *testing.T, o sales.Order) sales.Order {
	t.Helper()
	w.Time.Set(o.Until.Add(time.Second))
	if _, _, err := w.Stock.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.OrderNow(t, o.ID)
}

// Orders that came to nothing go after their time, with all that is kept of them, and no
// other does: none with money, none that money may still come for, none that is open.
func TestPrune(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, strings.NewReplacer("2026-08", "2027-08").Replace(file))
		var gone, stay []string
		left := func(o sales.Order) string {
			t.Helper()
			if _, err := w.Leave(t.Context(), o.ID); err != nil {
				t.Fatal(err)
			}
			return o.ID
		}
		gone = append(gone, left(w.Begins(t, ga(1))))
		declined := w.byCard(t, w.Begins(t, ga(1)))
		w.Bank.Ends(declined.Ref(), payment.Failed)
		w.Settles(t, declined.Ref())
		gone = append(gone, left(declined), w.expired(t, w.Begins(t, ga(1))).ID, w.expired(t, w.byCard(t, w.Begins(t, ga(1)))).ID)

		late := w.byCard(t, w.Begins(t, ga(1)))
		w.Bank.Has(shoptest.Line{Busy: true}) // it can't be called off, and is paid when nobody holds places any more
		w.expired(t, late)
		w.Bank.Has(shoptest.Line{})
		w.Bank.Ends(late.Ref(), payment.Paid)
		w.Settles(t, late.Ref())
		bought := w.Buys(t, ada, ga(2))
		refunded := w.Buys(t, ada, ga(1))
		w.refund(t, refunded, sales.Refund{Key: "a", Why: "w"})
		invoice := w.Begins(t, ga(1))
		details := ada
		invoice, _, err := w.Pay(t.Context(), invoice.ID, sales.Payment{Method: catalog.MethodInvoice, Details: &details})
		if err != nil {
			t.Fatal(err)
		}
		if o := w.expired(t, invoice); o.State != sales.Lapsed {
			t.Fatalf("the invoice is %s", o.State)
		}
		stay = append(stay, late.ID, bought.ID, refunded.ID, invoice.ID)
		hanging := w.byCard(t, w.Begins(t, ga(1)))
		w.Bank.Has(shoptest.Line{Busy: true})
		w.expired(t, hanging)
		stay = append(stay, hanging.ID)

		if steps, n := w.pruned(t); steps != 0 {
			t.Fatalf("%d go at once", n)
		}
		w.Time.Pass(sales.KeepAbandoned)
		young := left(w.Begins(t, ga(1)))
		open := w.Begins(t, ga(1)).ID
		stay = append(stay, young, open)
		w.copies(t, gone[0], sales.PruneAtOnce)

		before, err := w.Balances(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		ledger := w.rows(t, "ledger", "order_id", stay...)
		w.Time.Pass(time.Millisecond)
		if steps, n := w.pruned(t); steps != 2 || n != sales.PruneAtOnce+len(gone) {
			t.Errorf("%d go in %d steps, want %d in 2", n, steps, sales.PruneAtOnce+len(gone))
		}
		for _, id := range gone {
			if _, err := w.Order(t.Context(), id); fault.KindOf(err) != fault.NotFound {
				t.Errorf("order %s: %v", id, err)
			}
		}
		for table, column := range map[string]string{"order_event": "order_id", "order_payment": "order_id", "sale_word": "order_id", "sale_order": "id"} {
			if n := w.rows(t, table, column, gone...); n > 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
			if n := w.rows(t, table, column, stay...); n == 0 {
				t.Errorf("nothing is left in %s", table)
			}
		}
		for _, id := range stay {
			w.OrderNow(t, id)
		}
		after, err := w.Balances(t.Context(), event)
		if err != nil || !slices.Equal(after, before) || w.rows(t, "ledger", "order_id", stay...) != ledger || ledger == 0 {
			t.Errorf("the ledger was %v and is %v, %v", before, after, err)
		}
		w.Sound(t)

		w.Bank.Has(shoptest.Line{})
		w.Bank.Ends(hanging.Ref(), payment.Cancelled)
		w.Settles(t, hanging.Ref())
		w.Time.Pass(sales.KeepAbandoned + time.Millisecond)
		if err := w.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.pruned(t)
		if _, err := w.Order(t.Context(), hanging.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an order whose payment has ended at last: %v", err)
		}
	})
}

// copies makes so many more orders as one is.
func (w *world) copies(t *testing.T, id string, n int) {
	t.Helper()
	err := w.DB.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		for i := range n {
			_, err := tx.ExecContext(ctx, `
				insert into sale_order (id, code, event, state, rev, asked, currency, total, paid, paid_out, refunded, cart, details, name, email, until, over_at,
					extended, method, attempt, ref, url, tickets, made_at, changed_at, paid_at)
				select $2, $3, event, state, rev, asked, currency, total, paid, paid_out, refunded, cart, details, name, email, until, over_at,
					extended, method, attempt, ref, url, tickets, made_at, changed_at, paid_at from sale_order where id = $1`,
				id, fmt.Sprintf("copy-%d", i), fmt.Sprintf("COPY%06d", i))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
