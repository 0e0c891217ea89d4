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
	"usher/sync/words"
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

	found, do string     // keys of the messages for both; "" where a page said them
	with      words.With // what stands in found
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
	CheckPhones    = "certificate" // only where phones come in by HTTPS, with a certificate of the agent's own
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
	if c, made := k.certificate(); made {
		p.Checks = append(p.Checks, c)
	}
	for _, name := range ofPage {
		c, known := k.reports[name]
		if !known {
			c = Check{Name: name, Outcome: Open, do: "check.do.open_page"}
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

// In says what was found and what to do about it in a language that has messages for
// them: check.found.* and check.do.*. What a page said stands as it is.
func (p *Preflight) In(l *words.Language) {
	for i := range p.Checks {
		c := &p.Checks[i]
		if c.found != "" {
			c.Detail = l.Say(c.found, c.with)
		}
		if c.do != "" {
			c.Do = l.Say(c.do, nil)
		}
	}
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

func passed(name, found string, with words.With) Check {
	return Check{Name: name, Outcome: Pass, found: found, with: with}
}

func failed(name, do, found string, with words.With) Check {
	return Check{Name: name, Outcome: Fail, found: found, with: with, do: do}
}

const syncFirst = "check.do.sync"

// unready are the messages that say why a device can't judge.
var unready = map[admission.Reason]string{
	admission.DeviceRevoked: "why.device_revoked", admission.StoreFailing: "why.store", admission.ClockFailing: "why.clock", admission.GateMissing: "why.gate_missing",
}

func (k *Keeper) ready(s Standing) Check {
	if !s.Ready {
		why, known := unready[s.NotReady]
		if !known {
			why = "why.not_ready"
		}
		return failed(CheckReady, syncFirst, why, nil)
	}
	return passed(CheckReady, "check.found.ready", words.With{"event": k.Event})
}

// keys asks for a key that the event's tickets are signed with, good today.
func (k *Keeper) keys() Check {
	ring := k.State.Ring()
	if ring == nil {
		return failed(CheckKeys, syncFirst, "check.found.no_ring", nil)
	}
	now, good := k.Now().Unix(), 0
	for _, key := range ring.Keys {
		if key.Role == keyring.RoleIssuer && key.State == keyring.Active && key.For(k.Event) && key.ValidAt(now) {
			good++
		}
	}
	with := words.With{"ring": ring.Seq, "n": good, "event": k.Event}
	if good == 0 {
		return failed(CheckKeys, syncFirst, "check.found.no_key", with)
	}
	return passed(CheckKeys, "check.found.keys", with)
}

// list asks whether the list of void tickets is the server's, to its newest record.
func (k *Keeper) list(s Standing) Check {
	here := k.State.Position()
	there, known := k.newestOfServer()
	age := time.Duration(s.ListAge) * time.Second
	switch {
	case !known || s.ListAge < 0:
		return failed(CheckList, syncFirst, "check.found.list_unknown", nil)
	case here.Epoch != there.Epoch:
		return failed(CheckList, syncFirst, "check.found.list_epoch", words.With{"here": here.Epoch, "there": there.Epoch})
	case here.Before(there):
		return failed(CheckList, syncFirst, "check.found.list_behind", words.With{"here": here.Seq, "there": there.Seq})
	case s.ListStale:
		return failed(CheckList, syncFirst, "check.found.list_stale", words.With{"span": age})
	}
	return passed(CheckList, "check.found.list", words.With{"epoch": here.Epoch, "seq": here.Seq, "span": age})
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
	switch s.Clock {
	case "unsynced":
		return failed(CheckClock, syncFirst, "check.found.clock_unsynced", nil)
	case "suspect":
		return failed(CheckClock, syncFirst, "check.found.clock_suspect", nil)
	case "far":
		off := time.Duration(max(s.OffsetMS, -s.OffsetMS)) * time.Millisecond
		return failed(CheckClock, "check.do.set_clock", "check.found.clock_far", words.With{"span": off})
	}
	return passed(CheckClock, "check.found.clock", words.With{"offset": fmt.Sprintf("%+d", s.OffsetMS), "error": s.ErrorMS})
}

func (k *Keeper) store(ctx context.Context) Check {
	began := k.Mono()
	if err := k.Store.TryWrite(ctx); err != nil {
		k.Log.WarnContext(ctx, "nothing can be stored", "error", err)
		return failed(CheckStore, "check.do.free_space", "why.store", nil)
	}
	return passed(CheckStore, "check.found.store", words.With{"took": (k.Mono() - began).Round(100 * time.Microsecond).String()})
}

// certificate asks whether phones are shown the certificate that the device was
// enrolled with, which the server and other gates print on cards.
func (k *Keeper) certificate() (c Check, made bool) {
	if k.Certificate == nil {
		return c, false
	}
	shown, enrolled := k.Certificate()
	switch {
	case shown.IsZero():
		return c, false
	case enrolled.IsZero():
		return passed(CheckPhones, "check.found.certificate_unsaid", nil), true
	case shown != enrolled:
		return failed(CheckPhones, "check.do.tell_phones", "check.found.certificate_anew", nil), true
	}
	return passed(CheckPhones, "check.found.certificate", nil), true
}

// testTicket is one of the two kinds of test tickets, by the check that it is for.
type testTicket string

var testTickets = []testTicket{CheckGood, CheckVoid}

// testedAs is what came of a test ticket; k.mu is held.
func (k *Keeper) testedAs(kind testTicket) Check {
	if c, known := k.tested[kind]; known {
		return c
	}
	return Check{Name: string(kind), Outcome: Open, do: "check.do.hold_ticket"}
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
			return &NoTestTicket{k.Event, fault.At(fault.BadInput, "tickets", "this is no test ticket of %s (%s); the server makes them: usher tickets test", k.Event, out.Reason)}
		}
		kinds = testTickets // nothing of it can be known, so it may be either
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, kind := range kinds {
		c := passed(string(kind), "check.found.judged_well", words.With{"reason": string(out.Reason)})
		if out.Result != admission.Reject || out.Reason != want {
			c = failed(string(kind), "check.do.hold_again", "check.found.judged_ill", words.With{
				"result": string(out.Result), "reason": string(out.Reason), "good_result": string(admission.Reject), "good_reason": string(want),
			})
		}
		k.tested[kind] = c
	}
	return nil
}

// NoTestTicket says that a code is not one of an event's test tickets. It is a
// fault.BadInput.
type NoTestTicket struct {
	Event string
	error
}

// Unwrap gives the fault.
func (n *NoTestTicket) Unwrap() error { return n.error }

// unjudged reports whether a verdict says that this device can't tell what ticket
// it saw, where another one might.
func unjudged(v admission.Verdict) bool {
	return v.Result == admission.Cannot || v.Result == admission.Ask && v.Ticket == (ticket.ID{}) ||
		v.Reason == admission.UnknownKey || v.Reason == admission.BadSignature
}
