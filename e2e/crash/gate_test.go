package crash

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/e2e/venue"
	"usher/gate/door"
	"usher/sync/admission"
	"usher/sync/journal"
)

// points are the points of the scan path (gate/turnstile) between which a process
// may end.
var points = []string{"read", "verified", "decided", "signed", "committed", "recorded"}

// durable are those at which the record is on the disk.
var durable = map[string]bool{"committed": true, "recorded": true}

// Killed between any two steps of a scan, a gate has the record on its disk or let
// nobody in; started again it says of the same code what is so.
func TestKilledBetweenTwoSteps(t *testing.T) {
	v := newVenue(t, 2*len(points), "north")
	for i, point := range points {
		code := v.Codes[i]
		p := v.Agent("north", []string{"USHER_CRASH_AT=" + point})
		if answer, err := p.Scan(code, "1"); err == nil {
			t.Errorf("%s: it answered %s %s, and was to die before", point, answer.Result, answer.Reason)
		}
		p.Kill()
		id := v.IDs[code]
		before := scansOf(v, "north")[id]
		if want := map[bool]int{true: 1}[durable[point]]; len(before) != want {
			t.Errorf("%s: %d records on the disk, want %d", point, len(before), want)
		}
		again := v.Agent("north", nil)
		first, err := again.Scan(code, "1")
		want := admission.Accept
		if durable[point] {
			want = admission.AcceptRepeat // nobody saw the green
		}
		if err != nil || first.Result != want {
			t.Errorf("%s: after the restart the code gives %+v, %v, want %s", point, first.Verdict, err, want)
		}
		if other, err := again.Scan(v.Codes[len(points)+i], "2"); err != nil || other.Result != admission.Accept {
			t.Errorf("%s: after the restart another code gives %+v, %v", point, other.Verdict, err)
		}
		again.Kill()
		after := scansOf(v, "north")[id]
		if n := greens(after); n != 1 {
			t.Errorf("%s: the ticket is green %d times in the journal", point, n)
		}
	}
}

func greens(list []scanned) (n int) {
	for _, s := range list {
		if s.result == string(admission.Accept) {
			n++
		}
	}
	return n
}

// Killed at any instant with several lanes at work, a gate has on its disk every
// record of which anybody was told, whole; and lets no ticket in twice. Started
// again it repeats, once, each green that nobody is known to have seen.
func TestKilledAtAnyInstant(t *testing.T) {
	const lanes, each = 4, 60
	v := newVenue(t, lanes*each*(*rounds), "north")
	heard := map[journal.TicketID]*door.Answer{} // nil: the agent died before it answered
	answered, repeated := 0, 0
	var before []attempt
	for round := range *rounds {
		p := v.Agent("north", nil)
		repeated += repeats(t, p, before)
		codes := v.Codes[round*lanes*each : (round+1)*lanes*each]
		made := make([][]attempt, lanes)
		var work sync.WaitGroup
		for lane := range lanes {
			work.Go(func() { made[lane] = attempts(p, codes[lane*each:(lane+1)*each], fmt.Sprint("lane ", lane)) })
		}
		time.Sleep(time.Duration(5+rand.IntN(120)) * time.Millisecond)
		p.Kill()
		work.Wait()
		before = slices.Concat(made...)
		for _, a := range before {
			heard[v.IDs[a.code]] = a.answer
		}
		answered = judge(t, v, heard)
		onDisk(v, before)
	}
	p := v.Agent("north", nil)
	repeated += repeats(t, p, before)
	p.Kill()
	judge(t, v, heard)
	if answered == 0 || repeated == 0 {
		t.Errorf("%d scans were answered and %d greens repeated: not all was tested", answered, repeated)
	}
}

// attempt is one scan of a good ticket that was not used before.
type attempt struct {
	code   string
	answer *door.Answer // nil: none came
	shown  bool         // the agent may have learnt that the answer was seen
	record journal.Hash // of the green on the disk after the agent died; zero: there is none
}

// attempts scans codes until the agent is gone. Half of the answers are seen.
func attempts(p *venue.Process, codes []string, lane string) (made []attempt) {
	for _, code := range codes {
		a := attempt{code: code}
		if answer, err := p.Scan(code, lane); err == nil {
			a.answer = &answer
		}
		if a.answer != nil && rand.IntN(2) == 0 {
			_ = p.Shown(a.answer.Seq) // whether it could be told is seen after the restart
			a.shown = true
		}
		made = append(made, a)
		if a.answer == nil {
			break
		}
	}
	return made
}

// onDisk notes what the gate's disk holds of each attempt.
func onDisk(v *venue.Venue, made []attempt) {
	v.T.Helper()
	disk := scansOf(v, "north")
	for i := range made {
		for _, s := range disk[v.IDs[made[i].code]] {
			if s.result == string(admission.Accept) {
				made[i].record = s.hash
			}
		}
	}
}

// repeats scans again, at another lane, what was scanned before the agent died, and
// counts the greens that were repeated.
func repeats(t *testing.T, p *venue.Process, before []attempt) (repeated int) {
	t.Helper()
	for _, a := range before {
		again, err := p.Scan(a.code, "again")
		switch {
		case err != nil:
			t.Fatalf("the agent does not answer after its restart: %v", err)
		case a.record.IsZero(): // nobody came in
			if again.Result != admission.Accept {
				t.Errorf("a code whose scan left no record gives %s %s, want it let in", again.Result, again.Reason)
			}
		case again.Result == admission.AcceptRepeat && again.Reason == admission.NotDisplayed:
			repeated++
			if again.Record != a.record {
				t.Error("the repeated green is of another record")
			}
		case !a.shown:
			t.Errorf("a green that nobody saw gives %s %s, want it once more", again.Result, again.Reason)
		case again.Reason != admission.AlreadyUsed:
			t.Errorf("a green that was seen gives %s %s, want %s", again.Result, again.Reason, admission.AlreadyUsed)
		}
		if err := p.Shown(again.Seq); err != nil {
			t.Error(err)
		}
		if third, err := p.Look(a.code); err != nil || third.Reason != admission.AlreadyUsed {
			t.Errorf("after that the code gives %+v, %v, want %s", third.Verdict, err, admission.AlreadyUsed)
		}
	}
	return repeated
}

// judge compares the disk with what clients heard, and counts what they heard.
func judge(t *testing.T, v *venue.Venue, heard map[journal.TicketID]*door.Answer) (answered int) {
	t.Helper()
	disk := scansOf(v, "north")
	for id, answer := range heard {
		list := disk[id]
		if n := greens(list); n > 1 {
			t.Errorf("ticket %s is green %d times", ticket.ID(id), n)
		}
		if answer == nil {
			continue
		}
		answered++
		if answer.Result != admission.Accept {
			t.Errorf("ticket %s: %s %s, want it let in", ticket.ID(id), answer.Result, answer.Reason)
			continue
		}
		found := false
		for _, s := range list {
			found = found || s.hash == answer.Record
		}
		if !found {
			t.Errorf("ticket %s was shown green, and its record is not on the disk", ticket.ID(id))
		}
	}
	return answered
}

// What was green once is not green again after any number of crashes.
func TestUsedStaysUsed(t *testing.T) {
	v := newVenue(t, 20, "north")
	p := v.Agent("north", nil)
	for _, code := range v.Codes {
		answer, err := p.Scan(code, "1")
		if err != nil || answer.Result != admission.Accept {
			t.Fatalf("a good ticket: %+v, %v", answer.Verdict, err)
		}
		v.Must(p.Shown(answer.Seq))
	}
	time.Sleep(time.Second) // the agent notes now and then what was shown
	for range 3 {
		p.Kill()
		p = v.Agent("north", nil)
		for _, code := range v.Codes[:5] {
			if answer, err := p.Scan(code, "2"); err != nil || answer.Reason != admission.AlreadyUsed {
				t.Errorf("after a crash a used ticket gives %+v, %v", answer.Verdict, err)
			}
		}
	}
}
