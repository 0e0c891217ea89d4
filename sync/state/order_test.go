package state

import (
	"flag"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"usher/crypto/keyring"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// tickets is how many tickets random histories are about: few, so that they meet.
const tickets = 5

// plot is a random event: what every chain says, in its order, and checkpoints.
type plot struct {
	*world
	draw     *rapid.T
	chains   map[journal.Chain][]*journal.Record
	byTicket map[journal.TicketID][]*journal.Record
	words    []*journal.Checkpoint
	proofs   map[journal.TicketID][]byte
}

// invent makes an event with a server that says everything a server can, and
// gates that tell the truth, lie, take back, and are enrolled and expelled at any
// time or never.
func invent(t testing.TB, draw *rapid.T) *plot {
	p := &plot{
		world: newWorld(t), draw: draw, chains: make(map[journal.Chain][]*journal.Record),
		byTicket: make(map[journal.TicketID][]*journal.Record), proofs: make(map[journal.TicketID][]byte),
	}
	for n := range uint64(tickets) {
		p.proofs[id(n)] = p.evidence(id(n), p.issuer, eventCode)
	}
	p.keep(p.began...)
	acts := map[string]func(){
		"scan": p.scanSomething, "scan again": p.scanSomething, "scan more": p.scanSomething, "undo": p.undoSomething,
		"revoke": func() { p.keep(p.revoke(p.pick("revoked", "cancelled", "reactivated"), p.ticket(), p.ticket())) },
		"roster": func() { p.keep(p.rosterOf(p.ticket(), p.ticket())) },
		"expel": func() {
			p.keep(p.expel(p.pick("north", "south", "roof"), uint64(rapid.IntRange(0, 4).Draw(draw, "last"))))
		},
		"enrol":   func() { p.keep(p.enrol(p.pick("roof", "cellar"))) },
		"version": p.changeRules,
		"ring":    func() { p.keep(p.ringRecord(p.nextRing(keyring.RosterOnly, p.root))) },
		"resolve": p.resolveSomething, "epoch": p.restoreServer, "disaster": p.restoreServer, "word": p.giveWord, "nonsense": p.writeNonsense,
	}
	names := rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(acts))), 3, 40).Draw(draw, "acts")
	for _, name := range names {
		acts[name]()
	}
	return p
}

func (p *plot) keep(records ...*journal.Record) {
	for _, r := range records {
		p.chains[r.Chain] = append(p.chains[r.Chain], r)
	}
}

func (p *plot) pick(some ...string) string { return rapid.SampledFrom(some).Draw(p.draw, "pick") }

func (p *plot) ticket() journal.TicketID {
	return id(rapid.Uint64Range(0, tickets-1).Draw(p.draw, "ticket"))
}

func (p *plot) scanSomething() {
	at, device := p.ticket(), p.pick("north", "south", "roof", "cellar", "stranger")
	scan := &journal.Scan{
		Result: p.pick("accept", "accept", "accept", "reject"), Reason: "entry", Direction: p.pick("in", "in", "out"),
		Gate: p.pick("north", "south", "roof", "garden", "cellar", "nowhere"), How: "camera", Ticket: at,
		Known: journal.Position{
			Epoch: rapid.Uint64Range(0, p.server.Epoch).Draw(p.draw, "known epoch"),
			Seq:   rapid.Uint64Range(0, p.server.Head.Seq).Draw(p.draw, "known"),
		},
	}
	switch p.pick("genuine", "genuine", "genuine", "typed", "another", "garbage") {
	case "genuine":
		scan.Evidence = p.proofs[at]
	case "another":
		scan.Evidence = p.proofs[p.ticket()]
	case "garbage":
		scan.Evidence = []byte("garbage")
	}
	for _, r := range p.byTicket[at] {
		if rapid.Bool().Draw(p.draw, "parent") {
			scan.Parents = append(scan.Parents, r.Hash())
		}
	}
	p.gate(device).Stamp.Time += int64(rapid.IntRange(-5000, 5000).Draw(p.draw, "clock"))
	r := p.write(device, scan)
	p.byTicket[at] = append(p.byTicket[at], r)
	p.keep(r)
}

func (p *plot) undoSomething() {
	at := p.ticket()
	if list := p.byTicket[at]; len(list) > 0 {
		r := p.undo(p.pick("north", "south"), at, rapid.SampledFrom(list).Draw(p.draw, "undone"))
		p.byTicket[at] = append(p.byTicket[at], r)
		p.keep(r)
	}
}

func (p *plot) resolveSomething() {
	at := p.ticket()
	resolve := &journal.Resolve{Ticket: at, Why: "seen"}
	for _, r := range p.byTicket[at] {
		if rapid.Bool().Draw(p.draw, "resolved") {
			resolve.Admissions = append(resolve.Admissions, r.Hash())
		}
	}
	if len(resolve.Admissions) > 0 {
		p.keep(p.server.Write(p.t, journal.KindResolve, resolve))
	}
}

// changeRules writes a version with another gate and, perhaps, other rules.
func (p *plot) changeRules() {
	e := gala(p.server.Stamp.Time/1000, 2, p.pick("garden", "cellar"))
	multi := rapid.Bool().Draw(p.draw, "multi")
	for i := range e.Gates {
		e.Gates[i].Multi = multi
	}
	p.keep(p.server.Write(p.t, journal.KindEvent, e))
}

// restoreServer begins the next epoch at the head of this one, which goes on for
// records that the restored server does not know.
func (p *plot) restoreServer() {
	next := p.server.NextEpoch()
	p.keep(p.revoke("blocked", p.ticket()))
	if rapid.Bool().Draw(p.draw, "lost rules") {
		p.changeRules()
	} else {
		p.keep(p.rosterOf(p.ticket()))
	}
	p.server = next
	p.keep(p.rosterOf(p.ticket()))
}

func (p *plot) giveWord() {
	g := p.gate(p.pick("north", "south"))
	p.words = append(p.words, word(p.t.(*testing.T), g, g.Stamp.Time))
}

func (p *plot) writeNonsense() {
	w := p.server
	if p.pick("server", "gate") == "gate" {
		w = p.gate("north")
	}
	kind := rapid.SampledFrom([]journal.Kind{journal.KindScan, journal.KindEvent, journal.KindResolve, 999, 9}).Draw(p.draw, "kind")
	p.keep(w.Write(p.t, kind, map[int]int{99: 1}))
}

// straight applies the server's chains first, then the others.
func (p *plot) straight() *State {
	s := New(p.config())
	for _, server := range []bool{true, false} {
		for _, chain := range p.sorted() {
			if s.IsServer(chain.Node) == server {
				p.apply(s, p.chains[chain]...)
			}
		}
	}
	for _, c := range p.words {
		s.Hear(c)
	}
	return s
}

func (p *plot) sorted() []journal.Chain {
	vector := make(journal.Vector)
	for chain := range p.chains {
		vector[chain] = journal.Head{}
	}
	return vector.Chains()
}

// mixed applies the chains in a random interleaving, some records again, words
// between them, and looks at the state on the way, which makes it check evidence
// and judge.
func (p *plot) mixed() *State {
	s := New(p.config())
	left := p.sorted()
	next := make(map[journal.Chain]int)
	words := rapid.Permutation(p.words).Draw(p.draw, "words")
	for len(left) > 0 {
		i := rapid.IntRange(0, len(left)-1).Draw(p.draw, "chain")
		chain := left[i]
		p.apply(s, p.chains[chain][next[chain]])
		if next[chain]++; next[chain] == len(p.chains[chain]) {
			left = slices.Delete(left, i, i+1)
		}
		switch rapid.IntRange(0, 9).Draw(p.draw, "between") {
		case 0:
			p.apply(s, p.chains[chain][rapid.IntRange(0, next[chain]-1).Draw(p.draw, "again")])
		case 1:
			s.Past(p.ticket())
		case 2:
			s.Conflicts()
		case 3:
			s.Prove(2)
		case 4:
			if len(words) > 0 {
				s.Hear(words[0])
				words = words[1:]
			}
		}
	}
	for _, c := range words {
		s.Hear(c)
	}
	return s
}

// picture is all that can be asked of a state.
type picture struct {
	Position  journal.Position
	Events    []*journal.Event
	Ring      uint64
	Gates     []Member
	Voids     []admission.Void
	Pasts     [][]admission.Act
	Fronts    [][]journal.Hash
	Conflicts []admission.Conflict
	Counts    Counts
	Aside     []Aside
	Faults    []string
	Heard     map[string]int64
	Assurance journal.Assurance
	Ready     admission.Reason
}

func (p *plot) picture(s *State) picture {
	proven(s)
	pic := picture{
		Position: s.Position(), Gates: s.Gates(), Conflicts: s.Conflicts(), Counts: s.Counts(0),
		Aside: s.SetAside(), Faults: slices.Sorted(slices.Values(s.Faults())), Heard: make(map[string]int64),
		Assurance: s.Assurance(p.gate("north").Chain().Node, p.server.Stamp.Time),
	}
	if ring := s.Ring(); ring != nil {
		pic.Ring = ring.Seq
	}
	pic.Ready, _ = s.NotReady(p.gate("north").Chain().Node)
	for epoch := range p.server.Epoch + 1 {
		for seq := range p.server.Head.Seq + 3 {
			pic.Events = append(pic.Events, s.EventAt(journal.Position{Epoch: epoch, Seq: seq}))
		}
	}
	for n := range uint64(tickets) {
		pic.Voids = append(pic.Voids, s.Void(id(n)))
		pic.Pasts = append(pic.Pasts, s.Past(id(n)))
		pic.Fronts = append(pic.Fronts, s.Frontier(id(n)))
	}
	for gate, w := range p.gates {
		pic.Heard[gate], _ = s.Heard(w.Chain().Node)
	}
	return pic
}

// histories sets how many random ones a test goes through where the command line
// says nothing.
func histories(t *testing.T, n string) {
	t.Helper()
	flag.Visit(func(f *flag.Flag) {
		if f.Name == "rapid.checks" {
			n = f.Value.String()
		}
	})
	set := flag.Lookup("rapid.checks")
	before := set.Value.String()
	if err := set.Value.Set(n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set.Value.Set(before); err != nil {
			t.Fatal(err)
		}
	})
}

// Same records, same state, whatever the order of their arrival (I3).
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	histories(t, "200")
	rapid.Check(t, func(draw *rapid.T) {
		p := invent(t, draw)
		want, got := p.picture(p.straight()), p.picture(p.mixed())
		a, b := reflect.ValueOf(want), reflect.ValueOf(got)
		for i := range a.NumField() {
			if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
				draw.Fatalf("%s:\nserver first: %+v\nmixed:        %+v", a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		}
	})
}

// The counts are those of the tickets' pasts.
func TestCountsAgreeWithThePasts(t *testing.T) {
	rapid.Check(t, func(draw *rapid.T) {
		p := invent(t, draw)
		s := proven(p.mixed())
		var want Tally
		for n := range uint64(tickets) {
			for _, a := range s.Past(id(n)) {
				switch {
				case a.SetAside:
				case a.Result == admission.Reject:
					want.Rejected++
				case a.Result == admission.Accept && a.Direction == admission.Out:
					want.Exits++
				case a.Result == admission.Accept && a.Undone:
					want.Undone++
				case a.Result == admission.Accept:
					want.Entries++
				}
			}
		}
		got := s.Counts(0).Total
		if got.Inside = 0; got != want {
			draw.Fatalf("the counts are %+v, the pasts come to %+v", got, want)
		}
	})
}

// A state is thrown away and rebuilt from what the store holds.
func TestRebuiltFromTheStore(t *testing.T) {
	rapid.Check(t, func(draw *rapid.T) {
		p := invent(t, draw)
		store := journaltest.NewMemory()
		for _, chain := range p.sorted() {
			if err := store.Append(t.Context(), p.chains[chain]); err != nil {
				draw.Fatal(err)
			}
		}
		rebuilt := New(p.config())
		vector, err := store.Vector(t.Context())
		if err != nil {
			draw.Fatal(err)
		}
		for chain := range vector {
			for _, r := range store.Records(chain) {
				again, err := journal.Parse(r.Bytes())
				if err != nil {
					draw.Fatal(err)
				}
				p.apply(rebuilt, again)
			}
		}
		for _, c := range p.words {
			rebuilt.Hear(c)
		}
		if want, got := p.picture(p.straight()), p.picture(rebuilt); !reflect.DeepEqual(want, got) {
			draw.Fatalf("before: %+v\nrebuilt: %+v", want, got)
		}
	})
}
