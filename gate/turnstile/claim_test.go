package turnstile

import (
	"testing"
	"time"

	"usher/gate/gatetest"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// Somebody is let in after the gate has heard what others did with the ticket, and
// nothing else waits for that.
func TestWhatIsClaimed(t *testing.T) {
	h := newHandheld(t, func(e *journal.Event) {
		e.Products[0].Questions = []journal.Question{{Code: "age", Text: "Born before 2008?", Kind: admission.QuestionYesNo, Required: true}}
	})
	var claimed []journal.TicketID
	h.claim = func(id journal.TicketID) bool {
		claimed = append(claimed, id)
		return false
	}
	h.hear(h.venue.Void(t, "revoked", journal.Never, id(9)))
	entry := func(n uint64) Attempt {
		a := entering(h.code(n), "1")
		a.Answers = map[string]string{"age": "yes"}
		return a
	}
	with := func(a Attempt, change func(*Attempt)) Attempt {
		change(&a)
		return a
	}
	for _, c := range []struct {
		name    string
		attempt Attempt
		result  admission.Result
		claims  bool
	}{
		{"a question", with(entry(1), func(a *Attempt) { a.Answers = nil }), admission.Ask, false},
		{"an entry", entry(1), admission.Accept, true},
		{"a used ticket", with(entry(1), func(a *Attempt) { a.Lane = "2" }), admission.Reject, false},
		{"an exit", with(entry(1), func(a *Attempt) { a.Direction = admission.Out }), admission.Accept, false},
		{"a look", with(entry(2), func(a *Attempt) { a.Look = true }), admission.Accept, false},
		{"a void ticket", entry(9), admission.Reject, false},
		{"no ticket", with(entry(3), func(a *Attempt) { a.Text = "no ticket" }), admission.Reject, false},
		{"an override", with(entry(9), func(a *Attempt) {
			a.Lane, a.Override = "3", &admission.Override{By: "Meret", Why: "the list is wrong", Allowed: true}
		}), admission.Accept, true},
	} {
		claimed = nil
		if out := h.Scan(t.Context(), c.attempt); out.Result != c.result {
			t.Errorf("%s: %s %s, want %s", c.name, out.Result, out.Reason, c.result)
		}
		if (len(claimed) == 1) != c.claims || len(claimed) > 1 {
			t.Errorf("%s: claimed %x", c.name, claimed)
		}
	}
	claimed = nil
	h.Train(true)
	h.expect(entry(4), admission.Accept, admission.Entry)
	h.Train(false)
	if len(claimed) > 0 {
		t.Errorf("in training: claimed %x", claimed)
	}
}

// What arrives during a claim is decided on: the record that comes of it names it as
// its parent, and the verdict says who let the ticket in.
func TestWhatArrivesDuringAClaim(t *testing.T) {
	h := newHandheld(t, nil)
	other := h.venue.Enrol(t, "handheld 2", gatetest.South)
	w := &journaltest.Writer{Author: &journal.Author{Signer: other.Signer}, Stamp: journal.Stamp{Time: h.now.UnixMilli(), Synced: true}}
	h.venue.List(t, id(1), id(2))
	h.hear(h.venue.Records[3:]...)
	var theirs *journal.Record
	h.claim = func(ticket journal.TicketID) bool {
		theirs = w.Write(t, journal.KindScan, journaltest.Admission(gatetest.South, ticket))
		h.hear(theirs)
		h.pass(40 * time.Millisecond)
		return true
	}
	out := h.expect(entering(h.code(1), "1"), admission.Reject, admission.AlreadyUsed)
	if out.Details.First == nil || out.Details.First.Hash != theirs.Hash() {
		t.Errorf("first let in by %+v", out.Details.First)
	}
	if want := (40 * time.Millisecond).Microseconds(); out.Took.Claim != want || out.Took.Decide != 0 {
		t.Errorf("took %+v, want a claim of %d µs", out.Took, want)
	}
	s := h.newestScan()
	if s.Result != string(admission.Reject) || len(s.Parents) != 1 || s.Parents[0] != theirs.Hash() || s.DecideUS != 0 {
		t.Errorf("the record is %+v, want a refusal that names %s", s, theirs.Hash())
	}

	h.claim = func(ticket journal.TicketID) bool {
		h.hear(h.venue.Void(t, "revoked", journal.Never, ticket))
		return true
	}
	h.expect(entering(h.code(2), "1"), admission.Reject, admission.Revoked)
	h.claim = func(journal.TicketID) bool { return true }
	h.enters(3, "1") // an answer without news changes nothing
}

// Nobody is kept out by a claim, whatever comes of it.
func TestAClaimRefusesNobody(t *testing.T) {
	h := newHandheld(t, nil)
	for n, answer := range []bool{true, false} {
		h.claim = func(journal.TicketID) bool {
			h.pass(time.Second)
			return answer
		}
		h.enters(uint64(n), "1")
	}
	h.claim = nil
	h.enters(7, "1")
}
