package gate

import (
	"context"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/sync/exchange"
	"usher/sync/journal"
)

const million = 1_000_000

// BenchmarkRevokeMillion measures how a gate takes in a million revocations as
// the server sends them, from bytes to durable and in force (parse, verify,
// store, apply), beside a bare insert of as many rows of ticket and generation
// into a table without any index, in a database of the same settings. The ratio
// is to be at most 3; a look-up is to take less than 1 µs.
func BenchmarkRevokeMillion(b *testing.B) {
	f := newFestival(b)
	records := f.revocations(b, million)
	var ours, bare time.Duration
	var g *Gate
	for b.Loop() {
		b.StopTimer()
		g = f.again(b).open(b)
		f.send(b, g, f.began...)
		rows := revokedRows()
		b.StartTimer()
		began := time.Now()
		report, err := exchange.Import(b.Context(), g.local(), batches(records))
		ours += time.Since(began)
		if err != nil || g.State.Revocations() != million {
			b.Fatalf("%d revocations in force, %+v, %v", g.State.Revocations(), report, err)
		}
		bare += insertBare(b, rows)
	}
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "revoke-ms")
	b.ReportMetric(float64(bare.Milliseconds())/float64(b.N), "bare-ms")
	b.ReportMetric(float64(ours)/float64(bare), "x-bare")
	b.ReportMetric(float64(lookUp(b, g).Nanoseconds()), "ns/look-up")
}

// batches gives the records of one chain in batches as large as a session's.
func batches(records []*journal.Record) iter.Seq2[exchange.Batch, error] {
	return func(yield func(exchange.Batch, error) bool) {
		batch, size := exchange.Batch{}, 0
		for i, r := range records {
			if len(batch.Records) == 0 {
				batch.Chain, batch.First = r.Chain, r.Seq
			}
			batch.Records, size = append(batch.Records, r.Bytes()), size+len(r.Bytes())
			if size < exchange.MaxBatchBytes && i < len(records)-1 {
				continue
			}
			if !yield(batch, nil) {
				return
			}
			batch, size = exchange.Batch{}, 0
		}
	}
}

// insertBare inserts rows into a table of their own, as fast as SQLite takes them
// and durably, and says how long that took.
func insertBare(b *testing.B, rows [][]any) time.Duration {
	db, err := sqldb.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "bare.db"), sqldb.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(b.Context(), `create table bare (ticket blob not null, generation integer not null) strict`); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	err = db.InTx(b.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		return sqldb.InsertRows(ctx, tx, "bare", []string{"ticket", "generation"}, rows)
	})
	if err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

func revokedRows() [][]any {
	rows := make([][]any, million)
	for n := range rows {
		id := benchTicket(n)
		rows[n] = []any{id[:], int64(1)}
	}
	return rows
}

// lookUp says how long it takes to find out whether a ticket is revoked, of ten
// that are and one that isn't: the median of a thousand batches, so that what else
// the machine does shows in none or in few of them.
func lookUp(b *testing.B, g *Gate) time.Duration {
	const batch = 1000
	ids := make([]journal.TicketID, batch)
	var took []time.Duration
	found := 0
	for n := range 1000 {
		for i := range ids {
			ids[i] = benchTicket(((n*batch + i) * 7919) % (million + million/10))
		}
		took = append(took, timed(func() {
			for _, id := range ids {
				if g.State.Void(id).Set {
					found++
				}
			}
		}))
	}
	if found < million*8/10 || found == million {
		b.Fatalf("%d of %d found", found, million)
	}
	return quantile(took, 0.5) / batch
}
