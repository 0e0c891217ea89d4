package turnstile

import (
	"context"
	"math"
	"time"

	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/sync/admission"
	"usher/sync/journal"
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

// unshown is a green whose record was committed and whose verdict may not have
// been seen, because the process ended in between.
type unshown struct {
	act admission.Act
	seq uint64
}

// loadUnshown finds the greens of the last minute that nobody marked as shown.
func (t *Turnstile) loadUnshown(ctx context.Context) error {
	shown, err := t.Store.Shown(ctx)
	if err != nil {
		return err
	}
	t.shownSeq, t.shownKept = shown, shown
	now := t.Clock.Moment().At
	for _, late := range t.State.Since(t.Author.Chain(), shown) {
		if late.Act.Result == admission.Accept && now-late.Act.At < repeatWithin.Milliseconds() {
			t.unshown[late.Ticket] = unshown{act: late.Act, seq: late.Act.Seq}
		}
	}
	return nil
}

// repeat shows a green again, once, that a crash kept from being seen.
func (t *Turnstile) repeat(id journal.TicketID, p admission.Presented, now admission.Moment) (Outcome, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u, there := t.unshown[id]
	if !there || p.Err != nil {
		return Outcome{}, false
	}
	delete(t.unshown, id)
	if u.act.Undone || u.act.Direction != p.Direction || now.At-u.act.At >= repeatWithin.Milliseconds() {
		return Outcome{}, false
	}
	v := admission.Verdict{Result: admission.AcceptRepeat, Reason: admission.NotDisplayed}
	v.Ticket, v.Details.First = ticket.ID(id), &u.act
	return Outcome{Verdict: v, Record: u.act.Hash, Seq: u.seq, Short: ticketText(id), Assurance: u.act.Assurance}, true
}

// Shown notes that a person saw the verdict of the own record with the number.
// The note is flushed with Flush; losing it costs one repeated green after a
// crash.
func (t *Turnstile) Shown(seq uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shownSeq = max(t.shownSeq, seq)
}

// FlushShown stores what Shown noted. Call it when no scan waits.
func (t *Turnstile) FlushShown(ctx context.Context) error {
	t.mu.Lock()
	seq, kept := t.shownSeq, t.shownKept
	t.mu.Unlock()
	if seq == kept {
		return nil
	}
	if err := t.Store.MarkShown(ctx, seq); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shownKept = max(t.shownKept, seq)
	return nil
}
