package doors

import (
	"cmp"
	"context"
	"slices"
	"time"

	"usher/crypto/grant"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/state"
)

// Board is the live picture of an event as a manager sees it.
type Board struct {
	Event     string               `json:"event"`
	Name      string               `json:"name"`
	TimeZone  string               `json:"time_zone"`
	Rehearsal bool                 `json:"rehearsal,omitempty"`
	At        time.Time            `json:"at"`
	Counts    state.Counts         `json:"counts"`
	Zones     []ZoneLine           `json:"zones"`
	Gates     []GateLine           `json:"gates"`
	Devices   []DeviceLine         `json:"devices"`
	Spread    Spread               `json:"spread"`
	Conflicts []admission.Conflict `json:"conflicts"` // open ones first
	Open      int                  `json:"open_conflicts"`
	Faults    []string             `json:"faults,omitempty"`
	Revoked   int                  `json:"revocations"`
}

// ZoneLine is how many people are in a zone.
type ZoneLine struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Inside   int    `json:"inside"`
	Capacity uint32 `json:"capacity,omitempty"`
}

// GateLine is what came of the scans at a gate.
type GateLine struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Zone     string `json:"zone"`
	Entries  int    `json:"entries"`
	Exits    int    `json:"exits"`
	Rejected int    `json:"rejected"`
	Devices  int    `json:"devices"`
}

// DeviceLine is one enrolled device.
type DeviceLine struct {
	Node     journal.NodeID `json:"node"`
	Name     string         `json:"name"`
	Gate     string         `json:"gate"`
	Role     string         `json:"role"`
	Linked   bool           `json:"linked"`             // it talks to a server now
	Heard    time.Time      `json:"heard,omitzero"`     // its newest sign of life, by whatever way
	Records  uint64         `json:"records"`            // of its journal, held here
	Behind   uint64         `json:"behind"`             // records of the server's journal that it is not known to hold
	Expelled bool           `json:"expelled,omitempty"` // or retired: its enrolment was ended
	Retiring bool           `json:"retiring,omitempty"` // what it has not handed in yet is believed when it comes
	Why      string         `json:"why,omitempty"`      // its enrolment was ended
	LastScan time.Time      `json:"last_scan,omitzero"`
	ClockMS  int64          `json:"clock_offset_ms"`
	Forked   bool           `json:"forked,omitempty"` // there is proof that it wrote two records with one number
	// Authority is the certificate that phones at its door page have to trust; zero: it
	// said none when it was enrolled.
	Authority grant.Fingerprint `json:"authority,omitzero"`
}

// Spread says how far the newest revocation has come.
type Spread struct {
	Know    int   `json:"know"`    // active gates known to hold the newest server record
	Active  int   `json:"active"`  // active gates
	Longest int64 `json:"longest"` // s since the least heard of the others; -1: never
}

// Board gives the live picture of an event.
func (d *Doors) Board(ctx context.Context, event string) (*Board, error) {
	l, err := d.live(ctx, event)
	if err != nil {
		return nil, err
	}
	e := l.state.Event()
	b := &Board{Event: event, At: d.now(), Counts: l.state.Counts(d.now().UnixMilli()), Revoked: l.state.Revocations(), Faults: l.state.Faults()}
	if e != nil {
		b.Name, b.TimeZone, b.Rehearsal = e.Name, e.Zone, e.Rehearsal
		b.Zones, b.Gates = zoneLines(e, b.Counts), gateLines(e, b.Counts)
	}
	forks, forked, err := d.forks(ctx, event, l)
	if err != nil {
		return nil, err
	}
	b.Faults = append(append(b.Faults, forks...), l.regained.said()...)
	b.Devices = d.deviceLines(l, forked)
	for _, dev := range b.Devices {
		for i := range b.Gates {
			if b.Gates[i].Code == dev.Gate && !dev.Expelled {
				b.Gates[i].Devices++
			}
		}
	}
	b.Spread = spread(b.Devices, b.At)
	b.Conflicts = l.state.Conflicts()
	for _, c := range b.Conflicts {
		if c.Open {
			b.Open++
		}
	}
	slices.SortStableFunc(b.Conflicts, func(x, y admission.Conflict) int {
		if x.Open != y.Open {
			return map[bool]int{true: -1, false: 1}[x.Open]
		}
		return cmp.Compare(x.ID, y.ID)
	})
	return b, nil
}

func zoneLines(e *journal.Event, c state.Counts) []ZoneLine {
	lines := make([]ZoneLine, len(e.Zones))
	for i, z := range e.Zones {
		lines[i] = ZoneLine{Code: z.Code, Name: z.Name, Capacity: z.Capacity, Inside: c.Zones[z.Bit].Inside}
	}
	return lines
}

func gateLines(e *journal.Event, c state.Counts) []GateLine {
	lines := make([]GateLine, len(e.Gates))
	for i, g := range e.Gates {
		n := c.Gates[g.Code]
		lines[i] = GateLine{Code: g.Code, Name: g.Name, Entries: n.Entries, Exits: n.Exits, Rejected: n.Rejected}
		if z, ok := e.ZoneByBit(g.Zone); ok {
			lines[i].Zone = z.Name
		}
	}
	return lines
}

func (d *Doors) deviceLines(l *live, forked map[journal.NodeID]bool) []DeviceLine {
	var lines []DeviceLine
	all, retiring := l.state.Position(), l.state.Retiring()
	for _, m := range l.state.Gates() {
		line := DeviceLine{Node: m.Node, Name: m.Name, Gate: m.Gate, Role: m.Role, Expelled: m.Expelled, Why: m.Why, Records: m.Records, Behind: all.Seq, Forked: forked[m.Node], Authority: m.Authority}
		_, line.Retiring = retiring[m.Node]
		if m.LastRecord != 0 {
			line.LastScan = time.UnixMilli(m.LastRecord)
		}
		if at, ok := l.state.Heard(m.Node); ok {
			line.Heard = time.UnixMilli(at)
		}
		if p, ok := l.peers.Get(m.Node); ok {
			line.Linked = p.Connected > 0
			line.ClockMS = p.Sample.Offset.Milliseconds()
			if p.Heard.After(line.Heard) {
				line.Heard = p.Heard
			}
			if at := l.held(p); at.Epoch == all.Epoch && at.Seq <= all.Seq {
				line.Behind = all.Seq - at.Seq
			}
		}
		d.elsewhere(l, &line, all)
		lines = append(lines, line)
	}
	slices.SortFunc(lines, func(a, b DeviceLine) int {
		return cmp.Or(cmp.Compare(a.Gate, b.Gate), cmp.Compare(a.Name, b.Name), a.Node.Compare(b.Node))
	})
	return lines
}

// elsewhere adds to a line what other servers know of the device.
func (d *Doors) elsewhere(l *live, line *DeviceLine, all journal.Position) {
	c := l.contacts.elsewhere(line.Node)
	if c.heard.After(line.Heard) {
		line.Heard = c.heard
	}
	if c.at.Epoch == all.Epoch && c.at.Seq <= all.Seq {
		line.Behind = min(line.Behind, all.Seq-c.at.Seq)
	}
	if c.server != "" && c.server != d.id && d.now().Sub(line.Heard) < linkedFor {
		line.Linked = true
	}
}

func spread(devices []DeviceLine, now time.Time) Spread {
	var s Spread
	for _, dev := range devices {
		if dev.Expelled {
			continue
		}
		s.Active++
		switch {
		case dev.Behind == 0:
			s.Know++
		case dev.Heard.IsZero():
			s.Longest = -1
		case s.Longest >= 0:
			s.Longest = max(s.Longest, int64(now.Sub(dev.Heard).Seconds()))
		}
	}
	return s
}
