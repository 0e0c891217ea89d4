// Package shift is what a device knows of the work done at it: what came of the
// scans by hour and by reason, how quick its lanes are, whether it is fit before
// the doors open, and whether it may be taken home.
//
// # A shift
//
// A shift of a device begins where the one before ended: with the first record
// after Leave, or with the device's first. Everything in a Report is counted from
// the device's own journal, so it is the same after a restart; the lanes' times are
// measured in memory and begin anew with the process.
//
// # Leaving
//
// Records that no other node is known to hold would be lost with the device. Leave
// refuses as long as there are any, unless it is forced; HandOver writes what the
// server is not known to hold to a file that somebody else can carry.
//
// # Before the doors
//
// Preflight asks whether the device can do its work: its keys, its list of void
// tickets, its clock, its disk, and two test tickets that are made for this and
// admit nobody anywhere (journal.TestProduct). What only a page can tell, as
// whether there is a camera, the page adds.
package shift

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"usher/crypto/grant"
	"usher/gate/store"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/state"
)

// Standing is how the device stands with its list, its clock and everybody else.
type Standing struct {
	Ready     bool
	NotReady  admission.Reason // why it can't judge
	Server    bool             // the server is linked
	Records   uint64           // own
	Unsent    uint64           // own, that the server is not known to hold
	Alone     uint64           // own, that nobody else is known to hold
	ListAge   int64            // s; below 0: there is none
	ListStale bool
	Clock     string // good, far, suspect, unsynced
	OffsetMS  int64
	ErrorMS   int64
}

// Store is what a Keeper needs of the device's disk.
type Store interface {
	Read(ctx context.Context, chain journal.Chain, from uint64, maxRecords, maxBytes int) ([][]byte, error)
	// LastLeave gives the newest leave; ok is false before the first.
	LastLeave(ctx context.Context) (e store.ShiftEnd, ok bool, err error)
	KeepLeave(ctx context.Context, e store.ShiftEnd) error
	// TryWrite stores something durably that is no record.
	TryWrite(ctx context.Context) error
}

// Config is what a Keeper is made of.
type Config struct {
	Event     string
	Chain     journal.Chain // the device's own
	State     *state.State
	Turnstile *turnstile.Turnstile
	Store     Store
	Standing  func(context.Context) Standing
	// HandOver writes a journal file of what the server is not known to hold, and
	// gives how many records those are.
	HandOver func(context.Context, io.Writer) (uint64, error)
	// Certificate gives whom phones at the door page have to trust now, and whom they
	// had to when the device was enrolled; zero: nobody, or nobody knows. nil: phones
	// don't come in by HTTPS.
	Certificate func() (shown, enrolled grant.Fingerprint)
	Now         func() time.Time     // the corrected clock
	Mono        func() time.Duration // monotonic
	Log         *slog.Logger
}

// Keeper keeps a device's shift. It is safe for use by several goroutines.
type Keeper struct {
	Config
	Watch *Stopwatch

	mu      sync.Mutex           // covers what follows
	tested  map[testTicket]Check // what came of test tickets that were held before the device
	reports map[string]Check     // what the page said
}

// New makes the keeper of a device's shift.
func New(cfg Config) *Keeper {
	return &Keeper{Config: cfg, Watch: NewStopwatch(cfg.Mono), tested: map[testTicket]Check{}, reports: map[string]Check{}}
}

// Left is the end of a shift.
type Left struct {
	At     time.Time `json:"at"`
	Seq    uint64    `json:"seq"` // the device's newest record then
	By     string    `json:"by,omitempty"`
	Alone  uint64    `json:"alone"` // records that nobody else was known to hold
	Unsent uint64    `json:"unsent"`
	Forced bool      `json:"forced,omitempty"`
}

// StillAlone says how many records no other node is known to hold. It is a
// fault.Refused.
type StillAlone struct {
	Records uint64
	error
}

// Unwrap gives the fault.
func (a *StillAlone) Unwrap() error { return a.error }

// maxBy bounds a name, in bytes, as records do.
const maxBy = 40

// Leave ends the shift at the device. It refuses, with fault.Where "alone", as long
// as the device has records that nobody else is known to hold, unless it is forced.
// Training ends with it.
func (k *Keeper) Leave(ctx context.Context, by string, force bool) (Left, error) {
	if len(by) > maxBy {
		return Left{}, fault.At(fault.BadInput, "by", "want text of at most %d bytes", maxBy)
	}
	s := k.Standing(ctx)
	if s.Alone > 0 && !force {
		return Left{}, &StillAlone{s.Alone, fault.At(fault.Refused, "alone",
			"this device has %d records nobody else has: sync before you go home, or take a hand-over file to the server", s.Alone)}
	}
	l := Left{At: k.Now().UTC(), Seq: s.Records, By: by, Alone: s.Alone, Unsent: s.Unsent, Forced: s.Alone > 0}
	if err := k.Store.KeepLeave(ctx, store.ShiftEnd(l)); err != nil {
		return Left{}, fault.Wrap(fault.Unavailable, err, "the end of the shift could not be stored")
	}
	k.Turnstile.Train(false)
	return l, nil
}
