package state

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"usher/sync/admission"
	"usher/sync/journal"
)

// lie is a green scan of a ticket that the gate never met: what it shows for it is
// another one.
func (w *world) lie(gate string, n uint64) *journal.Record {
	w.t.Helper()
	scan := w.scan(gate, id(n), admission.In)
	scan.Evidence = w.evidence(id(n+1000), w.issuer, eventCode)
	return w.write(gate, scan)
}

// proving runs ProveIdle until the function it gives is called, which waits for it.
func proving(t *testing.T, s *State, atOnce int) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ProveIdle(ctx, atOnce)
	}()
	return func() {
		cancel()
		<-done
	}
}

func unproven(s *State) int { return s.Counts(0).Unproven }

// A gate that says it let in tickets that it never met is found out with nobody
// asking for those tickets, and who listens is told.
func TestIdleNodesFindLies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.state(w.began...)
		w.apply(s, w.admit("north", id(1)), w.lie("north", 2), w.lie("south", 3))
		wantEntries(t, s, 3)
		end := proving(t, s, 10)
		defer end()
		notices, forget := s.Subscribe()
		defer forget()
		time.Sleep(restBusy)
		synctest.Wait()
		wantEntries(t, s, 1)
		wantAside(t, s, WhyEvidence, WhyEvidence)
		select {
		case <-notices:
		default:
			t.Error("nobody was told")
		}
		w.apply(s, w.lie("south", 4)) // much later, too
		wantEntries(t, s, 2)
		time.Sleep(restBusy)
		synctest.Wait()
		wantEntries(t, s, 1)
	})
}

// However much there is to prove, a turn takes no more than it was given, and
// turns are rarer while records come.
func TestIdleTurnsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many, atOnce = 100, 7
		w := newWorld(t)
		s := w.state(w.began...)
		for n := range uint64(many) {
			w.apply(s, w.admit("north", id(n)))
		}
		end := proving(t, s, atOnce)
		defer end()
		synctest.Wait()
		if n := unproven(s); n != many {
			t.Fatalf("%d codes left at once, want %d", n, many)
		}
		left := many
		for turn := range 4 { // a scan without a code comes within each rest
			w.apply(s, w.write("south", &journal.Scan{Result: "reject", Reason: "malformed", Direction: "in", Gate: "south", How: "wedge", Assurance: journal.Assurance{Level: Alone}}))
			time.Sleep(restBusy)
			synctest.Wait()
			if left -= atOnce; unproven(s) != left {
				t.Errorf("busy, turn %d: %d codes left, want %d", turn, unproven(s), left)
			}
		}
		time.Sleep(restBusy - restQuiet) // the last rest was a long one
		for turn := range 4 {
			time.Sleep(restQuiet)
			synctest.Wait()
			if left -= atOnce; unproven(s) != left {
				t.Errorf("quiet, turn %d: %d codes left, want %d", turn, unproven(s), left)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := unproven(s); n != 0 {
			t.Errorf("%d codes left in the end", n)
		}
	})
}

// Nothing is looked at, and no timer runs, while there is nothing to prove.
func TestIdleWithNothingToProve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.state(w.began...)
		end := proving(t, s, 10)
		time.Sleep(24 * time.Hour)
		w.apply(s, w.admit("north", id(1)))
		synctest.Wait()
		if n := unproven(s); n != 1 {
			t.Errorf("%d codes left as a record comes, want it left alone for a rest", n)
		}
		time.Sleep(restBusy)
		synctest.Wait()
		if n := unproven(s); n != 0 {
			t.Errorf("%d codes left after a rest", n)
		}
		end()
	})
}
