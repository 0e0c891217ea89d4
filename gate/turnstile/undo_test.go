package turnstile

import (
	"errors"
	"sync"
	"testing"
	"time"

	"usher/gate/clock"
	"usher/gate/gatetest"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

func (h *handheld) undo(record journal.Hash) error {
	_, err := h.Undo(h.t.Context(), record, "Meret", "wrong person")
	return err
}

// undone takes an admission back, which has to work.
func (h *handheld) undone(of Outcome) {
	h.t.Helper()
	if why := h.MayUndo(of.Record); why != "" {
		h.t.Fatalf("it may not be taken back: %s", why)
	}
	got, err := h.Undo(h.t.Context(), of.Record, "Meret", "wrong person")
	if err != nil || got != of.Ticket {
		h.t.Fatalf("taking it back gives ticket %s, %v; want %s", got, err, of.Ticket)
	}
}

// refused wants an undo refused for a reason, with a word for people and no record.
func (h *handheld) refused(record journal.Hash, why admission.Reason, kind fault.Kind) {
	h.t.Helper()
	before := h.records()
	if got := h.MayUndo(record); got != why {
		h.t.Errorf("it may not be taken back for %q, want %q", got, why)
	}
	if err := h.undo(record); !errors.Is(err, kind) || fault.Message(err) == "" {
		h.t.Errorf("taking it back: %v, want %s", err, kind)
	}
	if n := h.records(); n != before {
		h.t.Errorf("%d records were written", n-before)
	}
}

// An admission is taken back once: the record stays, marked, and the ticket is good
// again.
func TestUndo(t *testing.T) {
	h := newHandheld(t, nil)
	first := h.enters(1, "1")
	h.undone(first)
	if _, act, _ := h.State.Act(first.Record); !act.Undone || act.Result != admission.Accept {
		t.Errorf("the record is now %+v", act)
	}
	h.refused(first.Record, admission.UndoneYet, fault.Refused)
	second := h.enters(1, "2")
	if out := h.Scan(t.Context(), entering(h.code(1), "3")); out.Reason != admission.AlreadyUsed || out.Details.First.Hash != second.Record {
		t.Errorf("the next: %s %s, first %+v", out.Result, out.Reason, out.Details.First)
	}
	if n := h.wrote.Load(); n != 4 {
		t.Errorf("it told of new records %d times, want 4", n)
	}
}

func TestUndoOnlyOfOwnEntries(t *testing.T) {
	h := newHandheld(t, nil)
	other := h.venue.Enrol(t, "handheld 2", gatetest.South)
	w := &journaltest.Writer{Author: &journal.Author{Signer: other.Signer}, Stamp: journal.Stamp{Time: h.now.UnixMilli(), Synced: true}}
	h.venue.List(t, id(5))
	h.hear(h.venue.Records[3:]...)
	theirs := w.Write(t, journal.KindScan, journaltest.Admission(gatetest.South, id(5)))
	h.hear(theirs)
	entry := h.enters(1, "1")
	leaving := entering(h.code(1), "2")
	leaving.Direction = admission.Out
	exit := h.expect(leaving, admission.Accept, admission.Exit)
	no := h.expect(entering("no ticket", "3"), admission.Reject, admission.Malformed)

	h.refused(theirs.Hash(), admission.NotOwn, fault.Refused)
	h.refused(exit.Record, admission.NotAnEntry, fault.Refused)
	h.refused(no.Record, admission.NotAnEntry, fault.Refused)
	h.refused(journal.Hash{1}, admission.NotFound, fault.NotFound)
	h.refused(journal.Hash{}, admission.NotFound, fault.NotFound)
	h.undone(entry)
	h.refused(h.State.Frontier(id(1))[0], admission.NotFound, fault.NotFound) // the undo itself
}

// A quarter of an hour is long by a clock that nobody can set: not by setting the
// device's, not by what a server says, not by starting the gate again.
func TestUndoIsInTime(t *testing.T) {
	const late = UndoWithin + time.Second
	for name, c := range map[string]struct {
		meanwhile func(*handheld)
		why       admission.Reason
	}{
		"in time":                           {func(h *handheld) { h.pass(UndoWithin) }, ""},
		"late":                              {func(h *handheld) { h.pass(late) }, admission.TooLate},
		"late, and others came in since":    {func(h *handheld) { h.pass(late); h.enters(2, "2") }, admission.TooLate},
		"in time, set ahead":                {func(h *handheld) { h.pass(time.Minute); h.skew += time.Hour }, ""},
		"late, set back":                    {func(h *handheld) { h.pass(late); h.skew -= time.Hour }, admission.TooLate},
		"late, corrected back":              {func(h *handheld) { h.pass(late); h.correct(-time.Hour) }, admission.TooLate},
		"in time, corrected ahead":          {func(h *handheld) { h.pass(time.Minute); h.correct(time.Hour) }, ""},
		"restarted in time":                 {func(h *handheld) { h.pass(UndoWithin - time.Second); h.crash() }, ""},
		"restarted, then late":              {func(h *handheld) { h.pass(time.Minute); h.crash(); h.pass(UndoWithin) }, admission.TooLate},
		"restarted late":                    {func(h *handheld) { h.pass(late); h.crash() }, admission.TooLate},
		"set back to before it, restarted":  {func(h *handheld) { h.pass(time.Minute); h.skew -= time.Hour; h.crash() }, admission.TooLate},
		"the same, and corrected":           {func(h *handheld) { h.pass(time.Minute); h.skew -= time.Hour; h.crash(); h.correct(time.Hour) }, ""},
		"restarted, set back while it runs": {func(h *handheld) { h.crash(); h.pass(late); h.skew -= time.Hour }, admission.TooLate},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandheld(t, nil)
			out := h.enters(1, "1")
			c.meanwhile(h)
			if c.why == "" {
				h.undone(out)
			} else {
				h.refused(out.Record, c.why, fault.Refused)
			}
		})
	}
}

// correct has the gate hear from a server how far its clock is off.
func (h *handheld) correct(offset time.Duration) {
	h.Clock.Correct(clock.Offset{Offset: offset, Uncertainty: 20 * time.Millisecond})
}

// Two who take one admission back at once: it is taken back once.
func TestUndoByTwoAtOnce(t *testing.T) {
	h := newHandheld(t, nil)
	out := h.enters(1, "1")
	errs := make([]error, 8)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { errs[i] = h.undo(out.Record) })
	}
	group.Wait()
	done := 0
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case !errors.Is(err, fault.Refused):
			t.Error(err)
		}
	}
	if done != 1 || h.records() != 2 {
		t.Errorf("taken back %d times, %d records; want 1 and 2", done, h.records())
	}
}

// Where the undo can't be stored the admission stands.
func TestUndoThatCantBeStored(t *testing.T) {
	h := newHandheld(t, nil)
	out := h.enters(1, "1")
	other := h.beside()
	h.must(other.Exec(t.Context(), `create trigger broken before insert on record begin select raise(abort, 'the disk is on fire'); end`))
	if err := h.undo(out.Record); !errors.Is(err, fault.Internal) {
		t.Errorf("taking it back: %v", err)
	}
	h.expect(entering(h.code(1), "2"), admission.Cannot, admission.StoreFailing)
	h.must(other.Exec(t.Context(), `drop trigger broken`))
	h.expect(entering(h.code(1), "2"), admission.Reject, admission.AlreadyUsed)
	h.undone(out)
}

// Only what can still be taken back is remembered.
func TestRecentEntriesAreBounded(t *testing.T) {
	h := newHandheld(t, nil)
	for n := range uint64(40) {
		h.enters(n, "1")
		h.pass(time.Minute)
	}
	if n := len(h.recent); n > 16 {
		t.Errorf("%d entries of 40 minutes are remembered, want those of a quarter of an hour", n)
	}
}
