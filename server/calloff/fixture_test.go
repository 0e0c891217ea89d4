package calloff_test

import (
	"fmt"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/calloff"
	"usher/server/post"
	"usher/server/sales"
	"usher/server/shoptest"
)

const event = shoptest.Event

var file = shoptest.Night("capacity = 20", "capacity = 100", "starts =", "admission = 2026-08-04 19:00:00\nstarts =", "[shop]\n", `[shop]
tickets_before_payment = true
refund = { keep_percent = 10 }
resale = {}
`)

// world is a shop whose events can be called off, over a real database.
type world struct {
	*calloff.Office
	*shoptest.Shop
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	return over(shoptest.Open(t, db, file))
}

// over is what calls the events of a shop off.
func over(s *shoptest.Shop) *world {
	return &world{calloff.New(calloff.Config{DB: s.DB, Catalog: s.Catalog, Sales: s.Sales, Tickets: s.Tickets, Batch: 3, Now: s.Time.Now, Log: s.Log}), s}
}

// beside is another server over the same data.
func (w *world) beside(t testing.TB) *world {
	t.Helper()
	return over(w.Shop.Beside(t, w.Shop.DB))
}

func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

// begun begins an order and says who buys.
func (w *world) begun(t testing.TB, who string, c sales.Cart) sales.Order {
	t.Helper()
	o, err := w.Sales.Details(t.Context(), w.Begins(t, c).ID, shoptest.Buyer(who))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// paid buys an order by card.
func (w *world) paid(t testing.TB, who string, c sales.Cart) sales.Order {
	t.Helper()
	return w.Buys(t, shoptest.Buyer(who), c)
}

// finish works the job off, as servers do while time passes.
func (w *world) finish(t testing.TB) calloff.Progress {
	t.Helper()
	for range 30 {
		if err := w.WorkOff(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.Sales.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		p, err := w.Progress(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		if p.Settled() {
			return p
		}
		w.Time.Pass(time.Second)
	}
	t.Fatal("the job doesn't end")
	return calloff.Progress{}
}

// letters gives the kinds of mail that went to each address, of some kinds.
func (w *world) letters(t testing.TB, kinds ...string) map[string]int {
	t.Helper()
	rows, err := w.DB.Read().QueryContext(t.Context(), `select id, kind, about, detail, address from mail order by id`)
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
			if _, err := w.Sales.Compose(t.Context(), m); err != nil {
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
	w.Sound(t)
	if n := -w.Balance(t, "owed"); n != 0 {
		t.Errorf("%d are owed", n)
	}
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, fmt.Sprint(got), want)
	}
}
