package admission

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/journal"
)

// world is a simulated event with one ticket: a server, some gates that hold
// prefixes of each other's journals, and a true time that nobody knows.
type world struct {
	t      *rapid.T
	now    int64 // true Unix ms
	server []serverRecord
	gates  []*simGate
	all    map[journal.Hash]Act
	knew   map[journal.Hash]map[journal.Hash]bool // what its gate knew when it decided

	honest   bool // clocks are within their uncertainty of the truth
	together bool // everything said is heard by all at once
	plain    bool // no overrides, undos, revocations or rule changes

	losers map[journal.Hash]bool // admissions that any node ever took for too many
}

// serverRecord is one of a new version of the event, a revocation or a resolution.
type serverRecord struct {
	event    *journal.Event
	void     *Void
	resolves []journal.Hash
}

type simGate struct {
	code        string
	node        journal.NodeID
	written     []Act
	heard       []int // how much of each gate's journal it holds
	known       int   // how much of the server's
	offset      int64 // of its corrected time from the truth
	uncertainty int64
	synced      bool
}

const simStart = 1_783_180_800_000 // 2026-07-04 16:00 UTC, Saturday 18:00 in Berlin

func newWorld(t *rapid.T, configure ...func(*world)) *world {
	w := &world{
		t: t, now: simStart, all: map[journal.Hash]Act{},
		knew: map[journal.Hash]map[journal.Hash]bool{}, losers: map[journal.Hash]bool{},
	}
	for _, f := range configure {
		f(w)
	}
	w.server = []serverRecord{{event: w.drawEvent(rapid.IntRange(2, 4).Draw(t, "gates"))}}
	for i, g := range w.server[0].event.Gates {
		gate := &simGate{code: g.Code, node: journal.NodeID{byte(i + 1)}, known: 1, synced: true}
		gate.heard = make([]int, len(w.server[0].event.Gates))
		gate.uncertainty = rapid.Int64Range(0, 2000).Draw(t, "uncertainty")
		gate.offset = rapid.Int64Range(-gate.uncertainty, gate.uncertainty).Draw(t, "offset")
		if !w.honest && rapid.Bool().Draw(t, "wild clock") {
			gate.synced = rapid.Bool().Draw(t, "synced")
			gate.offset = rapid.Int64Range(-7_200_000, 7_200_000).Draw(t, "wild offset")
		}
		w.gates = append(w.gates, gate)
	}
	return w
}

// drawEvent makes a version of the event. Zone and place of a gate never change;
// its rules and what it does with entries may.
func (w *world) drawEvent(gates int) *journal.Event {
	e := &journal.Event{
		Code: "EV1", Zone: "Europe/Berlin", Starts: simStart / 1000, Ends: simStart/1000 + 86400,
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", DownTo: w.drawLowest()},
		Zones:    []journal.Zone{{Bit: 0, Code: "main"}, {Bit: 1, Code: "vip"}},
		Products: []journal.Product{{Number: 1, Code: "ga", Zones: 3, Rules: w.drawRules("product rules")}},
	}
	for i := range gates {
		e.Gates = append(e.Gates, journal.Gate{
			Code: fmt.Sprint("g", i), Zone: uint8(i / 3), All: true,
			Multi:     !w.plain && rapid.IntRange(0, 3).Draw(w.t, "multi") == 0,
			NoReentry: !w.plain && rapid.IntRange(0, 3).Draw(w.t, "no re-entry") == 0,
			Rules:     w.drawRules("gate rules"),
		})
	}
	return e
}

func (w *world) drawLowest() journal.Rung {
	if w.plain {
		return journal.RungName
	}
	return rapid.SampledFrom([]journal.Rung{journal.RungName, journal.RungName, journal.RungTyped, journal.RungCode, journal.RungLive}).Draw(w.t, "down to")
}

func (w *world) drawRules(label string) []journal.Rule {
	if w.plain {
		return nil
	}
	kinds := []string{
		"max_entries", "max_entries_per_day", "max_days", "cooldown_minutes", "max_minutes_since_first_entry",
		"max_entries_since", "max_entries_before",
	}
	var rules []journal.Rule
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(w.t, label) {
		rules = append(rules, journal.Rule{
			Kind:   rapid.SampledFrom(kinds).Draw(w.t, "kind"),
			N:      rapid.Int64Range(1, 4).Draw(w.t, "n"),
			Cutoff: simStart/1000 + rapid.Int64Range(0, 7200).Draw(w.t, "cutoff"),
		})
	}
	return rules
}

func (w *world) pick(label string) *simGate { return rapid.SampledFrom(w.gates).Draw(w.t, label) }

// step does one random thing.
func (w *world) step() {
	w.now += rapid.SampledFrom([]int64{0, 1, 900, 20_000, 70_000, 600_000, 9_000_000}).Draw(w.t, "later")
	what := rapid.IntRange(0, 19).Draw(w.t, "what")
	switch {
	case w.plain || what < 12:
		if rapid.IntRange(0, 2).Draw(w.t, "out") == 0 {
			w.scan(w.pick("gate"), Out, nil)
			break
		}
		w.scan(w.pick("gate"), In, nil)
	case what == 12:
		w.scan(w.pick("gate"), In, &Override{By: "sup", Allowed: true})
	case what < 15:
		w.undo(w.pick("gate"))
	case what == 15:
		w.server = append(w.server, serverRecord{event: w.drawEvent(len(w.gates))})
	default:
		w.revoke()
	}
	if w.together {
		w.deliverAll()
		return
	}
	for range rapid.IntRange(0, 3).Draw(w.t, "exchanges") {
		w.exchange()
	}
}

// exchange lets one gate hear something of another, or of the server: some more of
// any journal that the other holds.
func (w *world) exchange() {
	from, to := w.pick("from"), w.pick("to")
	if rapid.Bool().Draw(w.t, "of the server") {
		to.known = rapid.IntRange(to.known, len(w.server)).Draw(w.t, "server records")
	}
	from.heard[w.index(from)] = len(from.written)
	for i := range to.heard {
		if to.heard[i] < from.heard[i] {
			to.heard[i] = rapid.IntRange(to.heard[i], from.heard[i]).Draw(w.t, "records")
		}
	}
	w.watch(to)
}

func (w *world) index(g *simGate) int { return slices.Index(w.gates, g) }

func (w *world) deliverAll() {
	for _, g := range w.gates {
		for i, other := range w.gates {
			g.heard[i] = len(other.written)
		}
		g.known = len(w.server)
	}
	for _, g := range w.gates {
		w.watch(g)
	}
}

// watch notes which admissions a node takes for too many now.
func (w *world) watch(g *simGate) {
	for _, c := range w.finding(g).Conflicts {
		for _, a := range c.Duplicates {
			w.losers[a.Hash] = true
		}
	}
}

// held is what a gate's records amount to.
func (w *world) held(g *simGate) History {
	var scans []Act
	for i, other := range w.gates {
		n := g.heard[i]
		if other == g {
			n = len(g.written)
		}
		scans = append(scans, other.written[:n]...)
	}
	return w.history(scans, g.known)
}

func (w *world) history(scans []Act, known int) History {
	h := History{Event: "EV1", Ticket: ticket.ID{7}, Scans: scans, Known: position(known)}
	resolved := map[journal.Hash]bool{}
	for i, r := range w.server[:known] {
		if r.void != nil {
			h.Voids = append(h.Voids, *r.void)
		}
		for _, hash := range w.server[i].resolves {
			resolved[hash] = true
		}
	}
	h.Resolved = func(hash journal.Hash) bool { return resolved[hash] }
	return h
}

func (w *world) finding(g *simGate) Finding { return Judge(w.eventAt, w.held(g)) }

// whole is what a node that holds everything finds.
func (w *world) whole() Finding { return Judge(w.eventAt, w.wholeHistory()) }

func (w *world) wholeHistory() History {
	var scans []Act
	for _, g := range w.gates {
		scans = append(scans, g.written...)
	}
	return w.history(scans, len(w.server))
}

func position(known int) journal.Position { return journal.Position{Seq: uint64(known)} }

func (w *world) eventAt(p journal.Position) *journal.Event {
	for i := min(int(p.Seq), len(w.server)) - 1; i >= 0; i-- {
		if e := w.server[i].event; e != nil {
			return e
		}
	}
	return nil
}

func (w *world) voidAt(known int) Void {
	for i := known - 1; i >= 0; i-- {
		if v := w.server[i].void; v != nil {
			return *v
		}
	}
	return Void{}
}

// scan lets a gate decide with what it holds, and write what it decided.
func (w *world) scan(g *simGate, d Direction, override *Override) Verdict {
	at := w.now + g.offset
	event := w.eventAt(position(g.known))
	gate, _ := event.GateByCode(g.code)
	held := w.held(g)
	past := Judge(w.eventAt, held).Acts
	claims := ticket.Claims{ID: ticket.ID{7}, Product: 1, Admissions: w.admissions(), Generation: w.generation(g)}
	p := w.presented(claims, d, override)
	v := Decide(
		Context{Event: event, Gate: gate, Node: g.node, Now: Moment{At: at, Synced: g.synced}, ListKnown: true},
		p, w.voidAt(g.known), past)
	a := Act{
		Result: v.Result, Reason: v.Reason, Direction: d, At: at, Uncertainty: g.uncertainty, Synced: g.synced,
		Gate: g.code, Zone: gate.Zone, How: p.How, Generation: claims.Generation, Product: 1, Admissions: claims.Admissions,
		Forced: v.Forced(), Parents: Frontier(past), Known: position(g.known),
	}
	if !g.synced {
		a.Uncertainty = 0
	}
	w.write(g, a, past)
	return v
}

// presented shows the ticket by one of the ways there are.
func (w *world) presented(claims ticket.Claims, d Direction, override *Override) Presented {
	how := "typed"
	if !w.plain {
		how = rapid.SampledFrom([]string{"camera", "camera", "typed", "search"}).Draw(w.t, "how")
	}
	p := Presented{InRoster: true, Direction: d, How: how, Override: override}
	if how == "camera" {
		claims.Event = "EV1"
		p.Ticket, p.KeyKnown = &ticket.Ticket{Claims: claims, KeyID: keyring.KeyID{1}}, true
		p.Key = keyring.Key{ID: keyring.KeyID{1}, Role: keyring.RoleIssuer, Events: []string{"EV1"}, Expires: 1 << 40}
		return p
	}
	p.Manual, p.ByName, p.Claims = true, how == "search", claims
	return p
}

// admissions of the ticket: drawn once, by how the world began.
func (w *world) admissions() uint8 {
	if w.plain {
		return 1
	}
	return uint8(1 + len(w.server[0].event.Products[0].Rules))
}

// generation is the code that somebody shows: mostly the newest the gate has seen.
func (w *world) generation(g *simGate) uint16 {
	if w.plain {
		return 0
	}
	return uint16(rapid.IntRange(0, 2).Draw(w.t, "generation"))
}

// write chains an act to the gate's journal under a hash that covers its parents.
func (w *world) write(g *simGate, a Act, past []Act) {
	a.Chain, a.Seq = journal.Chain{Node: g.node}, uint64(len(g.written)+1)
	content, err := json.Marshal(a)
	if err != nil {
		w.t.Fatal(err)
	}
	a.Hash = sha256.Sum256(fmt.Appendf(content, "%v%v%v", a.Parents, a.Known, a.Undoes))
	w.knew[a.Hash] = map[journal.Hash]bool{}
	for i := range past {
		w.knew[a.Hash][past[i].Hash] = true
	}
	g.written = append(g.written, a)
	w.all[a.Hash] = a
}

func (w *world) undo(g *simGate) {
	past := w.finding(g).Acts
	for i := range slices.Backward(past) {
		if MayUndo(&past[i], g.node, 0) == "" {
			w.write(g, Act{Result: Undo, Undoes: past[i].Hash, At: w.now + g.offset, Synced: g.synced}, past)
			return
		}
	}
}

func (w *world) revoke() {
	reason := rapid.SampledFrom([]string{"superseded", "cancelled", "blocked", "reactivated"}).Draw(w.t, "reason")
	minimum := uint32(journal.Never)
	switch reason {
	case "superseded":
		minimum = 1
	case "reactivated":
		minimum = 0
	}
	w.server = append(w.server, serverRecord{void: &Void{
		Minimum: minimum, Reason: reason, Since: w.now, At: position(len(w.server) + 1), Set: true,
	}})
}

// run plays n steps.
func (w *world) run() {
	for range rapid.IntRange(1, 25).Draw(w.t, "steps") {
		w.step()
	}
}

func together(w *world) { w.honest, w.together = true, true }
func plain(w *world)    { w.plain = true }

// checkWorlds holds a property against random worlds.
func checkWorlds(t *testing.T, property func(*rapid.T, *world), configure ...func(*world)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, configure...)
		w.run()
		property(rt, w)
	})
}
