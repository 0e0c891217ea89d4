package signin

import (
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/staff"
)

// quick is a cost that a test can pay many times over.
var quick = staff.Cost{Time: 1, KiB: 8, Threads: 1}

const (
	right = "48151623"
	wrong = "90210377"
)

// began is when the devices of the tests are switched on.
var began = time.Date(2026, time.July, 4, 17, 0, 0, 0, time.UTC)

// disk is what a device keeps over a restart.
type disk struct {
	tries map[string]int
	full  bool
}

func (d *disk) Tries(context.Context) (map[string]int, error) { return maps.Clone(d.tries), nil }

func (d *disk) CountTry(_ context.Context, who ...string) error {
	if d.full {
		return fault.New(fault.Unavailable, "the disk is full")
	}
	for _, who := range who {
		d.tries[who]++
	}
	return nil
}

func (d *disk) ClearTries(_ context.Context, who ...string) error {
	for _, who := range who {
		delete(d.tries, who)
	}
	return nil
}

// list is a staff list with the guest key beside it, or not.
type list struct {
	staff.List
	key bool
}

func (l *list) Staffed() bool                                   { return l.Len() > 0 }
func (l *list) Staff() []staff.Person                           { return l.All() }
func (l *list) PersonNamed(name string) (staff.Person, bool)    { return l.Named(name) }
func (l *list) CardHolder(code grant.Code) (staff.Person, bool) { return l.Holder(code) }
func (l *list) ReadsGuests() bool                               { return l.key }

// device is a desk with clocks that a test moves.
type device struct {
	*Desk
	t     *testing.T
	disk  *disk
	list  *list
	role  grant.Role
	mono  time.Duration
	slept time.Duration // which the monotonic clock doesn't see
	seq   uint64        // of the server's journal
}

func newDevice(t *testing.T, role grant.Role) *device {
	t.Helper()
	d := &device{t: t, disk: &disk{tries: map[string]int{}}, list: &list{key: role.ReadsGuests()}, role: role}
	d.boot()
	return d
}

// boot starts the device with what its disk holds.
func (d *device) boot() {
	d.t.Helper()
	d.mono = 0
	var err error
	d.Desk, err = Open(d.t.Context(), Config{
		List: d.list, Tries: d.disk, Device: d.role, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Mono: func() time.Duration { return d.mono }, Now: func() time.Time { return began.Add(d.mono + d.slept) },
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *device) pass(by time.Duration) { d.mono += by }

// tell has the device hear of a person from the server.
func (d *device) tell(p staff.Person) staff.Person {
	d.seq++
	d.list.Apply(journal.Position{Seq: d.seq}, p)
	return p
}

// hire puts a person on the list who signs in with the right PIN.
func (d *device) hire(name string, role grant.Role) staff.Person {
	d.t.Helper()
	pin, err := staff.NewPIN(rand.Reader, right, quick)
	if err != nil {
		d.t.Fatal(err)
	}
	p := staff.Person{Name: name, Role: role, PIN: pin}
	copy(p.ID[:], name)
	return d.tell(p)
}

// give gives a person a role card.
func (d *device) give(p staff.Person) (staff.Person, string) {
	d.t.Helper()
	code, err := grant.NewCode(rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	hash := grant.RoleCardHash(code)
	p.Card = hash[:]
	return d.tell(p), grant.RoleCardText(code)
}

// enters signs somebody in, which has to work.
func (d *device) enters(name string) Token {
	d.t.Helper()
	token, who, err := d.PIN(d.t.Context(), name, right)
	if err != nil || who.Name != name {
		d.t.Fatalf("%s signs in: %+v, %v", name, who, err)
	}
	return token
}

// refused wants a PIN refused for a reason.
func (d *device) refused(name, pin, where string, kind fault.Kind) error {
	d.t.Helper()
	token, who, err := d.PIN(d.t.Context(), name, pin)
	if fault.KindOf(err) != kind || fault.ToProblem(err).Where != where || token != "" || who.SignedIn() {
		d.t.Fatalf("%s with %s: %v (%s at %q), want %s at %q", name, pin, err, fault.KindOf(err), fault.ToProblem(err).Where, kind, where)
	}
	return err
}
