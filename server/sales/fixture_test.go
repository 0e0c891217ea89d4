package sales_test

import (
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
)

const event = shoptest.Event

// file is the night, with tickets for nothing and tickets for friends as well.
var file = shoptest.Night() + `
[[product]]
code = "free"
name = "Under 12"
zones = "all"
pool = "floor"
price = 0

[[product]]
code = "friend"
name = "Friends"
zones = "all"
pool = "floor"
price = 10
access_code = "harbour"
`

var ada = sales.Details{Name: "Ada Lovelace", Email: "ada@buyers.example", Terms: true}

// world is a shop over a real database.
type world struct{ *shoptest.Shop }

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	return &world{shoptest.Open(t, db, file)}
}

func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

func ga(count int) sales.Cart { return shoptest.Cart("ga", count) }

// byCard takes an order to the provider's page.
func (w *world) byCard(t testing.TB, o sales.Order) sales.Order {
	t.Helper()
	o, _ = w.ToBank(t, o, ada)
	return o
}

// states lists the states of an order's tickets.
func (w *world) states(t testing.TB, o sales.Order) (list []ticketing.State) {
	t.Helper()
	tickets, err := w.Tickets.Of(t.Context(), o.Event, o.Tickets)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range tickets {
		list = append(list, k.State)
	}
	return list
}
