package turnstile

import (
	"math"
	"time"

	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/sync/admission"
)

// sighting is the last code that a lane saw.
type sighting struct {
	code
	at time.Duration
}

// code is what tells one sighting from the next: the text that was read, and of a
// holder-bound ticket whose it is, since a wallet shows another text every 15 s.
type code struct {
	text      string
	direction admission.Direction
	byName    bool           // nobody showed or said it
	live      *ticket.Ticket // nil: not holder-bound, or not known yet
}

// codeOf is what an attempt shows. p, if it is not nil, is the same verified.
func codeOf(in scan.Input, a Attempt, p *admission.Presented) code {
	c := code{text: in.Text, direction: a.Direction}
	if in.Kind == scan.ShortCode {
		c.text, c.byName = in.ID.String(), a.How == scan.HowSearch
	}
	if p != nil && !p.Manual && p.Err == nil && p.Ticket.Proof != nil {
		c.live = p.Ticket
	}
	return c
}

// continues reports whether the code is the one before, still held there: the same text,
// or the wallet's next. A copy of an earlier one is another code.
func (c code) continues(before code) bool {
	switch {
	case c.direction != before.direction, c.byName != before.byName:
		return false
	case c.text == before.text:
		return true
	case c.live == nil || before.live == nil:
		return false
	}
	return c.live.ID == before.live.ID && c.live.Generation == before.live.Generation &&
		c.live.Proof.Time > before.live.Proof.Time && c.live.VerifyProof() == nil
}

// sameSighting reports whether the lane saw the very same code a moment ago: a
// camera sees a code in many frames, and that is one decision and one record. Who
// adds to it what a person said wants another decision.
func (t *Turnstile) sameSighting(a Attempt, c code, at time.Duration) (Outcome, bool) {
	if a.Look || a.said() {
		return Outcome{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	last, seen := t.lanes[a.Lane]
	if !seen || at-last.at >= debounce || !c.continues(last.code) {
		return Outcome{}, false
	}
	if a.How == scan.HowCamera {
		last.at = max(last.at, at) // as long as a code is held before a camera, it is one sighting
		if c.live != nil {
			last.code = c
		}
		t.lanes[a.Lane] = last
	}
	return Outcome{Verdict: admission.Verdict{Result: admission.Ignored, Reason: admission.Debounce}}, true
}

// said reports whether the attempt is one again, with what a person said to it.
func (a *Attempt) said() bool { return a.Override != nil || len(a.Confirmed) > 0 || len(a.Answers) > 0 }

func (t *Turnstile) remember(a Attempt, c code, out Outcome, at time.Duration) {
	switch {
	case out.Result == admission.Cannot:
		return // the next frame may be judged
	case out.Reason == admission.StaleCode, out.Reason == admission.LiveRequired:
		c.live = nil // and so may the wallet's next code
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, there := t.lanes[a.Lane]; !there && len(t.lanes) >= maxLanes {
		t.forgetLane()
	}
	t.lanes[a.Lane] = sighting{code: c, at: at}
}

// forgetLane makes room for a lane, at the cost of the one that saw nothing for the
// longest.
func (t *Turnstile) forgetLane() {
	var oldest string
	at := time.Duration(math.MaxInt64)
	for lane, s := range t.lanes {
		if s.at < at {
			oldest, at = lane, s.at
		}
	}
	delete(t.lanes, oldest)
}
