package turnstile

import (
	"context"
	"time"

	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/state"
)

// decided is a decision, and what it rests on.
type decided struct {
	out   Outcome // the verdict, or all of it where it is one that is shown again
	again bool    // a green that a crash kept from being seen
	known state.Case
	stamp journal.Stamp
}

// decide runs under the ticket's lock.
func (t *Turnstile) decide(a Attempt, p admission.Presented, id journal.TicketID) (d decided) {
	now, stamp, why := t.when(a)
	d.known, d.stamp = t.State.Case(id), stamp
	c := t.context(d.known.Event, now)
	if why != "" {
		c.NotReady = why
	}
	if !a.Look {
		if d.out, d.again = t.repeat(id, p, c, d.known); d.again {
			return d
		}
	}
	d.out.Verdict = admission.Decide(c, p, d.known.Void, d.known.Past)
	t.tellPassed(id, &d.out.Verdict)
	return d
}

// tellPassed has a verdict say that the code is somebody else's by now, where the newest
// that happened to the ticket is another thing. It decides nothing.
func (t *Turnstile) tellPassed(id journal.TicketID, v *admission.Verdict) {
	if v.Reason != admission.Superseded || v.Details.Void == nil {
		return
	}
	if passed, ok := t.State.Passed(id, v.Generation); ok {
		v.Details.Void = &passed
	}
}

// claim has what others did with the ticket arrive before somebody is let in, and
// decides again where it may have. It gives how long that took.
func (t *Turnstile) claim(ctx context.Context, a Attempt, p admission.Presented, id journal.TicketID, d decided) (decided, time.Duration) {
	if a.Look || a.Direction != admission.In || d.again || !d.out.Green() {
		return d, 0
	}
	began := t.Mono()
	if !t.Claim(ctx, id) {
		return d, 0
	}
	return t.decide(a, p, id), t.Mono() - began
}

// decideAndRecord runs under the ticket's lock.
func (t *Turnstile) decideAndRecord(ctx context.Context, a Attempt, p admission.Presented, id journal.TicketID, began time.Duration) Outcome {
	d, waited := t.claim(ctx, a, p, id, t.decide(a, p, id))
	out := d.out
	if d.again {
		return out
	}
	began += waited // it is neither deciding nor committing
	green := out.Green()
	if green && !t.Linked() {
		out.Flags = append(out.Flags, admission.FlagOffline)
	}
	out.Assurance, out.Took = t.Sure(), Timing{Decide: (t.Mono() - began).Microseconds(), Claim: waited.Microseconds()}
	if id != (journal.TicketID{}) {
		out.Short = ticketText(id)
	}
	if a.Look {
		return out
	}
	step("decided")
	var entries []entry
	if green {
		entries = answered(a, d.known.Event, p, d.stamp)
	}
	entries = append(entries, entry{kind: journal.KindScan, stamp: d.stamp, content: t.scanRecord(a, p, id, d.known, out)})
	record, err := t.scribe.write(ctx, entries...)
	out.Took.Commit = (t.Mono() - began).Microseconds() - out.Took.Decide
	if err != nil {
		t.Log.ErrorContext(ctx, "a scan's record could not be stored", "error", err)
		out.Verdict = admission.Verdict{Result: admission.Cannot, Reason: admission.StoreFailing}
		return out
	}
	step("recorded")
	t.wrote(record.Seq)
	if green && a.Direction == admission.In {
		t.letIn(moment{record.Seq, began})
	}
	out.Record, out.Seq = record.Hash(), record.Seq
	return out
}

// when gives the time of the attempt. A test clock is only for rehearsals.
func (t *Turnstile) when(a Attempt) (admission.Moment, journal.Stamp, admission.Reason) {
	if a.At == 0 {
		return t.Clock.Moment(), t.Clock.Stamp(), ""
	}
	if !t.Rehearsal() || a.At < 0 {
		return t.Clock.Moment(), t.Clock.Stamp(), admission.ClockFailing
	}
	return admission.Moment{At: a.At, Synced: true}, journal.Stamp{Time: a.At, Synced: true}, ""
}

// context is the gate's side of a decision.
func (t *Turnstile) context(event *journal.Event, now admission.Moment) admission.Context {
	c := admission.Context{Event: event, Node: t.Author.Chain().Node, Now: now, NotReady: t.Ready()}
	if c.Event == nil {
		c.NotReady = admission.NotReady
		return c
	}
	var there bool
	if c.Gate, there = c.Event.GateByCode(t.gate()); !there && c.NotReady == "" {
		c.NotReady = admission.GateMissing
	}
	c.ListAge, c.ListKnown = t.State.ListAge(now.At)
	if zone, known := c.Event.ZoneByBit(c.Gate.Zone); known && zone.Capacity > 0 {
		sure := t.Sure()
		c.Inside, c.InsideAge = t.State.Inside(zone.Bit, now.At), int64(sure.LongestMS)
		if sure.Unheard > 0 && sure.LongestMS == 0 {
			c.InsideAge = -1
		}
	}
	return c
}
