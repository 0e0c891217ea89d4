package admission

import (
	"slices"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// Act is one record of a ticket at a gate, with what is needed to decide it
// again: a scan, whatever came of it, or the undo of an admission. Make them with
// [ScanAct] and [UndoAct].
type Act struct {
	Hash        journal.Hash      `json:"hash"`
	Chain       journal.Chain     `json:"chain"`
	Seq         uint64            `json:"seq"`
	Result      Result            `json:"result"`
	Reason      Reason            `json:"reason"`
	Direction   Direction         `json:"direction,omitempty"`
	At          int64             `json:"at"`          // corrected Unix ms, as its author said
	Uncertainty int64             `json:"uncertainty"` // ms
	Synced      bool              `json:"synced"`      // the author's clock had been compared with the server's
	Gate        string            `json:"gate,omitempty"`
	Zone        uint8             `json:"zone"`
	Lane        string            `json:"lane,omitempty"`
	How         string            `json:"how,omitempty"`
	Generation  uint16            `json:"generation,omitempty"`
	Product     uint32            `json:"product,omitempty"`
	Admissions  uint8             `json:"admissions,omitempty"` // how many people the ticket is for; 0: one
	Forced      bool              `json:"forced,omitempty"`     // an operator's override: history, but never too many
	Undone      bool              `json:"undone,omitempty"`     // set by Judge from the undos it is given
	SetAside    bool              `json:"set_aside,omitempty"`  // by an expelled device after its last believed record, or one side of a fork: keeps its place in the order, counts for nothing
	Operator    string            `json:"operator,omitempty"`
	Parents     []journal.Hash    `json:"-"`
	Known       journal.Position  `json:"-"` // how far its author knew the server's journal
	Assurance   journal.Assurance `json:"assurance"`
	Undoes      journal.Hash      `json:"-"` // of an undo: the admission

	// NoLater is set by Judge on an act from the future: one that bears a later
	// time than a record by a synced clock that knew it. It was at this moment,
	// Unix ms, at the latest. The order and the rules go by At all the same, as
	// every gate did that decided on it.
	NoLater int64 `json:"no_later,omitempty"`
}

// ScanAct is the act of a scan record. Zone, and the claims' product and
// admissions, are those of the event at scan.Known and of the scan's evidence; of
// a manual entry the claims are the roster's.
func ScanAct(r *journal.Record, scan *journal.Scan, zone uint8, claims ticket.Claims) Act {
	return Act{
		Hash: r.Hash(), Chain: r.Chain, Seq: r.Seq,
		Result: Result(scan.Result), Reason: Reason(scan.Reason), Direction: Direction(scan.Direction),
		At: r.Stamp.Corrected(), Uncertainty: r.Stamp.Uncertainty, Synced: r.Stamp.Synced,
		Gate: scan.Gate, Zone: zone, Lane: scan.Lane, How: scan.How,
		Generation: scan.Generation, Product: claims.Product, Admissions: claims.Admissions,
		Forced: slices.Contains(scan.Flags, FlagForced), Operator: scan.Operator,
		Parents: scan.Parents, Known: scan.Known, Assurance: scan.Assurance,
	}
}

// UndoAct is the act of an undo record.
func UndoAct(r *journal.Record, undo *journal.Undo) Act {
	return Act{
		Hash: r.Hash(), Chain: r.Chain, Seq: r.Seq, Result: Undo, Undoes: undo.Admission,
		At: r.Stamp.Corrected(), Uncertainty: r.Stamp.Uncertainty, Synced: r.Stamp.Synced, Operator: undo.Operator,
	}
}

// counts reports whether the act let somebody through and still stands. An exit
// can't be taken back: whoever left comes in again by a scan.
func (a *Act) counts() bool {
	return a.Result == Accept && !a.SetAside && (a.Direction == Out || !a.Undone)
}

// admission reports whether the act let somebody in and still stands.
func (a *Act) admission() bool { return a.counts() && a.Direction == In }

// before reports whether the act comes before b in their common author's sequence.
func (a *Act) before(b *Act) bool {
	return a.Chain.Node == b.Chain.Node &&
		(a.Chain.Epoch < b.Chain.Epoch || a.Chain.Epoch == b.Chain.Epoch && a.Seq < b.Seq)
}

// sure is the earliest moment, Unix ms, at which the act can have been.
func (a *Act) sure() int64 { return a.At - a.Uncertainty }
