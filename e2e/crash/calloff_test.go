package crash

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"usher/e2e/venue"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/server/calloff"
	"usher/server/calloff/callofftest"
	"usher/server/catalog"
	"usher/server/payment/sandbox"
	"usher/server/sales"
	"usher/server/shoptest"
)

// manyOrders is how many orders an event has that is called off.
const manyOrders = 300

const regatta = `
code = "REGATTA"
name = "Harbour Regatta"
time_zone = "Europe/Berlin"
starts = 2096-08-04 20:00:00
ends = 2096-08-05 02:00:00
zone = [{ code = "pier", name = "Pier" }]
gate = [{ code = "pier", name = "Pier" }]
pool = [{ code = "quay", name = "Quay", capacity = 1000 }]

[shop]
currency = "EUR"
seller = { name = "Pier 7" }

[[product]]
code = "quay"
name = "Quay"
price = 25
`

// Killed at any instant, calling an event off goes on where it was: each order is ended
// once, each buyer told once, all money goes back once and every place is free.
func TestKilledWhileCallingOff(t *testing.T) {
	for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			cfg := server.Config{Data: t.TempDir(), Unsealed: true, PublicURL: "http://shop.example", Log: slog.New(slog.DiscardHandler), Selling: server.Selling{Sandbox: true, Inbox: true}}
			var env []string
			where := []string{"--data", cfg.Data}
			if engine == sqldb.Postgres {
				cfg.Database = dbtest.PostgresURL(t, migrations.Server)
				env, where = []string{"USHER_DATABASE=" + cfg.Database}, nil
			}
			sellMany(t, cfg)
			call := append([]string{"event", "call-off", "REGATTA", "--why", "storm warning"}, where...)
			for range *rounds / 3 {
				p := venue.Run(t, env, call...)
				time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
				p.Kill()
			}
			p := venue.Run(t, env, call...)
			<-p.Dead
			if !strings.Contains(p.Said.String(), "done") {
				t.Fatalf("it says %s, %s", p.Said, p.Told)
			}
			calledOff(t, cfg)
		})
	}
}

// sellMany sells an event out.
func sellMany(t *testing.T, cfg server.Config) {
	t.Helper()
	s := opened(t, cfg)
	spec, err := catalog.ParseFile("regatta.toml", []byte(regatta))
	if err == nil {
		_, err = s.Catalog.Apply(t.Context(), spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.Sales.Begin(t.Context(), sales.Cart{Event: "REGATTA", Wanted: []sales.Wanted{{Offer: "quay", Count: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	o, page, err := s.Sales.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &sales.Details{Name: "Ada", Email: "ada@example.org", Terms: true}})
	if err != nil {
		t.Fatal(err)
	}
	bank, err := sandbox.Open(t.Context(), sandbox.Config{DB: s.DB, Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := shoptest.PayAt(t.Context(), bank, page); err != nil {
		t.Fatal(err)
	}
	if o, err = s.Sales.Refresh(t.Context(), o.ID); err != nil || o.State != sales.Paid {
		t.Fatalf("it is %s, %v", o.State, err)
	}
	callofftest.Multiply(t, s.DB, o, manyOrders-1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func opened(t *testing.T, cfg server.Config) *server.Server {
	t.Helper()
	s, err := server.Open(t.Context(), cfg)
	if err == nil {
		err = s.Unlock(context.WithoutCancel(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// calledOff has a server make the refunds, and looks whether all is as it has to be.
func calledOff(t *testing.T, cfg server.Config) {
	t.Helper()
	cfg.Now = func() time.Time { return time.Now().Add(time.Hour) } // all refunds are due
	s := opened(t, cfg)
	defer s.Close()
	for range 3 * manyOrders {
		p, err := s.CallOff.Progress(t.Context(), "REGATTA")
		if err != nil {
			t.Fatal(err)
		}
		if p.Settled() {
			break
		}
		if _, err := s.Sales.Repay(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.CallOff.Progress(t.Context(), "REGATTA")
	if err != nil || p.Phase != calloff.Done || p.Refunds != manyOrders || p.Tickets != manyOrders || len(p.Back) != 1 || p.Back[0].Stage != sales.GoneBack || p.Back[0].Amount != manyOrders*2500 {
		t.Errorf("it came to %+v, %v", p, err)
	}
	for what, c := range map[string]struct {
		query string
		want  int64
	}{
		"orders that are cancelled":       {`select count(*) from sale_order where state = 'cancelled' and refunded = total`, manyOrders},
		"refunds at the provider":         {`select count(*) from sandbox_refund`, manyOrders},
		"payments that went back":         {`select count(*) from sandbox_payment where refunded = amount`, manyOrders},
		"mails":                           {`select count(*) from mail where kind = 'called_off'`, manyOrders},
		"tickets that are void":           {`select count(*) from ticket where state = 'cancelled'`, manyOrders},
		"places that are taken":           {`select taken from pool where event = 'REGATTA'`, 0},
		"notes that an order was ended":   {`select count(*) from order_event where kind = 'cancelled'`, manyOrders},
		"what is owed, less what is paid": {`select coalesce(sum(case when debit = 'owed' then amount else 0 end), 0) - coalesce(sum(case when credit = 'owed' then amount else 0 end), 0) from ledger`, 0},
	} {
		var n int64
		if err := s.DB.Read().QueryRowContext(t.Context(), c.query).Scan(&n); err != nil || n != c.want {
			t.Errorf("%s: %d, %v, want %d", what, n, err, c.want)
		}
	}
	if err := s.Sales.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
