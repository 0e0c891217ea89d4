// Package signin says who stands at a gate's device and what they may do there.
//
// # Signing in
//
// A person on the event's staff list signs in with a PIN or a role card, with no
// network. What comes of it is a session: a random token, and in the agent's memory
// whose it is. A session ends when the person signs out, when it is idle for long,
// after a shift's length, when the person is taken off the list or changed on it,
// and with the agent. Nothing of it is on the disk.
//
// # Trying PINs
//
// Wrong PINs are counted for each person and for the device, on the disk before the
// PIN is checked, so that ending the process saves no try. After a few of them the
// person, or everybody at the device, waits; each further one doubles the wait. The
// wait goes by a clock that nobody can set, and begins anew when the gate is
// started. A role card has too many codes to be tried, so nobody waits with one.
//
// A wrong PIN is no record: the journal holds what happened to tickets, and somebody
// at a keypad is not to fill every disk of a venue. It is logged, without the PIN.
//
// # What may be done
//
// One table says which standing may do which act; see [Who.Must].
package signin

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"usher/crypto/grant"
	"usher/sync/fault"
	"usher/sync/staff"
)

// List is the event's staff list, as far as the device may read it.
type List interface {
	Staffed() bool
	Staff() []staff.Person
	Person(staff.ID) (staff.Person, bool)
	PersonNamed(string) (staff.Person, bool)
	CardHolder(grant.Code) (staff.Person, bool)
	ReadsGuests() bool
}

// Tries keeps how often each one got a PIN wrong, durably.
type Tries interface {
	Tries(context.Context) (map[string]int, error)
	CountTry(ctx context.Context, who ...string) error
	ClearTries(ctx context.Context, who ...string) error
}

// Config is what a desk needs.
type Config struct {
	List   List
	Tries  Tries
	Device grant.Role           // of the device
	Mono   func() time.Duration // a clock that nobody can set
	Now    func() time.Time     // the device's clock
	Rand   io.Reader
	Log    *slog.Logger
}

// Desk is where people sign in at a device. It is safe for use by several
// goroutines.
type Desk struct {
	Config
	checking chan struct{} // holds one token: whoever has it checks a PIN

	mu       sync.Mutex // covers what follows
	sessions map[Token]*session
	ended    map[Token]Ending
	waits    map[string]wait
}

// Open makes the desk of a device.
func Open(ctx context.Context, cfg Config) (*Desk, error) {
	tries, err := cfg.Tries.Tries(ctx)
	if err != nil {
		return nil, err
	}
	d := &Desk{
		Config: cfg, checking: make(chan struct{}, 1),
		sessions: map[Token]*session{}, ended: map[Token]Ending{}, waits: map[string]wait{},
	}
	for who, failed := range tries {
		d.waits[who] = wait{failed: failed, since: cfg.Mono()}
	}
	d.checking <- struct{}{}
	return d, nil
}

// Places of errors: stable, see docs/door-api.md.
const (
	whereName   = "name"
	wherePIN    = "pin"
	whereCard   = "card"
	whereLocked = "locked"
	whereBusy   = "busy"
	whereNone   = "no_staff"
)

// Takes reports whether people sign in at the device at all.
func (d *Desk) Takes() bool { return d.Device.TakesSignIn() && d.List.Staffed() }

func (d *Desk) takes() error {
	switch {
	case !d.Device.TakesSignIn():
		return fault.At(fault.NotReady, whereNone, "nobody signs in at a kiosk")
	case !d.List.Staffed():
		return fault.At(fault.NotReady, whereNone, "this device knows of nobody who could sign in: usher staff add on the server, then sync")
	}
	return nil
}

// PIN signs a person in who knows their PIN. It takes as long as the PIN was made
// to take, and one PIN is checked at a time.
func (d *Desk) PIN(ctx context.Context, name, digits string) (Token, Who, error) {
	if err := d.takes(); err != nil {
		return "", Who{}, err
	}
	p, there := d.List.PersonNamed(name)
	if !there || p.PIN == nil {
		return "", Who{}, fault.At(fault.Unauthorised, whereName, "nobody called %.60q signs in with a PIN here", name)
	}
	select {
	case <-d.checking:
		defer func() { d.checking <- struct{}{} }()
	default:
		return "", Who{}, fault.At(fault.TooMany, whereBusy, "another PIN is being checked at this device; try again")
	}
	ctx = context.WithoutCancel(ctx) // who hangs up has tried all the same
	person := p.ID.String()
	if err := d.locked(person, p.Name); err != nil {
		return "", Who{}, err
	}
	if err := d.Tries.CountTry(ctx, person, wholeDevice); err != nil {
		return "", Who{}, err
	}
	if !p.PIN.Matches(digits) {
		left := d.missed(person)
		d.Log.WarnContext(ctx, "a wrong PIN", "person", person, "tries_left", left)
		return "", Who{}, wrongPIN(left)
	}
	d.hit(person)
	if err := d.Tries.ClearTries(ctx, person, wholeDevice); err != nil {
		return "", Who{}, err
	}
	return d.begin(p)
}

// Card signs the person in whose role card a text is.
func (d *Desk) Card(text string) (Token, Who, error) {
	if err := d.takes(); err != nil {
		return "", Who{}, err
	}
	code, err := grant.ParseRoleCard(text)
	if err != nil {
		return "", Who{}, fault.At(fault.Unauthorised, whereCard, "%v", err)
	}
	p, there := d.List.CardHolder(code)
	if !there {
		return "", Who{}, fault.At(fault.Unauthorised, whereCard, "this is the role card of nobody on the staff list, or an earlier one of theirs; sync if it is new")
	}
	return d.begin(p)
}
