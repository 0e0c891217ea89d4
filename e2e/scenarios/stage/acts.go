package stage

import (
	"context"
	"errors"
	"fmt"

	"usher/gate/turnstile"
	"usher/sync/journal"
)

// The points at which a device can be made to crash.
const (
	BeforeCommit = "before_commit" // the verdict is decided, nothing is on the disk
	AfterCommit  = "after_commit"  // the record is durable, nobody saw the verdict
	AfterDisplay = "after_display" // and somebody did
	MidPage      = "mid_page"      // in a download, with a part of it taken in
	MidUpload    = "mid_upload"    // in an upload, with a part of it sent
)

// errHeld is why a store that keeps the record that it has takes in no other.
var errHeld = errors.New("the store holds another record with that number")

// Arm makes the device crash at a point of what it does next.
func (d *Device) Arm(point string) error {
	switch point {
	case BeforeCommit, AfterCommit, AfterDisplay, MidPage, MidUpload:
		d.armed = point
		return nil
	}
	return fmt.Errorf("unknown point %q of a crash", point)
}

// Scan shows a code to the device, and notes that the verdict was seen. No outcome:
// the device crashed before anybody saw one, or is down.
func (d *Device) Scan(ctx context.Context, a turnstile.Attempt) (*turnstile.Outcome, error) {
	if d.Down {
		return nil, nil
	}
	point := d.armed
	if !d.CrashesInSync() {
		d.armed = ""
	}
	if point == BeforeCommit {
		// What the disk holds before the scan is what it holds after a crash that
		// kept the commit from it.
		image, err := d.Image()
		if err != nil {
			return nil, err
		}
		d.Turnstile.Scan(ctx, a)
		return nil, d.Fall(image)
	}
	out := d.Turnstile.Scan(ctx, a)
	if point == AfterCommit {
		return nil, d.Kill()
	}
	d.Turnstile.Shown(out.Seq)
	if err := d.Turnstile.FlushShown(ctx); err != nil {
		return nil, err
	}
	if point == AfterDisplay {
		return &out, d.Kill()
	}
	return &out, nil
}

// CrashesInSync reports whether the device is to crash in its next sync.
func (d *Device) CrashesInSync() bool { return d.armed == MidPage || d.armed == MidUpload }

// CrashInSync begins a sync and kills the device once the first page is in, or the
// first of what it sends is with the server.
func (d *Device) CrashInSync(ctx context.Context) error {
	kept := d.Fault
	d.Fault = Fault{Name: "break_at_page", Value: 2}
	if d.armed == MidUpload {
		d.Fault = Fault{Name: "drop_response"}
	}
	d.armed = ""
	_ = d.SyncOnce(ctx, Both) // it is cut on purpose
	d.Fault = kept
	return d.Kill()
}

// Own gives all records that the device has written.
func (d *Device) Own(ctx context.Context) ([]*journal.Record, error) {
	chain := journal.Chain{Node: d.Enrolment.Node}
	var records []*journal.Record
	for {
		list, err := d.Store.Read(ctx, chain, uint64(len(records))+1, 1000, 1<<20)
		if err != nil || len(list) == 0 {
			return records, err
		}
		for _, raw := range list {
			r, err := journal.Parse(raw)
			if err != nil {
				return nil, err
			}
			records = append(records, r)
		}
	}
}

// Forge writes another record with the number of one that the device has written,
// as a device does that was restored from an image, and offers it to the device's
// own store. It gives why the store did not take it.
func (d *Device) Forge(ctx context.Context, seq uint64, content *journal.Scan) (refused, err error) {
	key, err := d.Store.DeviceKey()
	if err != nil {
		return nil, err
	}
	records, err := d.Own(ctx)
	if err != nil {
		return nil, err
	}
	if seq == 0 || seq > uint64(len(records)) {
		return nil, fmt.Errorf("the device has no record %d", seq)
	}
	old := records[seq-1]
	author := &journal.Author{Signer: key}
	again, err := author.Write(journal.Head{Seq: seq - 1, Hash: old.Prev}, d.Time.Stamp(), journal.KindScan, content)
	if err != nil {
		return nil, err
	}
	if err := d.Store.Append(ctx, []*journal.Record{again}); err != nil {
		return err, nil
	}
	after, err := d.Own(ctx)
	if err != nil {
		return nil, err
	}
	if len(after) == len(records) && after[seq-1].Hash() == old.Hash() {
		return errHeld, nil
	}
	return nil, nil
}
