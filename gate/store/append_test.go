package store

import (
	"errors"
	"testing"

	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

func TestDurable(t *testing.T) {
	journaltest.Durable(t, func(t *testing.T, dir string) (journal.Store, func()) {
		s, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		return s, func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// own appends n scans to the writer's chain as the gate does for its own.
func own(s *Store, t *testing.T, w *journaltest.Writer, n int) error {
	t.Helper()
	clone := w.Fork()
	_, err := s.AppendOwn(t.Context(), w.Chain(), func(head journal.Head) ([]*journal.Record, error) {
		clone.Head = head
		return clone.Scans(t, n), nil
	})
	if err == nil {
		*w = *clone
	}
	return err
}

func wantHead(t *testing.T, s *Store, w *journaltest.Writer) {
	t.Helper()
	v, err := s.Vector(t.Context())
	if err != nil || v[w.Chain()] != w.Head {
		t.Fatalf("the chain ends at %v (%v), want %v", v[w.Chain()], err, w.Head)
	}
}

// The ends of chains are remembered: whoever appends next, by either way, goes on
// from there, and from what the disk says after something failed.
func TestAppendingGoesOnFromTheEnd(t *testing.T) {
	s := open(t, t.TempDir())
	w := journaltest.NewWriter(t, "gate")
	for _, n := range []int{1, 1, 3} {
		if err := own(s, t, w, n); err != nil {
			t.Fatal(err)
		}
		wantHead(t, s, w)
	}
	if err := s.Append(t.Context(), w.Scans(t, 2)); err != nil {
		t.Fatal(err)
	}
	if err := own(s, t, w, 1); err != nil {
		t.Fatal(err)
	}
	wantHead(t, s, w)
	stopped := errors.New("stopped")
	_, err := s.AppendOwn(t.Context(), w.Chain(), func(journal.Head) ([]*journal.Record, error) { return nil, stopped })
	if !errors.Is(err, stopped) {
		t.Errorf("a writer that fails: %v", err)
	}
	if err := s.Append(t.Context(), w.Fork().Scans(t, 2)[1:]); !errors.Is(err, journal.ErrGap) {
		t.Errorf("a gap: %v", err)
	}
	if err := own(s, t, w, 1); err != nil {
		t.Fatal(err)
	}
	wantHead(t, s, w)
}

// A second process that writes the gate's journal, against the rules, is found
// out and can't make a hole or a second record of a number.
func TestAnotherProcessThatWrites(t *testing.T) {
	dir := t.TempDir()
	first, second := open(t, dir), open(t, dir)
	w := journaltest.NewWriter(t, "gate")
	if err := own(first, t, w, 1); err != nil {
		t.Fatal(err)
	}
	if err := own(second, t, w, 1); err != nil {
		t.Fatal(err)
	}
	if err := own(first, t, w, 1); !errors.Is(err, fault.Internal) {
		t.Errorf("appending to an end that is none any more: %v", err)
	}
	wantHead(t, first, w)
	if err := own(first, t, w, 1); err != nil {
		t.Errorf("after it was found out: %v", err)
	}
	wantHead(t, second, w)
}

// The server's journal is read back first when it came first, as it says who may
// write the others; the gate's own last.
func TestEachGivesChainsInTheOrderTheyCame(t *testing.T) {
	s := open(t, t.TempDir())
	server, gate, self := journaltest.NewWriter(t, "server"), journaltest.NewWriter(t, "another gate"), journaltest.NewWriter(t, "gate")
	for range 2 {
		if err := s.Append(t.Context(), append(server.Scans(t, 2), gate.Scans(t, 1)...)); err != nil {
			t.Fatal(err)
		}
		if err := own(s, t, self, 1); err != nil {
			t.Fatal(err)
		}
	}
	var got []*journal.Record
	if err := s.Each(t.Context(), func(r *journal.Record) error { got = append(got, r); return nil }); err != nil {
		t.Fatal(err)
	}
	var want []*journal.Record
	for _, w := range []*journaltest.Writer{server, gate, self} {
		clone := journaltest.NewWriter(t, "")
		clone.Author = w.Author
		want = append(want, clone.Scans(t, int(w.Head.Seq))...)
	}
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i, r := range got {
		if r.Hash() != want[i].Hash() {
			t.Errorf("at %d is record %d of %s, want %d of %s", i, r.Seq, r.Chain, want[i].Seq, want[i].Chain)
		}
	}
	stopped := errors.New("stopped")
	if err := s.Each(t.Context(), func(*journal.Record) error { return stopped }); !errors.Is(err, stopped) {
		t.Errorf("stopped: %v", err)
	}
}

func TestNumbersBeyondWhatIsHeld(t *testing.T) {
	s := open(t, t.TempDir())
	w := journaltest.NewWriter(t, "server")
	w.Head.Seq = maxSeq // a later epoch may begin at any number
	next := w.NextEpoch()
	if err := s.Append(t.Context(), next.Scans(t, 1)); !errors.Is(err, fault.TooLarge) {
		t.Errorf("record %d: %v", next.Head.Seq, err)
	}
	w.Head.Seq--
	next = w.NextEpoch()
	if err := s.Append(t.Context(), next.Scans(t, 1)); err != nil {
		t.Errorf("record %d: %v", next.Head.Seq, err)
	}
	wantHead(t, s, next)
}
