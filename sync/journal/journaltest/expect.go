package journaltest

import (
	"bytes"
	"errors"
	"testing"

	"usher/sync/journal"
)

func put(t *testing.T, s journal.Store, records ...*journal.Record) {
	t.Helper()
	if err := s.Append(t.Context(), records); err != nil {
		t.Fatalf("appending records %v: %v", seqs(records), err)
	}
}

func refuse(t *testing.T, s journal.Store, why error, records ...*journal.Record) {
	t.Helper()
	if err := s.Append(t.Context(), records); !errors.Is(err, why) {
		t.Errorf("appending records %v: %v, want %v", seqs(records), err, why)
	}
}

func read(t *testing.T, s journal.Store, chain journal.Chain, from uint64, maxRecords, maxBytes int) [][]byte {
	t.Helper()
	list, err := s.Read(t.Context(), chain, from, maxRecords, maxBytes)
	if err != nil {
		t.Fatalf("reading %s from %d: %v", chain, from, err)
	}
	return list
}

func parsed(t *testing.T, list [][]byte) []*journal.Record {
	t.Helper()
	records := make([]*journal.Record, len(list))
	for i, b := range list {
		r, err := journal.Parse(b)
		if err != nil {
			t.Fatalf("the %d-th record read: %v", i+1, err)
		}
		records[i] = r
	}
	return records
}

func seqs(records []*journal.Record) []uint64 {
	list := make([]uint64, len(records))
	for i, r := range records {
		list[i] = r.Seq
	}
	return list
}

// want checks that the store holds exactly these records, byte for byte. Those
// of one chain are given in order.
func want(t *testing.T, s journal.Store, records ...*journal.Record) {
	t.Helper()
	vector := journal.Vector{}
	chains := map[journal.Chain][]*journal.Record{}
	for _, r := range records {
		vector[r.Chain] = r.Head()
		chains[r.Chain] = append(chains[r.Chain], r)
	}
	got, err := s.Vector(t.Context())
	if err != nil {
		t.Fatalf("reading the vector: %v", err)
	}
	if len(got) != len(vector) || !got.Covers(vector) || !vector.Covers(got) {
		t.Fatalf("the vector is %v, want %v", got, vector)
	}
	for chain, list := range chains {
		if got[chain] != vector[chain] {
			t.Errorf("the head of %s is %v, want %v", chain, got[chain], vector[chain])
		}
		held := read(t, s, chain, 1, page, page)
		if len(held) != len(list) {
			t.Fatalf("%s reads as %d records, want %d", chain, len(held), len(list))
		}
		for i, r := range list {
			if !bytes.Equal(held[i], r.Bytes()) {
				t.Fatalf("record %d of %s came back changed", r.Seq, chain)
			}
		}
	}
}
