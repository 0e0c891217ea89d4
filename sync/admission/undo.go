package admission

import (
	"time"

	"usher/sync/journal"
)

// UndoWithin is how long after an admission its device may take it back.
const UndoWithin = 15 * time.Minute

// Reasons for which an undo is refused.
const (
	NotFound   Reason = "not_found"    // the device knows no such scan
	NotAnEntry Reason = "not_an_entry" // it let nobody in
	NotOwn     Reason = "not_own"      // another device's
	UndoneYet  Reason = "undone"       // it was taken back before
	TooLate    Reason = "too_late"
)

// MayUndo says why a device may not take a scan back, or "" if it may. Elapsed is
// the time since the scan by a clock that can't be set back; of a scan before the
// device's last start it is the longest that it can have been.
func MayUndo(a *Act, by journal.NodeID, elapsed time.Duration) Reason {
	switch {
	case a == nil || a.Result == Undo:
		return NotFound
	case a.Result != Accept || a.Direction != In:
		return NotAnEntry
	case a.Chain.Node != by:
		return NotOwn
	case a.Undone:
		return UndoneYet
	case elapsed > UndoWithin:
		return TooLate
	}
	return ""
}
