package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/gate/door"
	"usher/sync/admission"
	"usher/sync/journal"
)

// points are the points of the scan path (gate/turnstile) between which a process
// may end.
var points = []string{"read", "verified", "decided", "signed", "committed", "recorded"}

// durable are those at which the record is on the disk.
var durable = map[string]bool{"committed": true, "recorded": true}

// scan asks an agent, and gives no answer when there came none.
func (p *process) scan(code, lane string) *door.Answer {
	return p.ask(door.Scan{Text: code, How: "wedge", Lane: lane, Direction: admission.In})
}

// look asks what a scan would give, and changes nothing.
func (p *process) look(code string) *door.Answer {
	return p.ask(door.Scan{Text: code, How: "wedge", Lane: "look", Direction: admission.In, Look: true})
}

func (p *process) ask(s door.Scan) *door.Answer {
	body, err := json.Marshal(s)
	if err != nil {
		return nil
	}
	r, err := http.Post(p.url+"/api/scan", "application/json", bytes.NewReader(body))
	if err != nil {
		return nil
	}
	defer r.Body.Close()
	var answer door.Answer
	if r.StatusCode != http.StatusOK || json.NewDecoder(r.Body).Decode(&answer) != nil {
		return nil
	}
	return &answer
}

// sync has an agent exchange journals now; whether it could is seen elsewhere.
func (p *process) sync() {
	r, err := http.Post(p.url+"/api/sync", "application/json", nil)
	if err == nil {
		r.Body.Close()
	}
}

func (p *process) shown(seq uint64) {
	r, err := http.Post(p.url+"/api/shown", "application/json", bytes.NewReader(fmt.Appendf(nil, `{"seq":%d}`, seq)))
	if err == nil {
		r.Body.Close()
	}
}

// Killed between any two steps of a scan, a gate has the record on its disk or let
// nobody in; started again it says of the same code what is so.
func TestKilledBetweenTwoSteps(t *testing.T) {
	v := newVenue(t, 2*len(points), "north")
	for i, point := range points {
		code := v.codes[i]
		p := v.agent("north", []string{"USHER_CRASH_AT=" + point})
		if answer := p.scan(code, "1"); answer != nil {
			t.Errorf("%s: it answered %s %s, and was to die before", point, answer.Result, answer.Reason)
		}
		p.kill()
		id := v.ids[code]
		before := v.scans(t.Context(), "north")[id]
		if want := map[bool]int{true: 1}[durable[point]]; len(before) != want {
			t.Errorf("%s: %d records on the disk, want %d", point, len(before), want)
		}
		again := v.agent("north", nil)
		first := again.scan(code, "1")
		want := admission.Accept
		if durable[point] {
			want = admission.AcceptRepeat // nobody saw the green
		}
		if first == nil || first.Result != want {
			t.Errorf("%s: after the restart the code gives %+v, want %s", point, first, want)
		}
		if other := again.scan(v.codes[len(points)+i], "2"); other == nil || other.Result != admission.Accept {
			t.Errorf("%s: after the restart another code gives %+v", point, other)
		}
		again.kill()
		after := v.scans(t.Context(), "north")[id]
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
		p := v.agent("north", nil)
		repeated += p.repeats(t, before)
		codes := v.codes[round*lanes*each : (round+1)*lanes*each]
		made := make([][]attempt, lanes)
		var work sync.WaitGroup
		for lane := range lanes {
			work.Go(func() { made[lane] = p.attempts(codes[lane*each:(lane+1)*each], fmt.Sprint("lane ", lane)) })
		}
		time.Sleep(time.Duration(5+rand.IntN(120)) * time.Millisecond)
		p.kill()
		work.Wait()
		before = slices.Concat(made...)
		for _, a := range before {
			heard[v.ids[a.code]] = a.answer
		}
		answered = judge(t, v, heard)
		v.onDisk(before)
	}
	p := v.agent("north", nil)
	repeated += p.repeats(t, before)
	p.kill()
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
func (p *process) attempts(codes []string, lane string) (made []attempt) {
	for _, code := range codes {
		a := attempt{code: code, answer: p.scan(code, lane)}
		if a.answer != nil && rand.IntN(2) == 0 {
			p.shown(a.answer.Seq)
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
func (v *venue) onDisk(made []attempt) {
	v.t.Helper()
	disk := v.scans(v.t.Context(), "north")
	for i := range made {
		for _, s := range disk[v.ids[made[i].code]] {
			if s.result == string(admission.Accept) {
				made[i].record = s.hash
			}
		}
	}
}

// repeats scans again, at another lane, what was scanned before the agent died, and
// counts the greens that were repeated.
func (p *process) repeats(t *testing.T, before []attempt) (repeated int) {
	t.Helper()
	for _, a := range before {
		again := p.scan(a.code, "again")
		switch {
		case again == nil:
			t.Fatal("the agent does not answer after its restart")
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
		p.shown(again.Seq)
		if third := p.look(a.code); third == nil || third.Reason != admission.AlreadyUsed {
			t.Errorf("after that the code gives %+v, want %s", third, admission.AlreadyUsed)
		}
	}
	return repeated
}

// judge compares the disk with what clients heard, and counts what they heard.
func judge(t *testing.T, v *venue, heard map[journal.TicketID]*door.Answer) (answered int) {
	t.Helper()
	disk := v.scans(t.Context(), "north")
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
	p := v.agent("north", nil)
	for _, code := range v.codes {
		answer := p.scan(code, "1")
		if answer == nil || answer.Result != admission.Accept {
			t.Fatalf("a good ticket: %+v", answer)
		}
		p.shown(answer.Seq)
	}
	time.Sleep(time.Second) // the agent notes now and then what was shown
	for range 3 {
		p.kill()
		p = v.agent("north", nil)
		for _, code := range v.codes[:5] {
			if answer := p.scan(code, "2"); answer == nil || answer.Reason != admission.AlreadyUsed {
				t.Errorf("after a crash a used ticket gives %+v", answer)
			}
		}
	}
}
