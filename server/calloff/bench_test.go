package calloff_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/calloff"
	"usher/server/calloff/callofftest"
	"usher/server/catalog"
	"usher/server/payment/sandbox"
	"usher/server/sales"
	"usher/server/shoptest"
)

// BenchmarkCallOff calls an event of 20,000 orders off: until everybody is told, every
// ticket is void and every refund asked for, with a process that is another one after
// every tenth batch. The peak is that of the heap, looked at after each batch.
func BenchmarkCallOff(b *testing.B) {
	const orders = 20_000
	for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		b.Run(fmt.Sprintf("%s/orders=%d", engine, orders), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db := openOn(b, engine)
				w := newWorld(b, db)
				if err := db.Exec(b.Context(), `update pool set capacity = 1000000 where event = 'NIGHT-1' and code = 'floor'`); err != nil {
					b.Fatal(err)
				}
				bank := w.OpenSandbox(b, db)
				callofftest.Multiply(b, db, w.paidAt(b, bank), orders-1)
				runtime.GC()
				peak := heap()
				b.StartTimer()
				began := time.Now()
				if _, err := w.CallOff(b.Context(), event, "storm warning", "organiser"); err != nil {
					b.Fatal(err)
				}
				w.Time.Pass(5 * time.Second) // every server has heard
				batches := 0
				for more := true; more; batches++ {
					if batches%10 == 0 {
						w = w.beside(b)
						w.Batch, w.Provider = calloff.DefaultBatch, bank.Provider()
					}
					var err error
					if more, err = w.Step(b.Context(), event); err != nil {
						b.Fatal(err)
					}
					peak = max(peak, heap())
				}
				took := time.Since(began)
				p, err := w.Progress(b.Context(), event)
				if err != nil || p.Phase != calloff.Done || p.Refunds != orders || p.Tickets != orders {
					b.Fatalf("%+v, %v", p, err)
				}
				b.ReportMetric(took.Seconds(), "s/event")
				b.ReportMetric(float64(orders)/took.Seconds(), "orders/s")
				b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
				b.ReportMetric(float64(batches), "batches")
			}
		})
	}
}

// paidAt buys a ticket at a sandbox.
func (w *world) paidAt(b *testing.B, bank *sandbox.Sandbox) sales.Order {
	b.Helper()
	w.Provider = bank.Provider()
	o := w.begun(b, "Ada", shoptest.Cart("ga", 1))
	_, page, err := w.Pay(b.Context(), o.ID, sales.Payment{Method: catalog.MethodCard})
	if err == nil {
		err = shoptest.PayAt(b.Context(), bank, page)
	}
	if err == nil {
		o, err = w.Refresh(b.Context(), o.ID)
	}
	if err != nil || o.State != sales.Paid {
		b.Fatalf("it is %s, %v", o.State, err)
	}
	return o
}

func openOn(b *testing.B, engine sqldb.Engine) *sqldb.DB {
	b.Helper()
	if engine == sqldb.SQLite {
		return dbtest.Open(b, migrations.Server)
	}
	db, err := sqldb.OpenPostgres(b.Context(), dbtest.PostgresURL(b, migrations.Server), sqldb.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
