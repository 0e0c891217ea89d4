package resale_test

import (
	"crypto/rand"
	"slices"
	"testing"

	"usher/crypto/ticket"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/shoptest"
)

const event = shoptest.Event

// file is the night with tickets that may be sold on for 110 percent: 25.00 and a fee of
// 2.00 each, so the cap is 29.70.
var file = shoptest.Night() + `
[shop.resale]
cap_percent = 110
seller_percent = 5
buyer_fee = 1
`

var ada, grace, mary = shoptest.Buyer("Ada"), shoptest.Buyer("Grace"), shoptest.Buyer("Mary")

// world is a shop with its marketplace over a real database.
type world struct {
	*resale.Resale
	*shoptest.Shop
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	return over(shoptest.Open(t, db, file))
}

// over is the marketplace of a shop.
func over(s *shoptest.Shop) *world {
	return &world{resale.New(resale.Config{
		DB: s.DB, Catalog: s.Catalog, Stock: s.Stock, Tickets: s.Tickets, Sales: s.Sales, Post: s.Post, Entered: s.Doors.Entered, Secret: s.Vault.Derive,
		Public: s.Public, Rand: rand.Reader, Now: s.Time.Now, Log: s.Log,
	}), s}
}

// beside is another server over the same database.
func (w *world) beside(t testing.TB) *world {
	t.Helper()
	return over(w.Shop.Beside(t, w.Shop.DB))
}

func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

func ga(n int) sales.Cart { return shoptest.Cart("ga", n) }

// of is a cart with tickets that are sold on.
func of(list ...resale.Listing) sales.Cart {
	c := sales.Cart{Event: event}
	for _, l := range list {
		c.Wanted = append(c.Wanted, sales.Wanted{Listing: l.ID, Count: 1})
	}
	return c
}

// lists puts a ticket up, which has to work.
func (w *world) lists(t shoptest.TB, id ticket.ID, price int64) resale.Listing {
	t.Helper()
	l, err := w.List(t.Context(), w.TicketNow(t, event, id), resale.Asked{Price: price})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) listing(t shoptest.TB, id string) resale.Listing {
	t.Helper()
	l, err := w.Listing(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) look(t shoptest.TB) {
	t.Helper()
	if err := w.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// sound checks the ledger: it is the bank's, and what is held is what the listings say.
func (w *world) sound(t shoptest.TB) {
	t.Helper()
	w.Sound(t)
	all, err := w.All(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	var held, hand int64
	for _, l := range all {
		if l.Payout == resale.Held {
			held += l.Price
		}
		if l.Payout == resale.Credited {
			hand += l.Due()
		}
	}
	if got := -w.Balance(t, "resale"); got != held {
		t.Errorf("the ledger holds %d for sellers, the listings say %d", got, held)
	}
	if got := -w.Balance(t, "payouts"); got != hand {
		t.Errorf("the ledger has %d to be paid by hand, the listings say %d", got, hand)
	}
}

// mails lists the kinds of letters about an order, sorted.
func (w *world) mails(t testing.TB, id string) []string {
	t.Helper()
	return slices.Sorted(slices.Values(w.Mails(t, id)))
}
