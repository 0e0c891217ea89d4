package journals

import (
	"context"
	"testing"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

const benchRecords = 100_000

func benchScans(b *testing.B) []*journal.Record {
	b.Helper()
	scans := journaltest.NewWriter(b, "gate").Scans(b, benchRecords)
	b.ResetTimer()
	return scans
}

// BenchmarkAppend stores what a gate had queued, in batches as they arrive.
func BenchmarkAppend(b *testing.B) {
	scans := benchScans(b)
	for b.Loop() {
		b.StopTimer()
		store := newWorld(b, dbtest.Open(b, migrations.Server)).Store(event)
		b.StartTimer()
		const batch = 2000
		for at := 0; at < len(scans); at += batch {
			if err := store.Append(b.Context(), scans[at:at+batch]); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(benchRecords*b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkBareInsert is what Append is measured against: the same rows, one
// bulk insert in one transaction.
func BenchmarkBareInsert(b *testing.B) {
	scans := benchScans(b)
	for b.Loop() {
		b.StopTimer()
		db := dbtest.Open(b, migrations.Server)
		rows := make([][]any, len(scans))
		for i, r := range scans {
			hash := r.Hash()
			rows[i] = []any{event, r.Chain.Node.String(), int64(r.Chain.Epoch), int64(r.Seq), int64(r.Kind), hash[:], int64(0), r.Bytes()}
		}
		b.StartTimer()
		err := db.InTx(b.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			return sqldb.InsertRows(ctx, tx, "record", recordColumns, rows)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(benchRecords*b.N)/b.Elapsed().Seconds(), "records/s")
}
