package calloff_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/calloff"
	"usher/server/catalog"
	"usher/server/clocktest"
	"usher/server/inventory"
	"usher/server/journals"
	"usher/server/payment/sandbox"
	"usher/server/post"
	"usher/server/printout"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/vault"
)

const event = "NIGHT-1"

const file = `
code = "NIGHT-1"
name = "Harbour Night"
venue = "Pier 7"
time_zone = "Europe/Berlin"
admission = 2026-08-04 19:00:00
starts = 2026-08-04 20:00:00
ends = 2026-08-05 02:00:00

[shop]
currency = "EUR"
max_per_order = 8
fee = 1.50
resale = {}
methods = ["card", "invoice"]
tickets_before_payment = true
refund = { keep_percent = 10 }
seller = { name = "Pier Events" }

[[pool]]
code = "floor"
name = "Floor"
capacity = 100

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
pool = "floor"
price = 25

[[product]]
code = "seat"
name = "Seat"
pool = "box"
price = 50

[[gate]]
code = "north"
name = "North"
`

var start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// world is a shop over a real database, with a sandbox that takes payments.
type world struct {
	*calloff.Office
	db      *sqldb.DB
	vault   *vault.Vault
	catalog *catalog.Catalog
	stock   *inventory.Stock
	tickets *ticketing.Office
	sales   *sales.Sales
	post    *post.Post
	bank    *sandbox.Sandbox
	time    *clocktest.Clock
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	w := &world{db: db, time: clocktest.At(start)}
	w.vault = vault.New(db, rand.Reader, w.time.Now, "Test Organiser")
	if err := w.vault.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.bank, err = sandbox.Open(t.Context(), sandbox.Config{DB: db, Now: w.time.Now}); err != nil {
		t.Fatal(err)
	}
	w.assemble(t)
	spec, err := catalog.ParseFile("night.toml", []byte(file))
	if err == nil {
		_, err = w.catalog.Apply(t.Context(), spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// assemble makes everything over the database, as a server does that starts.
func (w *world) assemble(t testing.TB) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	j := journals.New(w.db, w.vault, w.time.Now)
	w.catalog = catalog.New(w.db, w.vault, j, w.time.Now)
	w.tickets = ticketing.New(w.db, w.vault, j, w.catalog, rand.Reader, w.time.Now)
	w.stock = inventory.New(w.db, w.time.Now, inventory.Config{})
	t.Cleanup(w.stock.Close)
	w.catalog.OnShop(func(ctx context.Context, tx *sqldb.Tx, s *catalog.Shop) error {
		return w.stock.SetIn(ctx, tx, s.Event, sales.Pools(s))
	})
	w.post = post.New(post.Config{DB: w.db, From: netmail.Address{Address: "box@pier.example"}, Now: w.time.Now, Log: log})
	w.sales = sales.New(sales.Config{
		DB: w.db, Vault: w.vault, Catalog: w.catalog, Stock: w.stock, Tickets: w.tickets, Printer: printout.New(w.tickets, w.catalog, w.time.Now),
		Post: w.post, Provider: w.bank.Provider(), Public: func(context.Context) string { return "https://shop.example" }, Rand: rand.Reader, Now: w.time.Now, Log: log,
	})
	w.Office = calloff.New(calloff.Config{DB: w.db, Catalog: w.catalog, Sales: w.sales, Tickets: w.tickets, Batch: 3, Now: w.time.Now, Log: log})
}

// beside is another server over the same data.
func (w *world) beside(t testing.TB) *world {
	t.Helper()
	other := *w
	other.assemble(t)
	return &other
}

func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

func cart(offer string, n int) sales.Cart {
	return sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: offer, Count: n}}}
}

// begun begins an order and says who buys.
func (w *world) begun(t testing.TB, c sales.Cart, email string) sales.Order {
	t.Helper()
	o, err := w.sales.Begin(t.Context(), c)
	if err == nil {
		o, err = w.sales.Details(t.Context(), o.ID, sales.Details{Name: "Ada Lovelace", Email: email, Terms: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// atBank takes an order to the sandbox's page, and gives its address.
func (w *world) atBank(t testing.TB, o sales.Order) (sales.Order, string) {
	t.Helper()
	o, page, err := w.sales.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard})
	if err != nil {
		t.Fatal(err)
	}
	return o, page
}

// pays pays at the sandbox's page.
func (w *world) pays(t testing.TB, page string) {
	t.Helper()
	form := httptest.NewRequest(http.MethodPost, page+"/card", strings.NewReader(url.Values{"number": {"4242 4242 4242 4242"}}.Encode()))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	said := httptest.NewRecorder()
	if w.bank.Handler().ServeHTTP(said, form.WithContext(t.Context())); said.Code != http.StatusSeeOther {
		t.Fatalf("the sandbox says %d: %s", said.Code, said.Body)
	}
}

// paid buys an order by card.
func (w *world) paid(t testing.TB, c sales.Cart, email string) sales.Order {
	t.Helper()
	o, page := w.atBank(t, w.begun(t, c, email))
	w.pays(t, page)
	o, err := w.sales.Refresh(t.Context(), o.ID)
	if err != nil || o.State != sales.Paid {
		t.Fatalf("it is %s, %v", o.State, err)
	}
	return o
}

func (w *world) order(t testing.TB, o sales.Order) sales.Order {
	t.Helper()
	o, err := w.sales.Order(t.Context(), o.ID)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// finish works the job off, as servers do while time passes.
func (w *world) finish(t testing.TB) calloff.Progress {
	t.Helper()
	for range 30 {
		if err := w.WorkOff(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.sales.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		p, err := w.Progress(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		if p.Settled() {
			return p
		}
		w.time.Pass(time.Second)
	}
	t.Fatal("the job doesn't end")
	return calloff.Progress{}
}

// free is how many places of a pool are free.
func (w *world) free(t testing.TB, pool string) (n int64) {
	t.Helper()
	if err := w.db.Read().QueryRowContext(t.Context(), `select capacity - taken from pool where event = $1 and code = $2`, event, pool).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// letters gives the kinds of mail that went to each address, of some kinds.
func (w *world) letters(t testing.TB, kinds ...string) map[string]int {
	t.Helper()
	rows, err := w.db.Read().QueryContext(t.Context(), `select id, kind, about, detail, address from mail order by id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]int{}
	for rows.Next() {
		var m post.Mail
		if err := rows.Scan(&m.ID, &m.Kind, &m.About, &m.Detail, &m.To); err != nil {
			t.Fatal(err)
		}
		for _, k := range kinds {
			if m.Kind != k {
				continue
			}
			found[k+" "+m.To]++
			if _, err := w.sales.Compose(t.Context(), m); err != nil {
				t.Errorf("%s can't be written: %v", m.ID, err)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// sound checks the ledger, and that nothing is owed to anybody.
func (w *world) sound(t testing.TB) {
	t.Helper()
	if err := w.sales.Check(t.Context()); err != nil {
		t.Error(err)
	}
	list, err := w.sales.Balances(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		if b.Account == "owed" && b.Debit != b.Credit {
			t.Errorf("%d are owed", b.Credit-b.Debit)
		}
	}
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, fmt.Sprint(got), want)
	}
}
