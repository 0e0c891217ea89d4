package admission

import (
	"cmp"
	"slices"

	"usher/sync/journal"
)

// voidReasons are the words of a revocation that a door shows as they are.
var voidReasons = []Reason{Superseded, Revoked, Cancelled, Blocked, Refunded, ChargedBack}

// checkVoid refuses generations of the ticket that are good no more.
func checkVoid(s *scan) outcome {
	if !s.void.Set || uint32(s.claims.Generation) >= s.void.Minimum {
		return outcome{}
	}
	void := s.void
	s.verdict.Details.Void = &void
	return refuse(void.reason())
}

// reason is why older generations are void. A ticket that was made good again
// from some generation on has been superseded for the older ones; a word that this
// build doesn't know voids all the same.
func (v *Void) reason() Reason {
	switch word := Reason(v.Reason); {
	case slices.Contains(voidReasons, word):
		return word
	case v.Minimum < journal.Never:
		return Superseded
	}
	return Revoked
}

// voids are a ticket's revocations by their place in the server's journal.
type voids []Void

func voidsOf(list []Void) voids {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b Void) int {
		return cmp.Or(cmp.Compare(a.At.Epoch, b.At.Epoch), cmp.Compare(a.At.Seq, b.At.Seq))
	})
	return sorted
}

// before gives the newest revocation that comes before the act: because its gate
// knew it, or because it was in force before the earliest moment at which the act
// can have been. A gate that could have known of it only afterwards is not blamed.
func (vs voids) before(a *Act) Void {
	known := 0
	for known < len(vs) && !a.Known.Before(vs[known].At) {
		known++
	}
	for i := len(vs) - 1; i >= known; i-- {
		if vs[i].Since < a.sure() {
			return vs[i]
		}
	}
	if known == 0 {
		return Void{}
	}
	return vs[known-1]
}
