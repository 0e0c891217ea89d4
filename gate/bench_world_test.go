package gate

import (
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/gate/store"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

const (
	benchEvent = "GALA"
	benchGate  = "north"
)

// festival is a server's journal as far as a gate needs it to judge, and the
// gate's data folder. The gate is enrolled by that journal, as a card does it.
type festival struct {
	server *journaltest.Writer
	issuer *keyring.Signer
	device *keyring.Signer
	root   *keyring.Signer
	signed *keyring.SignedRing
	dir    string
	began  []*journal.Record // ring, event and enrolment
}

func newFestival(tb testing.TB) *festival {
	tb.Helper()
	f := &festival{
		server: journaltest.NewWriter(tb, "server"), issuer: journaltest.Signer(tb, "issuer"),
		device: journaltest.Signer(tb, "gate"), root: journaltest.Signer(tb, "root"),
	}
	f.server.Stamp.Time = time.Now().UnixMilli()
	f.signed = f.ring(tb)
	public := f.device.Public()
	f.began = []*journal.Record{
		f.server.Write(tb, journal.KindRing, &journal.RingRecord{Signed: f.signed.Bytes()}),
		f.server.Write(tb, journal.KindEvent, f.event()),
		f.server.Write(tb, journal.KindEnrol, &journal.Enrol{
			Node: journal.NodeOf(public), Public: public, Gate: benchGate, Role: string(grant.RoleScanner), Name: "handheld 1",
		}),
	}
	return f.again(tb)
}

// again begins a new data folder for the gate, enrolled and empty otherwise.
func (f *festival) again(tb testing.TB) *festival {
	tb.Helper()
	f.dir = tb.TempDir()
	s, err := store.Open(tb.Context(), f.dir)
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.SaveDeviceKey(f.device); err != nil {
		tb.Fatal(err)
	}
	err = s.Enrol(tb.Context(), store.Enrolment{
		Event: benchEvent, Gate: benchGate, Role: grant.RoleScanner, Name: "handheld 1", ServerURL: "http://127.0.0.1:1",
		Server: f.server.Chain().Node, Pins: keyring.PinsOf([]ed25519.PublicKey{f.root.Public()}), Ring: f.signed.Bytes(),
		Node: journal.NodeOf(f.device.Public()), At: time.Now(), Record: f.began[2].Bytes(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return f
}

func (f *festival) ring(tb testing.TB) *keyring.SignedRing {
	tb.Helper()
	const year = 365 * 24 * 3600
	now := f.server.Stamp.Time / 1000
	key := func(s *keyring.Signer, role keyring.Role) keyring.Key {
		return keyring.Key{ID: s.ID(), Public: s.Public(), Role: role, Events: []string{benchEvent}, NotBefore: now - year, Expires: now + year}
	}
	ring := keyring.Ring{
		Seq: 1, Organiser: "Gala Ltd", IssuedAt: now, Expires: now + year, Threshold: 1, Roots: []ed25519.PublicKey{f.root.Public()},
		Keys: []keyring.Key{key(f.issuer, keyring.RoleIssuer), key(f.server.Signer, keyring.RoleJournal)},
	}
	signed, err := ring.Sign(f.root)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

func (f *festival) event() *journal.Event {
	starts := f.server.Stamp.Time / 1000
	return &journal.Event{
		Code: benchEvent, Name: "Gala", Zone: "Europe/Berlin", Starts: starts, Ends: starts + 8*3600,
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 600},
		Zones:    []journal.Zone{{Bit: 0, Code: "hall", Name: "Hall"}},
		Products: []journal.Product{{Number: 1, Code: "day", Name: "Day", Zones: 1}},
		Gates:    []journal.Gate{{Code: benchGate, Name: "North", Zone: 0, All: true}},
	}
}

// open opens the gate.
func (f *festival) open(tb testing.TB) *Gate {
	tb.Helper()
	g, err := Open(tb.Context(), Config{Data: f.dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := g.Close(); err != nil {
			tb.Error(err)
		}
	})
	return g
}

// send has the gate take in records, and the server's word that it wrote no more.
func (f *festival) send(tb testing.TB, g *Gate, records ...*journal.Record) {
	tb.Helper()
	if err := g.accept(tb.Context(), records); err != nil {
		tb.Fatal(err)
	}
	now := time.Now()
	c, err := f.server.Checkpoint(records[len(records)-1].Head(), now.UnixMilli(), now.Add(time.Hour).UnixMilli())
	if err != nil {
		tb.Fatal(err)
	}
	g.heard(c)
	if reason, why := g.ready.why(); reason != "" {
		tb.Fatalf("the gate is not ready: %s", why)
	}
}

// code gives the static code of the n-th ticket, which is good.
func (f *festival) code(tb testing.TB, n int) string {
	tb.Helper()
	text, err := ticket.Issue(ticket.Claims{Event: benchEvent, ID: ticket.ID(benchTicket(n)), Product: 1}, f.issuer)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// revocations gives the records that void the first n tickets, packed as the
// server packs them.
func (f *festival) revocations(tb testing.TB, n int) []*journal.Record {
	tb.Helper()
	var records []*journal.Record
	list := make([]journal.Revocation, 0, journal.MaxPacked)
	for i := range n {
		list = append(list, journal.Revocation{Ticket: benchTicket(i), Minimum: 1})
		if len(list) == journal.MaxPacked || i == n-1 {
			r := journal.NewRevoke("superseded", f.server.Stamp.Time, "", list)
			records, list = append(records, f.server.Write(tb, journal.KindRevoke, &r)), list[:0]
		}
	}
	return records
}

// roster gives the records that say that the n tickets from the first on exist.
func (f *festival) roster(tb testing.TB, n int) []*journal.Record {
	tb.Helper()
	var records []*journal.Record
	group := journal.RosterGroup{Product: 1}
	for i := range n {
		group.Add(benchTicket(i), 1)
		if group.Len() == journal.MaxPacked || i == n-1 {
			r := &journal.Roster{Groups: []journal.RosterGroup{group}}
			records = append(records, f.server.Write(tb, journal.KindRoster, r))
			group = journal.RosterGroup{Product: 1}
		}
	}
	return records
}

// benchTicket gives the n-th ticket id, spread as random ones are.
func benchTicket(n int) (id journal.TicketID) {
	const odd = 0xd1342543de82ef95 // so that no two are alike
	binary.BigEndian.PutUint64(id[:], uint64(n+1)*odd)
	return id
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

func quantile(list []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(share*float64(len(sorted)-1))]
}
