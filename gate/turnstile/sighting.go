package turnstile

import (
	"math"
	"time"

	"usher/gate/scan"
	"usher/sync/admission"
)

// sighting is the last code that a lane saw.
type sighting struct {
	text string
	at   time.Duration
}

// sameSighting reports whether the lane saw the very same code a moment ago: a
// camera sees a code in many frames, and that is one decision and one record. Who
// adds to it what a person said wants another decision.
func (t *Turnstile) sameSighting(a Attempt, in scan.Input, at time.Duration) (Outcome, bool) {
	if a.Look || a.Override != nil || len(a.Confirmed) > 0 || len(a.Answers) > 0 {
		return Outcome{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	last, seen := t.lanes[a.Lane]
	if !seen || last.text != key(in, a) || at-last.at >= debounce {
		return Outcome{}, false
	}
	if a.How == scan.HowCamera {
		last.at = max(last.at, at) // as long as a code is held before a camera, it is one sighting
		t.lanes[a.Lane] = last
	}
	return Outcome{Verdict: admission.Verdict{Result: admission.Ignored, Reason: admission.Debounce}}, true
}

func (t *Turnstile) remember(a Attempt, in scan.Input, out Outcome, at time.Duration) {
	if out.Result == admission.Cannot {
		return // the next frame may be judged
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, there := t.lanes[a.Lane]; !there && len(t.lanes) >= maxLanes {
		t.forgetLane()
	}
	t.lanes[a.Lane] = sighting{text: key(in, a), at: at}
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

func key(in scan.Input, a Attempt) string {
	if in.Kind == scan.ShortCode {
		return string(a.Direction) + in.ID.String()
	}
	return string(a.Direction) + in.Text
}
