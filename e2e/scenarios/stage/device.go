package stage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"usher/crypto/grant"
	"usher/gate"
	"usher/gate/clock"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
)

// ServerURL is the address of the server in a case. Nothing listens there.
const ServerURL = "http://server.invalid"

// Device is a real gate of a case, on a handheld of its own.
type Device struct {
	Name  string
	Event string
	*gate.Gate

	Online bool
	Fault  Fault
	Down   bool // its process is dead

	server    *Server
	clock     *Clock
	direction Direction    // of the sync under way
	link      *link        // to the server, while it is online for a scan; nil: none
	skew      atomic.Int64 // ns by which its clock is ahead
	dir       string
	images    int
	armed     string // the point of the next crash
	page      int
}

// NewDevice makes a device with a card of the server's. It has synced nothing yet.
func NewDevice(ctx context.Context, s *Server, dir, name, event, gateCode string, role grant.Role, skew time.Duration, page int) (*Device, error) {
	d := &Device{Name: name, Event: event, Online: true, server: s, clock: s.clock, dir: dir, page: page}
	d.skew.Store(int64(skew))
	card, err := s.Doors.NewCard(ctx, ServerURL, event, gateCode, role, grantLife)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	_, err = enrol.Enrol(ctx, enrol.Config{
		Store: st, Card: card.Text(), Name: name, Client: &http.Client{Transport: s}, Rand: s.Rand, Now: s.clock.Now,
	})
	if err = errors.Join(err, st.Close()); err != nil {
		return nil, err
	}
	return d, d.open(ctx)
}

// grantLife is the life of a card in a case.
const grantLife = time.Hour

// wall is the device's own clock.
func (d *Device) wall() time.Time { return d.clock.Now().Add(time.Duration(d.skew.Load())) }

// Skew sets the device's clock on by so much.
func (d *Device) Skew(by time.Duration) { d.skew.Add(int64(by)) }

func (d *Device) open(ctx context.Context) (err error) {
	d.Gate, err = gate.Open(ctx, gate.Config{
		Data: d.dir, Now: d.wall, Clock: &clock.Source{Wall: d.wall, Mono: d.clock.since}, Dial: d.dial, ClaimWait: patience,
	})
	return err
}

// Close ends the device, as switching it off does.
func (d *Device) Close() error {
	if d.Down {
		return nil
	}
	d.unlink()
	return d.Gate.Close()
}

// dial connects to the server through the device's network.
func (d *Device) dial(ctx context.Context, base string) (exchange.Conn, error) {
	lost := func() {}
	if d.link != nil {
		lost = d.link.lost
	}
	conn, err := d.connect(ctx, base, lost)
	if err != nil {
		lost()
	}
	return conn, err
}

// connect begins a session at the server, and has lost called when it is over.
func (d *Device) connect(ctx context.Context, base string, lost func()) (exchange.Conn, error) {
	if base != ServerURL {
		return nil, fault.New(fault.Unavailable, "nobody answers at %s", base)
	}
	if !d.Online {
		return nil, fault.New(fault.Unavailable, "the device is offline")
	}
	w := &wire{event: d.Event, own: d.Enrolment.Node, fault: d.Fault, direction: d.direction, page: d.page, holds: d.holds}
	if err := w.dead(); err != nil {
		return nil, err
	}
	here, there := w.ends()
	go func() {
		defer lost()
		_ = d.server.serve(context.WithoutCancel(ctx), there, w) // ends with the connection
	}()
	return here, nil
}

// holds says how far the device holds a chain.
func (d *Device) holds(chain journal.Chain) uint64 {
	v, err := d.Store.Vector(context.Background())
	if err != nil {
		return 0
	}
	return v[chain].Seq
}

// SyncOnce exchanges journals with the server once, and once more where the server
// had more to say after it had taken in what the device brought.
func (d *Device) SyncOnce(ctx context.Context, direction Direction) error {
	err := d.exchange(ctx, direction)
	if err != nil || direction == Upload {
		return err
	}
	st, err := d.server.Settled(ctx, d.Event)
	if err != nil {
		return err
	}
	if at := st.Position(); d.State.Position().Before(at) {
		return d.exchange(ctx, direction)
	}
	return nil
}

func (d *Device) exchange(ctx context.Context, direction Direction) error {
	d.direction = direction
	err := d.Gate.Sync(ctx)
	d.direction = Both
	if direction == Download && d.Online && fault.KindOf(err) == fault.NotReady {
		err = nil
	}
	if !d.Fault.Sticky {
		d.Fault = Fault{}
	}
	return err
}

// Kill ends the device's process with what its disk holds at this moment, and
// nothing that it had only meant to write.
func (d *Device) Kill() error {
	image, err := d.Image()
	if err != nil {
		return err
	}
	return d.Fall(image)
}

// Image copies what the device's disk holds at this moment into a folder.
func (d *Device) Image() (string, error) {
	d.unlink() // what was on its way is lost with it
	d.images++
	image := fmt.Sprintf("%s.%d", d.dir, d.images)
	if err := copyDir(d.dir, image); err != nil {
		return "", fmt.Errorf("copying the disk of %s: %w", d.Name, err)
	}
	for _, name := range []string{store.DatabaseFile + "-shm", "lock"} { // the memory of a process, not its disk
		if err := os.Remove(filepath.Join(image, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return image, nil
}

// Fall ends the device's process; what it finds when it is started again is the
// image.
func (d *Device) Fall(image string) error {
	if d.Down {
		return nil
	}
	d.Down = true
	err := d.Gate.Close() // writes to the old disk, which nobody looks at again
	d.dir = image
	return err
}

// Restart starts the device's process again.
func (d *Device) Restart(ctx context.Context) error {
	if !d.Down {
		if err := d.Gate.Close(); err != nil {
			return err
		}
	}
	d.Down = false
	return d.open(ctx)
}
