package state

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"usher/sync/admission"
	"usher/sync/journal"
)

// scans gives n green scans, in and out by turns, shared out between two gates.
// Their evidence has the size of a ticket's and is none: checking it is measured
// elsewhere.
func (w *world) scans(n, perTicket int) []*journal.Record {
	w.t.Helper()
	template := w.evidence(id(0), w.issuer, eventCode)
	var records []*journal.Record
	last := make(map[journal.TicketID]journal.Hash)
	for i := range n {
		at := id(uint64(i / perTicket))
		scan := w.bareScan([]string{"north", "south"}[i%2], at)
		if i%perTicket%2 == 1 {
			scan.Direction, scan.Reason = "out", "exit"
		}
		scan.Evidence = append([]byte(nil), template...)
		binary.BigEndian.PutUint64(scan.Evidence[len(scan.Evidence)-8:], uint64(i/perTicket))
		if parent, ok := last[at]; ok {
			scan.Parents = []journal.Hash{parent}
		}
		r := w.write(scan.Gate, scan)
		last[at] = r.Hash()
		records = append(records, r)
	}
	return records
}

// bareScan is a green scan without evidence.
func (w *world) bareScan(gate string, at journal.TicketID) *journal.Scan {
	return &journal.Scan{
		Result: "accept", Reason: "entry", Direction: "in", Gate: gate, How: "camera", Lane: "1", Ticket: at,
		Known: w.known(), Assurance: journal.Assurance{Level: Alone, Unheard: 1, LongestMS: 1234}, DecideUS: 300,
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A gate holds the histories of a large event beside everything else: 400 bytes
// for each scan with its evidence make 40 MB of a hundred thousand.
func TestScansFitInto400BytesEach(t *testing.T) {
	const n, limit = 20_000, 400
	w := newWorld(t)
	records := w.scans(n, 1)
	before := heap()
	s := w.state(append(w.began, records...)...)
	if used := (heap() - before) / n; used > limit {
		t.Errorf("a scan takes %d bytes, limit %d", used, limit)
	}
	wantEntries(t, s, n)
	runtime.KeepAlive(records)
}

// Many goroutines ask while records come. The race detector watches; what is
// counted at the end shows that nothing was lost.
func TestConcurrentUse(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	const n = 150
	chains := map[string][]*journal.Record{}
	for i := range uint64(n) {
		chains["north"] = append(chains["north"], w.admit("north", id(i%20)))
		chains["south"] = append(chains["south"], w.admit("south", id(i%20)))
		chains["server"] = append(chains["server"], w.revoke("superseded", id(i)))
	}
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for _, ask := range []func(i uint64){
		func(i uint64) { s.Past(id(i % 20)) },
		func(uint64) { s.Conflicts() },
		func(uint64) { s.Counts(0) },
		func(i uint64) { s.Void(id(i % n)) },
		func(uint64) { s.Prove(3) },
		func(uint64) { s.Gates(); s.SetAside(); s.NotReady(w.gates["north"].Chain().Node) },
	} {
		readers.Go(func() {
			for i := uint64(0); ; i++ {
				select {
				case <-done:
					return
				default:
					ask(i)
				}
			}
		})
	}
	errs := make(chan error, 3*n)
	for _, records := range chains {
		writers.Go(func() {
			for _, r := range records {
				if _, err := s.Apply(r); err != nil {
					errs <- err
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if c := s.Counts(0).Total; c.Entries != 2*n {
		t.Errorf("%d entries, want %d", c.Entries, 2*n)
	}
	if c := s.Conflicts(); len(c) < 20 {
		t.Errorf("%d conflicts, want at least one of each ticket", len(c))
	}
}

// The records of the server bring a version of the event and revoke one ticket by
// turns: whenever somebody looks, what is known of the one and of the
// other has to be of the same moment.
func TestACaseIsOfOneMoment(t *testing.T) {
	w := newWorld(t)
	s := w.state(w.began...)
	var records []*journal.Record
	for range 300 {
		records = append(records, w.event(len(records)), w.revoke("superseded", id(1)))
	}
	w.apply(s, records[:2]...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, r := range records[2:] {
			if _, err := s.Apply(r); err != nil {
				t.Error(err)
			}
		}
	}()
	for more := true; more; {
		select {
		case <-done:
			more = false
		default:
		}
		c := s.Case(id(1))
		behind := c.Known.Seq - c.Void.At.Seq // a version came after the revocation, or not
		if behind > 1 || c.Event != s.EventAt(c.Known) {
			t.Fatalf("known up to %d: the revocation of %d and %s", c.Known.Seq, c.Void.At.Seq, c.Event.Name)
		}
	}
	if c := s.Case(id(1)); c.Known != w.known() || c.Void != s.Void(id(1)) || len(c.Past) != 0 {
		t.Errorf("in the end: %+v", c)
	}
}

func BenchmarkApply100kScans(b *testing.B) {
	for _, perTicket := range []int{1, 4, 200} {
		b.Run(fmt.Sprintf("%d a ticket", perTicket), func(b *testing.B) {
			w := newWorld(b)
			records := w.scans(100_000, perTicket)
			for b.Loop() {
				w.state(append(w.began, records...)...)
			}
		})
	}
}

// What a node does for each record that comes from elsewhere: parse, verify, apply.
func BenchmarkScanFromAfar(b *testing.B) {
	w := newWorld(b)
	records := w.scans(20_000, 1)
	pub := map[journal.NodeID][]byte{}
	for _, g := range w.gates {
		pub[g.Chain().Node] = g.Signer.Public()
	}
	s := w.state(w.began...)
	i := 0
	for b.Loop() {
		if i == len(records) {
			b.StopTimer()
			s, i = w.state(w.began...), 0
			b.StartTimer()
		}
		r, err := journal.Parse(records[i].Bytes())
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Verify(pub[r.Chain.Node]); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Apply(r); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkPast(b *testing.B) {
	w := newWorld(b)
	s := w.state(w.began...)
	in := w.admit("north", id(1))
	w.apply(s, in, w.write("north", w.scan("south", id(1), admission.Out, in)))
	for b.Loop() {
		s.Past(id(1))
	}
}

func BenchmarkVoidOfMillion(b *testing.B) {
	w := newWorld(b)
	s := w.state(w.began...)
	const million = 1_000_000
	list := make([]journal.Revocation, 0, journal.MaxPacked)
	for n := range uint64(million) {
		list = append(list, journal.Revocation{Ticket: id(n), Minimum: 1})
		if len(list) == cap(list) || n == million-1 {
			r := journal.NewRevoke("superseded", 1, "", list)
			w.apply(s, w.server.Write(b, journal.KindRevoke, &r))
			list = list[:0]
		}
	}
	ids := make([]journal.TicketID, 1<<16)
	for i := range ids {
		ids[i] = id(uint64(i) * 29)
	}
	n := 0
	for b.Loop() {
		s.Void(ids[n&(len(ids)-1)])
		n++
	}
}

// Four thousand tickets let in at two gates each, found at once.
func BenchmarkFind4000Conflicts(b *testing.B) {
	w := newWorld(b)
	records := slices.Clone(w.began)
	for n := range uint64(4000) {
		records = append(records, w.admit("north", id(n)), w.admit("south", id(n)))
	}
	for b.Loop() {
		b.StopTimer()
		s := proven(w.state(records...))
		b.StartTimer()
		if n := len(s.Conflicts()); n != 4000 {
			b.Fatalf("%d conflicts", n)
		}
	}
}
