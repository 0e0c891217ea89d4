package admission

import (
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/journal"
)

// The event of the tests: 4 July 2026, a Saturday, doors at 19:00 in Berlin.
const (
	doors  = 1_783_184_400 // 17:00 UTC
	starts = doors + 3600
	ends   = starts + 5*3600
)

// door is a gate in a test, with all that it knows.
type door struct {
	t      testing.TB
	c      Context
	keys   issuing
	void   Void
	past   []Act
	claims ticket.Claims
	p      Presented // what stays the same from scan to scan
}

// issuing is a ring of one issuing key.
type issuing struct {
	signer *keyring.Signer
	key    keyring.Key
}

func (i issuing) Key(id keyring.KeyID) (keyring.Key, bool) { return i.key, id == i.key.ID }

func newIssuing(t testing.TB, events ...string) issuing {
	t.Helper()
	signer, err := keyring.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issuing{signer, keyring.Key{
		ID: signer.ID(), Public: signer.Public(), Role: keyring.RoleIssuer, Events: events,
		NotBefore: doors - 86400*30, Expires: ends + 86400*30,
	}}
}

func newDoor(t testing.TB) *door {
	t.Helper()
	event := &journal.Event{
		Code: "EV1", Name: "Summer", Zone: "Europe/Berlin", Admission: doors, Starts: starts, Ends: ends,
		Policy: journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 300},
		Zones:  []journal.Zone{{Bit: 0, Code: "main"}, {Bit: 1, Code: "vip"}},
		Products: []journal.Product{
			{Number: 1, Code: "ga", Name: "General", Zones: 1},
			{Number: 2, Code: "vip", Name: "VIP", Zones: 3},
		},
		Gates: []journal.Gate{
			{Code: "g1", Name: "North", All: true, Direction: "by the river"},
			{Code: "g2", Name: "Lounge", Zone: 1, Products: []uint32{2}},
		},
	}
	return &door{
		t: t, keys: newIssuing(t, "EV1"),
		c: Context{
			Event: event, Gate: event.Gates[0], Node: journal.NodeID{1},
			Now: Moment{At: (doors + 600) * 1000, Synced: true}, ListKnown: true,
		},
		claims: ticket.Claims{Event: "EV1", ID: ticket.ID{1}, Product: 1},
		p:      Presented{How: "camera", Lane: "1", Direction: In},
	}
}

// at moves the clock to seconds after the doors opened.
func (d *door) at(seconds int64) *door {
	d.c.Now.At = (doors + seconds) * 1000
	return d
}

// show signs the claims, reads the text as a gate does and decides.
func (d *door) show() Verdict {
	d.t.Helper()
	text, err := ticket.Issue(d.claims, d.keys.signer)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.read(text)
}

func (d *door) read(text string) Verdict {
	p := d.p
	p.Ticket, p.Err = ticket.Verify(text, d.keys)
	if p.Err != nil {
		p.Ticket, p.Looks = nil, ticket.LooksLike(text)
	} else {
		p.Key, p.KeyKnown = d.keys.Key(p.Ticket.KeyID)
	}
	return Decide(d.c, p, d.void, d.past)
}

// scan shows the ticket and writes down what came of it.
func (d *door) scan(direction Direction) Verdict {
	d.t.Helper()
	d.p.Direction = direction
	v := d.show()
	d.past = append(d.past, d.act(v))
	return v
}

func (d *door) act(v Verdict) Act {
	a := Act{
		Chain: journal.Chain{Node: d.c.Node}, Seq: uint64(len(d.past) + 1), Result: v.Result, Reason: v.Reason,
		Direction: d.p.Direction, At: d.c.Now.At, Synced: d.c.Now.Synced, Gate: d.c.Gate.Code, Zone: d.c.Gate.Zone,
		Lane: d.p.Lane, How: d.p.How, Generation: d.claims.Generation, Product: d.claims.Product,
		Admissions: d.claims.Admissions, Forced: v.Forced(), Parents: Frontier(d.past),
	}
	a.Hash = sha256.Sum256([]byte{byte(a.Seq), d.c.Node[0]})
	return a
}

// want fails unless the verdict is this one.
func want(t *testing.T, v Verdict, result Result, reason Reason) {
	t.Helper()
	if v.Result != result || v.Reason != reason {
		t.Fatalf("%s %s, want %s %s; %+v", v.Result, v.Reason, result, reason, v.Details)
	}
}
