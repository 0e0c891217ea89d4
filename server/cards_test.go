package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/server"
	"usher/server/payment/sandbox"
	"usher/server/sales"
	"usher/server/ticketing"
)

// stage is how an order stands some time after the stage before it.
type stage struct {
	after time.Duration
	state sales.State
}

// played is what a card of the sandbox comes to.
type played struct {
	card    string
	confirm string // what the buyer says when their bank asks
	full    bool   // nothing is left when the payment comes
	stages  []stage
	good    bool     // the ticket is, in the end
	mails   []string // that the buyer gets
	says    string   // of the order's page in the end
}

const (
	atOnce  = time.Duration(0)
	itsTime = 10 * time.Minute // of a hold
	ready   = "Your tickets are ready"
	over    = "The time is over"
)

var tickets = []string{"tickets"}

var everyCard = []played{
	{card: "Works", stages: []stage{{atOnce, sales.Paid}, {itsTime, sales.Paid}}, good: true, mails: tickets, says: ready},
	{card: "Declined", stages: []stage{{atOnce, sales.Paying}, {itsTime, sales.Expired}}, says: over},
	{card: "No money", stages: []stage{{atOnce, sales.Paying}, {itsTime, sales.Expired}}, says: over},
	{card: "3-D Secure", confirm: "yes", stages: []stage{{atOnce, sales.Paid}}, good: true, mails: tickets, says: ready},
	{card: "3-D Secure", confirm: "no", stages: []stage{{atOnce, sales.Paying}, {itsTime, sales.Expired}}, says: over},
	{card: "Slow", stages: []stage{{atOnce, sales.Paying}, {sandbox.SlowFor, sales.Paid}}, good: true, mails: tickets, says: ready},
	{card: "Slow, then fails", stages: []stage{{atOnce, sales.Paying}, {sandbox.SlowFor, sales.Open}, {itsTime, sales.Expired}}, says: over},
	{card: "Never answers", stages: []stage{{atOnce, sales.Paying}, {itsTime - time.Second, sales.Paying}, {time.Second, sales.Expired}}, says: over},
	{card: "No notice", stages: []stage{{atOnce, sales.Paying}, {10 * time.Second, sales.Paid}}, good: true, mails: tickets, says: ready},
	{card: "Notice twice", stages: []stage{{atOnce, sales.Paid}, {sandbox.AgainAfter, sales.Paid}}, good: true, mails: tickets, says: ready},
	{card: "Notices out of order", stages: []stage{{atOnce, sales.Paid}, {sandbox.OvertakenBy, sales.Paid}, {sandbox.OvertakenBy, sales.Paid}}, good: true, mails: tickets, says: ready},
	{card: "Too late", stages: []stage{{atOnce, sales.Paying}, {itsTime, sales.Expired}, {sandbox.LateBy, sales.Paid}}, good: true, mails: tickets, says: ready},
	{card: "Too late", full: true, stages: []stage{{atOnce, sales.Paying}, {itsTime, sales.Expired}, {sandbox.LateBy, sales.Refunded}}, mails: []string{"returned"}, says: "Your money back"},
	{card: "Disputed, lost", stages: []stage{{atOnce, sales.Paid}, {sandbox.DisputedAfter, sales.Disputed}, {sandbox.DecidedAfter, sales.ChargedBack}}, mails: tickets, says: "This order is blocked"},
	{card: "Disputed, won", stages: []stage{{atOnce, sales.Paid}, {sandbox.DisputedAfter, sales.Disputed}, {sandbox.DecidedAfter, sales.Paid}}, good: true, mails: tickets, says: ready},
}

// Every card of the sandbox, from the cart over its page and its signed notices to the
// order's page, the tickets, the places and the mail.
func TestEveryCard(t *testing.T) {
	for _, c := range sandbox.Cards() {
		if !slices.ContainsFunc(everyCard, func(p played) bool { return p.card == c.Name }) {
			t.Errorf("nobody pays with %q", c.Name)
		}
	}
	onEach(t, func(t *testing.T, cfg server.Config) {
		l := tillOn(t, cfg)
		sold := int64(0)
		for _, p := range everyCard {
			l.hall(100)
			if l.plays(t, p); p.good {
				sold++
			}
			if taken := l.taken(); taken != sold {
				t.Errorf("%s: %d places are taken, want %d", p.card, taken, sold)
			}
		}
		if err := l.Sales.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Who would rather give back, or pay otherwise, while their bank is at the payment is told
// so, and the order stays theirs until the bank has decided.
func TestChangingOnesMindWhileTheBankIsAtIt(t *testing.T) {
	l := newTill(t)
	path := l.begin("n.ga=1")
	answer, _ := l.post(path+"/pay", buyer[1:]+"card")
	l.card(answer.Header.Get("Location"), "4000000000000077")
	for name, form := range map[string]string{"/leave": "", "/pay": buyer[1:] + "invoice"} {
		answer, body := l.post(path+name, form)
		if answer.StatusCode != http.StatusConflict || answer.Header.Get("Retry-After") == "" || !strings.Contains(body, "Your bank is working on your payment right now.") {
			t.Errorf("%s: status %d: %s", name, answer.StatusCode, body)
		}
	}
	l.clock.Pass(sandbox.SlowFor)
	l.shows(path, ready)
}

// hall changes how many places the hall has.
func (l *till) hall(places int64) {
	l.t.Helper()
	l.apply(strings.Replace(quayShop, "capacity = 10", fmt.Sprintf("capacity = %d", places), 1))
	l.clock.Pass(time.Second) // for so long counts what was read before
}

// taken is how many places of the hall somebody has.
func (l *till) taken() int64 {
	l.t.Helper()
	counts, err := l.Stock.Counts(l.t.Context(), "SHOP-1")
	if err != nil {
		l.t.Fatal(err)
	}
	return counts[1].Sold + counts[1].Held
}

// plays buys a ticket with a card.
func (l *till) plays(t *testing.T, p played) {
	t.Helper()
	name := fmt.Sprintf("%s %s", p.card, p.confirm)
	path := l.begin("n.ga=1")
	answer, body := l.post(path+"/pay", buyer[1:]+"card")
	page := answer.Header.Get("Location")
	number := sandbox.Cards()[slices.IndexFunc(sandbox.Cards(), func(c sandbox.Card) bool { return c.Name == p.card })].Number
	if answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s: status %d: %s", name, answer.StatusCode, body)
	}
	l.card(page, number)
	if p.confirm != "" {
		at := strings.TrimPrefix(page, "http://shop.example") + "/confirm"
		if answer, body := l.post(at, "answer="+p.confirm); answer.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: status %d: %s", name, answer.StatusCode, body)
		}
	}
	id, err := l.Sales.Open(t.Context(), strings.TrimPrefix(path, "/order/"))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range p.stages {
		l.clock.Pass(s.after)
		if p.full && i == len(p.stages)-1 {
			l.hall(l.taken())
		}
		l.works(t)
		if o, err := l.Sales.Order(t.Context(), id); err != nil || o.State != s.state {
			t.Errorf("%s: at stage %d it is %s, want %s, %v", name, i, o.State, s.state, err)
		}
	}
	l.came(t, name, id, p)
	l.shows(path, p.says)
}

// works does what servers do all the time, until nothing is due.
func (l *till) works(t *testing.T) {
	t.Helper()
	for range 2 { // what is told may have more to do follow
		if _, _, err := l.Stock.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		for sent := 1; sent > 0; {
			var err error
			if sent, err = l.Sandbox().Deliver(t.Context(), l.url+"/hooks/sandbox"); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Sales.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// came checks what the buyer has in the end: tickets, letters and their money.
func (l *till) came(t *testing.T, name, id string, p played) {
	t.Helper()
	o, err := l.Sales.Order(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	list, err := l.Tickets.Of(t.Context(), o.Event, o.Tickets)
	if err != nil {
		t.Fatal(err)
	}
	if good := len(list) == 1 && list[0].State == ticketing.Valid; good != p.good || len(list) > 1 {
		t.Errorf("%s: the tickets are %+v", name, list)
	}
	letters, err := l.Post.About(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, m := range letters {
		kinds = append(kinds, m.Kind)
	}
	if !slices.Equal(kinds, p.mails) {
		t.Errorf("%s: the letters are %v, want %v", name, kinds, p.mails)
	}
}
