package admission

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"usher/crypto/ticket"
)

// kindOf says what an admission that a merge refuses was too many of.
func kindOf(r Reason) ConflictKind {
	switch r {
	case AlreadyUsed:
		return DoubleEntry
	case RuleFailed, Cooldown:
		return RuleExceeded
	case Cancelled:
		return AdmittedAfterCancel
	}
	return AdmittedAfterRevoke
}

// conflictID names a conflict by what it is about, so that it is the same on
// every node, whichever of its admissions a node hears of first.
func conflictID(event string, id ticket.ID, zone uint8, kind ConflictKind) string {
	const domain = "usher-conflict-v1"
	sum := sha256.Sum256([]byte(domain + "\x00" + event + "\x00" + string(id[:]) + string([]byte{zone}) + string(kind)))
	return hex.EncodeToString(sum[:6])
}

// clashes gathers conflicts, at most a few for a ticket.
type clashes []Conflict

// add puts an admission that is too many into its conflict.
func (cs *clashes) add(h History, a *Act, v Verdict) {
	c := cs.of(h, a.Zone, kindOf(v.Reason))
	if len(c.Duplicates) == 0 {
		c.Void = v.Details.Void
		switch c.Kind {
		case DoubleEntry:
			c.Original = v.Details.First
		case RuleExceeded: // the entry that took the last place
			c.Original = v.Details.Last
		}
	}
	c.Duplicates = append(c.Duplicates, *a)
	if h.Resolved != nil && h.Resolved(a.Hash) {
		c.Resolved = append(c.Resolved, a.Hash)
	} else {
		c.Open = true
	}
}

// of finds the conflict of the kind in the zone, or begins it.
func (cs *clashes) of(h History, zone uint8, kind ConflictKind) *Conflict {
	for i := range *cs {
		if c := &(*cs)[i]; c.Zone == zone && c.Kind == kind {
			return c
		}
	}
	*cs = append(*cs, Conflict{
		ID: conflictID(h.Event, h.Ticket, zone, kind), Event: h.Event, Ticket: h.Ticket, Zone: zone, Kind: kind,
	})
	return &(*cs)[len(*cs)-1]
}

// list gives the conflicts by zone and kind.
func (cs clashes) list() []Conflict {
	slices.SortFunc(cs, func(a, b Conflict) int {
		return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Kind, b.Kind))
	})
	return cs
}
