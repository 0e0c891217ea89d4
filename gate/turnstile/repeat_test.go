package turnstile

import (
	"math"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/gate/gatetest"
	"usher/sync/admission"
	"usher/sync/journal"
)

// repeats wants the green of a record to be shown once more, and nothing written.
func (h *handheld) repeats(a Attempt, first Outcome) {
	h.t.Helper()
	before := h.records()
	out := h.expect(a, admission.AcceptRepeat, admission.NotDisplayed)
	if !out.Green() || out.Record != first.Record || out.Seq != first.Seq || out.Ticket != first.Ticket || out.Short != first.Short {
		h.t.Errorf("it repeats record %d (%s), ticket %s; want record %d (%s), ticket %s", out.Seq, out.Record, out.Ticket, first.Seq, first.Record, first.Ticket)
	}
	if out.Details.First == nil || out.Details.First.Hash != first.Record {
		h.t.Errorf("it does not say when that was: %+v", out.Details.First)
	}
	if h.records() != before {
		h.t.Error("a record was written")
	}
}

func (h *handheld) saw(outs ...Outcome) {
	h.t.Helper()
	for _, out := range outs {
		h.Shown(out.Seq)
	}
	h.must(h.FlushShown(h.t.Context()))
}

// A green that was committed and that nobody saw is shown once more to the same code.
func TestAGreenThatNobodySawIsShownOnceMore(t *testing.T) {
	h := newHandheld(t, nil)
	first := h.enters(1, "1")
	h.crash()
	h.pass(repeatWithin - time.Millisecond)
	h.repeats(entering(h.code(1), "2"), first)
	h.expect(entering(h.code(1), "1"), admission.Reject, admission.AlreadyUsed)
}

func TestARepeatedGreenThatNobodySawEither(t *testing.T) {
	h := newHandheld(t, nil)
	first := h.enters(1, "1")
	for range 3 {
		h.crash()
		h.pass(time.Second)
		h.repeats(entering(h.code(1), "1"), first)
	}
	h.saw(first)
	h.crash()
	h.expect(entering(h.code(1), "1"), admission.Reject, admission.AlreadyUsed)
}

// What one lane's people saw says nothing of what others saw.
func TestWhatWasShownIsKnownOfEachRecord(t *testing.T) {
	h := newHandheld(t, nil)
	first, second, third := h.enters(1, "1"), h.enters(2, "2"), h.enters(3, "3")
	h.saw(second)
	h.saw() // nothing new: nothing is stored
	h.crash()
	h.repeats(entering(h.code(1), "1"), first)
	h.expect(entering(h.code(2), "2"), admission.Reject, admission.AlreadyUsed)
	h.saw(first)
	h.crash()
	h.expect(entering(h.code(1), "1"), admission.Reject, admission.AlreadyUsed)
	h.repeats(entering(h.code(3), "3"), third)
}

// A note that a crash took with it costs one more green, and a number that no
// record has is no note.
func TestNotesThatGetLost(t *testing.T) {
	h := newHandheld(t, nil)
	first := h.enters(1, "1")
	h.Shown(first.Seq) // not stored
	h.crash()
	h.repeats(entering(h.code(1), "1"), first)
	second := h.enters(2, "2")
	for _, seq := range []uint64{0, second.Seq + 1, math.MaxUint64} {
		h.saw(Outcome{Seq: seq})
	}
	h.crash()
	h.repeats(entering(h.code(2), "2"), second)
}

// Only the newest notes are kept: a minute's worth of scans, and more.
func TestNotesAreBounded(t *testing.T) {
	h := newHandheld(t, nil)
	first := h.enters(1, "1")
	h.saw(first)
	h.newest += keepShown // as if so many had been let in since
	h.saw(Outcome{Seq: h.newest})
	kept, err := h.Store.Shown(t.Context())
	h.must(err)
	if len(kept) != 1 || kept[0] != h.newest {
		t.Errorf("the notes are %d, want %d alone", kept, h.newest)
	}
	for range 2 * keepShown {
		h.Shown(first.Seq)
	}
	if n := len(h.shown); n > keepShown {
		t.Errorf("%d notes wait to be stored", n)
	}
}

// Nothing else is green for it: the code has to be good now, and the same.
func TestOnlyWhatIsGoodIsRepeated(t *testing.T) {
	other := func(h *handheld) Attempt { return entering(gatetest.OtherCode(h.t, id(1)), "1") }
	same := func(h *handheld) Attempt { return entering(h.code(1), "1") }
	for name, c := range map[string]struct {
		meanwhile func(*handheld)
		attempt   func(*handheld) Attempt
		result    admission.Result
		reason    admission.Reason
	}{
		"a minute later": {func(h *handheld) { h.pass(repeatWithin) }, same, admission.Reject, admission.AlreadyUsed},
		"a clock set back by a day": {func(h *handheld) {
			h.skew -= 24 * time.Hour
			h.crash()
		}, same, admission.Reject, admission.AlreadyUsed},
		"revoked since":        {func(h *handheld) { h.hear(h.venue.Void(h.t, "revoked", journal.Never, id(1))) }, same, admission.Reject, admission.Revoked},
		"superseded since":     {func(h *handheld) { h.hear(h.venue.Void(h.t, "superseded", 1, id(1))) }, same, admission.Reject, admission.Superseded},
		"a gate that can't":    {func(h *handheld) { h.reason = admission.DeviceRevoked }, same, admission.Cannot, admission.DeviceRevoked},
		"a clock of one's own": {func(*handheld) {}, func(h *handheld) Attempt { a := same(h); a.At = opens.UnixMilli(); return a }, admission.Cannot, admission.ClockFailing},
		"another event's":      {func(*handheld) {}, other, admission.Reject, admission.WrongEvent},
		"a newer code":         {func(*handheld) {}, func(h *handheld) Attempt { return entering(h.venue.Code(h.t, id(1), 1), "1") }, admission.Reject, admission.AlreadyUsed},
		"taken back": {func(h *handheld) {
			_, act, _ := h.State.Act(h.State.Frontier(id(1))[0])
			_, err := h.Undo(h.t.Context(), act.Hash, "Meret", "wrong person")
			h.must(err)
		}, same, admission.Accept, admission.Entry},
		"the other way out": {func(*handheld) {}, func(h *handheld) Attempt { a := same(h); a.Direction = admission.Out; return a }, admission.Accept, admission.Exit},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandheld(t, nil)
			h.enters(1, "1")
			h.crash()
			c.meanwhile(h)
			h.expect(c.attempt(h), c.result, c.reason)
		})
	}
}

// A look, another code and a gate that can't judge leave it to whom it is meant for.
func TestARepeatIsNotUsedUpByOthers(t *testing.T) {
	h := newHandheld(t, nil)
	first := h.enters(1, "1")
	h.crash()
	look := entering(h.code(1), "1")
	look.Look = true
	h.expect(look, admission.Reject, admission.AlreadyUsed)
	h.expect(entering(h.venue.Code(t, id(1), 1), "1"), admission.Reject, admission.AlreadyUsed)
	h.reason = admission.NotReady
	h.expect(entering(h.code(1), "1"), admission.Cannot, admission.NotReady)
	h.reason = ""
	h.repeats(entering(h.code(1), "1"), first)
}

func TestAnExitThatNobodySaw(t *testing.T) {
	h := newHandheld(t, nil)
	h.saw(h.enters(1, "1"))
	leaving := entering(h.code(1), "1")
	leaving.Direction = admission.Out
	first := h.expect(leaving, admission.Accept, admission.Exit)
	h.crash()
	h.repeats(leaving, first)
	h.expect(entering(h.code(1), "1"), admission.Accept, admission.Reentry)
}

// Whoever nobody saw come in is counted, and does not fill the zone for themselves.
func TestARepeatIntoAFullZone(t *testing.T) {
	h := newHandheld(t, func(e *journal.Event) { e.Zones[0].Capacity = 1 })
	first := h.enters(1, "1")
	h.expect(entering(h.code(2), "2"), admission.Reject, admission.ZoneFull)
	h.crash()
	h.repeats(entering(h.code(1), "1"), first)
}

// Of a ticket for several, each green that nobody saw is shown once more.
func TestEachGreenOfATicketForSeveral(t *testing.T) {
	h := newHandheld(t, nil)
	code := h.venue.Issue(t, ticket.Claims{ID: ticket.ID(id(1)), Product: 1, Admissions: 4})
	first, second := h.expect(entering(code, "1"), admission.Accept, admission.Entry), h.expect(entering(code, "2"), admission.Accept, admission.Entry)
	h.crash()
	h.repeats(entering(code, "1"), first)
	h.repeats(entering(code, "2"), second)
	if out := h.expect(entering(code, "3"), admission.Accept, admission.Entry); out.Details.Nth != 3 {
		t.Errorf("the next is entry %d, want 3", out.Details.Nth)
	}
}

// Nobody is asked twice for what was answered, and a supervisor's word counts
// unless the ticket is void.
func TestRepeatsOfWhatWasConfirmed(t *testing.T) {
	h := newHandheld(t, func(e *journal.Event) { e.Policy.Stale = "ask" })
	h.pass(2 * time.Hour)
	a := entering(h.code(1), "1")
	a.Confirmed = []admission.Reason{admission.StaleList}
	asked := h.expect(a, admission.Accept, admission.Entry)
	wish := entering(h.code(2), "2")
	wish.Confirmed = a.Confirmed
	h.saw(h.expect(wish, admission.Accept, admission.Entry))
	wish.Override = &admission.Override{By: "Meret", Why: "their sister", Allowed: true}
	forced := h.expect(wish, admission.Accept, admission.Entry)
	h.crash()
	h.repeats(entering(h.code(1), "1"), asked)
	h.repeats(entering(h.code(2), "2"), forced)
	h.crash()
	h.hear(h.venue.Void(t, "blocked", journal.Never, id(2)))
	h.expect(entering(h.code(2), "2"), admission.Reject, admission.Blocked)
}
