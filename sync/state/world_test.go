package state

import (
	"crypto/ed25519"
	"fmt"
	"testing"

	"usher/crypto/base45"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

const eventCode = "GALA"

// world writes the records of a small event: a server, its key ring, two zones
// and gates that were enrolled.
type world struct {
	t      testing.TB
	root   *keyring.Signer
	issuer *keyring.Signer
	server *journaltest.Writer
	ring   *keyring.SignedRing
	gates  map[string]*journaltest.Writer
	// began are the records that begin the server's journal: ring, event and
	// the enrolments of north and south.
	began []*journal.Record
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		t: t, root: journaltest.Signer(t, "root"), issuer: journaltest.Signer(t, "issuer"),
		server: journaltest.NewWriter(t, "server"), gates: make(map[string]*journaltest.Writer),
	}
	w.began = append(w.began, w.ringRecord(w.nextRing(keyring.Active, w.root)), w.event(1))
	for _, gate := range []string{"north", "south"} {
		w.began = append(w.began, w.enrol(gate))
	}
	return w
}

func (w *world) config() Config {
	return Config{Event: eventCode, Pins: keyring.PinsOf([]ed25519.PublicKey{w.root.Public()}), Server: w.server.Chain().Node}
}

// state gives a state that the records were applied to.
func (w *world) state(records ...*journal.Record) *State {
	w.t.Helper()
	s := New(w.config())
	w.apply(s, records...)
	return s
}

func (w *world) apply(s *State, records ...*journal.Record) {
	w.t.Helper()
	for _, r := range records {
		if _, err := s.Apply(r); err != nil {
			w.t.Fatalf("applying record %d of %s: %v", r.Seq, r.Chain, err)
		}
	}
}

// nextRing signs the ring after w.ring, with the issuing key in a state.
func (w *world) nextRing(issuer keyring.State, roots ...*keyring.Signer) *keyring.SignedRing {
	w.t.Helper()
	const year = 365 * 24 * 3600
	now := w.server.Stamp.Time / 1000
	key := func(s *keyring.Signer, role keyring.Role, state keyring.State) keyring.Key {
		return keyring.Key{ID: s.ID(), Public: s.Public(), Role: role, Events: []string{eventCode}, NotBefore: now - year, Expires: now + year, State: state}
	}
	next := keyring.Ring{
		Seq: 1, Organiser: "Gala Ltd", IssuedAt: now, Expires: now + year, Threshold: 1,
		Roots: []ed25519.PublicKey{w.root.Public()},
		Keys:  []keyring.Key{key(w.issuer, keyring.RoleIssuer, issuer), key(w.server.Signer, keyring.RoleJournal, keyring.Active)},
	}
	if w.ring != nil {
		hash := w.ring.Hash()
		next.Seq, next.Previous = w.ring.Ring.Seq+1, &hash
	}
	signed, err := next.Sign(roots...)
	if err != nil {
		w.t.Fatalf("signing ring %d: %v", next.Seq, err)
	}
	w.ring = signed
	return signed
}

func (w *world) ringRecord(ring *keyring.SignedRing) *journal.Record {
	w.t.Helper()
	return w.server.Write(w.t, journal.KindRing, &journal.RingRecord{Signed: ring.Bytes()})
}

// event writes a version of the event; extra gates open into zone 1.
func (w *world) event(version int, extra ...string) *journal.Record {
	w.t.Helper()
	e := gala(w.server.Stamp.Time/1000, version, extra...)
	return w.server.Write(w.t, journal.KindEvent, e)
}

func gala(starts int64, version int, extra ...string) *journal.Event {
	e := &journal.Event{
		Code: eventCode, Name: fmt.Sprint("Gala, version ", version), Zone: "Europe/Berlin", Starts: starts, Ends: starts + 8*3600,
		Policy: journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 600},
		Zones:  []journal.Zone{{Bit: 0, Code: "hall", Name: "Hall"}, {Bit: 1, Code: "roof", Name: "Roof"}},
		Products: []journal.Product{
			{Number: 1, Code: "day", Name: "Day", Zones: 3},
			{Number: 2, Code: "once", Name: "Once", Zones: 3, Rules: []journal.Rule{{Kind: "max_entries", N: 1}}},
		},
		Gates: []journal.Gate{
			{Code: "north", Name: "North", Zone: 0, All: true}, {Code: "south", Name: "South", Zone: 0, All: true},
			{Code: "roof", Name: "Roof", Zone: 1, All: true},
		},
	}
	for _, gate := range extra {
		e.Gates = append(e.Gates, journal.Gate{Code: gate, Name: gate, Zone: 1, All: true})
	}
	return e
}

// gate gives the writer of a device, named as its gate.
func (w *world) gate(name string) *journaltest.Writer {
	g := w.gates[name]
	if g == nil {
		g = journaltest.NewWriter(w.t, "gate "+name)
		g.Stamp.Time = w.server.Stamp.Time
		w.gates[name] = g
	}
	return g
}

func (w *world) enrol(gate string) *journal.Record {
	w.t.Helper()
	pub := w.gate(gate).Signer.Public()
	return w.server.Write(w.t, journal.KindEnrol, &journal.Enrol{
		Node: journal.NodeOf(pub), Public: pub, Gate: gate, Role: "scanner", Name: "handheld " + gate,
	})
}

func (w *world) expel(gate string, last uint64) *journal.Record {
	w.t.Helper()
	return w.server.Write(w.t, journal.KindExpel, &journal.Expel{Node: w.gate(gate).Chain().Node, Last: last, Why: "lost"})
}

func (w *world) revoke(reason string, ids ...journal.TicketID) *journal.Record {
	w.t.Helper()
	var list []journal.Revocation
	for _, id := range ids {
		list = append(list, journal.Revocation{Ticket: id, Minimum: journal.Never})
	}
	r := journal.NewRevoke(reason, w.server.Stamp.Time, "", list)
	return w.server.Write(w.t, journal.KindRevoke, &r)
}

func (w *world) rosterOf(ids ...journal.TicketID) *journal.Record {
	w.t.Helper()
	g := journal.RosterGroup{Product: 1 + uint32(w.server.Head.Seq%2)}
	for _, id := range ids {
		g.Add(id, 0)
	}
	return w.server.Write(w.t, journal.KindRoster, &journal.Roster{Groups: []journal.RosterGroup{g}})
}

// known is the position that the server's journal has come to.
func (w *world) known() journal.Position {
	return journal.Position{Epoch: w.server.Epoch, Seq: w.server.Head.Seq}
}

// evidence gives the ticket's bytes, signed by a key.
func (w *world) evidence(id journal.TicketID, by *keyring.Signer, event string) []byte {
	w.t.Helper()
	text, err := ticket.Issue(ticket.Claims{Event: event, ID: ticket.ID(id), Product: 1}, by)
	if err != nil {
		w.t.Fatalf("issuing a ticket: %v", err)
	}
	raw, err := base45.Decode(nil, text[len(ticket.PrefixStatic):])
	if err != nil {
		w.t.Fatalf("decoding a ticket: %v", err)
	}
	return raw
}

// scan gives the content of a green scan of a genuine ticket.
func (w *world) scan(gate string, id journal.TicketID, d admission.Direction, parents ...*journal.Record) *journal.Scan {
	s := &journal.Scan{
		Result: "accept", Reason: "entry", Direction: string(d), Gate: gate, How: "camera", Lane: "1", Ticket: id,
		Evidence: w.evidence(id, w.issuer, eventCode), Known: w.known(), Assurance: journal.Assurance{Level: Alone, Unheard: 1},
	}
	if d == admission.Out {
		s.Reason = "exit"
	}
	for _, p := range parents {
		s.Parents = append(s.Parents, p.Hash())
	}
	return s
}

// admit writes an entry at a gate by its own device.
func (w *world) admit(gate string, id journal.TicketID, parents ...*journal.Record) *journal.Record {
	w.t.Helper()
	return w.write(gate, w.scan(gate, id, admission.In, parents...))
}

func (w *world) write(gate string, scan *journal.Scan) *journal.Record {
	w.t.Helper()
	return w.gate(gate).Write(w.t, journal.KindScan, scan)
}

func (w *world) undo(gate string, id journal.TicketID, admitted *journal.Record) *journal.Record {
	w.t.Helper()
	return w.gate(gate).Write(w.t, journal.KindUndo, &journal.Undo{Admission: admitted.Hash(), Ticket: id})
}
