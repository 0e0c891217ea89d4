// Package gatetest makes what tests of a gate need: an event whose server writes
// its journal, tickets that were issued for it, and the data folders of devices
// that were enrolled in it.
//
// Nothing in it is faked: the key ring is signed, the records are the server's, and
// a folder holds what an enrolment leaves there. Keys come from names, so a test
// that fails does so again with the same bytes.
package gatetest

import (
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/gate/store"
	"usher/sync/guests"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/staff"
)

// Event is the code of the event.
const Event = "GALA"

// The event's gates, which open into one hall and admit every product.
const (
	North = "north"
	South = "south"
)

// ServerURL is what devices are told of the server's address. Nobody answers
// there.
const ServerURL = "http://127.0.0.1:1"

// Venue is an event and its server.
type Venue struct {
	Server  *journaltest.Writer // the server's journal
	Root    *keyring.Signer
	Issuer  *keyring.Signer // of the event's tickets
	Ring    *keyring.SignedRing
	Event   *journal.Event    // its newest version
	Records []*journal.Record // all that the server has written, in order
}

// New makes an event that starts at an instant, with its key ring. change, if it is
// not nil, changes the event before the server writes it down.
func New(tb testing.TB, starts time.Time, change func(*journal.Event)) *Venue {
	tb.Helper()
	v := &Venue{
		Server: journaltest.NewWriter(tb, "server"), Root: journaltest.Signer(tb, "root"),
		Issuer: journaltest.Signer(tb, "issuer"), Event: gala(starts),
	}
	v.Server.Stamp.Time = starts.UnixMilli()
	if change != nil {
		change(v.Event)
	}
	v.Ring = v.ring(tb)
	v.Say(tb, journal.KindRing, &journal.RingRecord{Signed: v.Ring.Bytes()})
	v.Say(tb, journal.KindEvent, v.Event)
	return v
}

func gala(starts time.Time) *journal.Event {
	return &journal.Event{
		Code: Event, Name: "Gala", Zone: "Europe/Berlin", Starts: starts.Unix(), Ends: starts.Add(8 * time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 600},
		Zones:    []journal.Zone{{Bit: 0, Code: "hall", Name: "Hall"}},
		Products: []journal.Product{{Number: 1, Code: "day", Name: "Day", Zones: 1}},
		Gates:    []journal.Gate{{Code: North, Name: "North", Zone: 0, All: true}, {Code: South, Name: "South", Zone: 0, All: true}},
	}
}

func (v *Venue) ring(tb testing.TB) *keyring.SignedRing {
	tb.Helper()
	const year = 365 * 24 * 3600
	now := v.Server.Stamp.Time / 1000
	key := func(s *keyring.Signer, role keyring.Role, events ...string) keyring.Key {
		return keyring.Key{ID: s.ID(), Public: s.Public(), Role: role, Events: events, NotBefore: now - year, Expires: now + year}
	}
	ring := keyring.Ring{
		Seq: 1, Organiser: "Gala Ltd", IssuedAt: now, Expires: now + year, Threshold: 1, Roots: []ed25519.PublicKey{v.Root.Public()},
		Keys: []keyring.Key{
			key(v.Issuer, keyring.RoleIssuer, v.Event.Code), key(v.Server.Signer, keyring.RoleJournal, v.Event.Code),
			key(OtherIssuer(tb), keyring.RoleIssuer, OtherEvent),
		},
	}
	signed, err := ring.Sign(v.Root)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

// OtherEvent is another event of the same organiser. Its tickets are genuine, and
// not for this one.
const OtherEvent = "MATINEE"

// OtherIssuer signs the tickets of OtherEvent.
func OtherIssuer(tb testing.TB) *keyring.Signer { return journaltest.Signer(tb, "other issuer") }

// Say has the server write a record.
func (v *Venue) Say(tb testing.TB, kind journal.Kind, content any) *journal.Record {
	tb.Helper()
	r := v.Server.Write(tb, kind, content)
	v.Records = append(v.Records, r)
	return r
}

// Void has the server write that generations of tickets below the minimum are void.
func (v *Venue) Void(tb testing.TB, reason string, minimum uint32, ids ...journal.TicketID) *journal.Record {
	tb.Helper()
	var list []journal.Revocation
	for _, id := range ids {
		list = append(list, journal.Revocation{Ticket: id, Minimum: minimum})
	}
	r := journal.NewRevoke(reason, v.Server.Stamp.Time, "", list)
	return v.Say(tb, journal.KindRevoke, &r)
}

// List has the server write that tickets of product 1 exist, in generation 0.
func (v *Venue) List(tb testing.TB, ids ...journal.TicketID) *journal.Record {
	tb.Helper()
	group := journal.RosterGroup{Product: 1}
	for _, id := range ids {
		group.Add(id, 0)
	}
	return v.Say(tb, journal.KindRoster, &journal.Roster{Groups: []journal.RosterGroup{group}})
}

// Checkpoint is the server's word, at an instant and for an hour, that it wrote no
// more than it has.
func (v *Venue) Checkpoint(tb testing.TB, at time.Time) *journal.Checkpoint {
	tb.Helper()
	c, err := v.Server.Checkpoint(v.Server.Head, at.UnixMilli(), at.Add(time.Hour).UnixMilli())
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// Code gives the code of a ticket of product 1.
func (v *Venue) Code(tb testing.TB, id journal.TicketID, generation uint16) string {
	tb.Helper()
	return v.Issue(tb, ticket.Claims{ID: ticket.ID(id), Product: 1, Generation: generation})
}

// Issue gives the code of a ticket of the event.
func (v *Venue) Issue(tb testing.TB, claims ticket.Claims) string {
	tb.Helper()
	claims.Event = v.Event.Code
	return issue(tb, claims, v.Issuer)
}

// OtherCode gives the code of a ticket of OtherEvent.
func OtherCode(tb testing.TB, id journal.TicketID) string {
	tb.Helper()
	return issue(tb, ticket.Claims{Event: OtherEvent, ID: ticket.ID(id), Product: 1}, OtherIssuer(tb))
}

func issue(tb testing.TB, claims ticket.Claims, by *keyring.Signer) string {
	tb.Helper()
	text, err := ticket.Issue(claims, by)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// Device is one that the server enrolled.
type Device struct {
	*keyring.Signer
	Gate     string
	Role     grant.Role
	GuestKey guests.Key      // zero: it may not read the guest list
	StaffKey staff.Key       // zero: nobody can sign in
	Record   *journal.Record // that enrolled it
}

// Node is the device's id.
func (d *Device) Node() journal.NodeID { return journal.NodeOf(d.Public()) }

// Enrol has the server enrol the device of a name as a scanner at a gate.
func (v *Venue) Enrol(tb testing.TB, name, gate string) *Device {
	tb.Helper()
	return v.EnrolAs(tb, name, gate, grant.RoleScanner)
}

// EnrolAs has the server enrol the device of a name in a role.
func (v *Venue) EnrolAs(tb testing.TB, name, gate string, role grant.Role) *Device {
	tb.Helper()
	d := &Device{Signer: journaltest.Signer(tb, name), Gate: gate, Role: role}
	d.Record = v.Say(tb, journal.KindEnrol, &journal.Enrol{
		Node: d.Node(), Public: d.Public(), Gate: gate, Role: string(role), Name: name,
	})
	return d
}

// Folder gives a new data folder of the device, enrolled and empty otherwise.
func (v *Venue) Folder(tb testing.TB, d *Device) string {
	tb.Helper()
	dir := tb.TempDir()
	s, err := store.Open(tb.Context(), dir)
	if err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(s.SaveDeviceKey(d.Signer), s.SaveGuestKey(d.GuestKey), s.SaveStaffKey(d.StaffKey)); err != nil {
		tb.Fatal(err)
	}
	err = s.Enrol(tb.Context(), store.Enrolment{
		Event: v.Event.Code, Gate: d.Gate, Role: d.Role, Name: d.Gate, ServerURL: ServerURL,
		Server: v.Server.Chain().Node, Pins: keyring.PinsOf(v.Ring.Ring.Roots), Ring: v.Ring.Bytes(),
		Node: d.Node(), At: time.UnixMilli(v.Server.Stamp.Time), Record: d.Record.Bytes(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return dir
}
