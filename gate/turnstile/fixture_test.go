package turnstile

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/gate/clock"
	"usher/gate/gatetest"
	"usher/gate/scan"
	"usher/gate/store"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/state"
)

// opens is when the doors of the tests open: a Saturday in July, 19:00 in Berlin.
var opens = time.Date(2026, 7, 4, 17, 0, 0, 0, time.UTC)

// handheld is a gate's device, with clocks that a test moves.
type handheld struct {
	*Turnstile
	t      *testing.T
	venue  *gatetest.Venue
	device *gatetest.Device
	dir    string
	now    time.Time     // the true time
	skew   time.Duration // by which the device's clock was set ahead
	booted time.Time
	reason admission.Reason // why it can't judge; "": it can
	linked bool
	wrote  atomic.Int64 // how often it told of new records
	// claim is what comes of a claim; nil: nobody can be asked.
	claim func(journal.TicketID) bool
}

// newHandheld gives a device at the north gate that is level with its server. change,
// if it is not nil, changes the event before.
func newHandheld(t *testing.T, change func(*journal.Event)) *handheld {
	t.Helper()
	h := &handheld{t: t, venue: gatetest.New(t, opens, change), now: opens.Add(time.Minute)}
	h.device = h.venue.Enrol(t, "handheld 1", gatetest.North)
	h.dir = h.venue.Folder(t, h.device)
	h.boot()
	h.hear(h.venue.Records...)
	return h
}

// boot starts the gate with what its disk holds.
func (h *handheld) boot() {
	h.t.Helper()
	h.booted = h.now
	s, err := store.Open(h.t.Context(), h.dir)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = s.Close() }) // most tests have closed it
	st := state.New(state.Config{Event: gatetest.Event, Pins: keyring.PinsOf(h.venue.Ring.Ring.Roots), Server: h.venue.Server.Chain().Node})
	if err := st.TrustRing(h.venue.Ring); err != nil {
		h.t.Fatal(err)
	}
	newest := int64(0)
	err = s.Each(h.t.Context(), func(r *journal.Record) error {
		if r.Chain == h.chain() {
			newest = r.Stamp.Time
		}
		_, err := st.Apply(r)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	source := clock.Source{
		Wall: func() time.Time { return h.now.Add(h.skew) },
		Mono: func() time.Duration { return h.now.Sub(h.booted) },
	}
	h.Turnstile, err = Open(h.t.Context(), Config{
		Store: s, State: st, Clock: clock.New(source, &clock.Offset{Uncertainty: 20 * time.Millisecond}, newest),
		Author: &journal.Author{Signer: h.device.Signer}, Gate: gatetest.North, Mono: source.Mono, Rand: rand.Reader,
		Ready:  func() admission.Reason { return h.reason },
		Sure:   func() journal.Assurance { return st.Assurance(h.device.Node(), h.now.UnixMilli()) },
		Claim:  func(_ context.Context, id journal.TicketID) bool { return h.claim != nil && h.claim(id) },
		Linked: func() bool { return h.linked }, Wrote: func() { h.wrote.Add(1) }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// crash ends the gate as a power cut does, and starts it again.
func (h *handheld) crash() {
	h.t.Helper()
	h.Close()
	if err := h.Store.Close(); err != nil {
		h.t.Fatal(err)
	}
	h.boot()
}

func (h *handheld) chain() journal.Chain { return journal.Chain{Node: h.device.Node()} }

func (h *handheld) pass(d time.Duration) { h.now = h.now.Add(d) }

// hear takes in records of others.
func (h *handheld) hear(records ...*journal.Record) {
	h.t.Helper()
	if err := h.Store.Append(h.t.Context(), records); err != nil {
		h.t.Fatal(err)
	}
	for _, r := range records {
		if _, err := h.State.Apply(r); err != nil {
			h.t.Fatal(err)
		}
	}
	h.State.Hear(h.venue.Checkpoint(h.t, h.now))
}

func id(n uint64) journal.TicketID { return journaltest.Ticket(n) }

// code gives the code of the n-th ticket as it was first issued.
func (h *handheld) code(n uint64) string { return h.venue.Code(h.t, id(n), 0) }

// entering is an attempt to come in by a lane with a code.
func entering(code, lane string) Attempt {
	return Attempt{Text: code, Direction: admission.In, How: scan.HowWedge, Lane: lane}
}

// expect makes an attempt, which has to come out so.
func (h *handheld) expect(a Attempt, result admission.Result, reason admission.Reason) Outcome {
	h.t.Helper()
	out := h.Scan(h.t.Context(), a)
	if out.Result != result || out.Reason != reason {
		h.t.Fatalf("%s %s, want %s %s; flags %v", out.Result, out.Reason, result, reason, out.Flags)
	}
	return out
}

// enters lets the n-th ticket in at a lane.
func (h *handheld) enters(n uint64, lane string) Outcome {
	h.t.Helper()
	return h.expect(entering(h.code(n), lane), admission.Accept, admission.Entry)
}

// written gives the scans that the disk holds of the gate's own, as another process
// reads them.
func (h *handheld) written() []*journal.Scan {
	h.t.Helper()
	other, err := store.Open(h.t.Context(), h.dir)
	if err != nil {
		h.t.Fatal(err)
	}
	defer other.Close()
	var list []*journal.Scan
	err = other.Each(h.t.Context(), func(r *journal.Record) error {
		if r.Chain != h.chain() || r.Kind != journal.KindScan {
			return nil
		}
		s, err := journal.Read[journal.Scan](r)
		list = append(list, s)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// records is how many records the disk holds of the gate's own.
func (h *handheld) records() uint64 {
	h.t.Helper()
	v, err := h.Store.Vector(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return v[h.chain()].Seq
}
