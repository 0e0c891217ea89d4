// Package journaltest is what tests of journals share: an in-memory
// [journal.Store], writers that keep their own place in a chain, and [Store],
// the tests that every journal.Store has to pass.
//
// A store of its own runs the conformance suite so:
//
//	func TestJournalStore(t *testing.T) {
//		journaltest.Store(t, func(t *testing.T) journal.Store { return openSomehow(t) })
//	}
//
// Each call of open gives a new, empty store. A store that keeps what it holds
// on disk runs [Durable] as well.
//
// Keys come from names, so a test that fails does so again with the same bytes.
package journaltest

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"usher/crypto/keyring"
	"usher/sync/journal"
)

// Signer gives the key of a name, the same one each time.
func Signer(t testing.TB, name string) *keyring.Signer {
	t.Helper()
	seed := sha256.Sum256([]byte("journaltest " + name))
	signer, err := keyring.FromSeed(seed[:])
	if err != nil {
		t.Fatalf("making the key of %s: %v", name, err)
	}
	return signer
}

// Ticket gives the n-th ticket id, spread as random ones are.
func Ticket(n uint64) journal.TicketID {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("ticket "), n))
	return journal.TicketID(sum[:8])
}

// Writer writes one chain, record after record, and keeps its head.
type Writer struct {
	*journal.Author
	Head  journal.Head
	Stamp journal.Stamp // of the next record; Write moves it on by a second
}

// start is the time of a writer's first record: a Saturday in July 2026, Unix ms.
const start = 1_783_184_400_000

// NewWriter begins the journal of a name, in epoch 0 with a clock that agrees
// with the server's.
func NewWriter(t testing.TB, name string) *Writer {
	t.Helper()
	return &Writer{
		Author: &journal.Author{Signer: Signer(t, name)},
		Stamp:  journal.Stamp{Time: start, Uncertainty: 20, Synced: true},
	}
}

// Write writes the next record.
func (w *Writer) Write(t testing.TB, kind journal.Kind, content any) *journal.Record {
	t.Helper()
	r, err := w.Author.Write(w.Head, w.Stamp, kind, content)
	if err != nil {
		t.Fatalf("writing record %d of %s: %v", w.Head.Seq+1, w.Chain(), err)
	}
	w.Head = r.Head()
	w.Stamp.Time += 1000
	return r
}

// Scans writes n admissions of different tickets.
func (w *Writer) Scans(t testing.TB, n int) []*journal.Record {
	t.Helper()
	records := make([]*journal.Record, n)
	for i := range records {
		records[i] = w.Write(t, journal.KindScan, Admission("north", Ticket(w.Head.Seq)))
	}
	return records
}

// Fork gives a writer that stands where w stands and goes on by itself, as a
// cloned device does.
func (w *Writer) Fork() *Writer {
	clone := *w
	return &clone
}

// NextEpoch gives a writer of the epoch after w's that goes on from w's head, as
// a server does that was restored from a backup. w has to have written.
func (w *Writer) NextEpoch() *Writer {
	next := *w
	next.Author = &journal.Author{Signer: w.Signer, Epoch: w.Epoch + 1}
	return &next
}

// Admission is the content of a plain scan record: a manual entry by short code.
func Admission(gate string, ticket journal.TicketID) *journal.Scan {
	return &journal.Scan{
		Result: "accept", Reason: "entry", Direction: "in", Gate: gate, How: "typed",
		Ticket: ticket, Assurance: journal.Assurance{Level: "together"},
	}
}

// Bytes gives each record's bytes, as Read does.
func Bytes(records []*journal.Record) [][]byte {
	list := make([][]byte, len(records))
	for i, r := range records {
		list[i] = r.Bytes()
	}
	return list
}
