// Package turnstile is the scan path of a gate: read → verify → decide → append
// → verdict. It needs no network and waits for its own disk, and a moment for other
// gates where there is a network.
//
// # The order of things
//
// A code is verified and decided from memory; the record of the attempt is
// committed durably; only then does Scan return, so whoever shows a green shows
// it after its record is safe (DESIGN.md section 6). A record that can't be
// committed makes the verdict CAN'T DECIDE.
//
// # Lanes
//
// Several lanes scan at once. Two scans of one ticket wait for each other, from
// before the decision until its record is durable, so a gate never admits a
// ticket twice by a race. Scans of different tickets share a commit: the queue
// that forms while one commit runs is the next.
//
// # Other gates
//
// Whom other gates let in is what their records say that have come. Before a gate
// that is online lets somebody in it has [Config.Claim] wait a moment for those that
// are on their way, and decides again. What came of the claim is no part of the
// decision.
package turnstile

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"usher/crypto/ticket"
	"usher/gate/clock"
	"usher/gate/scan"
	"usher/gate/store"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/state"
)

// Limits of the scan path.
const (
	// debounce is how long the same code at the same lane is one sighting.
	debounce = 3 * time.Second
	// repeatWithin is how long after a crash a green that nobody saw is shown
	// once more to the same code.
	repeatWithin = 60 * time.Second
	// maxLanes bounds the lanes that are remembered for debouncing.
	maxLanes = 64
)

// RoleCard is the reason of an ignored that was somebody's role card: it says who
// stands at the door, and is no ticket.
const RoleCard admission.Reason = "role_card"

// Config is what a Turnstile is made of.
type Config struct {
	Store  *store.Store
	State  *state.State
	Clock  *clock.Clock
	Author *journal.Author
	Gate   string                   // the gate's code, until the server's journal says another
	Kiosk  bool                     // nobody stands at the device who could ask
	Mono   func() time.Duration     // monotonic, for debouncing and timings
	Rand   io.Reader                // draws the numbers that phones are asked for
	Ready  func() admission.Reason  // why the gate can't judge now; "" when it can
	Sure   func() journal.Assurance // how sure the gate can be that nobody else let a ticket in
	Linked func() bool              // whether another node is in touch right now
	// Claim waits, for a moment at most, until the gate has taken into account what
	// others did with a ticket, and reports whether it could be of any use. nil: it
	// could not.
	Claim func(ctx context.Context, ticket journal.TicketID) bool
	Wrote func() // called after own records became durable; may be nil
	Log   *slog.Logger
}

// Turnstile decides scans for one gate. It is safe for use by several
// goroutines.
type Turnstile struct {
	Config
	scribe  *scribe
	tickets keyed
	handles handles

	mu      sync.Mutex // covers what follows
	lanes   map[string]sighting
	asked   map[string]*challenge                // by lane: the number that it waits for
	unshown map[journal.TicketID][]admission.Act // greens that a crash may have kept from being seen
	shown   []uint64                             // own records whose verdict was seen, to be stored
	newest  uint64                               // own record
	opened  uint64                               // own record that was the newest when the gate was started
	recent  []moment                             // entries since then, while they can be taken back

	asking   atomic.Int32 // lanes that wait for a number: len(asked)
	training atomic.Bool
}

// Attempt is one code at one lane.
type Attempt struct {
	Text      string              // what the reader read
	Direction admission.Direction // In or Out
	Look      bool                // verify only: decide, change nothing
	How       string              // camera, picture, wedge, typed; search only if the text is of what Guest gave
	Lane      string
	Override  *admission.Override
	Operator  string             // who stands at the lane, as recorded; "" where nobody said
	Confirmed []admission.Reason // reasons of an ask that a person has confirmed
	Answers   map[string]string  // to the questions of an ask, by code
	// At replaces the clock, Unix ms. It exists for rehearsals: an event that is
	// not marked as one refuses it.
	At int64
}

// Outcome is what a door shows for an attempt.
type Outcome struct {
	admission.Verdict
	Record journal.Hash `json:"record,omitzero"` // of the attempt; zero where none was written
	Seq    uint64       `json:"seq,omitempty"`   // its number in the gate's journal
	Short  string       `json:"short,omitempty"` // the ticket's short code
	// Assurance is how sure the gate could be that no other one had let the
	// ticket in.
	Assurance journal.Assurance `json:"assurance"`
	Took      Timing            `json:"took"`
	// Training says that the gate was in training: it decided as always and
	// changed nothing, so nobody may be let through on it.
	Training bool `json:"training,omitempty"`
}

// Timing is where the time of a scan went, in µs.
type Timing struct {
	Decide int64 `json:"decide_us"` // verify and decide
	Claim  int64 `json:"claim_us"`  // wait for what other gates did
	Commit int64 `json:"commit_us"` // until the record was durable
}

// Open makes the turnstile of a gate. Close ends it.
func Open(ctx context.Context, cfg Config) (*Turnstile, error) {
	t := &Turnstile{Config: cfg, lanes: map[string]sighting{}, asked: map[string]*challenge{}, unshown: map[journal.TicketID][]admission.Act{}}
	if t.Linked == nil {
		t.Linked = func() bool { return false }
	}
	if t.Claim == nil {
		t.Claim = func(context.Context, journal.TicketID) bool { return false }
	}
	if t.Wrote == nil {
		t.Wrote = func() {}
	}
	var err error
	if t.handles, err = newHandles(); err != nil {
		return nil, err
	}
	if err := t.loadUnshown(ctx); err != nil {
		return nil, err
	}
	t.scribe = newScribe(cfg.Store, cfg.Author, cfg.State)
	return t, nil
}

// Close waits for the commits under way and stops. Scans after it give CAN'T
// DECIDE.
func (t *Turnstile) Close() { t.scribe.close() }

// Scan decides an attempt. It never fails: what keeps the gate from judging is
// itself a verdict.
func (t *Turnstile) Scan(ctx context.Context, a Attempt) Outcome {
	training := t.Training()
	a.Look = a.Look || training
	out := t.scan(ctx, a)
	out.Training = training
	return out
}

func (t *Turnstile) scan(ctx context.Context, a Attempt) Outcome {
	began := t.Mono()
	in := scan.Classify(a.Text)
	step("read")
	if in.Kind == scan.RoleCard {
		// Who signs in is not judged, and what they sign in with is kept nowhere.
		return Outcome{Verdict: admission.Verdict{Result: admission.Ignored, Reason: RoleCard}}
	}
	if again, ok := t.sameSighting(a, codeOf(in, a, nil), began); ok {
		return again
	}
	p := t.present(in, a)
	id, seen := ticketOf(p), codeOf(in, a, &p)
	step("verified")
	number := t.takeNumber(a, id, began)
	if number != nil {
		a.Look, p.Challenge = true, &number.number
	}
	if id != (journal.TicketID{}) {
		defer t.tickets.lock(id)()
		if again, ok := t.sameSighting(a, seen, began); ok {
			return again // of two frames at once, the other came first; or it is the wallet's next code
		}
	}
	out := t.decideAndRecord(ctx, a, p, id, began)
	if number != nil {
		return t.underNumber(a, number, out)
	}
	if !a.Look {
		t.remember(a, seen, out, began)
	}
	if p.ByName && hidesCodes(t.State.Event()) {
		out.Ticket, out.Short = ticket.ID{}, ""
	}
	return out
}

// wrote notes that own records are durable, up to the one with the number.
func (t *Turnstile) wrote(seq uint64) {
	t.mu.Lock()
	t.newest = max(t.newest, seq)
	t.mu.Unlock()
	t.Wrote()
}

// Rehearsal reports whether the event is marked as one, as far as the gate knows.
func (t *Turnstile) Rehearsal() bool {
	e := t.State.Event()
	return e != nil && e.Rehearsal
}

// gate is the code of the gate that the device is at now: the server may move it.
func (t *Turnstile) gate() string {
	if code, _, enrolled := t.State.GateOf(t.Author.Chain().Node); enrolled {
		return code
	}
	return t.Gate
}
