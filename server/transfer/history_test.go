package transfer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"usher/crypto/ticket"
	"usher/server/historytest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// What somebody does about one offer.
const (
	accept   = "accept"
	takeBack = "take back"
	expire   = "expire"
	timeIsUp = "its time is up"
	look     = "look"
)

// unknown is the answer of an act that the database failed: it may have happened, then
// or later, or not.
const unknown = "unknown"

// act is one of them, by somebody.
type act struct {
	what   string
	who    ticketing.Holder
	inTime bool // it began before the offer's time was up
}

// course is how one offer stands: what the model remembers.
type course struct {
	state State
	by    string // whose address the tickets went to
	due   bool   // its time is up
}

// coursing is the model of one offer: each act happens at one instant between its call
// and its answer, and ends the offer only where it is open still.
var coursing = porcupine.Model{
	Init:              func() any { return course{state: Open} },
	Step:              func(state, input, output any) (bool, any) { return state.(course).step(input.(act), output.(string)) },
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v → %v", input, output) },
}

// looks is what an offer's link says of it: one whose time is up is over, before
// anybody has ended it.
func (s course) looks() string {
	switch {
	case s.state == Open && s.due:
		return string(Expired)
	case s.state == Accepted:
		return string(Accepted) + " by " + s.by
	}
	return string(s.state)
}

// step gives whether an answer is right, and how the offer stands then.
func (s course) step(a act, answer string) (bool, any) {
	before := s
	switch a.what {
	case timeIsUp:
		s.due = true
		return true, s
	case accept:
		// Who accepts in time has the tickets, even if the time ends before the answer.
		if s.state == Open && (!s.due || a.inTime && answer != string(Expired)) {
			s.state, s.by = Accepted, a.who.Email
			return answer == unknown || answer == "yours", s
		}
		return answer == unknown || answer == before.looks(), s
	case takeBack:
		if s.state == Open {
			s.state = TakenBack
		}
		if s.state == Accepted || s.state == TakenBack {
			return answer == unknown || answer == s.looks(), s
		}
		return answer == unknown || answer == string(s.state), s
	case expire:
		if s.state == Open && s.due {
			s.state = Expired
		}
		ended := 0
		if s.state != before.state {
			ended = 1
		}
		return answer == unknown || answer == strconv.Itoa(ended), s
	}
	return answer == unknown || answer == s.looks(), s
}

// answer is what an act is told: how the offer stands, or unknown where the database
// failed. Anything else fails the test.
func answer(ctx context.Context, t *testing.T, o *Offer, err error) string {
	switch {
	case err == nil || fault.KindOf(err) == fault.Expired:
		if o.State == Accepted {
			return course{state: Accepted, by: o.To.Email}.looks()
		}
		if f, is := err.(*fault.Error); is {
			return f.Where
		}
		return string(o.State)
	case ctx.Err() == nil && fault.KindOf(err) != fault.Unavailable:
		t.Error(err)
	}
	return unknown
}

// does has a server do something about an offer, for as long as ctx lasts.
func (w *world) does(ctx context.Context, t *testing.T, a act, o Offer, token string) string {
	switch a.what {
	case timeIsUp:
		w.Time.Set(o.Until)
		return ""
	case accept:
		o, err := w.Accept(ctx, token, a.who, "en")
		if err == nil {
			return "yours"
		}
		return answer(ctx, t, &o, err)
	case takeBack:
		o, err := w.TakeBack(ctx, o.ID)
		return answer(ctx, t, &o, err)
	case expire:
		n, err := w.Expire(ctx)
		if err != nil {
			return answer(ctx, t, &Offer{}, err)
		}
		return strconv.Itoa(n)
	}
	o, err := w.Peek(ctx, token)
	return answer(ctx, t, &o, err)
}

// Two people accept an offer, its giver takes it back and its time ends, at two servers
// at once and in any order, and some of them leave before they are answered. Every
// answer is one that it could have had, had they come one after the other: one
// acceptance at most, none after a take back that was acknowledged, and who comes too
// late is told what has ended it.
func TestOneOfferAtTwoServers(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		servers := []*world{w, w.beside()}
		cleo := ticketing.Holder{Name: "Cleo", Email: "cleo@example.org"}
		r := rand.New(rand.NewPCG(1, 2))
		for round := range 24 {
			w.Time.Set(start)
			giver := ticketing.Holder{Name: "Ada", Email: fmt.Sprintf("ada-%d@example.org", round)}
			k := w.issue(night, giver, 1)[0]
			o, token := w.offer(Asked{Event: night, Tickets: []ticketing.Ticket{k}, From: giver, Language: "en"})
			plans := [][]act{
				{{what: accept, who: bea}, {what: look}}, {{what: accept, who: cleo}, {what: takeBack}}, {{what: look}, {what: takeBack}, {what: expire}},
				{{what: expire}, {what: expire}}, {{what: look}, {what: accept, who: cleo}, {what: look}},
			}
			if r.IntN(2) == 0 {
				plans[3][0].what = timeIsUp
			}
			h := historytest.Begin[act](unknown)
			var all sync.WaitGroup
			for client, plan := range plans {
				r.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
				patience := time.Minute
				if r.IntN(5) == 0 {
					patience = time.Duration(r.IntN(4000)) * time.Microsecond
				}
				all.Go(func() {
					ctx, leave := context.WithTimeout(t.Context(), patience)
					defer leave()
					for _, a := range plan {
						a.inTime = w.Time.Now().Before(o.Until)
						h.Do(client, func() string { return servers[client%2].does(ctx, t, a, o, token) }, a)
					}
				})
			}
			all.Wait()
			for _, last := range []act{{what: takeBack}, {what: look}} { // by now it is over for good, and so is what nobody waited for
				h.Do(len(plans), func() string { return w.does(t.Context(), t, last, o, token) }, last)
			}
			h.Check(t, coursing)
			w.keeps(t, o.ID, k)
		}
	})
}

// keeps wants that a ticket is as its offer ended.
func (w *world) keeps(t *testing.T, id string, k ticketing.Ticket) {
	t.Helper()
	o, err := w.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if pending, err := w.Tickets.Pending(t.Context(), k.Event, []ticket.ID{k.ID}); err != nil || len(pending) != 0 {
		t.Fatalf("with the ticket of an offer that is %s is under way: %v, %v", o.State, pending, err)
	}
	want, generation := k.Email, uint16(0)
	if o.State == Accepted {
		want, generation = o.To.Email, 1
	}
	if now := w.of(k); now.Email != want || now.Generation != generation {
		t.Fatalf("the ticket of an offer that is %s: %+v; want generation %d of %s", o.State, now, generation, want)
	}
}
