package turnstile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"usher/crypto/grant"
	"usher/gate/gatetest"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// phone is a phone that shows the n-th ticket live.
type phone struct {
	*handheld
	gatetest.Phone
}

func (h *handheld) phone(n uint64) phone {
	h.t.Helper()
	return phone{h, gatetest.NewPhone(h.t, h.venue.Issuer, h.venue.Event.Code, id(n))}
}

// shows is the phone's code of a moment before now, with a number if there is one.
func (p phone) shows(age time.Duration, number *uint32) string {
	p.t.Helper()
	digits := ""
	if number != nil {
		digits = fmt.Sprint(*number)
	}
	return p.Code(p.t, p.now.Add(-age), digits)
}

// draw has the next numbers be these.
func (h *handheld) draw(numbers ...uint32) {
	var b []byte
	for _, n := range numbers {
		b = append(b, binary.BigEndian.AppendUint32(nil, n)[1:]...)
	}
	h.Rand = bytes.NewReader(b)
}

// asks has a lane ask for a number.
func (h *handheld) asks(lane string, number uint32) *uint32 {
	h.t.Helper()
	h.draw(number)
	got, err := h.AskNumber(lane)
	if err != nil || got != (Number{Lane: lane, Digits: fmt.Sprintf("%06d", number), Left: 120}) {
		h.t.Fatalf("the lane asks for %+v, %v; want %06d", got, err, number)
	}
	return &number
}

// looked wants a scan to have been a look that says how the phone answered.
func (h *handheld) looked(a Attempt, result admission.Result, reason admission.Reason, answer admission.Challenge) {
	h.t.Helper()
	before, lanes := h.records(), len(h.lanes)
	out := h.expect(a, result, reason)
	if out.Challenge != answer {
		h.t.Errorf("the phone answered %q, want %q", out.Challenge, answer)
	}
	if out.Green() || out.Seq != 0 || !out.Record.IsZero() || h.records() != before || len(h.lanes) != lanes {
		h.t.Errorf("it was more than a look: %+v", out)
	}
}

// Of two who claim a ticket that is in, the one whose phone answers the number holds it.
// A relayed code, one that was signed in advance and a static one don't.
func TestWhoHoldsTheTicket(t *testing.T) {
	h := newHandheld(t, nil)
	p := h.phone(1)
	other := uint32(482914)
	h.expect(entering(p.shows(0, nil), "1"), admission.Accept, admission.Entry)
	for name, c := range map[string]struct {
		code   func(number *uint32) string
		reason admission.Reason
		answer admission.Challenge
	}{
		"the right number":                  {func(n *uint32) string { return p.shows(0, n) }, admission.AlreadyUsed, admission.Answered},
		"the right number, a while ago":     {func(n *uint32) string { return p.shows(45*time.Second, n) }, admission.AlreadyUsed, admission.Answered},
		"the right number, signed long ago": {func(n *uint32) string { return p.shows(46*time.Second, n) }, admission.StaleCode, admission.OutOfTime},
		"the right number, signed ahead":    {func(n *uint32) string { return p.shows(-16*time.Second, n) }, admission.StaleCode, admission.OutOfTime},
		"another number":                    {func(*uint32) string { return p.shows(0, &other) }, admission.StaleCode, admission.OtherNumber},
		"no number":                         {func(*uint32) string { return p.shows(0, nil) }, admission.StaleCode, admission.NoNumber},
		"a static code":                     {func(*uint32) string { return h.code(1) }, admission.LiveRequired, admission.NoKey},
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			h.pass(debounce)
			number := h.asks("1", 482913)
			h.looked(entering(c.code(number), "1"), admission.Reject, c.reason, c.answer)
			if now := h.NumberAt("1"); now != (Number{Lane: "1"}) {
				t.Errorf("the number is not used up: %+v", now)
			}
		})
	}
}

// A number is good at its lane, once, for two minutes, until it is taken back or another
// is asked for. Whatever comes after it is judged as always.
func TestANumberIsGoodOnce(t *testing.T) {
	h := newHandheld(t, nil)
	ordinary := func(lane string, p phone, number *uint32) {
		t.Helper()
		before := h.records()
		if out := h.Scan(t.Context(), entering(p.shows(0, number), lane)); !out.Green() || out.Challenge != "" || h.records() != before+1 {
			t.Errorf("it is judged as an answer: %s %s %q", out.Result, out.Reason, out.Challenge)
		}
	}
	number := h.asks("1", 7)
	ordinary("2", h.phone(1), number) // another lane
	h.pass(NumberFor - time.Nanosecond)
	if now := h.NumberAt("1"); now != (Number{Lane: "1", Digits: "000007", Left: 1}) {
		t.Errorf("just before it is over: %+v", now)
	}
	h.looked(entering(h.phone(2).shows(0, number), "1"), admission.Ask, ToScanAgain, admission.Answered)
	ordinary("1", h.phone(2), number) // a second time

	number = h.asks("1", 8)
	h.pass(NumberFor)
	ordinary("1", h.phone(3), number) // too late

	number = h.asks("1", 9)
	h.DropNumber("1")
	ordinary("1", h.phone(4), number) // taken back
	if h.asking.Load() != 0 {
		t.Errorf("%d numbers are waited for", h.asking.Load())
	}

	before := h.asks("1", 999999)
	number = h.asks("1", 0)
	h.looked(entering(h.phone(5).shows(0, before), "1"), admission.Reject, admission.StaleCode, admission.OtherNumber)
	number = h.asks("1", *number)
	h.looked(entering(h.phone(5).shows(0, number), "1"), admission.Ask, ToScanAgain, admission.Answered)
}

// Nobody passes on a number, whatever they would be let through on: who answers is
// scanned once more, as always.
func TestNoNumberLetsAnybodyThrough(t *testing.T) {
	h := newHandheld(t, nil)
	p := h.phone(1)
	leaving := func(code string) Attempt {
		a := entering(code, "1")
		a.Direction = admission.Out
		return a
	}
	number := h.asks("1", 482913)
	h.looked(entering(p.shows(0, number), "1"), admission.Ask, ToScanAgain, admission.Answered)
	h.expect(entering(p.shows(0, number), "1"), admission.Accept, admission.Entry)
	h.asks("1", 482913)
	h.looked(leaving(p.shows(0, number)), admission.Ask, ToScanAgain, admission.Answered)
	h.asks("1", 482913)
	h.looked(leaving(p.shows(0, nil)), admission.Reject, admission.StaleCode, admission.NoNumber)
	h.asks("1", 482913)
	h.looked(leaving(h.code(1)), admission.Reject, admission.LiveRequired, admission.NoKey)
	h.Train(true)
	h.asks("1", 482913)
	h.looked(entering(h.phone(2).shows(0, number), "1"), admission.Ask, ToScanAgain, admission.Answered)
}

// What stands before the question of who holds a ticket is said all the same, and
// whether the phone answered with it: that of a former holder can.
func TestAnAnswerOfAVoidTicket(t *testing.T) {
	h := newHandheld(t, nil)
	h.hear(h.venue.Void(t, "superseded", 1, id(1)))
	p := h.phone(1)
	number := h.asks("1", 482913)
	h.looked(entering(p.shows(0, number), "1"), admission.Reject, admission.Superseded, admission.Answered)
	h.asks("1", 482913)
	h.looked(entering(p.shows(0, nil), "1"), admission.Reject, admission.Superseded, admission.NoNumber)
	forged := []byte(p.shows(0, number))
	if at := len(forged) - 4; forged[at] != '1' {
		forged[at] = '1' // in the phone's signature
	} else {
		forged[at] = '2'
	}
	h.asks("1", 482913)
	h.looked(entering(string(forged), "1"), admission.Reject, admission.BadSignature, admission.OtherNumber)
}

// What is no answer leaves the number: what is no ticket, a role card, a code that the
// lane sees still, a scan again with what a person said to it, and one that the gate
// can't judge.
func TestWhatLeavesTheNumber(t *testing.T) {
	h := newHandheld(t, nil)
	p := h.phone(1)
	h.expect(entering(p.shows(0, nil), "1"), admission.Accept, admission.Entry)
	number := h.asks("1", 482913)
	ignored(t, h.Scan(t.Context(), entering(p.shows(0, nil), "1")), "the same code, still there")
	h.expect(entering("https://example.org/menu", "1"), admission.Reject, admission.Malformed)
	h.expect(entering(grant.RoleCardText(grant.Code{7}), "1"), admission.Ignored, RoleCard)
	forced := entering(p.shows(0, nil), "1")
	forced.Override = &admission.Override{By: "Kim", Why: "known to me", Allowed: true}
	if out := h.expect(forced, admission.Accept, admission.Entry); !out.Forced() || out.Seq == 0 {
		t.Errorf("an override is only looked at: %+v", out)
	}
	h.reason = admission.NotReady
	h.expect(entering(p.shows(0, number), "1"), admission.Cannot, admission.NotReady)
	h.reason = ""
	h.looked(entering(p.shows(0, number), "1"), admission.Reject, admission.AlreadyUsed, admission.Answered)
}

// A number that is taken back while a gate that can't judge sees a ticket stays so.
func TestANumberTakenBackMeanwhile(t *testing.T) {
	h := newHandheld(t, nil)
	number := h.asks("1", 482913)
	h.Ready = func() admission.Reason {
		h.DropNumber("1")
		return admission.NotReady
	}
	h.expect(entering(h.phone(1).shows(0, number), "1"), admission.Cannot, admission.NotReady)
	if now := h.NumberAt("1"); now != (Number{Lane: "1"}) {
		t.Errorf("the lane asks for %+v", now)
	}
}

// Of two scans at once at a lane one is judged by the number.
func TestANumberForOneOfMany(t *testing.T) {
	h := newHandheld(t, nil)
	number := h.asks("1", 482913)
	var group sync.WaitGroup
	outs := make(chan Outcome, 16)
	for n := range cap(outs) {
		code := h.phone(uint64(n)).shows(0, number)
		group.Go(func() { outs <- h.Scan(t.Context(), entering(code, "1")) })
	}
	group.Wait()
	close(outs)
	answered := 0
	for out := range outs {
		if out.Challenge == admission.Answered {
			answered++
		}
	}
	if answered != 1 {
		t.Errorf("%d phones answered one number", answered)
	}
}

func TestNumbersAreBounded(t *testing.T) {
	h := newHandheld(t, nil)
	for lane := range maxLanes {
		h.asks(fmt.Sprint(lane), uint32(lane))
	}
	h.asks("0", 99) // its own again
	h.draw(1)
	if _, err := h.AskNumber("one more"); !errors.Is(err, fault.TooMany) {
		t.Errorf("one lane too many: %v", err)
	}
	h.pass(NumberFor)
	h.asks("one more", 1)
	if len(h.asked) != 1 {
		t.Errorf("%d numbers are kept", len(h.asked))
	}
}

// A gate that can't judge, and one that can't draw, ask for none.
func TestNoNumber(t *testing.T) {
	h := newHandheld(t, nil)
	h.Rand = iotest.ErrReader(errors.New("no randomness"))
	if got, err := h.AskNumber("1"); !errors.Is(err, fault.Internal) {
		t.Errorf("%+v, %v", got, err)
	}
	h.reason = admission.NotReady
	if got, err := h.AskNumber("1"); !errors.Is(err, fault.NotReady) {
		t.Errorf("%+v, %v", got, err)
	}
	if now := h.NumberAt("1"); now != (Number{Lane: "1"}) {
		t.Errorf("the lane asks for %+v", now)
	}
}

// Where no lane asks for a number, a scan does not so much as look which one might.
func TestNoNumberCostsNothing(t *testing.T) {
	h := newHandheld(t, nil)
	a := entering(h.code(1), "1")
	h.mu.Lock() // which it would wait for
	defer h.mu.Unlock()
	if got := testing.AllocsPerRun(10, func() { _ = h.takeNumber(a, journal.TicketID{1}, 0) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
