package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
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
// record of which anybody was told, whole; and lets no ticket in twice.
func TestKilledAtAnyInstant(t *testing.T) {
	const lanes, each = 4, 60
	v := newVenue(t, lanes*each*(*rounds), "north")
	heard := map[journal.TicketID]*door.Answer{} // nil: the agent died before it answered
	var mu sync.Mutex
	answered := 0
	for round := range *rounds {
		p := v.agent("north", nil)
		codes := v.codes[round*lanes*each : (round+1)*lanes*each]
		var work sync.WaitGroup
		for lane := range lanes {
			work.Go(func() {
				name := fmt.Sprint("lane ", lane)
				for _, code := range codes[lane*each : (lane+1)*each] {
					answer := p.scan(code, name)
					if answer != nil && rand.IntN(2) == 0 {
						p.shown(answer.Seq)
					}
					mu.Lock()
					heard[v.ids[code]] = answer
					mu.Unlock()
					if answer == nil {
						return // the agent is gone
					}
				}
			})
		}
		time.Sleep(time.Duration(5+rand.IntN(120)) * time.Millisecond)
		p.kill()
		work.Wait()
		answered = judge(t, v, heard)
	}
	if answered == 0 {
		t.Error("no scan was ever answered: nothing was tested")
	}
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
