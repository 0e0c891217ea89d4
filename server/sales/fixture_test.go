package sales_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	netmail "net/mail"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/clocktest"
	"usher/server/inventory"
	"usher/server/journals"
	"usher/server/post"
	"usher/server/printout"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/vault"
	"usher/sync/fault"
)

const event = "NIGHT-1"

// file is an event that sells: 20 places on the floor, four seats, tickets for
// nothing, 7 and 19 percent of tax.
const file = `
code = "NIGHT-1"
name = "Harbour Night"
venue = "Pier 7"
time_zone = "Europe/Berlin"
starts = 2026-08-04 20:00:00
ends = 2026-08-05 02:00:00

[shop]
currency = "EUR"
hold_minutes = 10
extensions = 2
max_per_order = 8
fee = 1.50
tax_percent = 19
methods = ["card", "invoice", "box_office"]
terms = "No refunds after the doors open."
seller = { name = "Pier Events", address = "Pier 7\n20457 Hamburg", tax_id = "DE 1", email = "box@pier.example" }

[[pool]]
code = "floor"
name = "Floor"
capacity = 20

[[pool]]
code = "box"
name = "Box"
seats = ["A 1-4"]

[[zone]]
code = "main"
name = "Main hall"

[[product]]
code = "ga"
name = "General admission"
zones = "all"
pool = "floor"
price = 25
fee = 2
tax_percent = 7

[[product]]
code = "seat"
name = "Seat"
zones = "all"
pool = "box"
price = 49.99
names = true

[[product.question]]
code = "meal"
text = "Which meal?"
kind = "choice"
choices = ["fish", "beans"]
required = true
asked = "checkout"

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

[[gate]]
code = "north"
name = "North"
zone = "main"
`

var start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// world is a shop over a real database, with a bank that does as it is told.
type world struct {
	*sales.Sales
	db      *sqldb.DB
	bank    *bank
	stock   *inventory.Stock
	tickets *ticketing.Office
	catalog *catalog.Catalog
	vault   *vault.Vault
	post    *post.Post

	time *clocktest.Clock
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	w := &world{db: db, time: clocktest.At(start.Add(-time.Second))}
	w.vault = vault.New(db, rand.Reader, w.time.Now, "Test Organiser")
	if err := w.vault.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.bank = newBank(w.time.Now)
	w.assemble(t)
	t.Cleanup(func() { w.stock.Close() })
	w.apply(t, file)
	return w
}

// newWorldBeside is another server over the same database.
func newWorldBeside(t testing.TB, first *world, db *sqldb.DB) *world {
	t.Helper()
	w := &world{db: db, time: first.time, bank: first.bank}
	w.vault = vault.New(db, rand.Reader, w.time.Now, "Test Organiser")
	if err := w.vault.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.assemble(t)
	t.Cleanup(func() { w.stock.Close() })
	return w
}

// apply makes the event what a file says.
func (w *world) apply(t testing.TB, text string) {
	t.Helper()
	spec, err := catalog.ParseFile("night.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.catalog.Apply(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	w.time.Pass(time.Second) // what was read of the shop before is good for so long
}

// assemble makes everything over the database anew, as a server does that starts.
func (w *world) assemble(t testing.TB) {
	t.Helper()
	if w.stock != nil {
		w.stock.Close()
	}
	j := journals.New(w.db, w.vault, w.time.Now)
	w.catalog = catalog.New(w.db, w.vault, j, w.time.Now)
	w.tickets = ticketing.New(w.db, w.vault, j, w.catalog, rand.Reader, w.time.Now)
	w.stock = inventory.New(w.db, w.time.Now, inventory.Config{})
	w.catalog.OnShop(func(ctx context.Context, tx *sqldb.Tx, s *catalog.Shop) error {
		return w.stock.SetIn(ctx, tx, s.Event, sales.Pools(s))
	})
	w.post = post.New(post.Config{DB: w.db, From: netmail.Address{Address: "box@pier.example"}, Now: w.time.Now, Log: slog.New(slog.DiscardHandler)})
	w.Sales = sales.New(sales.Config{
		DB: w.db, Vault: w.vault, Catalog: w.catalog, Stock: w.stock, Tickets: w.tickets, Printer: printout.New(w.tickets, w.catalog, w.time.Now),
		Post: w.post, Provider: w.bank, Public: func(context.Context) string { return "https://shop.example" }, Rand: rand.Reader, Now: w.time.Now, Log: slog.New(slog.DiscardHandler),
	})
	w.post.Compose = w.Sales.Compose
}

func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

func ga(count int) sales.Cart {
	return sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: count}}}
}

// begin begins an order of a cart, which has to work.
func (w *world) begin(t testing.TB, c sales.Cart) sales.Order {
	t.Helper()
	o, err := w.Begin(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

var ada = sales.Details{Name: "Ada Lovelace", Email: "ada@buyers.example", Terms: true}

// byCard takes an order to the provider's page.
func (w *world) byCard(t testing.TB, o sales.Order) sales.Order {
	t.Helper()
	details := ada
	for range o.Places() {
		details.Holders = append(details.Holders, sales.Holder{Name: "Somebody", Answers: map[string]string{"meal": "fish"}})
	}
	o, url, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &details})
	if err != nil || url == "" || o.State != sales.Paying {
		t.Fatalf("paying gives %q, %s, %v", url, o.State, err)
	}
	return o
}

// paid buys an order by card.
func (w *world) paid(t testing.TB, c sales.Cart) sales.Order {
	t.Helper()
	o := w.byCard(t, w.begin(t, c))
	ref := o.Ref()
	w.bank.ends(ref, "paid")
	w.settle(t, ref)
	o = w.order(t, o.ID)
	if o.State != sales.Paid {
		t.Fatalf("it is %s", o.State)
	}
	return o
}

func (w *world) settle(t testing.TB, ref string) {
	t.Helper()
	if err := w.Settle(t.Context(), "test", ref); err != nil {
		t.Fatal(err)
	}
}

func (w *world) order(t testing.TB, id string) sales.Order {
	t.Helper()
	o, err := w.Order(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// states lists the states of an order's tickets.
func (w *world) states(t testing.TB, o sales.Order) (list []ticketing.State) {
	t.Helper()
	tickets, err := w.tickets.Of(t.Context(), o.Event, o.Tickets)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range tickets {
		list = append(list, k.State)
	}
	return list
}

// left is how many places of a pool are free, as the database has it.
func (w *world) left(t testing.TB, pool string) (n int64) {
	t.Helper()
	if err := w.db.Read().QueryRowContext(t.Context(), `select capacity - taken from pool where event = $1 and code = $2`, event, pool).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// mails lists the kinds of letters about an order.
func (w *world) mails(t testing.TB, id string) (kinds []string) {
	t.Helper()
	list, err := w.post.About(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		kinds = append(kinds, m.Kind)
	}
	return kinds
}

// sound checks the ledger.
func (w *world) sound(t testing.TB) {
	t.Helper()
	if err := w.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// balance is how an account stands, debit less credit.
func (w *world) balance(t testing.TB, account string) (n int64) {
	t.Helper()
	list, err := w.Balances(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		if b.Account == account {
			n += b.Debit - b.Credit
		}
	}
	return n
}

func wantKind(t testing.TB, what string, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%s: %v, want %s", what, err, kind)
	}
}
