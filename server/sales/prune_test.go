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
		if err := w.db.Read().QueryRowContext(t.Context(), `select count(*) from `+table+` where `+column+` = $1`, id).Scan(&of); err != nil {
			t.Fatal(err)
		}
		n += of
	}
	return n
}

// expired lets an order's time pass.
func (w *world) expired(t *testing.T, o sales.Order) sales.Order {
	t.Helper()
	w.time.Set(o.Until.Add(time.Second))
	if _, _, err := w.stock.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.order(t, o.ID)
}

// Orders that came to nothing go after their time, with all that is kept of them, and no
// other does: none with money, none that money may still come for, none that is open.
func TestPrune(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.apply(t, strings.NewReplacer("2026-08", "2027-08").Replace(file))
		var gone, stay []string
		left := func(o sales.Order) string {
			t.Helper()
			if _, err := w.Leave(t.Context(), o.ID); err != nil {
				t.Fatal(err)
			}
			return o.ID
		}
		gone = append(gone, left(w.begin(t, ga(1))))
		declined := w.byCard(t, w.begin(t, ga(1)))
		w.bank.ends(declined.Ref(), payment.Failed)
		w.settle(t, declined.Ref())
		gone = append(gone, left(declined), w.expired(t, w.begin(t, ga(1))).ID, w.expired(t, w.byCard(t, w.begin(t, ga(1)))).ID)

		late := w.byCard(t, w.begin(t, ga(1)))
		w.bank.has(func(b *bank) { b.busy = true }) // it can't be called off, and is paid when nobody holds places any more
		w.expired(t, late)
		w.bank.has(func(b *bank) { b.busy = false })
		w.bank.ends(late.Ref(), payment.Paid)
		w.settle(t, late.Ref())
		bought := w.paid(t, ga(2))
		refunded := w.paid(t, ga(1))
		w.refund(t, refunded, sales.Refund{Key: "a", Why: "w"})
		invoice := w.begin(t, ga(1))
		details := ada
		invoice, _, err := w.Pay(t.Context(), invoice.ID, sales.Payment{Method: catalog.MethodInvoice, Details: &details})
		if err != nil {
			t.Fatal(err)
		}
		if o := w.expired(t, invoice); o.State != sales.Lapsed {
			t.Fatalf("the invoice is %s", o.State)
		}
		stay = append(stay, late.ID, bought.ID, refunded.ID, invoice.ID)
		hanging := w.byCard(t, w.begin(t, ga(1)))
		w.bank.has(func(b *bank) { b.busy = true })
		w.expired(t, hanging)
		stay = append(stay, hanging.ID)

		if steps, n := w.pruned(t); steps != 0 {
			t.Fatalf("%d go at once", n)
		}
		w.time.Pass(sales.KeepAbandoned)
		young := left(w.begin(t, ga(1)))
		open := w.begin(t, ga(1)).ID
		stay = append(stay, young, open)
		w.copies(t, gone[0], sales.PruneAtOnce)

		before, err := w.Balances(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		ledger := w.rows(t, "ledger", "order_id", stay...)
		w.time.Pass(time.Millisecond)
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
			w.order(t, id)
		}
		after, err := w.Balances(t.Context(), event)
		if err != nil || !slices.Equal(after, before) || w.rows(t, "ledger", "order_id", stay...) != ledger || ledger == 0 {
			t.Errorf("the ledger was %v and is %v, %v", before, after, err)
		}
		w.sound(t)

		w.bank.has(func(b *bank) { b.busy = false })
		w.bank.ends(hanging.Ref(), payment.Cancelled)
		w.settle(t, hanging.Ref())
		w.time.Pass(sales.KeepAbandoned + time.Millisecond)
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
	err := w.db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
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
