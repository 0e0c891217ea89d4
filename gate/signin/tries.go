package signin

import (
	"fmt"
	"time"

	"usher/sync/fault"
)

// Limits of trying PINs.
const (
	PersonTries = 5  // wrong ones in a row before a person waits
	DeviceTries = 10 // before everybody at the device does
	FirstWait   = time.Minute
	LongestWait = time.Hour
)

// wholeDevice stands for the device among those whose tries are counted.
const wholeDevice = "device"

// wait is how often in a row a PIN was wrong, and since when that is known.
type wait struct {
	failed int
	since  time.Duration // monotonic; of tries before the gate was started: its start
}

// left is how much of the wait is left.
func (w wait) left(free int, now time.Duration) time.Duration {
	if w.failed < free {
		return 0
	}
	total := FirstWait
	for range w.failed - free {
		if total *= 2; total >= LongestWait {
			total = LongestWait
			break
		}
	}
	return max(0, w.since+total-now)
}

// locked refuses a try while the person or the device waits.
func (d *Desk) locked(person, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Mono()
	if left := d.waits[person].left(PersonTries, now); left > 0 {
		return &Locked{left, fault.At(fault.TooMany, whereLocked, "too many wrong PINs for %s: wait %s, or use the role card", name, inWords(left))}
	}
	if left := d.waits[wholeDevice].left(DeviceTries, now); left > 0 {
		return &Locked{left, fault.At(fault.TooMany, whereLocked, "too many wrong PINs at this device: wait %s, or use a role card", inWords(left))}
	}
	return nil
}

// missed counts a wrong PIN, and gives how many more may be tried without waiting.
func (d *Desk) missed(person string) (left int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, who := range []string{person, wholeDevice} {
		d.waits[who] = wait{failed: d.waits[who].failed + 1, since: d.Mono()}
	}
	return max(0, min(PersonTries-d.waits[person].failed, DeviceTries-d.waits[wholeDevice].failed))
}

// hit forgets the wrong PINs before a right one.
func (d *Desk) hit(person string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.waits, person)
	delete(d.waits, wholeDevice)
}

// Locked says for how long nobody may try a PIN. It is a fault.TooMany.
type Locked struct {
	Left time.Duration
	error
}

// Unwrap gives the fault.
func (l *Locked) Unwrap() error { return l.error }

// WrongPIN says how many PINs may be tried before a wait. It is a fault.Unauthorised.
type WrongPIN struct {
	Left int
	error
}

// Unwrap gives the fault.
func (w *WrongPIN) Unwrap() error { return w.error }

func wrongPIN(left int) error {
	text := fmt.Sprintf("%d tries are left", left)
	switch left {
	case 0:
		text = "now wait a while before the next try, or use the role card"
	case 1:
		text = "one try is left"
	}
	return &WrongPIN{left, fault.At(fault.Unauthorised, wherePIN, "this is not the PIN; %s", text)}
}

// inWords is a wait as people say it, never shorter than it is.
func inWords(d time.Duration) string {
	if d <= time.Minute {
		return fmt.Sprintf("%d s", int((d+time.Second-1)/time.Second))
	}
	return fmt.Sprintf("%d min", int((d+time.Minute-1)/time.Minute))
}
