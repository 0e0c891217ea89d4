package shift

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Outcome is what a check came to.
type Outcome string

// The outcomes.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	Open Outcome = "open" // nobody has made it yet
)

// Check is one check before the doors open.
type Check struct {
	Name    string  `json:"check"`
	Outcome Outcome `json:"outcome"`
	Detail  string  `json:"detail,omitempty"` // what was found
	Do      string  `json:"do,omitempty"`     // what to do about it
}

// The checks, in their order. The last four are the page's to make.
const (
	CheckReady     = "ready"
	CheckKeys      = "keys"
	CheckList      = "list"
	CheckClock     = "clock"
	CheckStore     = "store"
	CheckGood      = "good_ticket"
	CheckVoid      = "void_ticket"
	CheckCamera    = "camera"
	CheckSound     = "sound"
	CheckVibration = "vibration"
	CheckBattery   = "battery"
)

// ofPage are the checks that only a page can make.
var ofPage = []string{CheckCamera, CheckSound, CheckVibration, CheckBattery}

// Limits of what comes with a preflight.
const (
	MaxTickets = 8
	maxTicket  = 4096 // bytes
	maxDetail  = 200  // bytes
)

// Asked is what comes with a preflight: texts of test tickets that were held before
// the device, and what a page found out. Both are remembered until the gate ends.
type Asked struct {
	Tickets []string `json:"tickets,omitempty"`
	Page    []Check  `json:"page,omitempty"`
}

// Preflight is the state of all checks.
type Preflight struct {
	At     time.Time `json:"at"`
	Passed bool      `json:"passed"` // every check
	Failed int       `json:"failed"`
	Open   int       `json:"open"`
	Checks []Check   `json:"checks"`
}

// PassedHere reports whether every check passed that takes no page.
func (p *Preflight) PassedHere() bool {
	return !slices.ContainsFunc(p.Checks, func(c Check) bool {
		return c.Outcome == Fail || c.Outcome == Open && !slices.Contains(ofPage, c.Name)
	})
}

// Preflight makes the checks anew and gives them all. It lets nobody in and
// writes no record.
func (k *Keeper) Preflight(ctx context.Context, asked Asked) (*Preflight, error) {
	if err := asked.check(); err != nil {
		return nil, err
	}
	for _, text := range asked.Tickets {
		if err := k.try(ctx, text); err != nil {
			return nil, err
		}
	}
	s := k.Standing(ctx)
	p := &Preflight{At: k.Now().In(k.zone()), Checks: []Check{k.ready(s), k.keys(), k.list(s), clock(s), k.store(ctx)}}
	k.mu.Lock()
	for _, c := range asked.Page {
		k.reports[c.Name] = c
	}
	for _, kind := range testTickets {
		p.Checks = append(p.Checks, k.testedAs(kind))
	}
	for _, name := range ofPage {
		c, known := k.reports[name]
		if !known {
			c = Check{Name: name, Outcome: Open, Do: "Open the door page on this device and check it there."}
		}
		p.Checks = append(p.Checks, c)
	}
	k.mu.Unlock()
	for _, c := range p.Checks {
		switch c.Outcome {
		case Fail:
			p.Failed++
		case Open:
			p.Open++
		}
	}
	p.Passed = p.Failed == 0 && p.Open == 0
	return p, nil
}

// check refuses what a page can't have found out.
func (a *Asked) check() error {
	if len(a.Tickets) > MaxTickets {
		return fault.At(fault.BadInput, "tickets", "%d, want at most %d", len(a.Tickets), MaxTickets)
	}
	for _, text := range a.Tickets {
		if len(text) > maxTicket {
			return fault.At(fault.BadInput, "tickets", "one has %d bytes, want at most %d", len(text), maxTicket)
		}
	}
	for i, c := range a.Page {
		where := fmt.Sprintf("page[%d]", i)
		switch {
		case !slices.Contains(ofPage, c.Name):
			return fault.At(fault.BadInput, where+".check", "%.20q: want one of %s", c.Name, strings.Join(ofPage, ", "))
		case c.Outcome != Pass && c.Outcome != Fail && c.Outcome != Open:
			return fault.At(fault.BadInput, where+".outcome", "%.20q: want pass, fail or open", c.Outcome)
		case len(c.Detail) > maxDetail || len(c.Do) > maxDetail || !utf8.ValidString(c.Detail) || !utf8.ValidString(c.Do):
			return fault.At(fault.BadInput, where, "want texts of at most %d bytes", maxDetail)
		}
	}
	return nil
}

func passed(name, format string, args ...any) Check {
	return Check{Name: name, Outcome: Pass, Detail: fmt.Sprintf(format, args...)}
}

func failed(name, do, format string, args ...any) Check {
	return Check{Name: name, Outcome: Fail, Detail: fmt.Sprintf(format, args...), Do: do}
}

const syncFirst = "Connect the device and let it sync."

func (k *Keeper) ready(s Standing) Check {
	if s.NotReady != "" {
		return failed(CheckReady, syncFirst, "%s", s.NotReady)
	}
	return passed(CheckReady, "it judges tickets of %s", k.Event)
}

// keys asks for a key that the event's tickets are signed with, good today.
func (k *Keeper) keys() Check {
	ring := k.State.Ring()
	if ring == nil {
		return failed(CheckKeys, syncFirst, "there is no key ring")
	}
	now, good := k.Now().Unix(), 0
	for _, key := range ring.Keys {
		if key.Role == keyring.RoleIssuer && key.State == keyring.Active && key.For(k.Event) && key.ValidAt(now) {
			good++
		}
	}
	if good == 0 {
		return failed(CheckKeys, syncFirst, "no key of ring %d is good now for tickets of %s", ring.Seq, k.Event)
	}
	return passed(CheckKeys, "ring %d, %d good for tickets of %s now", ring.Seq, good, k.Event)
}

// list asks whether the list of void tickets is the server's, to its newest record.
func (k *Keeper) list(s Standing) Check {
	here := k.State.Position()
	there, known := k.newestOfServer()
	switch {
	case !known || s.ListAge < 0:
		return failed(CheckList, syncFirst, "the server has never said how far its list goes")
	case here.Epoch != there.Epoch:
		return failed(CheckList, syncFirst, "it is of epoch %d, the server's is %d", here.Epoch, there.Epoch)
	case here.Before(there):
		return failed(CheckList, syncFirst, "it ends with record %d, the server's with %d", here.Seq, there.Seq)
	case s.ListStale:
		return failed(CheckList, syncFirst, "the server was last heard %s ago", time.Duration(s.ListAge)*time.Second)
	}
	return passed(CheckList, "epoch %d, record %d, %s old", here.Epoch, here.Seq, time.Duration(s.ListAge)*time.Second)
}

// newestOfServer is how far the server last said that its journal goes.
func (k *Keeper) newestOfServer() (at journal.Position, known bool) {
	for _, c := range k.State.Checkpoints() {
		if p := (journal.Position{Epoch: c.Chain.Epoch, Seq: c.Head.Seq}); k.State.IsServer(c.Chain.Node) && (!known || at.Before(p)) {
			at, known = p, true
		}
	}
	return at, known
}

func clock(s Standing) Check {
	const set = "Set the device's clock, then let it sync."
	switch s.Clock {
	case "unsynced":
		return failed(CheckClock, syncFirst, "it was never compared with the server's")
	case "suspect":
		return failed(CheckClock, syncFirst, "it was set since it was compared with the server's")
	case "far":
		return failed(CheckClock, set, "it is %s off", time.Duration(s.OffsetMS)*time.Millisecond)
	}
	return passed(CheckClock, "%+d ms ± %d ms from the server's", s.OffsetMS, s.ErrorMS)
}

func (k *Keeper) store(ctx context.Context) Check {
	began := k.Mono()
	if err := k.Store.TryWrite(ctx); err != nil {
		return failed(CheckStore, "Free some space on this device, or use another one.", "%s", fault.Message(err))
	}
	return passed(CheckStore, "written in %s", (k.Mono() - began).Round(100*time.Microsecond))
}

// testTicket is one of the two kinds of test tickets, by the check that it is for.
type testTicket string

var testTickets = []testTicket{CheckGood, CheckVoid}

// testedAs is what came of a test ticket; k.mu is held.
func (k *Keeper) testedAs(kind testTicket) Check {
	if c, known := k.tested[kind]; known {
		return c
	}
	return Check{Name: string(kind), Outcome: Open, Do: "Hold the test ticket before this device. The server makes it: usher tickets test."}
}

// try judges a text as a test ticket. The good one passes every check up to its
// product, which nothing sells: its signature, its key, the list and the time are
// right. The void one fails by the list.
func (k *Keeper) try(ctx context.Context, text string) error {
	out := k.Turnstile.Scan(ctx, turnstile.Attempt{Text: text, Direction: admission.In, Look: true})
	var kinds []testTicket
	want := admission.UnknownProduct
	switch journal.TicketID(out.Ticket) {
	case journal.TestGood(k.Event):
		kinds = []testTicket{CheckGood}
	case journal.TestVoid(k.Event):
		kinds, want = []testTicket{CheckVoid}, admission.Revoked
	default:
		if !unjudged(out.Verdict) {
			return fault.At(fault.BadInput, "tickets", "this is no test ticket of %s (%s); the server makes them: usher tickets test", k.Event, out.Reason)
		}
		kinds = testTickets // nothing of it can be known, so it may be either
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, kind := range kinds {
		c := passed(string(kind), "judged as it should be: %s", out.Reason)
		if out.Result != admission.Reject || out.Reason != want {
			c = failed(string(kind), "Sync, then hold it again; else use another device.", "judged as %s %s, not as %s %s", out.Result, out.Reason, admission.Reject, want)
		}
		k.tested[kind] = c
	}
	return nil
}

// unjudged reports whether a verdict says that this device can't tell what ticket
// it saw, where another one might.
func unjudged(v admission.Verdict) bool {
	return v.Result == admission.Cannot || v.Result == admission.Ask && v.Ticket == (ticket.ID{}) ||
		v.Reason == admission.UnknownKey || v.Reason == admission.BadSignature
}
