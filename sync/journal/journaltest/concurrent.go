package journaltest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"usher/sync/journal"
)

const (
	writers = 4
	batches = 8
	batch   = 5
)

// together runs run in n goroutines and waits for all of them.
func together(t *testing.T, n int, run func(i int) error) {
	t.Helper()
	var group sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		group.Go(func() { errs[i] = run(i) })
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("goroutine %d: %v", i, err)
		}
	}
}

func appendBatches(ctx context.Context, s journal.Store, records []*journal.Record) error {
	for at := 0; at < len(records); at += batch {
		end := min(at+batch, len(records))
		if err := s.Append(ctx, records[at:end]); err != nil {
			return fmt.Errorf("appending records %d to %d: %w", at+1, end, err)
		}
	}
	return nil
}

func testConcurrentChains(t *testing.T, s journal.Store) {
	var chains [writers][]*journal.Record
	var all []*journal.Record
	for i := range chains {
		chains[i] = NewWriter(t, fmt.Sprint("gate ", i)).Scans(t, batches*batch)
		all = append(all, chains[i]...)
	}
	together(t, writers, func(i int) error { return appendBatches(t.Context(), s, chains[i]) })
	want(t, s, all...)
}

// The same records by several paths at once, as when a gate hears of them from
// its server and from a peer.
func testConcurrentOverlap(t *testing.T, s journal.Store) {
	all := NewWriter(t, "gate").Scans(t, batches*batch)
	together(t, writers, func(i int) error { return appendBatches(t.Context(), s, all[:len(all)-i*batch]) })
	want(t, s, all...)
}

// A reader sees whole batches: what the vector promises can be read.
func testReadWhileAppending(t *testing.T, s journal.Store) {
	w := NewWriter(t, "gate")
	all := w.Scans(t, batches*batch)
	together(t, 2, func(i int) error {
		if i == 0 {
			return appendBatches(t.Context(), s, all)
		}
		for seen := uint64(0); seen < uint64(len(all)); {
			v, err := s.Vector(t.Context())
			if err != nil {
				return err
			}
			head := v[w.Chain()].Seq
			if head%batch != 0 || head < seen {
				return fmt.Errorf("the head went from %d to %d, want whole batches of %d", seen, head, batch)
			}
			got, err := s.Read(t.Context(), w.Chain(), 1, page, page)
			if err != nil {
				return err
			}
			if uint64(len(got)) < head {
				return fmt.Errorf("the vector promised %d records, Read gives %d", head, len(got))
			}
			seen = head
			if t.Failed() {
				return nil
			}
		}
		return nil
	})
	want(t, s, all...)
}
