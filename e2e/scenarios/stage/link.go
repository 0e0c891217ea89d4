package stage

import (
	"context"
	"slices"
	"time"

	"usher/gate/turnstile"
	"usher/sync/exchange"
	"usher/sync/journal"
)

// link is a device's link to the server while it is online: its own uplink, which runs
// as it does in an agent.
type link struct {
	line context.Context // ends when there is no session any more, or none came about
	lost func()
	end  func() // of the uplink
}

// ScanOnline scans with a link to the server, so that the device can ask it first.
// Where there is none to be had, or it is lost, the device decides by itself.
//
// The link is there for this scan, because a device of a case is online when the case
// says so. It is up and the two are level before the scan, and it stays until the record
// has come over. Where it was lost the device tries once more, as an agent does by itself.
func (d *Device) ScanOnline(ctx context.Context, a turnstile.Attempt) (*turnstile.Outcome, error) {
	if d.Down {
		return nil, nil
	}
	d.linkUp(ctx)
	defer d.unlink()
	d.level()
	out, err := d.Scan(ctx, a)
	if err != nil || out == nil || d.Down {
		return out, err
	}
	if d.level(); d.link.line.Err() != nil {
		d.unlink()
		d.linkUp(ctx)
		d.level()
	}
	return out, nil
}

func (d *Device) linkUp(ctx context.Context) {
	line, lost := context.WithCancel(context.WithoutCancel(ctx))
	running, stop := context.WithCancel(line)
	done := make(chan struct{})
	d.link = &link{line: line, lost: lost, end: func() {
		stop()
		<-done
		lost()
	}}
	go func() {
		defer close(done)
		_ = d.Uplink.Run(running) // ends with the line
	}()
}

// unlink ends the link, if there is one.
func (d *Device) unlink() {
	if d.link == nil {
		return
	}
	d.link.end()
	d.link = nil
	if !d.Fault.Sticky {
		d.Fault = Fault{}
	}
}

// level waits until the device and the server lack nothing that the other holds, or the
// link is lost.
func (d *Device) level() {
	if d.link == nil {
		return
	}
	ctx, cancel := context.WithTimeout(d.link.line, patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !d.isLevel(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (d *Device) isLevel(ctx context.Context) bool {
	up, err := d.Uplink.Status(ctx)
	at := slices.IndexFunc(up.Others, func(p exchange.Peer) bool { return p.Connected > 0 })
	if err != nil || at < 0 {
		return false
	}
	st, err := d.server.Settled(ctx, d.Event)
	if err != nil {
		return false
	}
	here, there := d.State.Vector(), st.Vector()
	own := journal.Chain{Node: d.Enrolment.Node}
	refused := up.Others[at].Refused[own.String()] != nil
	return here.Covers(there) && (refused || there[own].Seq >= here[own].Seq)
}
