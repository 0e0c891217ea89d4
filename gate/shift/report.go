package shift

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/state"
)

// MaxLines is how many lines, the newest, a list of a report shows.
const MaxLines = 100

// Counts are what came of scans.
type Counts struct {
	Entries   int `json:"entries"`   // not taken back; of them:
	Reentries int `json:"reentries"` //
	Forced    int `json:"forced"`    // by override
	Exits     int `json:"exits"`
	Rejected  int `json:"rejected"`
	Asked     int `json:"asked"`  // needed an answer first
	Unable    int `json:"unable"` // the gate could not decide
	Undone    int `json:"undone"` // entries taken back
}

// Hour is what came of the scans in an hour.
type Hour struct {
	From time.Time `json:"from"` // in the event's zone
	Counts
}

// Reason is how often a verdict was given.
type Reason struct {
	Result    admission.Result    `json:"result"`
	Reason    admission.Reason    `json:"reason"`
	Direction admission.Direction `json:"direction"`
	N         int                 `json:"n"`
	Says      string              `json:"says,omitempty"` // in words, to whoever asks in a language
}

// Line is one passage.
type Line struct {
	At       time.Time        `json:"at"` // in the event's zone
	Ticket   string           `json:"ticket,omitempty"`
	Reason   admission.Reason `json:"reason,omitempty"`
	Lane     string           `json:"lane,omitempty"`
	Operator string           `json:"operator,omitempty"`
	Why      string           `json:"why,omitempty"` // of an override or an undo
	Undone   bool             `json:"undone,omitempty"`
	Record   journal.Hash     `json:"record"` // of an undo: of the admission

	seq uint64 // of the record that says so
}

// List is the newest of some passages, the newest first.
type List struct {
	Total int    `json:"total"`
	Lines []Line `json:"lines"`
}

// Report is what was done at the device.
type Report struct {
	Event     string    `json:"event"`
	TimeZone  string    `json:"time_zone"`
	At        time.Time `json:"at"`
	Since     uint64    `json:"since"`          // record of the device behind which the shift began
	Last      *Left     `json:"last,omitempty"` // the end of the shift before
	Records   uint64    `json:"records"`        // of the device, in all
	Unsent    uint64    `json:"unsent"`
	Alone     uint64    `json:"alone"`
	Training  bool      `json:"training,omitempty"`
	Counts    Counts    `json:"counts"`
	Hours     []Hour    `json:"hours"`   // with scans in them, the earliest first
	Reasons   []Reason  `json:"reasons"` // the most frequent first
	Entries   List      `json:"entries"`
	Exits     List      `json:"exits"`
	Overrides List      `json:"overrides"`
	Undos     List      `json:"undos"`
	Lanes     []Lane    `json:"lanes"`
}

// Report adds up the device's shift, or with all everything that it ever wrote.
func (k *Keeper) Report(ctx context.Context, all bool) (*Report, error) {
	standing := k.Standing(ctx)
	r := &Report{
		Event: k.Event, Records: standing.Records, Unsent: standing.Unsent, Alone: standing.Alone,
		Training: k.Turnstile.Training(), Lanes: k.Watch.Lanes(), Hours: []Hour{}, Reasons: []Reason{},
	}
	end, left, err := k.Store.LastLeave(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading when the last shift ended: %w", err)
	}
	zone := k.zone()
	r.TimeZone, r.At = zone.String(), k.Now().In(zone)
	if left {
		last := Left(end)
		if r.Last = &last; !all {
			r.Since = last.Seq
		}
	}
	sum := summer{report: r, zone: zone, hours: map[int64]*Hour{}, reasons: map[Reason]int{}, undone: map[journal.Hash]bool{}}
	sum.add(k.State.Since(k.Chain, r.Since))
	for _, list := range []*List{&r.Overrides, &r.Undos} {
		if err := k.explain(ctx, list); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// zone is the event's, as far as the device knows it.
func (k *Keeper) zone() *time.Location {
	if e := k.State.Event(); e != nil {
		if zone, err := time.LoadLocation(e.Zone); err == nil {
			return zone
		}
	}
	return time.UTC
}

// summer adds up passages.
type summer struct {
	report  *Report
	zone    *time.Location
	hours   map[int64]*Hour
	reasons map[Reason]int
	undone  map[journal.Hash]bool
}

func (s *summer) add(entries []state.Entry) {
	for _, e := range entries {
		if e.Act.Result == admission.Undo {
			s.undone[e.Act.Undoes] = true
		}
	}
	for _, e := range slices.Backward(entries) {
		s.count(e)
		s.line(e)
	}
	for _, list := range []*List{&s.report.Entries, &s.report.Exits, &s.report.Overrides, &s.report.Undos} {
		if list.Lines == nil {
			list.Lines = []Line{}
		}
	}
	for _, hour := range s.hours {
		s.report.Hours = append(s.report.Hours, *hour)
	}
	slices.SortFunc(s.report.Hours, func(a, b Hour) int { return a.From.Compare(b.From) })
	for reason, n := range s.reasons {
		reason.N = n
		s.report.Reasons = append(s.report.Reasons, reason)
	}
	slices.SortFunc(s.report.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Result, b.Result), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Direction, b.Direction))
	})
}

func (s *summer) count(e state.Entry) {
	a := e.Act
	if a.Result == admission.Undo {
		return
	}
	at := time.UnixMilli(a.At).In(s.zone)
	from := at.Add(-time.Duration(at.Minute())*time.Minute - time.Duration(at.Second())*time.Second - time.Duration(at.Nanosecond()))
	hour := s.hours[from.UnixMilli()]
	if hour == nil {
		hour = &Hour{From: from}
		s.hours[from.UnixMilli()] = hour
	}
	s.reasons[Reason{Result: a.Result, Reason: a.Reason, Direction: a.Direction}]++
	for _, c := range []*Counts{&s.report.Counts, &hour.Counts} {
		c.add(a, s.undone[a.Hash])
	}
}

func (c *Counts) add(a admission.Act, undone bool) {
	switch {
	case a.Result == admission.Reject:
		c.Rejected++
	case a.Result == admission.Ask:
		c.Asked++
	case a.Result == admission.Cannot:
		c.Unable++
	case a.Result != admission.Accept: // a repeat lets nobody else in
	case a.Direction == admission.Out:
		c.Exits++
	case undone:
		c.Undone++
	default:
		c.Entries++
		if a.Reason == admission.Reentry {
			c.Reentries++
		}
		if a.Forced {
			c.Forced++
		}
	}
}

// line puts a passage into the lists that it belongs to.
func (s *summer) line(e state.Entry) {
	a := e.Act
	l := Line{
		At: time.UnixMilli(a.At).In(s.zone), Reason: a.Reason, Lane: a.Lane, Operator: a.Operator, Undone: s.undone[a.Hash], Record: a.Hash, seq: a.Seq,
	}
	if e.Ticket != (journal.TicketID{}) {
		l.Ticket = ticket.ID(e.Ticket).Short()
	}
	switch {
	case a.Result == admission.Undo:
		l.Record, l.Reason = a.Undoes, ""
		s.report.Undos.put(l)
	case a.Result == admission.Accept && a.Direction == admission.Out:
		s.report.Exits.put(l)
	case a.Result == admission.Accept:
		s.report.Entries.put(l)
		if a.Forced {
			s.report.Overrides.put(l)
		}
	}
}

// put adds a line that is older than those before, if there is room.
func (l *List) put(line Line) {
	if l.Total++; len(l.Lines) < MaxLines {
		l.Lines = append(l.Lines, line)
	}
}

// explain adds why, from the records themselves.
func (k *Keeper) explain(ctx context.Context, list *List) error {
	for i := range list.Lines {
		line := &list.Lines[i]
		raw, err := k.Store.Read(ctx, k.Chain, line.seq, 1, 1)
		if err != nil {
			return fmt.Errorf("reading why something was done: %w", err)
		}
		if len(raw) == 0 {
			continue
		}
		r, err := journal.Parse(raw[0])
		if err != nil {
			return fmt.Errorf("reading why something was done: %w", err)
		}
		if scan, err := journal.Read[journal.Scan](r); err == nil {
			line.Why = scan.Override
		} else if undo, err := journal.Read[journal.Undo](r); err == nil {
			line.Why = undo.Why
		}
	}
	return nil
}
