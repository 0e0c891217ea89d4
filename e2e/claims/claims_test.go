package claims

import (
	"slices"
	"testing"
	"time"

	"usher/gate/turnstile"
	"usher/sync/admission"
)

// One ticket at two doors in the same instant lets one person in, every time, and nobody
// hears of a conflict: the second gate has the first's record before it decides.
func TestOneTicketAtTwoDoorsAtOnce(t *testing.T) {
	const rounds = 40
	v := newVenue(t, rounds, long)
	var first [2]int
	for round := range rounds {
		outs := v.both(v.next())
		results := []admission.Reason{outs[0].Reason, outs[1].Reason}
		in := slices.Index(results, admission.Entry)
		if in < 0 || results[1-in] != admission.AlreadyUsed {
			t.Fatalf("round %d: %v, want one entry and one already used", round, results)
		}
		if by := outs[1-in].Details.First; by == nil || by.Hash != outs[in].Record {
			t.Errorf("round %d: already let in by %+v, want record %s", round, by, outs[in].Record)
		}
		first[in]++
	}
	if n := v.conflicts(); n != [3]int{} {
		t.Errorf("%v conflicts at the server and the gates", n)
	}
	t.Logf("the north door was first %d times, the south door %d times", first[0], first[1])
}

// A server that is killed while gates ask it keeps nobody out: who waits for its answer
// decides alone. What they wrote is at the server afterwards, and what two let in
// meanwhile is found.
func TestTheServerIsKilledDuringAClaim(t *testing.T) {
	const rounds = 12
	v := newVenue(t, 3*rounds, 0)
	for round := range rounds {
		killed := time.AfterFunc(time.Duration(round)*time.Millisecond/2, v.lines.cut)
		outs := v.both(v.next())
		killed.Stop()
		v.lines.cut()
		if !slices.ContainsFunc(outs[:], func(o turnstile.Outcome) bool { return o.Green() }) {
			t.Errorf("round %d: nobody was let in: %s and %s", round, outs[0].Reason, outs[1].Reason)
		}
		for _, d := range v.gates {
			if out := d.scan(v.next()); !out.Green() {
				t.Errorf("round %d, after it was killed: %s", round, out.Reason)
			}
		}
		v.linked()
	}
	v.accounted(3 * rounds)
}

// An answer that never comes keeps nobody out, and neither does a line that is half open
// for a while.
func TestTheAnswerIsLost(t *testing.T) {
	const rounds = 3
	v := newVenue(t, 5*rounds, 0)
	for round := range rounds {
		v.lines.stick()
		for range 2 {
			for _, d := range v.gates {
				if out := d.scan(v.next()); !out.Green() {
					t.Errorf("round %d: %s", round, out.Reason)
				}
			}
		}
		if outs := v.both(v.next()); !outs[0].Green() || !outs[1].Green() {
			t.Errorf("round %d: %s and %s at two gates that hear nobody", round, outs[0].Reason, outs[1].Reason)
		}
		v.lines.cut()
		v.linked()
	}
	v.accounted(5 * rounds)
	if n := v.conflicts(); n != [3]int{rounds, rounds, rounds} {
		t.Errorf("%v conflicts at the server and the gates, want %d", n, rounds)
	}
}

// accounted checks that so many tickets were let in, and that every further entry is
// known to be one too many.
func (v *venue) accounted(tickets int) {
	v.t.Helper()
	v.settled()
	st, err := v.Doors.State(v.t.Context(), event)
	v.must(err)
	entries, conflicts := st.Counts(time.Now().UnixMilli()).Total.Entries, len(st.Conflicts())
	if entries-conflicts != tickets {
		v.t.Errorf("%d entries and %d conflicts of %d tickets", entries, conflicts, tickets)
	}
}
