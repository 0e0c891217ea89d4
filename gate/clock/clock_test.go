package clock

import (
	"testing"
	"time"
)

// device is a handheld whose clock can be set.
type device struct {
	trueTime time.Time
	skew     time.Duration
	mono     time.Duration
}

func newDevice(skew time.Duration) *device {
	return &device{trueTime: time.Date(2026, 7, 4, 17, 0, 0, 0, time.UTC), skew: skew}
}

func (d *device) source() Source {
	return Source{
		Wall: func() time.Time { return d.trueTime.Add(d.skew) },
		Mono: func() time.Duration { return d.mono },
	}
}

func (d *device) pass(t time.Duration) { d.trueTime, d.mono = d.trueTime.Add(t), d.mono+t }

func TestCorrectedTime(t *testing.T) {
	d := newDevice(-10 * time.Minute)
	c := New(d.source(), nil, 0)
	if m := c.Moment(); m.Synced || m.At != d.trueTime.Add(d.skew).UnixMilli() {
		t.Errorf("before any measurement: %+v", m)
	}
	c.Correct(Offset{Offset: 10 * time.Minute, Uncertainty: 40 * time.Millisecond})
	d.pass(time.Hour)
	m := c.Moment()
	if !m.Synced || m.Suspect || m.At != d.trueTime.UnixMilli() || m.Uncertainty != 40 {
		t.Errorf("an hour after the measurement: %+v, true time %d", m, d.trueTime.UnixMilli())
	}
	if s := c.Stamp(); s.Corrected() != d.trueTime.UnixMilli() || s.Time != d.trueTime.Add(d.skew).UnixMilli() {
		t.Errorf("stamp %+v", s)
	}
}

func TestAClockThatIsSetShowsAndMovesNothing(t *testing.T) {
	for _, step := range []time.Duration{-24 * time.Hour, -3 * time.Second, 3 * time.Second, time.Hour} {
		d := newDevice(0)
		c := New(d.source(), &Offset{Uncertainty: 50 * time.Millisecond}, 0)
		d.skew = time.Second
		if c.Moment().Suspect {
			t.Error("ordinary slewing is called a step")
		}
		d.skew = step
		d.pass(time.Minute)
		m := c.Moment()
		if !m.Suspect {
			t.Errorf("a step of %v goes unnoticed", step)
		}
		if m.At != d.trueTime.UnixMilli() {
			t.Errorf("a step of %v moved the time of decisions by %d ms", step, m.At-d.trueTime.UnixMilli())
		}
		c.Correct(Offset{Offset: -step, Uncertainty: 50 * time.Millisecond})
		if m := c.Moment(); m.Suspect || m.At != d.trueTime.UnixMilli() {
			t.Errorf("after a new measurement: %+v", m)
		}
	}
}

func TestAClockBehindItsJournalIsSuspect(t *testing.T) {
	d := newDevice(0)
	if c := New(d.source(), nil, d.trueTime.Add(time.Hour).UnixMilli()); !c.Moment().Suspect {
		t.Error("a clock an hour behind its own journal is believed")
	}
	if c := New(d.source(), nil, d.trueTime.UnixMilli()); c.Moment().Suspect {
		t.Error("a clock level with its journal is suspect")
	}
}
