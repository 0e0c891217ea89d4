package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"

	"usher/crypto/keyring"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

const event = "GALA"

// shelf is a journal.Store that holds whatever somebody made of it.
type shelf struct {
	journal.Store // the methods that audits have no use for
	chains        map[journal.Chain][][]byte
	heads         journal.Vector
	failing       error
}

func (s *shelf) put(records ...*journal.Record) {
	for _, r := range records {
		s.chains[r.Chain] = append(s.chains[r.Chain], slices.Clone(r.Bytes()))
		s.heads[r.Chain] = r.Head()
	}
}

func (s *shelf) Vector(context.Context) (journal.Vector, error) { return s.heads.Clone(), s.failing }

func (s *shelf) Read(_ context.Context, chain journal.Chain, from uint64, maxRecords, _ int) ([][]byte, error) {
	list := s.chains[chain]
	for i, b := range list {
		if r, err := journal.Parse(b); err == nil && r.Seq < from || err != nil && uint64(i)+1 < from {
			continue
		}
		return list[i:min(i+maxRecords, len(list))], nil
	}
	return nil, nil
}

// world is a small event: a server and two gates with records each.
type world struct {
	root         *keyring.Signer
	first        *keyring.SignedRing
	server       *journaltest.Writer
	north, south *journaltest.Writer
	began        []*journal.Record
	admissions   []*journal.Record // of north
}

func newWorld(t *testing.T) *world {
	w := &world{
		root: journaltest.Signer(t, "root"), server: journaltest.NewWriter(t, "server"),
		north: journaltest.NewWriter(t, "north"), south: journaltest.NewWriter(t, "south"),
	}
	w.first = w.ring(t)
	w.began = append(w.began, w.server.Write(t, journal.KindRing, &journal.RingRecord{Signed: w.first.Bytes()}), w.enrol(t, w.north, "north"))
	w.admissions = w.north.Scans(t, 4)
	return w
}

func (w *world) ring(t *testing.T) *keyring.SignedRing {
	t.Helper()
	now := w.server.Stamp.Time / 1000
	ring, err := keyring.Ring{
		Seq: 1, Organiser: "Gala Ltd", IssuedAt: now, Expires: now + 1000, Threshold: 1, Roots: []ed25519.PublicKey{w.root.Public()},
		Keys: []keyring.Key{{
			ID: w.server.Signer.ID(), Public: w.server.Signer.Public(), Role: keyring.RoleJournal, Events: []string{event}, NotBefore: now, Expires: now + 1000,
		}},
	}.Sign(w.root)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func (w *world) enrol(t *testing.T, gate *journaltest.Writer, code string) *journal.Record {
	pub := gate.Signer.Public()
	return w.server.Write(t, journal.KindEnrol, &journal.Enrol{Node: journal.NodeOf(pub), Public: pub, Gate: code, Role: "scanner", Name: "handheld 3"})
}

func (w *world) source(records ...*journal.Record) (Source, *shelf) {
	s := &shelf{chains: map[journal.Chain][][]byte{}, heads: journal.Vector{}}
	s.put(w.began...)
	s.put(records...)
	return Source{Event: event, Store: s, Pins: keyring.PinsOf([]ed25519.PublicKey{w.root.Public()})}, s
}

func run(t *testing.T, src Source) *Report {
	t.Helper()
	r, err := Run(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *Report) chain(t *testing.T, of *journaltest.Writer) Chain {
	t.Helper()
	for _, c := range r.Chains {
		if (journal.Chain{Node: c.Node, Epoch: c.Epoch}) == of.Chain() {
			return c
		}
	}
	t.Fatalf("the report lacks chain %s", of.Chain())
	return Chain{}
}

func TestSound(t *testing.T) {
	w := newWorld(t)
	src, _ := w.source(w.admissions...)
	var told uint64
	r, err := Run(t.Context(), src, func(done, total uint64) {
		if total != 6 {
			t.Errorf("%d of %d records, want a total of 6", done, total)
		}
		told = done
	})
	if err != nil || !r.Sound() || told != 6 {
		t.Fatalf("%+v, %v, told of %d records; want it sound, and told of 6", r, err, told)
	}
	if s := r.chain(t, w.server); s.Author != "server" || s.Records != 2 || s.Head != w.server.Head.Hash {
		t.Errorf("server's chain: %+v", s)
	}
	if n := r.chain(t, w.north); n.Author != "north handheld 3" || n.Role != "scanner" || n.Records != 4 || n.Last != w.admissions[3].Stamp.Time {
		t.Errorf("north's chain: %+v", n)
	}
}

func TestTampering(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world, t *testing.T, s *shelf)
		seq   uint64
		what  string
	}{
		"content changed": {func(w *world, _ *testing.T, s *shelf) {
			list := s.chains[w.north.Chain()]
			i := strings.Index(string(list[1]), "accept")
			copy(list[1][i:], "reject")
		}, 2, "did not sign"},
		"bytes that are no record": {func(w *world, _ *testing.T, s *shelf) {
			list := s.chains[w.north.Chain()]
			list[2] = list[2][1:]
		}, 3, "malformed"},
		"dropped": {func(w *world, _ *testing.T, s *shelf) {
			list := s.chains[w.north.Chain()]
			s.chains[w.north.Chain()] = append(list[:1:1], list[2:]...)
		}, 2, "missing"},
		"all dropped": {func(w *world, _ *testing.T, s *shelf) {
			s.chains[w.north.Chain()] = nil
		}, 1, "missing"},
		"swapped": {func(w *world, _ *testing.T, s *shelf) {
			list := s.chains[w.north.Chain()]
			list[1], list[2] = list[2], list[1]
		}, 2, "missing"},
		"written anew by somebody else": {func(w *world, t *testing.T, s *shelf) {
			forger := journaltest.NewWriter(t, "forger")
			list := s.chains[w.north.Chain()]
			list[0] = forger.Scans(t, 1)[0].Bytes()
		}, 1, "lies in its place"},
		"an earlier one in its place": {func(w *world, _ *testing.T, s *shelf) {
			list := s.chains[w.north.Chain()]
			list[3] = list[2]
		}, 4, "record 3 lies in its place"},
		"end replaced by the device itself": {func(w *world, t *testing.T, s *shelf) {
			other := *w.north
			other.Head, other.Stamp.Time = w.admissions[2].Head(), other.Stamp.Time+5
			list := s.chains[w.north.Chain()]
			list[3] = other.Scans(t, 1)[0].Bytes()
		}, 4, "hash"},
		"end not counted on": {func(w *world, _ *testing.T, s *shelf) {
			s.heads[w.north.Chain()] = journal.Head{Seq: 5, Hash: w.north.Head.Hash}
		}, 5, "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			src, s := w.source(w.admissions...)
			c.spoil(w, t, s)
			r := run(t, src)
			got := r.chain(t, w.north)
			if got.Fault == nil || r.Sound() {
				t.Fatalf("nothing was found wrong with %+v", got)
			}
			if got.Fault.Seq != c.seq || !strings.Contains(got.Fault.What, c.what) {
				t.Errorf("record %d: %s; want record %d: …%s…", got.Fault.Seq, got.Fault.What, c.seq, c.what)
			}
			if got.Records > c.seq || got.Records == c.seq && got.Head == w.north.Head.Hash {
				t.Errorf("%d records are called sound, the fault is at %d", got.Records, c.seq)
			}
			if f := r.chain(t, w.server).Fault; f != nil {
				t.Errorf("the server's chain is blamed too: %+v", f)
			}
		})
	}
}

// A device that is not enrolled, writes what only a server may, or was expelled.
func TestAuthors(t *testing.T) {
	w := newWorld(t)
	stranger := w.south.Scans(t, 2)
	usurper := journaltest.NewWriter(t, "usurper")
	w.began = append(w.began, w.enrol(t, usurper, "east"))
	decree := usurper.Write(t, journal.KindExpel, &journal.Expel{Node: w.north.Chain().Node, Last: 1, Why: "envy"})
	w.began = append(w.began, w.server.Write(t, journal.KindExpel, &journal.Expel{Node: w.north.Chain().Node, Last: 3, Why: "lost"}))
	src, _ := w.source(slices.Concat(w.admissions, stranger, []*journal.Record{decree})...)
	r := run(t, src)
	if f := r.chain(t, w.south).Fault; f == nil || f.Seq != 1 || !strings.Contains(f.What, "nobody enrolled") {
		t.Errorf("a stranger's chain: %+v", f)
	}
	if f := r.chain(t, usurper).Fault; f == nil || !strings.Contains(f.What, "may not write") {
		t.Errorf("a gate that plays the server: %+v", f)
	}
	if n := r.chain(t, w.north); n.Fault != nil || n.Unbelieved != 1 || n.Records != 4 {
		t.Errorf("an expelled device's chain: %+v; want 1 of 4 unbelieved and no fault", n)
	}
}

// Where the server's journal is broken nobody can say who the gates are.
func TestBrokenServer(t *testing.T) {
	w := newWorld(t)
	src, s := w.source(w.admissions...)
	list := s.chains[w.server.Chain()]
	list[1] = list[1][:len(list[1])-1]
	r := run(t, src)
	if f := r.chain(t, w.server).Fault; f == nil || f.Seq != 2 {
		t.Errorf("the server's chain: %+v", f)
	}
	if f := r.chain(t, w.north).Fault; f == nil || !strings.Contains(f.What, "can't be known") {
		t.Errorf("north's chain: %+v", f)
	}
}

func TestOnlyThePinnedRootsCount(t *testing.T) {
	w := newWorld(t)
	src, _ := w.source(w.admissions...)
	src.Pins = keyring.PinsOf([]ed25519.PublicKey{journaltest.Signer(t, "another root").Public()})
	r := run(t, src)
	for _, c := range r.Chains {
		if c.Fault == nil || c.Records != 0 {
			t.Errorf("chain %s is believed: %+v", c.Node, c)
		}
	}
	src.Server = w.server.Chain().Node
	if f := run(t, src).chain(t, w.server).Fault; f == nil || !strings.Contains(f.What, "no key ring") {
		t.Errorf("the server's chain: %+v", f)
	}
}

// A ring that came by another way leads to one that is older than the pins.
func TestRingFromElsewhere(t *testing.T) {
	w := newWorld(t)
	hash, heir := w.first.Hash(), journaltest.Signer(t, "new root")
	next := w.first.Ring
	next.Seq, next.Previous, next.Roots = 2, &hash, []ed25519.PublicKey{heir.Public()}
	second, err := next.Sign(w.root, heir)
	if err != nil {
		t.Fatal(err)
	}
	src, _ := w.source(w.admissions...)
	src.Pins = keyring.PinsOf(next.Roots)
	if run(t, src).Sound() {
		t.Error("a ring by roots that are not pinned is believed")
	}
	src.Rings = []*keyring.SignedRing{w.first, second}
	if r := run(t, src); !r.Sound() {
		t.Errorf("%+v", r)
	}
}

func TestForks(t *testing.T) {
	w := newWorld(t)
	clone := w.north.Fork()
	more, other := w.north.Scans(t, 1)[0], *clone
	other.Stamp.Time += 7
	rival := other.Scans(t, 1)[0]
	lie := w.south.Scans(t, 1)[0]
	src, _ := w.source(append(w.admissions, more)...)
	src.Forks = []journal.Fork{{Held: more, Seen: rival}, {Held: more, Seen: more}, {Held: lie, Seen: lie}}
	r := run(t, src)
	if len(r.Forks) != 1 || r.Forks[0].Seq != 5 || r.Forks[0].Seen != rival.Hash() || r.Sound() {
		t.Errorf("forks %+v, sound %v; want the one that is proof", r.Forks, r.Sound())
	}
}

func TestCheckpoints(t *testing.T) {
	w := newWorld(t)
	signed := func(by *journaltest.Writer, head journal.Head) *journal.Checkpoint {
		p, err := by.Checkpoint(head, by.Stamp.Time, by.Stamp.Time+1000)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	full := signed(w.north, w.north.Head)
	src, _ := w.source(w.admissions[:3]...)
	src.Checkpoints = []*journal.Checkpoint{full}
	if r := run(t, src); !r.Sound() || r.chain(t, w.north).Absent != 1 {
		t.Errorf("elsewhere a short chain is on its way: %+v", r.chain(t, w.north))
	}
	src.Self = w.north.Chain().Node
	if f := run(t, src).chain(t, w.north).Fault; f == nil || f.Seq != 4 || !strings.Contains(f.What, "cut off") {
		t.Errorf("at home a short chain was cut: %+v", f)
	}

	none, _ := w.source()
	none.Self, none.Checkpoints = src.Self, src.Checkpoints
	if f := run(t, none).chain(t, w.north).Fault; f == nil || f.Seq != 1 {
		t.Errorf("a chain that is gone altogether: %+v", f)
	}

	src, _ = w.source(w.admissions...)
	src.Checkpoints = []*journal.Checkpoint{full, signed(w.north, w.admissions[1].Head())}
	if r := run(t, src); !r.Sound() {
		t.Errorf("checkpoints that agree: %+v", r.chain(t, w.north))
	}
	src.Checkpoints = []*journal.Checkpoint{signed(w.north, journal.Head{Seq: 2, Hash: w.admissions[0].Hash()})}
	if f := run(t, src).chain(t, w.north).Fault; f == nil || f.Seq != 2 {
		t.Errorf("a checkpoint of another history: %+v", f)
	}
	forged := signed(&journaltest.Writer{Author: &journal.Author{Signer: w.south.Signer}, Stamp: w.south.Stamp}, journal.Head{Seq: 9, Hash: w.north.Head.Hash})
	src.Checkpoints = []*journal.Checkpoint{forged}
	if r := run(t, src); r.chain(t, w.north).Absent != 0 || !r.Sound() {
		t.Errorf("a stranger's checkpoint counts: %+v", r)
	}
}

func TestEpochs(t *testing.T) {
	w := newWorld(t)
	next := w.server.NextEpoch()
	lost := w.enrol(t, w.south, "south")
	next.Stamp.Time += 50
	south := w.south.Signer.Public()
	again := next.Write(t, journal.KindEnrol, &journal.Enrol{Node: journal.NodeOf(south), Public: south, Gate: "south", Role: "scanner", Name: "south"})
	src, s := w.source(slices.Concat([]*journal.Record{lost, again}, w.admissions, w.south.Scans(t, 1))...)
	r := run(t, src)
	if !r.Sound() || r.chain(t, next).Records != 1 || r.chain(t, w.server).Records != 3 {
		t.Fatalf("%+v", r)
	}

	forger := *next
	forger.Head = journal.Head{Seq: 2, Hash: w.began[0].Hash()}
	bad := forger.Write(t, journal.KindExpel, &journal.Expel{Node: w.north.Chain().Node, Last: 1, Why: "envy"})
	s.chains[next.Chain()], s.heads[next.Chain()] = [][]byte{bad.Bytes()}, bad.Head()
	if f := run(t, src).chain(t, next).Fault; f == nil || f.Seq != 3 {
		t.Errorf("an epoch that goes on from another record: %+v", f)
	}
}

func TestLongChain(t *testing.T) {
	w := newWorld(t)
	more := w.north.Scans(t, 2*batchRecords)
	src, s := w.source(append(w.admissions, more...)...)
	if r := run(t, src); !r.Sound() {
		t.Fatalf("%+v", r.chain(t, w.north))
	}
	list := s.chains[w.north.Chain()]
	for _, i := range []int{batchRecords + 700, batchRecords + 20} {
		list[i] = slices.Clone(list[i])
		list[i][len(list[i])-1] ^= 1
	}
	if f := run(t, src).chain(t, w.north).Fault; f == nil || f.Seq != batchRecords+21 {
		t.Errorf("%+v; want the first of two bad signatures, record %d", f, batchRecords+21)
	}
}

func TestErrorsOfTheStore(t *testing.T) {
	w := newWorld(t)
	src, s := w.source(w.admissions...)
	s.failing = errors.New("disk on fire")
	if _, err := Run(t.Context(), src, nil); !errors.Is(err, s.failing) {
		t.Errorf("%v", err)
	}
	s.failing = nil
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Run(ctx, src, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
