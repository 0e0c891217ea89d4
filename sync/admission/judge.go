package admission

import (
	"math"
	"slices"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// Judge lays a ticket's records out in the agreed order and decides each green
// admission again. The rules are those of the event's version that the gate knew:
// events gives the version in force at a place in the server's journal, or nil.
// The same history gives the same finding, in whatever order it is given.
func Judge(events func(journal.Position) *journal.Event, h History) Finding {
	acts := distinct(h.Scans)
	markUndone(acts)
	g := graphOf(acts)
	order := g.sort()
	waits, adrift := g.waits(acts, order, h.Known)
	markFuture(acts, &g, order)

	f := Finding{Acts: make([]Act, 0, len(acts))}
	judged := make([]Act, 0, len(acts))
	for _, last := range [...]bool{false, true} {
		for _, i := range order {
			if adrift[i] != last {
				continue
			}
			f.Acts = append(f.Acts, acts[i])
			if !waits[i] {
				judged = append(judged, acts[i])
			}
		}
	}
	f.Waiting = len(acts) - len(judged)
	f.Conflicts = conflicts(events, h, judged)
	return f
}

// markUndone marks the admissions that their own author has taken back since.
func markUndone(acts []Act) {
	undone := make(map[journal.Hash][]*Act)
	for i := range acts {
		acts[i].Undone = false
		if u := &acts[i]; u.Result == Undo && !u.SetAside {
			undone[u.Undoes] = append(undone[u.Undoes], u)
		}
	}
	if len(undone) == 0 {
		return
	}
	for i := range acts {
		a := &acts[i]
		a.Undone = a.admission() && slices.ContainsFunc(undone[a.Hash], a.before)
	}
}

// waits says which acts can't be judged yet: something that their gate says it
// knew is not here, or they come after such an act. Those that lack an ancestor are
// adrift as well: nobody can say yet where they belong. What a device that is not
// believed says it knew holds nobody up.
//
// The acts that are not adrift hold all their ancestors, so their order is that of
// the whole, however much is still to come.
func (g *graph) waits(acts []Act, order []int32, known journal.Position) (waits, adrift []bool) {
	waits, adrift = make([]bool, len(acts)), make([]bool, len(acts))
	for _, i := range order {
		a := &acts[i]
		if a.SetAside {
			waits[i], adrift[i] = false, false
			continue
		}
		adrift[i] = adrift[i] || g.lacks[i]
		waits[i] = waits[i] || adrift[i] || known.Before(a.Known)
		for _, j := range g.next[i] {
			waits[j] = waits[j] || waits[i]
			adrift[j] = adrift[j] || adrift[i]
		}
	}
	return waits, adrift
}

// markFuture marks the acts that bear a later time than a record that knew them,
// by a clock that had been set: going back through the order, each act passes to
// those before it the moment by which it had certainly been.
func markFuture(acts []Act, g *graph, order []int32) {
	by := make([]int64, len(acts)) // when act i had certainly been, Unix ms
	for _, i := range slices.Backward(order) {
		by[i] = math.MaxInt64
		for _, j := range g.next[i] {
			by[i] = min(by[i], by[j])
		}
		a := &acts[i]
		if a.NoLater = 0; a.sure() > by[i] {
			a.NoLater = by[i]
		}
		if a.Synced && !a.SetAside {
			by[i] = min(by[i], a.At+a.Uncertainty)
		}
	}
}

// conflicts decides the admissions among acts in the agreed order again.
func conflicts(events func(journal.Position) *journal.Event, h History, ordered []Act) []Conflict {
	m := merge{events: events, voids: voidsOf(h.Voids), zones: make(map[uint8]*tally)}
	var found clashes
	for i := range ordered {
		a := &ordered[i]
		if a.admission() && !a.Forced {
			if v := m.again(a); !v.Green() {
				found.add(h, a, v)
			}
		}
		m.zone(a.Zone).add(a)
	}
	return found.list()
}

// merge is a walk through the agreed order of one ticket.
type merge struct {
	events func(journal.Position) *journal.Event
	voids  voids
	zones  map[uint8]*tally
}

func (m *merge) zone(bit uint8) *tally {
	t := m.zones[bit]
	if t == nil {
		t = new(tally)
		m.zones[bit] = t
	}
	return t
}

// again decides an admission with the past that the agreed order gives it. Where
// the event of its time, or its gate, is not known here the admission stands.
func (m *merge) again(a *Act) Verdict {
	event := m.events(a.Known)
	gate := gateOf(event, a.Gate)
	if gate == nil {
		return Verdict{Result: Accept}
	}
	c := Context{
		Event: event, Gate: *gate, Node: a.Chain.Node,
		Now: Moment{At: a.At, Synced: a.Synced, Uncertainty: a.Uncertainty},
	}
	p := Presented{Direction: In, How: a.How, Lane: a.Lane}
	past := m.zone(a.Zone)
	past.empties = checkOuts(event, a.Zone)
	past.sweep(a.At)
	s := scan{
		c: &c, p: &p, merged: true, void: m.voids.before(a), past: past,
		claims: ticket.Claims{Generation: a.Generation, Product: a.Product, Admissions: a.Admissions},
	}
	s.product, _ = productOf(event, s.claims)
	s.run(steps)
	return s.verdict
}

func gateOf(e *journal.Event, code string) *journal.Gate {
	if e == nil {
		return nil
	}
	for i := range e.Gates {
		if e.Gates[i].Code == code {
			return &e.Gates[i]
		}
	}
	return nil
}
