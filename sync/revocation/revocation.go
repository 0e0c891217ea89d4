// Package revocation holds in memory which codes are void: what the server's
// revoke records add up to.
//
// A gate asks it at every scan, so a look-up takes well under a microsecond and
// allocates nothing, with a million revocations in about 20 MB. Nothing is ever
// forgotten: a ticket that is good again has a later entry that says so, and the
// merge of histories, which asks what was void when, gets every entry with [Table.All].
package revocation

import (
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/packed"
)

// Table is a list of revocations. The zero value is empty. It does no locking.
type Table struct {
	entries packed.Table // those of one ticket by position; Value is the minimum
	records []record
	texts   map[string]string // so that a million equal reasons are one
}

// record is what the entries of one revoke record share.
type record struct {
	at           journal.Position
	since        int64
	reason, note string
}

// Apply takes in a revoke record, which stands at a position of the server's
// journal. Records may come in any order, and again: of two that name a ticket
// the later one in the journal counts (see Lookup), and within one record the last.
func (t *Table) Apply(at journal.Position, r *journal.Revoke) {
	t.records = append(t.records, record{at, r.Since, t.once(r.Reason), t.once(r.Note)})
	number := uint32(len(t.records) - 1)
	for i := range r.Len() {
		t.add(number, r.At(i))
	}
}

func (t *Table) add(number uint32, r journal.Revocation) {
	at := t.records[number].at
	known := t.entries.Find(r.Ticket)
	place := len(known)
	for ; place > 0; place-- {
		before := known[place-1].Shared
		if before != number && t.records[before].at == at {
			return // the same record, a second time
		}
		if !at.Before(t.records[before].at) {
			break
		}
	}
	t.entries.Insert(r.Ticket, place, number, r.Minimum)
}

func (t *Table) once(text string) string {
	if kept, ok := t.texts[text]; ok {
		return kept
	}
	if t.texts == nil {
		t.texts = make(map[string]string)
	}
	t.texts[text] = text
	return text
}

// Lookup gives the ticket's revocation that counts, if it has any: the one that
// stands latest in the server's journal, but for those that would make a void code
// good again without saying so. Only a reactivation does that; a server that was
// restored from a backup, and no longer knows how often a ticket was reissued, does
// not.
func (t *Table) Lookup(id journal.TicketID) (admission.Void, bool) {
	known := t.entries.Find(id)
	if len(known) == 0 {
		return admission.Void{}, false
	}
	counts := 0
	for i := range known {
		if t.follows(known[counts], known[i]) {
			counts = i
		}
	}
	return t.void(known[counts]), true
}

// All gives every revocation of the ticket that counts or did (see Lookup), in the
// order of the server's journal.
func (t *Table) All(id journal.TicketID) []admission.Void {
	known := t.entries.Find(id)
	if len(known) == 0 {
		return nil
	}
	list := make([]admission.Void, 0, len(known))
	counts := 0
	for i, e := range known {
		if i == 0 || t.follows(known[counts], e) {
			counts = i
			list = append(list, t.void(e))
		}
	}
	return list
}

// Passed gives the newest revocation by which codes of a generation became somebody
// else's, if any did: that their new holder moved the ticket to a phone since, say, is
// nothing to whoever still shows such a code.
func (t *Table) Passed(id journal.TicketID, generation uint16) (void admission.Void, ok bool) {
	for _, v := range t.All(id) {
		if uint32(generation) < v.Minimum && v.Reason == string(admission.Superseded) && (v.Note == journal.NoteTransferred || v.Note == journal.NoteResold) {
			void, ok = v, true
		}
	}
	return void, ok
}

// follows reports whether a later entry takes the place of the one that counts.
func (t *Table) follows(counts, later packed.Entry) bool {
	return later.Value >= counts.Value || t.records[later.Shared].reason == journal.Reactivated
}

func (t *Table) void(e packed.Entry) admission.Void {
	r := &t.records[e.Shared]
	return admission.Void{Minimum: e.Value, Reason: r.reason, Since: r.since, Note: r.note, At: r.at, Set: true}
}

// Len is how many revocations there are; a ticket may have several.
func (t *Table) Len() int { return t.entries.Len() }
