package turnstile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"usher/gate/store"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/state"
)

func openScribe(t *testing.T) *scribe {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return newScribe(s, &journal.Author{Signer: journaltest.Signer(t, "gate")}, state.New(state.Config{Event: "GALA"}))
}

func scanEntry(n uint64) entry {
	return entry{kind: journal.KindScan, content: journaltest.Admission("north", journaltest.Ticket(n))}
}

// Lanes share commits, and each gets its own record: durable, applied, and part
// of one chain without a hole.
func TestLanesShareTheScribe(t *testing.T) {
	const lanes, scans = 16, 40
	w := openScribe(t)
	var group sync.WaitGroup
	failed := make(chan error, lanes)
	seen := make([][]*journal.Record, lanes)
	for lane := range lanes {
		group.Go(func() {
			for i := range scans {
				n := uint64(lane*scans + i)
				r, err := w.write(t.Context(), scanEntry(n))
				if err != nil {
					failed <- err
					return
				}
				scan, err := journal.Read[journal.Scan](r)
				if err != nil || scan.Ticket != journaltest.Ticket(n) {
					failed <- fmt.Errorf("record %d is of another scan (%w)", r.Seq, err)
					return
				}
				seen[lane] = append(seen[lane], r)
			}
		})
	}
	group.Wait()
	close(failed)
	for err := range failed {
		t.Fatal(err)
	}
	held, err := w.store.Read(t.Context(), w.author.Chain(), 1, lanes*scans+1, 1<<30)
	if err != nil || len(held) != lanes*scans {
		t.Fatalf("%d records are held, want %d (%v)", len(held), lanes*scans, err)
	}
	var head journal.Head
	bySeq := map[uint64]journal.Hash{}
	for _, raw := range held {
		r, err := journal.Parse(raw)
		if err == nil {
			err = errors.Join(r.Follows(head), r.Verify(w.author.Signer.Public()))
		}
		if err != nil {
			t.Fatal(err)
		}
		head, bySeq[r.Seq] = r.Head(), r.Hash()
	}
	for lane, records := range seen {
		for i, r := range records {
			if bySeq[r.Seq] != r.Hash() {
				t.Fatalf("lane %d was given a record %d that is not held", lane, r.Seq)
			}
			if i > 0 && r.Seq <= records[i-1].Seq {
				t.Errorf("lane %d: record %d after %d", lane, r.Seq, records[i-1].Seq)
			}
		}
	}
	if n := len(w.state.Since(w.author.Chain(), 0)); n != lanes*scans {
		t.Errorf("%d scans are applied, want %d", n, lanes*scans)
	}
}

func TestEntriesOfOneJobAreOneCommit(t *testing.T) {
	w := openScribe(t)
	last, err := w.write(t.Context(), scanEntry(1), scanEntry(2), scanEntry(3))
	if err != nil || last.Seq != 3 {
		t.Fatalf("%v, %v", last, err)
	}
	unwritable := entry{kind: journal.KindScan, content: make(chan int)}
	if _, err := w.write(t.Context(), scanEntry(4), unwritable, scanEntry(5)); err == nil {
		t.Error("content that is no CBOR: no error")
	}
	v, err := w.store.Vector(t.Context())
	if err != nil || v[w.author.Chain()] != last.Head() {
		t.Errorf("the journal ends at %v (%v), want %v", v[w.author.Chain()], err, last.Head())
	}
	if next, err := w.write(t.Context(), scanEntry(6)); err != nil || next.Seq != 4 {
		t.Errorf("the record after: %v, %v", next, err)
	}
}

// However many lanes wait, one commit serves them all: none needs a second.
func TestTwentyLanesShareOneCommit(t *testing.T) {
	const lanes = 20
	w := openScribe(t)
	<-w.turn // nobody else commits until this test gives the turn back
	var group sync.WaitGroup
	errs := make([]error, lanes)
	for i := range lanes {
		group.Go(func() { _, errs[i] = w.write(t.Context(), scanEntry(uint64(i))) })
	}
	for len(w.jobs) < lanes {
		time.Sleep(time.Millisecond)
	}
	w.commit(w.waiting())
	group.Wait()
	w.turn <- struct{}{}
	v, err := w.store.Vector(t.Context())
	if err := errors.Join(append(errs, err)...); err != nil || v[w.author.Chain()].Seq != lanes {
		t.Errorf("the journal ends at %v (%v), want record %d", v[w.author.Chain()], err, lanes)
	}
}

// A record that can't be written holds up no other lane's.
func TestOneBadEntryInASharedCommit(t *testing.T) {
	w := openScribe(t)
	<-w.turn // so that all three share a commit
	var group sync.WaitGroup
	var errs [3]error
	for i := range errs {
		e := scanEntry(uint64(i))
		if i == 1 {
			e.content = &journal.Scan{Result: "accept"}
		}
		group.Go(func() { _, errs[i] = w.write(t.Context(), e) })
	}
	for len(w.jobs) < len(errs) {
		time.Sleep(time.Millisecond)
	}
	w.turn <- struct{}{}
	group.Wait()
	if errs[0] != nil || !errors.Is(errs[1], fault.BadInput) || errs[2] != nil {
		t.Errorf("errors %v, want one in the middle", errs)
	}
	v, err := w.store.Vector(t.Context())
	if err != nil || v[w.author.Chain()].Seq != 2 {
		t.Errorf("the journal ends at %v (%v), want record 2", v[w.author.Chain()], err)
	}
}

func TestNothingIsWrittenAfterClose(t *testing.T) {
	w := openScribe(t)
	w.close()
	w.close()
	if _, err := w.write(t.Context(), scanEntry(1)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("after close: %v", err)
	}
}

// A caller that no longer waits gets no record written by a queue that is full,
// and a commit that has begun is not given up.
func TestContextsThatEnd(t *testing.T) {
	w := openScribe(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	<-w.turn // somebody commits, for long
	for range maxWaiting {
		w.jobs <- job{done: make(chan result, 1)}
	}
	if _, err := w.write(ended, scanEntry(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("a full queue: %v", err)
	}
	for range maxWaiting {
		<-w.jobs
	}
	w.turn <- struct{}{}
	if r, err := w.write(t.Context(), scanEntry(2)); err != nil || r.Seq != 1 {
		t.Errorf("afterwards: %v, %v", r, err)
	}
}
