package journaltest

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"usher/sync/journal"
)

// modelSteps is how many batches the comparison with Memory appends.
const modelSteps = 60

// testLikeMemory appends random batches, with records left out, repeated and out
// of order, to a store and to Memory: both give the same error and then hold the
// same.
func testLikeMemory(t *testing.T, open func(t *testing.T) journal.Store) {
	pool := modelPool(t)
	for seed := range 3 {
		s, model := open(t), NewMemory()
		draw := rapid.SliceOfN(rapid.SampledFrom(pool), 1, 6)
		for step := range modelSteps {
			records := draw.Example(seed*modelSteps + step)
			gotErr, wantErr := s.Append(t.Context(), records), model.Append(t.Context(), records)
			if class(gotErr) != class(wantErr) {
				t.Fatalf("step %d, records %v: %v, want %v", step, seqs(records), gotErr, wantErr)
			}
		}
		var held []*journal.Record
		for chain := range model.chains {
			held = append(held, model.Records(chain)...)
		}
		want(t, s, held...)
	}
}

// modelPool holds three chains of few records, so that random batches often fit,
// and a later epoch of the first.
func modelPool(t *testing.T) []*journal.Record {
	a, b, c := NewWriter(t, "a"), NewWriter(t, "b"), NewWriter(t, "c")
	pool := append(a.Scans(t, 3), b.Scans(t, 3)...)
	pool = append(pool, c.Scans(t, 2)...)
	return append(pool, a.NextEpoch().Scans(t, 2)...)
}

func class(err error) error {
	for _, c := range []error{journal.ErrGap, journal.ErrBroken} {
		if errors.Is(err, c) {
			return c
		}
	}
	return err
}
