package sales_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/payment"
	"usher/server/payment/sandbox"
	"usher/server/sales"
	"usher/server/shoptest"
)

// maxTrips is how often a whole checkout may ask the database and wait.
const maxTrips = 6

// A lone buyer's checkout takes six round trips to PostgreSQL: places held, details,
// payment begun, and what the provider's notice comes to: paid, two tickets signed,
// their mail queued. So it is for counted places and for seats, chosen or the best. The
// sandbox has a database of its own here, as it stands for somebody else's server, and
// word of commits goes another way, as with Redis.
func TestRoundTripsOfACheckout(t *testing.T) {
	w, trips := countedWorld(t)
	w.Apply(t, strings.NewReplacer(`seats = ["A 1-4"]`, `seats = ["A 1-40"]`, "names = true", "", `required = true
asked = "checkout"`, "").Replace(file))
	bank := w.atSandbox(t, dbtest.Open(t, migrations.Server))
	seats := func(n int) sales.Cart {
		return sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "seat", Count: 2, Seats: []string{fmt.Sprintf("A-%d", 2*n+21), fmt.Sprintf("A-%d", 2*n+22)}}}}
	}
	for _, c := range []struct {
		name string
		cart func(n int) sales.Cart
	}{
		{"counted places", func(int) sales.Cart { return ga(2) }},
		{"chosen seats", seats},
		{"the best seats", func(int) sales.Cart {
			return sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "seat", Count: 2}}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var least []string
			for n := range 5 { // statements are prepared the first time, and connections that idled are tried
				trips.Reset()
				o, err := w.checkout(t.Context(), bank, c.cart(n))
				if err != nil {
					t.Fatal(err)
				}
				if all := trips.All(); n == 0 || len(all) < len(least) {
					least = all
				}
				if o = w.OrderNow(t, o.ID); o.State != sales.Paid || len(o.Tickets) != 2 || len(w.Mails(t, o.ID)) != 1 {
					t.Fatalf("it is %+v", o)
				}
			}
			if len(least) > maxTrips || len(least) == 0 {
				t.Errorf("a checkout takes %d round trips, want %d at most:\n%s", len(least), maxTrips, strings.Join(least, "\n"))
			}
		})
	}
}

// Payments that are recorded together take three round trips, however many they are.
func TestRoundTripsOfManyPayments(t *testing.T) {
	w, trips := countedWorld(t)
	w.Apply(t, strings.Replace(file, "capacity = 20", "capacity = 200", 1))
	var least []string
	for n := range 4 {
		var list []payment.Payment
		for range 8 {
			o := w.byCard(t, w.Begins(t, ga(2)))
			w.Bank.Ends(o.Ref(), payment.Paid)
			list = append(list, w.Bank.Get(o.Ref()))
		}
		trips.Reset()
		if err := errors.Join(w.HearTogether(t.Context(), "test", list...)...); err != nil {
			t.Fatal(err)
		}
		if all := trips.All(); n == 0 || len(all) < len(least) {
			least = all
		}
	}
	if len(least) != 3 {
		t.Errorf("8 payments take %d round trips, want 3:\n%s", len(least), strings.Join(least, "\n"))
	}
}

// countedWorld is a shop over PostgreSQL whose round trips are counted.
func countedWorld(t *testing.T) (*world, *dbtest.Trips) {
	t.Helper()
	address, trips := dbtest.Counted(t, dbtest.PostgresURL(t, migrations.Server))
	db, err := sqldb.OpenPostgres(t.Context(), address, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.Carry(deaf{})
	return newWorld(t, db), trips
}

// deaf is never told of commits.
type deaf struct{}

func (deaf) Tell(context.Context) error { return nil }

func (deaf) Hear(ctx context.Context, heard func()) error {
	heard()
	<-ctx.Done()
	return ctx.Err()
}

// atSandbox has card payments made at a sandbox over a database of its own.
func (w *world) atSandbox(t testing.TB, db *sqldb.DB) *sandbox.Sandbox {
	t.Helper()
	bank := w.OpenSandbox(t, db)
	w.Provider = bank.Provider()
	return bank
}

// checkout buys a cart at a sandbox, from the cart to the mail.
func (w *world) checkout(ctx context.Context, bank *sandbox.Sandbox, c sales.Cart) (sales.Order, error) {
	o, err := w.Begin(ctx, c)
	if err != nil {
		return o, err
	}
	if o, err = w.DetailsSeen(ctx, o, ada); err != nil {
		return o, err
	}
	o, page, err := w.PaySeen(ctx, o, sales.Payment{Method: catalog.MethodCard})
	if err != nil {
		return o, err
	}
	if err := shoptest.PayAt(ctx, bank, page); err != nil {
		return o, err
	}
	return o, w.Settle(ctx, sandbox.Name, o.Ref())
}
