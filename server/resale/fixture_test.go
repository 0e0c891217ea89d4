package resale_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/clocktest"
	"usher/server/inventory"
	"usher/server/journals"
	"usher/server/post"
	"usher/server/printout"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/ticketing"
	"usher/server/vault"
	"usher/sync/fault"
)

const event = "NIGHT-1"

// file is an event whose tickets may be sold on for 110 percent: 25.00 and a fee of
// 2.00 each, so the cap is 29.70.
const file = `
code = "NIGHT-1"
name = "Harbour Night"
time_zone = "Europe/Berlin"
starts = 2026-08-04 20:00:00
ends = 2026-08-05 02:00:00

[shop]
currency = "EUR"
max_per_order = 4
fee = 1.50
tax_percent = 19
methods = ["card", "invoice", "box_office"]
seller = { name = "Pier Events", email = "box@pier.example" }

[shop.resale]
cap_percent = 110
seller_percent = 5
buyer_fee = 1
# waiting

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
price = 40
names = true

[[gate]]
code = "north"
name = "North"
zone = "main"
`

// tb is what *testing.T and *rapid.T have in common.
type tb interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Error(args ...any)
}

// entries are the tickets that the gates have told of.
type entries struct {
	mu   sync.Mutex
	came map[ticket.ID]bool
}

func (e *entries) add(id ticket.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.came[id] = true
}

func (e *entries) of(_ context.Context, _ string, ids ...ticket.ID) (list []ticket.ID, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		if e.came[id] {
			list = append(list, id)
		}
	}
	return list, nil
}

// world is a shop with its marketplace over a real database.
type world struct {
	*resale.Resale
	db      *sqldb.DB
	bank    *bank
	sales   *sales.Sales
	stock   *inventory.Stock
	tickets *ticketing.Office
	catalog *catalog.Catalog
	post    *post.Post
	doors   *entries
	time    *clocktest.Clock
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	clock := clocktest.At(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC))
	w := open(t, db, clock, newBank(clock.Now), &entries{came: map[ticket.ID]bool{}})
	w.apply(t, file)
	return w
}

// beside is another server over the same database.
func (w *world) beside(t testing.TB) *world {
	t.Helper()
	return open(t, w.db, w.time, w.bank, w.doors)
}

func open(t testing.TB, db *sqldb.DB, clock *clocktest.Clock, b *bank, doors *entries) *world {
	t.Helper()
	w := &world{db: db, time: clock, bank: b, doors: doors}
	v := vault.New(db, rand.Reader, clock.Now, "Test Organiser")
	if err := v.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	j, quiet := journals.New(db, v, clock.Now), slog.New(slog.DiscardHandler)
	w.catalog = catalog.New(db, v, j, clock.Now)
	w.tickets = ticketing.New(db, v, j, w.catalog, rand.Reader, clock.Now)
	w.stock = inventory.New(db, clock.Now, inventory.Config{})
	t.Cleanup(w.stock.Close)
	w.catalog.OnShop(func(ctx context.Context, tx *sqldb.Tx, s *catalog.Shop) error {
		return w.stock.SetIn(ctx, tx, s.Event, sales.Pools(s))
	})
	w.post = post.New(post.Config{DB: db, From: netmail.Address{Address: "box@pier.example"}, Now: clock.Now, Log: quiet})
	public := func(context.Context) string { return "https://shop.example" }
	w.sales = sales.New(sales.Config{
		DB: db, Vault: v, Catalog: w.catalog, Stock: w.stock, Tickets: w.tickets, Printer: printout.New(w.tickets, w.catalog, clock.Now),
		Post: w.post, Provider: b, Public: public, Rand: rand.Reader, Now: clock.Now, Log: quiet,
	})
	w.Resale = resale.New(resale.Config{
		DB: db, Catalog: w.catalog, Stock: w.stock, Tickets: w.tickets, Sales: w.sales, Post: w.post, Entered: doors.of, Secret: v.Derive,
		Public: public, Rand: rand.Reader, Now: clock.Now, Log: quiet,
	})
	w.post.Compose = w.sales.Compose
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

func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

// begin begins an order, which has to work.
func (w *world) begin(t tb, wanted ...sales.Wanted) sales.Order {
	t.Helper()
	o, err := w.sales.Begin(t.Context(), sales.Cart{Event: event, Wanted: wanted})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// toPay takes an order to the bank's page, and gives the payment's ref.
func (w *world) toPay(t tb, o sales.Order, who string) string {
	t.Helper()
	d := sales.Details{Name: strings.ToUpper(who[:1]) + who[1:], Email: who + "@people.example"}
	for range o.Places() {
		d.Holders = append(d.Holders, sales.Holder{Name: d.Name})
	}
	_, url, err := w.sales.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &d})
	if err != nil {
		t.Fatal(err)
	}
	return url[strings.LastIndex(url, "/")+1:]
}

// settle has the shop hear how a payment stands.
func (w *world) settle(t tb, ref string) {
	t.Helper()
	if err := w.sales.Settle(t.Context(), "test", ref); err != nil {
		t.Fatal(err)
	}
}

// buys buys something, and gives the paid order.
func (w *world) buys(t tb, who string, wanted ...sales.Wanted) sales.Order {
	t.Helper()
	o := w.begin(t, wanted...)
	ref := w.toPay(t, o, who)
	w.bank.pay(ref)
	w.settle(t, ref)
	o = w.order(t, o.ID)
	if o.State != sales.Paid {
		t.Fatalf("the order of %s is %s", who, o.State)
	}
	return o
}

func (w *world) order(t tb, id string) sales.Order {
	t.Helper()
	o, err := w.sales.Order(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func ga(n int) sales.Wanted            { return sales.Wanted{Offer: "ga", Count: n} }
func of(l resale.Listing) sales.Wanted { return sales.Wanted{Listing: l.ID, Count: 1} }

// ticket gives a ticket as it stands.
func (w *world) ticket(t tb, id ticket.ID) ticketing.Ticket {
	t.Helper()
	list, err := w.tickets.Of(t.Context(), event, []ticket.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

// lists puts a ticket up, which has to work.
func (w *world) lists(t tb, id ticket.ID, price int64) resale.Listing {
	t.Helper()
	l, err := w.List(t.Context(), w.ticket(t, id), resale.Asked{Price: price})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) listing(t tb, id string) resale.Listing {
	t.Helper()
	l, err := w.Listing(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) look(t tb) {
	t.Helper()
	if err := w.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// sound checks the ledger: it sums to zero, what is at the bank is what the bank has, and
// what is held is what the listings say.
func (w *world) sound(t tb) {
	t.Helper()
	if err := w.sales.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if at, has := w.balance(t, "at:test"), w.bank.kept(); at != has {
		t.Errorf("the ledger has %d at the bank, which has %d", at, has)
	}
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
	if got := -w.balance(t, "resale"); got != held {
		t.Errorf("the ledger holds %d for sellers, the listings say %d", got, held)
	}
	if got := -w.balance(t, "payouts"); got != hand {
		t.Errorf("the ledger has %d to be paid by hand, the listings say %d", got, hand)
	}
}

// balance is how an account stands, debit less credit.
func (w *world) balance(t tb, account string) (n int64) {
	t.Helper()
	list, err := w.sales.Balances(t.Context(), event)
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

// mails lists the kinds of letters about an order, sorted.
func (w *world) mails(t tb, id string) (kinds []string) {
	t.Helper()
	list, err := w.post.About(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		kinds = append(kinds, m.Kind)
	}
	slices.Sort(kinds)
	return kinds
}

func wantKind(t tb, what string, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%s: %v, want %s", what, err, kind)
	}
}
