package journal_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"strings"
	"testing"

	"usher/crypto/keyring"
	"usher/sync/journal"
)

// sent is a record or checkpoint of the vectors that every reader accepts.
type sent struct {
	id    string
	about string
	by    party
	bytes []byte
}

const (
	opened = 1783184400000 // Unix ms
	second = 1000
)

// stamped is a time some seconds after opening by a clock that is 900 ms ahead.
func stamped(seconds int64) journal.Stamp {
	return journal.Stamp{Time: opened + seconds*second, Offset: -900, Uncertainty: 20, Synced: true}
}

func exact(seconds int64) journal.Stamp {
	return journal.Stamp{Time: opened + seconds*second, Synced: true}
}

var (
	ticketA = journal.TicketID{0xd1, 0x4e, 0x90, 0x22, 0x6b, 0x73, 0xf5, 0x08}
	ticketB = journal.TicketID{0x02, 0x8a, 0x11, 0xc0, 0x00, 0x7f, 0xee, 0x31}
)

// goldenRecords are two whole chains, the server's and a gate's, then single
// records of other chains.
func goldenRecords(t testing.TB) []sent {
	t.Helper()
	var list []sent
	heads := map[party]journal.Head{}
	write := func(by party, id, about string, at journal.Stamp, kind journal.Kind, content any) *journal.Record {
		t.Helper()
		r, err := by.author(0).Write(heads[by], at, kind, content)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		heads[by] = r.Head()
		list = append(list, sent{id, about, by, r.Bytes()})
		return r
	}
	write(server, "ring", "the signed key ring; a server's journal begins with it", exact(0), journal.KindRing, &journal.RingRecord{Signed: goldenRing(t)})
	write(server, "event", "the event with all that may be said of one", exact(1), journal.KindEvent, goldenEvent())
	write(server, "enrol", "the gate's device is admitted", exact(2), journal.KindEnrol, &journal.Enrol{
		Node: journal.NodeOf(gate.public()), Public: gate.public(), Gate: "north", Role: "scanner", Name: "Handheld 7",
	})
	roster := &journal.Roster{Groups: []journal.RosterGroup{
		{Product: 1, Zones: 3, NotBefore: opened / second, Expires: opened/second + 86400, Admissions: 2},
		{Product: 2, Unpaid: true, Due: 4500, Currency: "EUR"},
	}}
	roster.Groups[0].Add(ticketA, 0)
	roster.Groups[0].Add(ticketB, 3)
	roster.Groups[1].Add(journal.TicketID{1}, 0)
	write(server, "roster", "three tickets that exist, the third not paid for", exact(3), journal.KindRoster, roster)
	revoke := journal.NewRevoke("superseded", opened+4*second, "transferred", []journal.Revocation{{Ticket: ticketA, Minimum: 1}, {Ticket: ticketB, Minimum: journal.Never}})
	write(server, "revoke", "one ticket's code is void below generation 1, another's altogether", exact(4), journal.KindRevoke, &revoke)
	write(server, "guests", "the sealed guest list", exact(5), journal.KindGuests, &journal.Guests{Nonce: []byte(strings.Repeat("n", 24)), Sealed: []byte("sealed elsewhere")})

	scan := write(gate, "scan", "an admission with all that may be said of one; its chain's first record", stamped(10), journal.KindScan, &journal.Scan{
		Result: "accept", Reason: "entry", Direction: "in", Gate: "north", How: "camera", Lane: "2", Ticket: ticketA, Evidence: []byte("the ticket's bytes"),
		Parents: []journal.Hash{{0xaa}, {0xbb}}, Known: journal.Position{Seq: 6}, Assurance: journal.Assurance{Level: "alone", Unheard: 2, LongestMS: 61000},
		Flags: []string{"offline", "forced"}, Operator: "kim", Override: "is the speaker", DecideUS: 412, Generation: 1,
	})
	write(gate, "scan-refused", "an attempt with no ticket, at a gate that never synced", journal.Stamp{Time: opened + 11*second}, journal.KindScan, &journal.Scan{
		Result: "reject", Reason: "malformed", Direction: "in", Gate: "north", How: "wedge", Assurance: journal.Assurance{Level: "together"},
	})
	write(gate, "undo", "the gate takes its admission back", stamped(12), journal.KindUndo, &journal.Undo{Admission: scan.Hash(), Ticket: ticketA, Operator: "kim", Why: "wrong person"})
	write(gate, "answer", "what the holder said to two questions", stamped(13), journal.KindAnswer, &journal.Answer{
		Ticket: ticketB, Operator: "kim", Answers: []journal.GivenAnswer{{Question: "age", Text: "yes"}, {Question: "wristband", Text: ""}},
	})
	write(server, "notice", "the server keeps a record that it can't take into account", exact(14), journal.KindNotice, &journal.Notice{Node: journal.NodeOf(gate.public()), Seq: 2, Why: "can't be read"})
	write(server, "expel", "the device is out; its records up to 4 are believed", exact(15), journal.KindExpel, &journal.Expel{Node: journal.NodeOf(gate.public()), Last: 4, Why: "lost"})
	write(server, "resolve", "a person has dealt with a conflict", exact(16), journal.KindResolve, &journal.Resolve{Ticket: ticketA, Admissions: []journal.Hash{scan.Hash()}, Why: "same person", By: "manager"})
	write(server, "staff", "who may sign in at the gates, sealed", exact(17), journal.KindStaff, &journal.Staff{Nonce: []byte(strings.Repeat("n", 24)), Sealed: []byte("sealed elsewhere")})
	typed := goldenEvent()
	typed.Policy.DownTo = journal.RungTyped
	last := write(server, "event-typed", "the event takes typed codes from now on, and still nobody by name", exact(18), journal.KindEvent, typed)

	next, err := server.author(1).Write(last.Head(), exact(20), journal.KindNotice, &journal.Notice{Node: journal.NodeOf(gate.public()), Seq: 2})
	if err != nil {
		t.Fatal(err)
	}
	return append(list,
		sent{"epoch", "a restored server goes on in the next epoch", server, next.Bytes()},
		sent{"kind-unknown", "a kind that nobody has written yet is kept and passed on", gate, gate.record(plain("08 19 ffff"))},
		sent{"content-any", "the content of an unknown kind is any one item of CBOR", gate, gate.record(plain("08 04", "09 83 01 fb 3ff199999999999a f6"))},
		sent{"latest", "the latest time and the largest numbers", gate, gate.record(
			"a9", node, "02 1b 7fffffffffffffff", "03 1b 7fffffffffffffff", prev, "05 1b 0004000000000000",
			"06 3b 0003ffffffffffff 07 1b 0004000000000000", "08 04", empty)},
	)
}

func goldenRing(t testing.TB) []byte {
	t.Helper()
	signer := func(text string) *keyring.Signer {
		seed := sha256.Sum256([]byte("usher journal vectors, " + text))
		s, err := keyring.FromSeed(seed[:])
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	root, issuer, journal := signer("root"), signer("issuer"), signer("server")
	key := func(s *keyring.Signer, role keyring.Role) keyring.Key {
		return keyring.Key{ID: s.ID(), Public: s.Public(), Role: role, Events: []string{"GALA26"}, NotBefore: opened / second, Expires: opened/second + 86400}
	}
	signed, err := keyring.Ring{
		Seq: 1, Organiser: "Gala Ltd", IssuedAt: opened / second, Expires: opened/second + 86400, Threshold: 1,
		Roots: []ed25519.PublicKey{root.Public()}, Keys: []keyring.Key{key(issuer, keyring.RoleIssuer), key(journal, keyring.RoleJournal)},
	}.Sign(root)
	if err != nil {
		t.Fatal(err)
	}
	return signed.Bytes()
}

func goldenEvent() *journal.Event {
	const starts = opened / second
	rule := journal.Rule{Kind: "not_before", N: 1, Tolerance: 15, Field: "starts", Cutoff: starts, Days: []int{6, 7}, Gates: []string{"north"}, Text: "come back later"}
	return &journal.Event{
		Code: "GALA26", Name: "Gala", Zone: "Europe/Berlin", Starts: starts, Ends: starts + 28800, Admission: starts - 3600, Rehearsal: true,
		Policy: journal.Policy{StaleAfter: 3600, Stale: "ask", ProofPast: 45, ProofFuture: 15, Tolerance: 600, DownTo: journal.RungLive},
		Zones:  []journal.Zone{{Bit: 0, Code: "hall", Name: "Hall", Capacity: 500, CheckOut: []int64{starts + 30000}}, {Bit: 31, Code: "roof", Name: "Roof"}},
		Products: []journal.Product{{
			Number: 1, Code: "day", Name: "Day", Zones: 1<<31 | 1, Rules: []journal.Rule{rule}, Session: "saturday", Attention: true, Text: "check the age",
			Questions: []journal.Question{{Code: "age", Text: "18 or over?", Kind: "choice", Required: true, Choices: []string{"yes", "no"}}},
		}, {Number: 2, Code: "door", Name: "Pay at the door", Zones: 1}},
		Gates: []journal.Gate{{
			Code: "north", Name: "North", Zone: 31, Products: []uint32{1}, Multi: true, NoReentry: true, Direction: "round the corner",
			Rules: []journal.Rule{rule}, Session: "saturday", TakesUnpaid: true, StaleAfter: 600,
		}, {Code: "south", Name: "South", Zone: 0, All: true}},
		Text: "ask at the info desk", Venue: "Old Town Hall",
	}
}

func goldenCheckpoints(t testing.TB) []sent {
	t.Helper()
	records := goldenRecords(t)
	r, err := journal.Parse(records[0].bytes)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(by party, epoch uint64, head journal.Head) []byte {
		c, err := by.author(epoch).Checkpoint(head, opened, opened+86400*second)
		if err != nil {
			t.Fatal(err)
		}
		return c.Bytes()
	}
	return []sent{
		{"checkpoint", "the server's journal has one record", server, sign(server, 0, r.Head())},
		{"checkpoint-empty", "a gate has written nothing yet", gate, sign(gate, 0, journal.Head{})},
		{"checkpoint-epoch", "of a later epoch", server, sign(server, 1, journal.Head{Seq: 40, Hash: journal.Hash{0xcc}})},
	}
}
