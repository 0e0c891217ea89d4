// Package roster holds in memory which tickets of an event exist: what the
// server's roster records add up to.
//
// A gate needs it where no code can speak for itself: for a short code that was
// typed, which carries no signature, and while the issuing key is under
// suspicion, when only tickets that the server knows enter. No names are in it.
//
// A million tickets take about 20 MB and a look-up well under a microsecond.
package roster

import (
	"usher/crypto/ticket"
	"usher/sync/journal"
	"usher/sync/packed"
)

// Table is a roster. The zero value is empty. It does no locking.
type Table struct {
	tickets packed.Table // a ticket's entries by position; Value is the generation
	groups  []group
	n       int // different tickets
}

// group is what tickets share, and where the server's journal said so.
type group struct {
	at                 journal.Position
	product, zones     uint32
	notBefore, expires int64
	admissions         uint8
	due                Due
}

// Due is what is still to be paid for a ticket.
type Due struct {
	Unpaid   bool
	Amount   int64  // minor units of the currency; 0: not said
	Currency string // ISO 4217
}

// Apply takes in a roster record, which stands at a position of the server's
// journal. Records may come in any order, and again: of two that name a ticket
// the later one in the journal counts, and within one record the last entry.
func (t *Table) Apply(at journal.Position, record *journal.Roster) {
	for i := range record.Groups {
		g := &record.Groups[i]
		t.groups = append(t.groups, group{at, g.Product, g.Zones, g.NotBefore, g.Expires, g.Admissions, Due{g.Unpaid, g.Due, g.Currency}})
		number := uint32(len(t.groups) - 1)
		for n := range g.Len() {
			id, generation := g.At(n)
			t.add(id, number, generation)
		}
	}
}

func (t *Table) add(id journal.TicketID, number uint32, generation uint16) {
	at := t.groups[number].at
	known := t.tickets.Find(id)
	if len(known) == 0 {
		t.n++
	}
	place := len(known)
	for ; place > 0; place-- {
		before := t.groups[known[place-1].Shared].at
		if before == at {
			known[place-1].Shared, known[place-1].Value = number, uint32(generation)
			return
		}
		if before.Before(at) {
			break
		}
	}
	t.tickets.Insert(id, place, number, uint32(generation))
}

// Lookup gives what the roster says of a ticket now: its id, generation, product,
// zones, times and admissions. Its event is the roster's.
func (t *Table) Lookup(id journal.TicketID) (ticket.Claims, bool) {
	known := t.tickets.Find(id)
	if len(known) == 0 {
		return ticket.Claims{}, false
	}
	return t.claims(id, known[len(known)-1]), true
}

// Due says what is still to be paid for a ticket; the zero Due of one that the
// roster doesn't know.
func (t *Table) Due(id journal.TicketID) Due {
	known := t.tickets.Find(id)
	if len(known) == 0 {
		return Due{}
	}
	return t.groups[known[len(known)-1].Shared].due
}

// At gives what the roster said of a ticket at a position of the server's
// journal; of a ticket that it names only later, the first that it says.
func (t *Table) At(at journal.Position, id journal.TicketID) (ticket.Claims, bool) {
	known := t.tickets.Find(id)
	if len(known) == 0 {
		return ticket.Claims{}, false
	}
	newest := known[0]
	for _, e := range known[1:] {
		if !at.Before(t.groups[e.Shared].at) {
			newest = e
		}
	}
	return t.claims(id, newest), true
}

func (t *Table) claims(id journal.TicketID, e packed.Entry) ticket.Claims {
	g := &t.groups[e.Shared]
	return ticket.Claims{
		ID: id, Generation: uint16(e.Value), Product: g.product, Zones: g.zones, Admissions: g.admissions,
		NotBefore: bound(g.notBefore), Expires: bound(g.expires),
	}
}

func bound(unix int64) ticket.Bound { return ticket.Bound{Unix: unix, Set: unix != 0} }

// Len is how many tickets the roster has.
func (t *Table) Len() int { return t.n }
