package limits

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/ticket"
	"usher/gate"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/server"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/journal"
)

const (
	event = "DRAIN"
	queue = 100_000
	// tickets is how many different tickets the queue is about: the rest are
	// refused second scans, as at a real door.
	tickets = 60_000
)

// BenchmarkQueueToServer drains 100,000 queued scans into the server, over a real
// WebSocket on loopback, acknowledged when they are durable; the gate's half of the
// work is done by the same cores. live-s is when all of them counted in the server's
// live picture. The raw limit, in the same run: Ed25519 verification of the same
// records on all cores, then one bulk insert of the same rows into a database with
// the server's settings.
func BenchmarkQueueToServer(b *testing.B) {
	for b.Loop() {
		w := newWorld(b)
		drained, counted := w.drain()
		verify, insert := w.raw()
		b.ReportMetric(drained.Seconds(), "drain-s")
		b.ReportMetric(counted.Seconds(), "live-s")
		b.ReportMetric(verify.Seconds(), "verify-s")
		b.ReportMetric(insert.Seconds(), "insert-s")
		b.ReportMetric(drained.Seconds()/(verify+insert).Seconds(), "x-raw")
	}
}

type world struct {
	b       *testing.B
	dir     string
	server  *server.Server
	site    *httptest.Server
	gate    *gate.Gate
	records []*journal.Record
}

func (w *world) must(err error) {
	w.b.Helper()
	if err != nil {
		w.b.Fatal(err)
	}
}

func newWorld(b *testing.B) *world {
	b.Helper()
	w := &world{b: b, dir: b.TempDir()}
	ctx := b.Context()
	s, err := server.Open(ctx, server.Config{Data: filepath.Join(w.dir, "server"), Unsealed: true})
	w.must(err)
	w.server = s
	w.must(s.Unlock(ctx))
	_, err = s.Catalog.Apply(ctx, &catalog.Spec{
		File: "bench", Code: event, Name: event, Zone: "Europe/Berlin", Starts: time.Now().Unix(), Ends: time.Now().Add(time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15},
		Zones:    []catalog.ZoneSpec{{Code: "main", Name: "Main"}},
		Products: []catalog.ProductSpec{{Code: "ga", Name: "General", Zones: []string{"main"}}},
		Gates:    []catalog.GateSpec{{Code: "north", Name: "North", Zone: "main", All: true}},
	})
	w.must(err)
	var list strings.Builder
	list.WriteString("external_id,name,email,product\n")
	for i := range tickets {
		fmt.Fprintf(&list, "T%06d,Guest %d,,ga\n", i, i)
	}
	_, err = s.Tickets.Import(ctx, event, "guests.csv", strings.NewReader(list.String()), nil)
	w.must(err)
	handler, end, err := s.Handler(ctx)
	w.must(err)
	w.site = httptest.NewServer(handler)
	b.Cleanup(func() {
		end()
		w.site.Close()
		w.must(errors.Join(w.gate.Close(), s.Close()))
	})
	w.enrol(ctx)
	w.fill(ctx)
	return w
}

func (w *world) enrol(ctx context.Context) {
	card, err := w.server.Doors.NewCard(ctx, w.site.URL, event, "north", grant.RoleScanner, time.Hour)
	w.must(err)
	dir := filepath.Join(w.dir, "north")
	st, err := store.Open(ctx, dir)
	w.must(err)
	_, err = enrol.Enrol(ctx, enrol.Config{Store: st, Card: card.Text(), Rand: w.server.Rand, Now: time.Now})
	w.must(errors.Join(err, st.Close()))
	w.gate, err = gate.Open(ctx, gate.Config{Data: dir})
	w.must(err)
	w.must(w.gate.Sync(ctx))
}

// fill writes the queue into the gate's store, signed, with the tickets as evidence.
func (w *world) fill(ctx context.Context) {
	var evidence []*ticket.Ticket
	w.must(w.server.Tickets.Each(ctx, event, func(k ticketing.Ticket) error {
		t, err := ticket.Verify(k.Token, w.gate.State)
		evidence = append(evidence, t)
		return err
	}))
	key, err := w.gate.Store.DeviceKey()
	w.must(err)
	author := &journal.Author{Signer: key}
	first := make(map[ticket.ID]journal.Hash, tickets)
	for len(w.records) < queue {
		made, err := w.gate.Store.AppendOwn(ctx, author.Chain(), func(head journal.Head) ([]*journal.Record, error) {
			var batch []*journal.Record
			for len(batch) < 1000 {
				t := evidence[(len(w.records)+len(batch))%len(evidence)]
				scan := &journal.Scan{
					Result: "accept", Reason: "entry", Direction: "in", Gate: "north", How: "camera", Lane: "1", Ticket: journal.TicketID(t.ID),
					Evidence: t.Bytes(), Known: w.gate.State.Position(), Assurance: journal.Assurance{Level: "together"},
				}
				if before, again := first[t.ID]; again {
					scan.Result, scan.Reason, scan.Parents = "reject", "already_used", []journal.Hash{before}
				}
				r, err := author.Write(head, journal.Stamp{Time: time.Now().UnixMilli(), Synced: true}, journal.KindScan, scan)
				if err != nil {
					return nil, err
				}
				first[t.ID] = r.Hash()
				batch, head = append(batch, r), r.Head()
			}
			return batch, nil
		})
		w.must(err)
		w.records = append(w.records, made...)
	}
}

// drain brings the queue to the server, and says after how long the gate knew that
// all of it is durable there, and after how long all of it counted.
func (w *world) drain() (drained, counted time.Duration) {
	st, err := w.server.Doors.State(w.b.Context(), event)
	w.must(err)
	changed, end := st.Subscribe()
	defer end()
	runtime.GC()
	began := time.Now()
	w.must(w.gate.Sync(w.b.Context()))
	drained = time.Since(began)
	for total := st.Counts(0).Total; total.Entries+total.Rejected < queue; total = st.Counts(0).Total {
		<-changed
	}
	counted = time.Since(began)
	vector, err := w.server.Journals.Store(event).Vector(w.b.Context())
	w.must(err)
	if got := vector[w.records[0].Chain].Seq; got != queue {
		w.b.Fatalf("the server holds %d records, want %d", got, queue)
	}
	return drained, counted
}

// raw measures what can't be done without.
func (w *world) raw() (verify, insert time.Duration) {
	key, err := w.gate.Store.DeviceKey()
	w.must(err)
	pub := key.Public()
	runtime.GC()
	began := time.Now()
	var cores sync.WaitGroup
	n := runtime.GOMAXPROCS(0)
	for core := range n {
		cores.Go(func() {
			for i := core; i < len(w.records); i += n {
				if err := w.records[i].Verify(pub); err != nil {
					panic(err)
				}
			}
		})
	}
	cores.Wait()
	verify = time.Since(began)

	ctx := w.b.Context()
	db, err := sqldb.OpenSQLite(ctx, filepath.Join(w.dir, "raw.db"), sqldb.Options{})
	w.must(err)
	defer func() { w.must(db.Close()) }()
	w.must(migrations.Up(ctx, db, migrations.Server))
	w.must(db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `create table bare (node text not null, seq integer not null, hash blob not null, bytes blob not null) strict`)
		return err
	}))
	rows := make([][]any, len(w.records))
	for i, r := range w.records {
		hash := r.Hash()
		rows[i] = []any{r.Chain.Node.String(), int64(r.Seq), hash[:], r.Bytes()}
	}
	runtime.GC()
	began = time.Now()
	w.must(db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		for len(rows) > 0 {
			part := min(1000, len(rows))
			if err := sqldb.InsertRows(ctx, tx, "bare", []string{"node", "seq", "hash", "bytes"}, rows[:part]); err != nil {
				return err
			}
			rows = rows[part:]
		}
		return nil
	}))
	return verify, time.Since(began)
}
