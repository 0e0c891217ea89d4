package admission

import (
	"usher/crypto/ticket"
	"usher/sync/journal"
)

// ConflictKind says what an admission was too many of.
type ConflictKind string

// The kinds (GATE.md).
const (
	DoubleEntry         ConflictKind = "double_entry"
	RuleExceeded        ConflictKind = "rule_exceeded"
	AdmittedAfterRevoke ConflictKind = "admitted_after_revoke"
	AdmittedAfterCancel ConflictKind = "admitted_after_cancel"
)

// Conflict names the admissions of a ticket that would not have been, had their
// gates known what others knew. There is at most one of a kind for a ticket and
// zone, and its ID stays the same when more admissions turn out to be too many.
type Conflict struct {
	ID     string       `json:"id"` // 12 hexadecimal digits
	Event  string       `json:"event"`
	Ticket ticket.ID    `json:"ticket"`
	Zone   uint8        `json:"zone"`
	Kind   ConflictKind `json:"kind"`

	// Original is the admission that stands: the one that the first duplicate
	// came up against. It is nil where that was a revocation: see Void.
	Original *Act  `json:"original,omitempty"`
	Void     *Void `json:"void,omitempty"`

	// Duplicates are the admissions that were too many, in the agreed order,
	// dealt with or not.
	Duplicates []Act `json:"duplicates"`

	// Resolved names those of the duplicates that a person has dealt with.
	Resolved []journal.Hash `json:"resolved,omitempty"`

	// Open: at least one duplicate is not dealt with.
	Open bool `json:"open"`
}

// History is all that a node holds of one ticket.
type History struct {
	Event  string
	Ticket ticket.ID
	Scans  []Act            // scans and undos, in any order, duplicates allowed
	Voids  []Void           // all revocations of the ticket, in any order
	Known  journal.Position // how far the node holds the server's journal

	// Resolved says which admissions a resolve record has named; nil: none.
	Resolved func(journal.Hash) bool
}

// Finding is what a ticket's history comes to.
type Finding struct {
	// Acts are all acts in the agreed order, those that lack an ancestor last;
	// undone ones and those from the future are marked. It is the past to give to
	// Decide.
	Acts []Act

	// Waiting is how many of them can't be judged yet, because something that
	// their gate knew is not held here.
	Waiting int

	Conflicts []Conflict // by zone, then kind
}
