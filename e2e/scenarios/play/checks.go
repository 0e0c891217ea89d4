package play

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/crypto/ticket"
	"usher/e2e/scenarios/script"
	"usher/e2e/scenarios/stage"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/state"
)

// scene is where a check looks.
type scene struct {
	state  *state.State
	device *stage.Device // nil: the server
	now    int64         // corrected Unix ms
}

// look is a check: it gives what the expectation compares.
type look func(*player, context.Context, *script.Expect, scene) (any, error)

// checks are the checks that are known.
var checks = map[string]look{
	"entries": (*player).entries, "exits": (*player).exits, "attempts": (*player).attempts, "inside": (*player).inside,
	"entries_total": (*player).entriesTotal, "attempts_total": (*player).attemptsTotal,
	"queue": (*player).queue, "conflicts": (*player).conflicts, "open_conflicts": (*player).openConflicts,
	"answer": (*player).answer, "unmatched": (*player).unmatched, "full_resyncs": (*player).fullResyncs,
	"accepts_of_steps": (*player).acceptsOfSteps, "entries_equal_after_sync": (*player).entriesEqual,
}

func (p *player) check(ctx context.Context, e *script.Expect) error {
	do, known := checks[e.Check]
	if !known {
		return errors.New("unknown check")
	}
	at, err := p.scene(ctx, e.Where)
	if err != nil {
		return err
	}
	got, err := do(p, ctx, e, at)
	if err != nil {
		return err
	}
	if e.Check == "entries_equal_after_sync" && len(e.Equals) == 0 {
		return same(json.RawMessage("true"), got)
	}
	return same(e.Equals, got)
}

func (p *player) scene(ctx context.Context, where string) (scene, error) {
	now := p.clock.Now().UnixMilli()
	if where == "server" || where == "" {
		st, err := p.server.Settled(ctx, p.event())
		return scene{state: st, now: now}, err
	}
	d, err := p.device(where)
	if err != nil {
		return scene{}, err
	}
	if d.Down {
		return scene{}, fmt.Errorf("device %s is down", where)
	}
	return scene{state: d.State, device: d, now: now}, nil
}

// past gives what a scene knows of a ticket of the case.
func (p *player) past(id string, at scene) ([]admission.Act, *holding, error) {
	h, err := p.holding(id)
	if err != nil {
		return nil, nil, err
	}
	return at.state.Past(idOf(h)), h, nil
}

// entered reports whether an act let somebody in and still stands.
func entered(a admission.Act) bool {
	return a.Result == admission.Accept && a.Direction == admission.In && !a.Undone && !a.SetAside
}

func (p *player) entries(_ context.Context, e *script.Expect, at scene) (any, error) {
	past, _, err := p.past(e.Ticket, at)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, a := range past {
		if !entered(a) {
			continue
		}
		n++
		if e.At != nil && instant(a.At) != e.At.UTC().Format(time.RFC3339) {
			return nil, fmt.Errorf("an entry at %s, want %s", instant(a.At), e.At.UTC().Format(time.RFC3339))
		}
	}
	return n, nil
}

func (p *player) exits(_ context.Context, e *script.Expect, at scene) (any, error) {
	past, _, err := p.past(e.Ticket, at)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, z := range at.state.Event().Zones {
		n += admission.VisitOf(at.state.Event(), past, z.Bit, at.now).Exits
	}
	return n, nil
}

func (p *player) attempts(_ context.Context, e *script.Expect, at scene) (any, error) {
	past, _, err := p.past(e.Ticket, at)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, a := range past {
		if a.Result == admission.Reject && !a.SetAside {
			n++
		}
	}
	return n, nil
}

func (p *player) inside(_ context.Context, e *script.Expect, at scene) (any, error) {
	if e.Gate == "" {
		return at.state.Counts(at.now).Total.Inside, nil
	}
	g, known := at.state.Event().GateByCode(e.Gate)
	if !known {
		return nil, fmt.Errorf("there is no gate %q", e.Gate)
	}
	return at.state.Inside(g.Zone, at.now), nil
}

func (p *player) entriesTotal(_ context.Context, _ *script.Expect, at scene) (any, error) {
	return at.state.Counts(at.now).Total.Entries, nil
}

func (p *player) attemptsTotal(_ context.Context, _ *script.Expect, at scene) (any, error) {
	return at.state.Counts(at.now).Total.Rejected, nil
}

// queue counts the records of a device that matter, entries, exits and undos, and
// that the server is not known to hold and to have taken into account.
func (p *player) queue(ctx context.Context, e *script.Expect, at scene) (any, error) {
	if at.device == nil {
		return nil, errors.New("a queue is a device's")
	}
	own := journal.Chain{Node: at.device.Enrolment.Node}
	status, err := at.device.Uplink.Status(ctx)
	if err != nil {
		return nil, err
	}
	withheld := map[uint64]bool{}
	for _, notice := range at.state.Notices() {
		if notice.Chain == own {
			withheld[notice.Seq] = true
		}
	}
	n := 0
	for _, entry := range at.state.Since(own, 0) {
		waits := entry.Act.Seq > status.Own-status.Unsent || withheld[entry.Act.Seq]
		if waits && matters(entry.Act, e.Kind) {
			n++
		}
	}
	return n, nil
}

func matters(a admission.Act, kind string) bool {
	switch is := whatActIs(a); kind {
	case "":
		return is != ""
	default:
		return is == kind
	}
}

func whatActIs(a admission.Act) string {
	switch {
	case a.Result == admission.Undo:
		return "undo"
	case a.Result != admission.Accept:
		return ""
	case a.Direction == admission.Out:
		return "exit"
	}
	return "entry"
}

func (p *player) conflicts(_ context.Context, e *script.Expect, at scene) (any, error) {
	h, err := p.holding(e.Ticket)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, c := range at.state.Conflicts() {
		if c.Ticket != h.id || !c.Open {
			continue
		}
		n++
		if err := p.matches(c, e); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (p *player) matches(c admission.Conflict, e *script.Expect) error {
	if e.Kind != "" && string(c.Kind) != e.Kind {
		return fmt.Errorf("a conflict of kind %s, want %s", c.Kind, e.Kind)
	}
	if e.Count != nil && len(c.Duplicates) != *e.Count {
		return fmt.Errorf("%d duplicates, want %d", len(c.Duplicates), *e.Count)
	}
	if e.Original == "" {
		return nil
	}
	if c.Original == nil || p.author(c.Original) != e.Original {
		return fmt.Errorf("the original is %s, want %s", describe(p, c.Original), e.Original)
	}
	return nil
}

func describe(p *player, a *admission.Act) string {
	if a == nil {
		return "none"
	}
	return p.author(a)
}

func (p *player) openConflicts(_ context.Context, _ *script.Expect, at scene) (any, error) {
	n := 0
	for _, c := range at.state.Conflicts() {
		if c.Open {
			n++
		}
	}
	return n, nil
}

func (p *player) answer(_ context.Context, e *script.Expect, at scene) (any, error) {
	h, err := p.holding(e.Ticket)
	if err != nil {
		return nil, err
	}
	return strings.TrimSpace(at.state.Answers(idOf(h))[e.Question]), nil
}

// unmatched counts admissions of tickets that the server never issued.
func (p *player) unmatched(ctx context.Context, _ *script.Expect, at scene) (any, error) {
	n := 0
	for chain := range at.state.Vector() {
		for _, entry := range at.state.Since(chain, 0) {
			if entry.Act.Result != admission.Accept {
				continue
			}
			if _, err := p.server.Tickets.Find(ctx, p.event(), ticket.ID(entry.Ticket).String()); err != nil {
				n++
			}
		}
	}
	return n, nil
}

// fullResyncs counts how often a device had to take in a new epoch of the server's
// journal: how ours meets a server that was restored.
func (p *player) fullResyncs(_ context.Context, _ *script.Expect, at scene) (any, error) {
	n := 0
	for chain := range at.state.Vector() {
		if at.state.IsServer(chain.Node) && chain.Epoch > 0 {
			n++
		}
	}
	return n, nil
}

func (p *player) acceptsOfSteps(_ context.Context, e *script.Expect, _ scene) (any, error) {
	n := 0
	for _, number := range e.Steps {
		o := p.outcomes[number]
		if o == nil {
			return nil, fmt.Errorf("the case has no step %d", number)
		}
		if o.result == string(admission.Accept) {
			n++
		}
	}
	return n, nil
}

// entriesEqual says whether every device knows as many entries of each ticket as
// the server, or the one device that is named.
func (p *player) entriesEqual(ctx context.Context, e *script.Expect, _ scene) (any, error) {
	server, err := p.server.Settled(ctx, p.event())
	if err != nil {
		return nil, err
	}
	for name, d := range p.devices {
		if e.Where != "" && e.Where != "server" && e.Where != name || d.Down {
			continue
		}
		for id, h := range p.tickets {
			here, there := count(d.State.Past(idOf(h))), count(server.Past(idOf(h)))
			if here != there {
				return nil, fmt.Errorf("ticket %s has %d entries at %s and %d at the server", id, here, name, there)
			}
		}
	}
	return true, nil
}

func count(past []admission.Act) int {
	n := 0
	for _, a := range past {
		if entered(a) {
			n++
		}
	}
	return n
}
