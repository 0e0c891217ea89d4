// Package play runs acceptance cases against the real gate, the real exchange and
// the real server, under a simulated clock: databases on disk, keys that sign,
// records that travel. Nothing in it decides a verdict.
//
// A step is mapped to the act of ours that comes nearest to it; where that is not
// obvious, the mapping says so beside the verb.
package play

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"usher/crypto/ticket"
	"usher/e2e/scenarios/script"
	"usher/e2e/scenarios/stage"
	"usher/gate"
	"usher/sync/journal"
)

// Failure is one thing that was not as it must be.
type Failure struct {
	Where string // step 2, check 3, setup
	What  string
}

func (f Failure) String() string { return f.Where + ": " + f.What }

// Case plays a case and gives what was not as it must be; nothing: it passed. The
// server keeps its data in the PostgreSQL database at an address, or in SQLite when
// that is empty.
func Case(ctx context.Context, c *script.Case, database string) []Failure {
	if c.Problem != "" {
		return []Failure{{"case", c.Problem}}
	}
	dir, err := os.MkdirTemp("", "usher-scenario-")
	if err != nil {
		return []Failure{{"setup", err.Error()}}
	}
	defer os.RemoveAll(dir)
	p := &player{c: c, dir: dir, database: database, outcomes: map[int]*outcome{}}
	defer p.close()
	if err := p.setUp(ctx); err != nil {
		return []Failure{{"setup", err.Error()}}
	}
	if err := p.act(ctx); err != nil {
		return []Failure{{p.where, err.Error()}}
	}
	return p.judge(ctx)
}

// player is a case under way.
type player struct {
	c     *script.Case
	dir   string
	where string // the step under way

	database string // "": SQLite in dir

	clock   *stage.Clock
	server  *stage.Server
	devices map[string]*stage.Device
	others  map[string][]*stage.Device // the same handhelds' enrolments for further events
	tickets map[string]*holding
	fillers []string          // codes of the unnamed tickets
	keys    map[string]string // key's name in the case → kid
	cards   map[string]string // event/operator → role card
	last    []string          // events, the case's own first

	outcomes map[int]*outcome // by number of the step
	nonces   map[string]*said
	pending  []func(context.Context) error // begun and not committed
}

// holding is a ticket of the case with all the codes that it ever had.
type holding struct {
	script.Ticket
	id    ticket.ID
	codes []string
	event string
}

// said is what a nonce was used for.
type said struct {
	ticket string
	seq    uint64
	of     *outcome
}

func (p *player) close() {
	for id := range p.devices {
		for _, d := range p.handheld(id) {
			_ = d.Close() // the case is over; its folder goes away
		}
	}
	if p.server != nil {
		_ = p.server.Close()
	}
}

// eventCode gives an event's id in the form that ours have.
func eventCode(id string) string { return strings.ToUpper(strings.ReplaceAll(id, "_", "-")) }

func (p *player) event() string { return eventCode(p.c.Setup.Event.ID) }

func (p *player) device(id string) (*stage.Device, error) {
	d, there := p.devices[id]
	if !there {
		return nil, fmt.Errorf("the case has no device %q", id)
	}
	return d, nil
}

// handheld gives all enrolments of a device: one for each event that it is at.
func (p *player) handheld(id string) []*stage.Device {
	return append([]*stage.Device{p.devices[id]}, p.others[id]...)
}

// at gives the enrolment of a device that judges what was read.
func (p *player) at(d *stage.Device, text string) *stage.Device {
	list := p.handheld(d.Name)
	if len(list) == 1 || d.Down {
		return d
	}
	gates := make([]*gate.Gate, len(list))
	for i := range list {
		gates[i] = list[i].Gate
	}
	picked := gate.Pick(gates, text)
	return list[slices.Index(gates, picked)]
}

func (p *player) holding(id string) (*holding, error) {
	h, there := p.tickets[id]
	if !there {
		return nil, fmt.Errorf("the case has no ticket %q", id)
	}
	return h, nil
}

func (p *player) path(name string) string { return filepath.Join(p.dir, name) }

// began is the instant before anything happens.
func (p *player) began() time.Time {
	first := p.c.Setup.Event.Starts
	if len(p.c.Steps) > 0 {
		first = p.c.Steps[0].At
	}
	for _, d := range p.c.Setup.Devices {
		if d.SyncedAt != nil && d.SyncedAt.Before(first) {
			first = *d.SyncedAt
		}
	}
	return first.Add(-time.Hour)
}

// act takes the steps, those of one group at the same time.
func (p *player) act(ctx context.Context) error {
	for i := 0; i < len(p.c.Steps); i++ {
		group := p.c.Steps[i : i+1]
		if name := group[0].Concurrent; name != "" {
			for i+1 < len(p.c.Steps) && p.c.Steps[i+1].Concurrent == name {
				i++
				group = p.c.Steps[i-len(group) : i+1]
			}
		}
		p.where = fmt.Sprintf("step %d", group[0].N)
		p.clock.Set(group[0].At)
		if err := p.together(ctx, group); err != nil {
			return err
		}
	}
	p.where = "end"
	return nil
}

func idOf(h *holding) journal.TicketID { return journal.TicketID(h.id) }
