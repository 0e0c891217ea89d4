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
				callofftest.Multiply(b, db, w.paid(b, cart("ga", 1), "ada@buyers.example"), orders-1)
				runtime.GC()
				peak := heap()
				b.StartTimer()
				began := time.Now()
				if _, err := w.CallOff(b.Context(), event, "storm warning", "organiser"); err != nil {
					b.Fatal(err)
				}
				w.time.Pass(5 * time.Second) // every server has heard
				batches := 0
				for more := true; more; batches++ {
					if batches%10 == 0 {
						w = w.beside(b)
						w.Batch = calloff.DefaultBatch
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
