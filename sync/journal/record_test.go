package journal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"usher/sync/journal"
)

// wantRefused wants an error of the class that says what is wrong.
func wantRefused(t *testing.T, got, class error, says string) {
	t.Helper()
	if !errors.Is(got, class) || !strings.Contains(got.Error(), says) {
		t.Errorf("got %v, want %v that says %q", got, class, says)
	}
}

func TestRecordsThatAreNone(t *testing.T) {
	for _, c := range refusedRecords() {
		t.Run(c.id, func(t *testing.T) {
			r, err := journal.Parse(c.bytes)
			wantRefused(t, err, journal.ErrMalformed, c.says)
			if r != nil {
				t.Errorf("a record beside the error: %+v", r)
			}
		})
	}
	t.Run("too large", func(t *testing.T) {
		_, err := journal.Parse(gate.record(plain("09 5a 00040000" + strings.Repeat("00", 1<<18))))
		wantRefused(t, err, journal.ErrMalformed, "bytes, limit 262144")
	})
}

func TestCheckpointsThatAreNone(t *testing.T) {
	for _, c := range refusedCheckpoints() {
		t.Run(c.id, func(t *testing.T) {
			p, err := journal.ParseCheckpoint(c.bytes)
			wantRefused(t, err, journal.ErrMalformed, c.says)
			if p != nil {
				t.Errorf("a checkpoint beside the error: %+v", p)
			}
		})
	}
}

// No part of a record is a record, nor one with anything after it.
func TestCutShort(t *testing.T) {
	whole, point := goldenRecords(t)[6].bytes, goldenCheckpoints(t)[0].bytes
	for n := range whole {
		if _, err := journal.Parse(whole[:n]); !errors.Is(err, journal.ErrMalformed) {
			t.Errorf("the first %d bytes of a record: %v", n, err)
		}
	}
	for n := range point {
		if _, err := journal.ParseCheckpoint(point[:n]); !errors.Is(err, journal.ErrMalformed) {
			t.Errorf("the first %d bytes of a checkpoint: %v", n, err)
		}
	}
}

func TestRecordsThatNobodySigned(t *testing.T) {
	for _, c := range unsigned() {
		t.Run(c.id, func(t *testing.T) {
			r, err := journal.Parse(c.bytes)
			if err != nil {
				t.Fatal(err)
			}
			wantRefused(t, r.Verify(gate.public()), journal.ErrSignature, "record 1 of ")
		})
	}
	good, err := journal.Parse(gate.record(plain()))
	if err != nil {
		t.Fatal(err)
	}
	if err := good.Verify(gate.public()); err != nil {
		t.Errorf("the one they are made of: %v", err)
	}
	wantRefused(t, good.Verify(server.public()), journal.ErrSignature, "checked with the key of ")
	wantRefused(t, good.Verify(nil), journal.ErrSignature, "")
}

func TestCheckpointsThatNobodySigned(t *testing.T) {
	for _, c := range unsignedCheckpoints() {
		t.Run(c.id, func(t *testing.T) {
			p, err := journal.ParseCheckpoint(c.bytes)
			if err != nil {
				t.Fatal(err)
			}
			wantRefused(t, p.Verify(gate.public()), journal.ErrSignature, "checkpoint of ")
		})
	}
	p, err := journal.ParseCheckpoint(goldenCheckpoints(t)[0].bytes)
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, p.Verify(gate.public()), journal.ErrSignature, "checkpoint of ")
}

// Any change of one bit makes it another record's, or none.
func TestEveryBitCounts(t *testing.T) {
	good := gate.record(plain())
	for bit := range 8 * len(good) {
		b := bytes.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		r, err := journal.Parse(b)
		if err == nil {
			err = r.Verify(gate.public())
		}
		if err == nil {
			t.Errorf("bit %d of byte %d means nothing", bit%8, bit/8)
		}
	}
}

func TestFollows(t *testing.T) {
	hash := journal.Hash(bytes.Repeat([]byte{0xa1}, 32))
	at := func(seq string) *journal.Record {
		r, err := journal.Parse(gate.record("a7", node, epoch, "03", seq, prev, time, kind, empty))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first, err := journal.Parse(gate.record(plain()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		record *journal.Record
		head   journal.Head
		want   error
	}{
		{"the first of an empty chain", first, journal.Head{}, nil},
		{"the first again", first, first.Head(), journal.ErrBroken},
		{"another first", first, journal.Head{Seq: 1, Hash: hash}, journal.ErrBroken},
		{"the next", at("05"), journal.Head{Seq: 4, Hash: hash}, nil},
		{"the next after another", at("05"), journal.Head{Seq: 4, Hash: journal.Hash{1}}, journal.ErrBroken},
		{"the next after nothing known", at("05"), journal.Head{Seq: 4}, journal.ErrBroken},
		{"one left out", at("06"), journal.Head{Seq: 4, Hash: hash}, journal.ErrGap},
		{"all before it left out", at("05"), journal.Head{}, journal.ErrGap},
		{"one behind", at("03"), journal.Head{Seq: 4, Hash: hash}, journal.ErrBroken},
		{"the last of all", at("1b 7fffffffffffffff"), journal.Head{Seq: 1<<63 - 2, Hash: hash}, nil},
	} {
		if err := c.record.Follows(c.head); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// An author writes nothing that a reader would refuse.
func TestAuthorRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		epoch   uint64
		head    journal.Head
		at      journal.Stamp
		content any
		says    string
	}{
		{"a time before 1970", 0, journal.Head{}, journal.Stamp{Time: -1}, "x", "out of range"},
		{"a time too late", 0, journal.Head{}, journal.Stamp{Time: 1<<50 + 1}, "x", "out of range"},
		{"an offset too large", 0, journal.Head{}, journal.Stamp{Synced: true, Offset: 1<<50 + 1}, "x", "out of range"},
		{"a negative uncertainty", 0, journal.Head{}, journal.Stamp{Synced: true, Uncertainty: -1}, "x", "out of range"},
		{"a number too large", 0, journal.Head{Seq: 1<<63 - 1}, journal.Stamp{}, "x", "by counting"},
		{"an epoch that goes on from nothing", 1, journal.Head{}, journal.Stamp{}, "x", "goes on from none"},
		{"content that is no CBOR", 0, journal.Head{}, journal.Stamp{}, make(chan int), "encoding the content"},
		{"content that is too large", 0, journal.Head{}, journal.Stamp{}, make([]byte, journal.MaxRecordBytes), "over the limit"},
	} {
		r, err := gate.author(c.epoch).Write(c.head, c.at, journal.KindScan, c.content)
		if err == nil || r != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error that says %q", c.name, err, c.says)
		}
	}
	for _, at := range [][2]int64{{-1, 1}, {1, -1}, {1<<50 + 1, 1}, {1, 1<<50 + 1}} {
		if _, err := gate.author(0).Checkpoint(journal.Head{}, at[0], at[1]); !errors.Is(err, journal.ErrMalformed) {
			t.Errorf("a checkpoint from %d to %d: %v", at[0], at[1], err)
		}
	}
}
