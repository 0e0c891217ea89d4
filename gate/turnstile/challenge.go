package turnstile

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"time"

	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Two people claim one ticket: a lane asks for a number, the holder types it into the
// wallet, and the next ticket at the lane is looked at to see whether its phone
// answers. A code that was relayed before, or signed in advance, can't.

// NumberFor is how long a number may be answered.
const NumberFor = 2 * time.Minute

// ToScanAgain is the reason of an ask at a ticket whose phone answered and that would
// be let through: what answers a number is only looked at, so it is to be scanned as
// always.
const ToScanAgain admission.Reason = "answered"

// challenge is the number that a lane waits for.
type challenge struct {
	number uint32
	until  time.Duration // by Mono
	taken  bool          // a ticket is judged by it
}

// Number is a number that a lane asks for, or asks for no more.
type Number struct {
	Lane   string `json:"lane"`
	Digits string `json:"number,omitempty"`  // six; "": the lane asks for none
	Left   int    `json:"seconds,omitempty"` // for how long it may be answered, s
}

// AskNumber has a lane ask for a number, in place of the one that it asked for before.
// A gate that can't judge gets fault.NotReady, one of whose lanes too many ask at once
// fault.TooMany.
func (t *Turnstile) AskNumber(lane string) (Number, error) {
	if t.Ready() != "" || t.State.Event() == nil {
		return Number{}, fault.New(fault.NotReady, "this device can't judge tickets now, and so it asks for no number")
	}
	drawn, err := rand.Int(t.Rand, big.NewInt(ticket.MaxChallenge+1))
	if err != nil {
		return Number{}, fault.Wrap(fault.Internal, err, "no number could be drawn")
	}
	now := t.Mono()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forgetNumbers(now)
	if _, there := t.asked[lane]; !there && len(t.asked) >= maxLanes {
		return Number{}, fault.At(fault.TooMany, "lanes", "%d lanes ask for a number already: wait until one has its answer", maxLanes)
	}
	c := &challenge{number: uint32(drawn.Uint64()), until: now + NumberFor}
	t.asked[lane] = c
	t.asking.Store(int32(len(t.asked)))
	return c.at(lane, now), nil
}

// NumberAt gives the number that a lane asks for, if it asks for one.
func (t *Turnstile) NumberAt(lane string) Number {
	now := t.Mono()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forgetNumbers(now)
	if c := t.asked[lane]; c != nil {
		return c.at(lane, now)
	}
	return Number{Lane: lane}
}

// DropNumber has a lane ask for no number any more.
func (t *Turnstile) DropNumber(lane string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.asked, lane)
	t.asking.Store(int32(len(t.asked)))
}

func (c *challenge) at(lane string, now time.Duration) Number {
	return Number{Lane: lane, Digits: fmt.Sprintf("%06d", c.number), Left: int((c.until - now + time.Second - 1) / time.Second)}
}

// forgetNumbers drops those whose time is over. It runs under mu.
func (t *Turnstile) forgetNumbers(now time.Duration) {
	for lane, c := range t.asked {
		if now >= c.until {
			delete(t.asked, lane)
		}
	}
	t.asking.Store(int32(len(t.asked)))
}

// takeNumber gives the number by which an attempt is judged, nil for none: the first
// ticket that its lane sees uses it up. What is no ticket leaves it, and so does one
// that comes again with what a person said.
func (t *Turnstile) takeNumber(a Attempt, id journal.TicketID, now time.Duration) *challenge {
	if t.asking.Load() == 0 || id == (journal.TicketID{}) || a.said() {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forgetNumbers(now)
	c := t.asked[a.Lane]
	if c == nil || c.taken {
		return nil
	}
	c.taken = true
	return c
}

// underNumber makes of what a scan came to the answer to a number, which is never
// green. A gate that could not judge waits on.
func (t *Turnstile) underNumber(a Attempt, c *challenge, out Outcome) Outcome {
	t.mu.Lock()
	if out.Challenge == "" {
		c.taken = false
	} else if t.asked[a.Lane] == c { // nobody asked for another, or for none
		delete(t.asked, a.Lane)
		t.asking.Store(int32(len(t.asked)))
	}
	t.mu.Unlock()
	switch {
	case out.Green() && out.Challenge == admission.Answered:
		out.Result, out.Reason = admission.Ask, ToScanAgain
	case out.Green() && out.Challenge == admission.NoKey: // an exit, which nothing refuses
		out.Result, out.Reason = admission.Reject, admission.LiveRequired
	case out.Green():
		out.Result, out.Reason = admission.Reject, admission.StaleCode
	}
	return out
}
