package journaltest

import (
	"slices"
	"testing"

	"usher/sync/journal"
)

// A restored server goes on in a new epoch from a record that others hold more
// after. Both chains stand beside each other.
func testEpochs(t *testing.T, s journal.Store) {
	before := NewWriter(t, "server")
	old := before.Scans(t, 3)
	after := before.NextEpoch()
	after.Stamp.Time += 500
	lost := before.Scans(t, 2)
	fresh := after.Scans(t, 2)
	if fresh[0].Seq != 4 || fresh[0].Chain.Epoch != 1 {
		t.Fatalf("the test's next epoch begins with record %d of %s", fresh[0].Seq, fresh[0].Chain)
	}
	put(t, s, old...)
	put(t, s, fresh...)
	want(t, s, slices.Concat(old, fresh)...)
	put(t, s, lost...)
	put(t, s, after.Scans(t, 1)...)
	if got := parsed(t, read(t, s, fresh[0].Chain, 1, 10, page)); !slices.Equal(seqs(got), []uint64{4, 5, 6}) {
		t.Errorf("epoch 1 reads as %v, want 4 to 6", seqs(got))
	}
	if got := parsed(t, read(t, s, old[0].Chain, 1, 10, page)); !slices.Equal(seqs(got), []uint64{1, 2, 3, 4, 5}) {
		t.Errorf("epoch 0 reads as %v, want 1 to 5", seqs(got))
	}
}

// Who never held the epoch before takes the new one on its author's word, in one
// batch or several.
func testEpochAlone(t *testing.T, s journal.Store) {
	before := NewWriter(t, "server")
	old := before.Scans(t, 3)
	after := before.NextEpoch()
	fresh := after.Scans(t, 3)
	refuseAfter := NewWriter(t, "gate").Scans(t, 2)
	put(t, s, fresh[:2]...)
	refuse(t, s, journal.ErrGap, fresh[2], refuseAfter[1])
	put(t, s, fresh[2])
	want(t, s, fresh...)
	put(t, s, old...)
	want(t, s, slices.Concat(fresh, old)...)
}

// An epoch that names another record than the one held at its start is a fault.
func testEpochThatDoesNotFit(t *testing.T, s journal.Store) {
	before := NewWriter(t, "server")
	old := before.Scans(t, 2)
	clone := before.Fork()
	clone.Stamp.Time++
	old = append(old, before.Scans(t, 1)...)
	clone.Scans(t, 1)
	strange := clone.NextEpoch().Scans(t, 1)
	put(t, s, old...)
	refuse(t, s, journal.ErrBroken, strange[0])
	want(t, s, old...)
}
