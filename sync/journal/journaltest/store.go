package journaltest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"usher/sync/journal"
)

// page is more than any chain of the suite has, in records and in bytes.
const page = 1 << 24

// Store runs the tests that every journal.Store has to pass. open gives a new,
// empty store each time.
func Store(t *testing.T, open func(t *testing.T) journal.Store) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, journal.Store)
	}{
		{"Empty", testEmpty},
		{"Append", testAppend},
		{"ReadLimits", testReadLimits},
		{"Gap", testGap},
		{"Broken", testBroken},
		{"AllOrNone", testAllOrNone},
		{"Duplicates", testDuplicates},
		{"Epochs", testEpochs},
		{"EpochAlone", testEpochAlone},
		{"EpochThatDoesNotFit", testEpochThatDoesNotFit},
		{"Largest", testLargest},
		{"Forks", testForks},
		{"Cancelled", testCancelled},
		{"ConcurrentChains", testConcurrentChains},
		{"ConcurrentOverlap", testConcurrentOverlap},
		{"ReadWhileAppending", testReadWhileAppending},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
	t.Run("LikeMemory", func(t *testing.T) { testLikeMemory(t, open) })
}

func testEmpty(t *testing.T, s journal.Store) {
	want(t, s)
	if got := read(t, s, NewWriter(t, "nobody").Chain(), 1, 10, page); len(got) != 0 {
		t.Errorf("an unknown chain has %d records", len(got))
	}
	if err := s.Append(t.Context(), nil); err != nil {
		t.Errorf("appending nothing: %v", err)
	}
	want(t, s)
}

func testAppend(t *testing.T, s journal.Store) {
	a, b := NewWriter(t, "a"), NewWriter(t, "b")
	mixed := slices.Concat(a.Scans(t, 2), b.Scans(t, 1), a.Scans(t, 1), b.Scans(t, 2))
	put(t, s, mixed[:3]...)
	put(t, s, mixed[3:]...)
	want(t, s, mixed...)
}

func testReadLimits(t *testing.T, s journal.Store) {
	w := NewWriter(t, "a")
	all := w.Scans(t, 7)
	put(t, s, all...)
	size := len(all[0].Bytes())
	for _, c := range []struct {
		from       uint64
		records    int
		bytes      int
		wantFirst  uint64
		wantLength int
	}{
		{0, 10, page, 1, 7}, {1, 10, page, 1, 7}, {1, 7, page, 1, 7}, {1, 3, page, 1, 3},
		{5, 10, page, 5, 3}, {7, 1, page, 7, 1}, {8, 10, page, 0, 0}, {1 << 60, 10, page, 0, 0},
		{1, 10, 1, 1, 1}, {3, 10, 0, 3, 1}, {1, 10, size, 1, 1}, {1, 1, 0, 1, 1},
	} {
		got := parsed(t, read(t, s, w.Chain(), c.from, c.records, c.bytes))
		if len(got) != c.wantLength || len(got) > 0 && got[0].Seq != c.wantFirst {
			t.Errorf("Read(from %d, %d records, %d bytes) gives %d records from %v on, want %d from %d on",
				c.from, c.records, c.bytes, len(got), seqs(got), c.wantLength, c.wantFirst)
		}
	}
	got := read(t, s, w.Chain(), 1, 10, 3*size+1)
	if n := len(got); n < 3 || n > 4 {
		t.Errorf("Read with room for three records and a byte gives %d", n)
	}
}

func testGap(t *testing.T, s journal.Store) {
	w := NewWriter(t, "a")
	all := w.Scans(t, 5)
	refuse(t, s, journal.ErrGap, all[1])
	want(t, s)
	put(t, s, all[:2]...)
	refuse(t, s, journal.ErrGap, all[3], all[4])
	refuse(t, s, journal.ErrGap, all[4], all[2]) // batches are in order
	want(t, s, all[:2]...)
	put(t, s, all[2:]...)
	want(t, s, all...)
}

func testBroken(t *testing.T, s journal.Store) {
	w := NewWriter(t, "a")
	held := w.Scans(t, 2)
	clone := w.Fork()
	clone.Stamp.Time++
	held = append(held, w.Scans(t, 1)...)
	put(t, s, held...)
	other := clone.Scans(t, 2)
	refuse(t, s, journal.ErrBroken, other[0])
	refuse(t, s, journal.ErrBroken, other[1])
	want(t, s, held...)
	// One behind the head can only be told by looking: kept out it has to be,
	// named it may be.
	held = append(held, w.Scans(t, 1)...)
	put(t, s, held[3])
	if err := s.Append(t.Context(), other[:1]); err != nil && !errors.Is(err, journal.ErrBroken) {
		t.Errorf("another record 3: %v, want nil or ErrBroken", err)
	}
	want(t, s, held...)
}

func testAllOrNone(t *testing.T, s journal.Store) {
	a, b := NewWriter(t, "a"), NewWriter(t, "b")
	first, second := a.Scans(t, 4), b.Scans(t, 2)
	refuse(t, s, journal.ErrGap, first[0], first[1], first[3])
	refuse(t, s, journal.ErrGap, first[0], second[1])
	want(t, s)
	put(t, s, first...)
	put(t, s, second...)
	want(t, s, slices.Concat(first, second)...)
}

func testDuplicates(t *testing.T, s journal.Store) {
	w := NewWriter(t, "a")
	all := w.Scans(t, 6)
	put(t, s, all[0], all[0], all[1], all[1])
	put(t, s, all[:4]...)
	put(t, s, all[:4]...)
	put(t, s, all[2], all[0])
	want(t, s, all[:4]...)
	put(t, s, all[1:]...)
	want(t, s, all...)
}

func testLargest(t *testing.T, s journal.Store) {
	list := make([]journal.Revocation, journal.MaxPacked)
	for i := range list {
		list[i] = journal.Revocation{Ticket: Ticket(uint64(i)), Minimum: journal.Never}
	}
	w := NewWriter(t, "server")
	revoke := journal.NewRevoke("cancelled", start, "", list)
	all := []*journal.Record{
		w.Write(t, journal.KindRevoke, &revoke), w.Write(t, journal.KindRevoke, &revoke), w.Scans(t, 1)[0],
	}
	put(t, s, all...)
	want(t, s, all...)
	if got := read(t, s, w.Chain(), 1, 10, len(all[0].Bytes())); len(got) != 1 {
		t.Errorf("a page of one large record has %d", len(got))
	}
}

func testForks(t *testing.T, s journal.Store) {
	w := NewWriter(t, "a")
	held := w.Scans(t, 2)
	clone := w.Fork()
	clone.Stamp.Time++
	held = append(held, w.Scans(t, 1)...)
	fork := journal.Fork{Held: held[2], Seen: clone.Scans(t, 1)[0]}
	if err := fork.Check(w.Signer.Public()); err != nil {
		t.Fatalf("the test's fork is none: %v", err)
	}
	put(t, s, held...)
	for range 2 {
		if err := s.KeepFork(t.Context(), fork); err != nil {
			t.Errorf("keeping a fork: %v", err)
		}
	}
	want(t, s, held...)
	put(t, s, w.Scans(t, 1)...)
}

func testCancelled(t *testing.T, s journal.Store) {
	all := NewWriter(t, "a").Scans(t, 2)
	put(t, s, all[0])
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Append(ctx, all); err == nil {
		t.Error("Append after its context ended: no error")
	}
	if _, err := s.Vector(ctx); err == nil {
		t.Error("Vector after its context ended: no error")
	}
	if _, err := s.Read(ctx, all[0].Chain, 1, 10, page); err == nil {
		t.Error("Read after its context ended: no error")
	}
	want(t, s, all[0])
}
