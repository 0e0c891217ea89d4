package ticketing

import (
	"runtime"
	"strings"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
)

// held imports a list of n people and gives the bytes of memory for each that
// were in use at the most, beside the list itself, at the end of a step.
func held(tb testing.TB, w *world, n int) float64 {
	tb.Helper()
	text := guestRows(n)
	inUse := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what pools hold goes with the second
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, most := inUse(), int64(0)
	report, err := w.Import(tb.Context(), event, "guests.csv", strings.NewReader(text), func(_ Step, done, total int) {
		if done == total && total > 0 {
			most = max(most, inUse())
		}
	})
	runtime.KeepAlive(text)
	if err != nil || report.Issued != n {
		tb.Fatalf("imported %+v of %d: %v", report, n, err)
	}
	return float64(most-before) / float64(n)
}

// What an import keeps in memory is bounded by its rows, and by little for each.
func TestImportKeepsLittle(t *testing.T) {
	const most = 1000 // bytes a row: 100 MB for 100,000
	onEach(t, func(t *testing.T, w *world) {
		if got := held(t, w, 20_000); got > most {
			t.Errorf("%.0f bytes for each row, want at most %d", got, most)
		}
	})
}

// A list of 100,000 people, from its bytes to tickets that gates are told of.
func BenchmarkImport100k(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b, dbtest.Open(b, migrations.Server))
		b.StartTimer()
		b.ReportMetric(held(b, w, n), "B/row")
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
}
