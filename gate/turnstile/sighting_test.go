package turnstile

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/base45"
	"usher/crypto/ticket"
	"usher/gate/gatetest"
	"usher/gate/scan"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

func ignored(t *testing.T, out Outcome, when string) {
	t.Helper()
	if out.Result != admission.Ignored || out.Reason != admission.Debounce || out.Seq != 0 {
		t.Errorf("%s: %s %s, record %d; want it ignored", when, out.Result, out.Reason, out.Seq)
	}
}

// The same code at the same lane within three seconds is one decision, one record.
func TestOneSighting(t *testing.T) {
	h := newHandheld(t, nil)
	code := entering(h.code(1), "1")
	h.expect(code, admission.Accept, admission.Entry)
	h.pass(debounce - time.Millisecond)
	ignored(t, h.Scan(t.Context(), code), "just before the three seconds are over")
	if n := h.records(); n != 1 {
		t.Errorf("%d records of one sighting", n)
	}
	h.pass(time.Millisecond)
	h.expect(code, admission.Reject, admission.AlreadyUsed)
	ignored(t, h.Scan(t.Context(), code), "a refusal, seen again")
	h.expect(entering(h.code(1), "2"), admission.Reject, admission.AlreadyUsed)
	h.enters(2, "1") // another code at the lane is no sighting of the first
	h.expect(code, admission.Reject, admission.AlreadyUsed)
	out := code
	out.Direction = admission.Out
	h.expect(out, admission.Accept, admission.Exit)
}

// As long as a code is held before a camera it is one sighting. A wedge sends a
// code each time somebody pulls its trigger.
func TestACodeHeldBeforeACamera(t *testing.T) {
	h := newHandheld(t, nil)
	camera := entering(h.code(1), "1")
	camera.How = scan.HowCamera
	h.expect(camera, admission.Accept, admission.Entry)
	for range 20 {
		h.pass(debounce / 2)
		ignored(t, h.Scan(t.Context(), camera), "held before the camera")
	}
	h.pass(debounce)
	h.expect(camera, admission.Reject, admission.AlreadyUsed)
	wedge := entering(h.code(2), "2")
	h.expect(wedge, admission.Accept, admission.Entry)
	h.pass(debounce / 2)
	ignored(t, h.Scan(t.Context(), wedge), "a reader that stutters")
	h.pass(debounce / 2)
	h.expect(wedge, admission.Reject, admission.AlreadyUsed)
}

// A camera's frames may be decided side by side.
func TestOneSightingByManyAtOnce(t *testing.T) {
	h := newHandheld(t, nil)
	for n := range uint64(10) {
		var group sync.WaitGroup
		outs := make(chan Outcome, 8)
		for range cap(outs) {
			group.Go(func() { outs <- h.Scan(t.Context(), entering(h.code(n), "1")) })
		}
		group.Wait()
		close(outs)
		count := map[admission.Result]int{}
		for out := range outs {
			count[out.Result]++
		}
		if count[admission.Accept] != 1 || count[admission.Ignored] != cap(outs)-1 {
			t.Errorf("ticket %d: %v, want one accept and the rest ignored", n, count)
		}
	}
	if n := h.records(); n != 10 {
		t.Errorf("%d records of 10 sightings", n)
	}
}

// What a gate could not judge is judged when it can.
func TestCannotIsNoSighting(t *testing.T) {
	h := newHandheld(t, nil)
	h.reason = admission.NotReady
	h.expect(entering(h.code(1), "1"), admission.Cannot, admission.NotReady)
	h.expect(entering(h.code(1), "1"), admission.Cannot, admission.NotReady)
	h.reason = ""
	h.enters(1, "1")
}

// Who answers what was asked shows the same code again, as soon as they can.
func TestAnAnswerIsNoSighting(t *testing.T) {
	h := newHandheld(t, func(e *journal.Event) {
		e.Policy.Stale = "ask"
		e.Products[0].Questions = []journal.Question{{Code: "age", Text: "Born before 2008?", Kind: admission.QuestionYesNo, Required: true}}
	})
	a := entering(h.code(1), "1")
	h.expect(a, admission.Ask, admission.Questions)
	ignored(t, h.Scan(t.Context(), a), "a question, seen again")
	a.Answers = map[string]string{"age": "yes"}
	h.expect(a, admission.Accept, admission.Entry)
	h.pass(2 * time.Hour) // the list is stale
	b := entering(h.code(2), "1")
	b.Answers = a.Answers
	h.expect(b, admission.Ask, admission.StaleList)
	b.Confirmed = []admission.Reason{admission.StaleList}
	h.expect(b, admission.Accept, admission.Entry)
	h.pass(time.Second)
	ignored(t, h.Scan(t.Context(), entering(h.code(2), "1")), "seen again after the green")
}

// A gate remembers so many lanes and no more; a lane that is new costs the one that
// saw nothing for the longest its memory, and no other.
func TestLanesAreBounded(t *testing.T) {
	h := newHandheld(t, nil)
	for lane := range maxLanes {
		h.pass(time.Millisecond)
		h.enters(uint64(lane), fmt.Sprint(lane))
	}
	ignored(t, h.Scan(t.Context(), entering(h.code(maxLanes-1), fmt.Sprint(maxLanes-1))), "the newest of all lanes there may be")
	h.enters(1000, fmt.Sprint(maxLanes-1))
	ignored(t, h.Scan(t.Context(), entering(h.code(0), "0")), "the oldest, when a lane there is saw another code")
	h.enters(1001, "one lane more")
	if n := len(h.lanes); n != maxLanes {
		t.Errorf("%d lanes are remembered, want %d", n, maxLanes)
	}
	h.expect(entering(h.code(0), "0"), admission.Reject, admission.AlreadyUsed)
	for lane := 2; lane < maxLanes-1; lane++ {
		ignored(t, h.Scan(t.Context(), entering(h.code(uint64(lane)), fmt.Sprint(lane))), fmt.Sprint("lane ", lane))
	}
}

// A wallet's code held before a camera is one sighting, though its text is another every
// 15 seconds. A copy of an earlier one is no part of it, nor is another's.
func TestALiveCodeHeldBeforeACamera(t *testing.T) {
	h := newHandheld(t, nil)
	code := h.live(1)
	began := h.now
	h.expect(code(began), admission.Accept, admission.Entry)
	for range 50 {
		h.pass(time.Second)
		ignored(t, h.Scan(t.Context(), code(h.now.Truncate(15*time.Second))), "held before the camera")
	}
	if n := h.records(); n != 1 {
		t.Errorf("%d records of one sighting", n)
	}
	h.expect(code(began.Add(-time.Second)), admission.Reject, admission.StaleCode)
	other := code(h.now)
	other.Lane = "2"
	h.expect(other, admission.Reject, admission.AlreadyUsed)
	leaving := code(h.now)
	leaving.Direction = admission.Out
	h.expect(leaving, admission.Accept, admission.Exit)
	h.expect(h.live(2)(h.now), admission.Accept, admission.Entry)
}

// Who showed a picture of a live code, and then shows the live one, is let in at once.
func TestALiveCodeAfterAStaleOne(t *testing.T) {
	h := newHandheld(t, nil)
	code := h.live(1)
	h.expect(code(h.now.Add(-time.Hour)), admission.Reject, admission.StaleCode)
	h.expect(code(h.now), admission.Accept, admission.Entry)
}

// A code with a forged proof is no wallet's next.
func TestAForgedProofIsNoSighting(t *testing.T) {
	h := newHandheld(t, nil)
	h.expect(h.live(1)(h.now), admission.Accept, admission.Entry)
	h.pass(time.Second)
	forged := h.live(1)(h.now)
	proof, err := base45.Decode(nil, strings.TrimPrefix(forged.Text, ticket.PrefixPresentation))
	if err != nil {
		t.Fatal(err)
	}
	proof[len(proof)-1] ^= 1
	forged.Text = ticket.PrefixPresentation + base45.Encode(proof)
	h.expect(forged, admission.Reject, admission.BadSignature)
}

// live makes a ticket that is bound to a holder, and gives the attempt to come in before
// a camera by what its wallet shows at an instant.
func (h *handheld) live(n uint64) func(at time.Time) Attempt {
	h.t.Helper()
	holder := journaltest.Signer(h.t, "holder")
	bound, err := ticket.IssueBound(ticket.Claims{Event: gatetest.Event, ID: ticket.ID(id(n)), Product: 1, Holder: holder.Public()}, h.venue.Issuer)
	if err != nil {
		h.t.Fatal(err)
	}
	return func(at time.Time) Attempt {
		h.t.Helper()
		text, err := ticket.Present(bound, holder, at.Unix(), nil)
		if err != nil {
			h.t.Fatal(err)
		}
		a := entering(text, "1")
		a.How = scan.HowCamera
		return a
	}
}
