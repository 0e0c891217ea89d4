package resale_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"usher/crypto/ticket"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/historytest"
	"usher/server/payment"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/server/transfer"
	"usher/sync/fault"
)

// way is a thing that somebody does with one ticket, about one of its offers or listings.
type way struct{ what, id string }

// What is done with it.
const (
	offers   = "offer"
	accepts  = "accept"
	unoffers = "take the offer back"
	puts     = "put up"
	buysOn   = "buy"
	unputs   = "take off sale"
	sees     = "see whose it is"
)

// deal is how the ticket stands: what the model remembers.
type deal struct {
	giver, owner string
	under        string // the offer or listing that is under way with it; "": none
	back         string // those that were taken back
}

// dealing is the model of one ticket that its holder gives away and sells on at once: one
// thing at a time is under way with it, one of its takers gets it, and who had it has
// nothing to offer any more.
func dealing(giver string) porcupine.Model {
	return porcupine.Model{
		Init:              func() any { return deal{giver: giver, owner: giver} },
		Step:              func(state, input, output any) (bool, any) { return state.(deal).step(input.(way), output.(string)) },
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v → %v", input, output) },
	}
}

// step gives whether an answer is right, and how the ticket stands then. An act of which
// nobody knows the end has happened, if it could, or comes after all others.
func (s deal) step(w way, answer string) (bool, any) {
	could := false
	next := s
	switch w.what {
	case offers, puts:
		could = s.under == "" && s.owner == s.giver
		next.under = answer
	case accepts:
		could = s.under == w.id
		next.under, next.owner = "", bea.Email
	case buysOn:
		could = s.under == w.id
		next.under, next.owner = "", grace.Email
	case unoffers, unputs:
		if strings.Contains(s.back, w.id) {
			return answer != not, s
		}
		could = s.under == w.id
		next.under, next.back = "", s.back+" "+w.id
	case sees:
		return answer == s.owner, s
	}
	if answer == unknown {
		if could {
			return true, next
		}
		return true, s
	}
	if answer != not {
		return could, next
	}
	// What somebody is buying is neither taken back nor sold to another.
	return !could || w.what == unputs || w.what == buysOn, s
}

var bea = ticketing.Holder{Name: "Bea", Email: "bea@people.example"}

// scene is one ticket with all who want to get rid of it or to have it.
type scene struct {
	*historytest.History[way, string]
	worlds    []*world
	transfers []*transfer.Transfers
	held      ticketing.Ticket // as its holder has seen it at first
	mu        sync.Mutex
	ids       map[string][]string // of offers and listings
}

// gives is what gives tickets of a shop away.
func gives(w *world) *transfer.Transfers {
	return transfer.New(transfer.Config{
		DB: w.DB, Catalog: w.Catalog, Tickets: w.Tickets, Printer: w.Printer, Post: w.Post, Entered: w.Doors.Entered, Secret: w.Vault.Derive,
		SignIn: func(context.Context, string, string) (string, error) { return shoptest.Public, nil },
		Public: w.Public, Rand: rand.Reader, Now: w.Time.Now, Log: w.Log,
	})
}

// said is what an error says, or what was done.
func said(t *testing.T, what string, err error) string {
	switch kind := fault.KindOf(err); {
	case err == nil:
		return what
	case kind == fault.Refused, kind == fault.Expired:
		return not
	case kind != fault.Unavailable:
		t.Error(err)
	}
	return unknown
}

// does has a client do something at their server.
func (s *scene) does(t *testing.T, client int, w way) {
	ctx, at := t.Context(), client%2
	s.Do(client, func() string {
		switch w.what {
		case offers:
			o, err := s.transfers[at].Offer(ctx, transfer.Asked{Event: event, Tickets: []ticketing.Ticket{s.held}, From: ticketing.Holder{Name: s.held.Name, Email: s.held.Email}})
			return s.noted(offers, o.ID, said(t, o.ID, err))
		case puts:
			l, err := s.worlds[at].List(ctx, s.held, resale.Asked{Price: 2000})
			return s.noted(puts, l.ID, said(t, l.ID, err))
		case accepts:
			secret, err := s.worlds[at].Vault.Derive(ctx, "usher-transfer-v1/"+w.id)
			if err == nil {
				_, err = s.transfers[at].Accept(ctx, base64.RawURLEncoding.EncodeToString(secret[:]), bea, "en")
			}
			return said(t, done, err)
		case unoffers:
			_, err := s.transfers[at].TakeBack(ctx, w.id)
			return said(t, done, err)
		case unputs:
			l, err := s.worlds[at].TakeBack(ctx, w.id)
			if err == nil && l.State != resale.Ended {
				t.Errorf("what was taken off sale is %s", l.State)
			}
			return said(t, done, err)
		case buysOn:
			return s.buys(t, at, w.id)
		}
		return s.worlds[at].TicketNow(t, event, s.held.ID).Email
	}, w)
}

// noted keeps the id of what was begun.
func (s *scene) noted(what, id, answer string) string {
	if answer == id {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ids[what] = append(s.ids[what], id)
	}
	return answer
}

// buys buys a listing from beginning to end.
func (s *scene) buys(t *testing.T, at int, id string) string {
	w := s.worlds[at]
	o, err := w.Sales.Begin(t.Context(), of(resale.Listing{ID: id}))
	if err != nil {
		return said(t, done, err)
	}
	_, url, err := w.Sales.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &grace})
	if err != nil {
		return said(t, done, err)
	}
	ref := url[strings.LastIndex(url, "/")+1:]
	w.Bank.Ends(ref, payment.Paid)
	if err := w.Sales.Settle(t.Context(), "test", ref); err != nil {
		return said(t, done, err)
	}
	if w.OrderNow(t, o.ID).State == sales.Paid {
		return done
	}
	return not
}

// some picks one that was begun; "" while there is none.
func (s *scene) some(what string, luck *mathrand.Rand) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ids[what]) == 0 {
		return ""
	}
	return s.ids[what][luck.IntN(len(s.ids[what]))]
}

// The holder of a ticket offers it, puts it up for sale and takes both back, in two windows
// at two servers, while one accepts what is offered and others buy what is for sale: every
// answer is one that it could have had, had they come one after the other. So the ticket
// has one owner at any moment, and who has it no more gets nothing begun with it.
func TestOneTicketGivenAndSoldAtOnce(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.Apply(t, strings.Replace(file, "capacity = 20", "capacity = 200", 1)+"\n[shop.transfer]\ntimes = 1\n")
		other := w.beside(t)
		worlds, transfers := []*world{w, other}, []*transfer.Transfers{gives(w), gives(other)}
		luck := mathrand.New(mathrand.NewPCG(5, 6))
		ends := map[string]int{}
		for n := range 10 {
			o := w.Buys(t, shoptest.Buyer(fmt.Sprintf("Ada%d", n)), ga(1))
			s := &scene{
				History: historytest.Begin[way, string](unknown), worlds: worlds, transfers: transfers,
				held: w.TicketNow(t, event, o.Tickets[0]), ids: map[string][]string{},
			}
			s.run(t, luck)
			s.does(t, 9, way{what: sees})
			s.Check(t, dealing(s.held.Email))
			ends[strings.TrimRight(w.TicketNow(t, event, s.held.ID).Name, "0123456789")]++
			s.over(t)
		}
		w.sound(t)
		if len(ends) < 2 {
			t.Errorf("they all ended the same way: %v", ends)
		}
	})
}

// run has everybody act at once.
func (s *scene) run(t *testing.T, luck *mathrand.Rand) {
	var all sync.WaitGroup
	for client, plan := range [][]string{
		{offers, puts, unoffers, offers, unputs, sees}, {puts, unputs, puts, offers, sees, unoffers}, {accepts, sees, accepts, accepts}, {buysOn, sees, buysOn}, {buysOn, buysOn, sees},
	} {
		own := mathrand.New(mathrand.NewPCG(luck.Uint64(), 0))
		all.Go(func() {
			for _, what := range plan {
				w := way{what: what}
				if begun, about := map[string]string{accepts: offers, unoffers: offers, buysOn: puts, unputs: puts}[what]; about {
					for n := 0; w.id == "" && n < 50; n++ { // there may be one soon
						time.Sleep(time.Duration(n) * 100 * time.Microsecond)
						w.id = s.some(begun, own)
					}
					if w.id == "" {
						continue
					}
				}
				s.does(t, client, w)
			}
		})
	}
	all.Wait()
}

// over wants that nothing is under way with a ticket that has another holder.
func (s *scene) over(t *testing.T) {
	t.Helper()
	w := s.worlds[0]
	pending, err := w.Tickets.Pending(t.Context(), event, []ticket.ID{s.held.ID})
	if now := w.TicketNow(t, event, s.held.ID); err != nil || now.Email != s.held.Email && len(pending) > 0 {
		t.Errorf("with %s's ticket is under way %v, %v", now.Name, pending, err)
	}
}
