package sales_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/payment/sandbox"
)

// market is a shop with places enough and a sandbox, whose own database doesn't sync:
// it stands for somebody else's servers.
type market struct {
	*world
	bank *sandbox.Sandbox
	bare *sqldb.DB // the same database, over as many connections as buyers
}

func newMarket(b *testing.B, db, bare *sqldb.DB) *market {
	b.Helper()
	m := &market{world: newWorld(b, db), bare: bare}
	m.Apply(b, strings.Replace(file, "capacity = 20", "capacity = 5_000_000", 1))
	theirs, err := sqldb.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "sandbox.db"), sqldb.Options{Synchronous: sqldb.Normal})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = theirs.Close() })
	if err := migrations.Up(b.Context(), theirs, migrations.Server); err != nil {
		b.Fatal(err)
	}
	m.bank = m.atSandbox(b, theirs)
	if err := bare.Exec(b.Context(), `create table if not exists bare (id text primary key, n bigint not null)`); err != nil {
		b.Fatal(err)
	}
	return m
}

var rows atomic.Int64 // that were committed for nothing but their own sake

// commit commits one row.
func (m *market) commit(b *testing.B) error {
	n := rows.Add(1)
	return m.bare.Exec(b.Context(), `insert into bare (id, n) values ($1, $2)`, fmt.Sprintf("b%d", n), n)
}

// buy is one whole checkout.
func (m *market) buy(b *testing.B) error {
	_, err := m.checkout(b.Context(), m.bank, ga(2))
	return err
}

// crowd has buyers act for a while, and says how often they did.
func crowd(b *testing.B, buyers int, d time.Duration, act func(*testing.B) error) (n int64, took time.Duration) {
	b.Helper()
	var done atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range buyers {
		all.Go(func() {
			for time.Since(began) < d && !b.Failed() {
				if err := act(b); err != nil {
					b.Error(err)
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	return done.Load(), time.Since(began)
}

// against reports whole checkouts a second beside bare commits, the two taking turns.
func (m *market) against(b *testing.B, buyers int) {
	const rounds, turn = 6, 500 * time.Millisecond
	var rate [2]float64
	for round := range rounds + 1 {
		for i, act := range []func(*testing.B) error{m.commit, m.buy} {
			n, took := crowd(b, buyers, turn, act)
			if round > 0 { // the first one warms up
				rate[i] += float64(n) / took.Seconds() / rounds
			}
		}
	}
	b.ReportMetric(rate[0], "bare/s")
	b.ReportMetric(rate[1], "checkouts/s")
	b.ReportMetric(rate[1]/rate[0], "x-bare")
}

// BenchmarkCheckouts is whole checkouts, from the cart over the sandbox to signed
// tickets and queued mail, on one event, beside bare single-row commits of the same
// database; on PostgreSQL with the round trips that each takes.
func BenchmarkCheckouts(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		db := dbtest.Open(b, migrations.Server)
		m := newMarket(b, db, db)
		for _, buyers := range []int{1, 64} {
			b.Run(fmt.Sprintf("buyers=%d", buyers), func(b *testing.B) {
				for b.Loop() {
					m.against(b, buyers)
				}
			})
		}
	})
	b.Run("postgres", func(b *testing.B) {
		address, _ := dbtest.Durable(b)
		m := newMarket(b, openPostgres(b, address, 8), openPostgres(b, address, 64))
		counted, trips := dbtest.Counted(b, address)
		c := newCounted(b, m, openPostgres(b, counted, 8))
		for _, buyers := range []int{1, 64} {
			b.Run(fmt.Sprintf("buyers=%d", buyers), func(b *testing.B) {
				for b.Loop() {
					m.against(b, buyers)
					crowd(b, buyers, time.Second, c.buy)
					trips.Reset()
					n, _ := crowd(b, buyers, 3*time.Second, c.buy)
					b.ReportMetric(float64(len(trips.All()))/float64(n), "trips/checkout")
				}
			})
		}
	})
}

// newCounted is another server of the same shop, whose round trips are counted.
func newCounted(b *testing.B, m *market, db *sqldb.DB) *market {
	b.Helper()
	db.Carry(deaf{})
	other := &market{world: &world{m.Beside(b, db)}, bank: m.bank}
	other.Provider = m.bank.Provider()
	return other
}

func openPostgres(b *testing.B, address string, writers int) *sqldb.DB {
	b.Helper()
	db, err := sqldb.OpenPostgres(b.Context(), address, sqldb.Options{Writers: writers})
	if err == nil {
		err = migrations.Up(b.Context(), db, migrations.Server)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}
