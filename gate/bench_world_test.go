package gate

import (
	"slices"
	"testing"
	"time"

	"usher/gate/gatetest"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// festival is an event and the data folder of a gate that is enrolled in it.
type festival struct {
	*gatetest.Venue
	device *gatetest.Device
	dir    string
	began  []*journal.Record // ring, event and enrolment
}

func newFestival(tb testing.TB) *festival {
	tb.Helper()
	f := &festival{Venue: gatetest.New(tb, time.Now(), nil)}
	f.device = f.Enrol(tb, "handheld 1", gatetest.North)
	f.began = slices.Clip(f.Records)
	return f.again(tb)
}

// again begins a new data folder for the gate, enrolled and empty otherwise.
func (f *festival) again(tb testing.TB) *festival {
	tb.Helper()
	f.dir = f.Folder(tb, f.device)
	return f
}

// open opens the gate.
func (f *festival) open(tb testing.TB) *Gate {
	tb.Helper()
	g, err := Open(tb.Context(), Config{Data: f.dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := g.Close(); err != nil {
			tb.Error(err)
		}
	})
	return g
}

// send has the gate take in records, and the server's word that it wrote no more.
func (f *festival) send(tb testing.TB, g *Gate, records ...*journal.Record) {
	tb.Helper()
	if err := g.accept(tb.Context(), records); err != nil {
		tb.Fatal(err)
	}
	now := time.Now()
	c, err := f.Server.Checkpoint(records[len(records)-1].Head(), now.UnixMilli(), now.Add(time.Hour).UnixMilli())
	if err != nil {
		tb.Fatal(err)
	}
	g.heard(c)
	if reason, why := g.ready.why(); reason != "" {
		tb.Fatalf("the gate is not ready: %s", why)
	}
}

// code gives the static code of the n-th ticket, which is good.
func (f *festival) code(tb testing.TB, n int) string {
	tb.Helper()
	return f.Code(tb, benchTicket(n), 0)
}

// revocations gives the records that void the first n tickets, packed as the
// server packs them.
func (f *festival) revocations(tb testing.TB, n int) []*journal.Record {
	tb.Helper()
	var records []*journal.Record
	for from := 0; from < n; from += journal.MaxPacked {
		records = append(records, f.Void(tb, "superseded", 1, benchTickets(from, min(from+journal.MaxPacked, n))...))
	}
	return records
}

// roster gives the records that say that the first n tickets exist.
func (f *festival) roster(tb testing.TB, n int) []*journal.Record {
	tb.Helper()
	var records []*journal.Record
	for from := 0; from < n; from += journal.MaxPacked {
		records = append(records, f.List(tb, benchTickets(from, min(from+journal.MaxPacked, n))...))
	}
	return records
}

func benchTicket(n int) journal.TicketID { return journaltest.Ticket(uint64(n)) }

func benchTickets(from, to int) []journal.TicketID {
	ids := make([]journal.TicketID, 0, to-from)
	for n := from; n < to; n++ {
		ids = append(ids, benchTicket(n))
	}
	return ids
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

func quantile(list []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(share*float64(len(sorted)-1))]
}
