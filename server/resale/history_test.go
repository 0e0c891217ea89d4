package resale_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/historytest"
	"usher/server/payment"
	"usher/server/resale"
	"usher/server/sales"
	"usher/sync/fault"
)

// round is one listing and who races for it.
type round struct {
	*historytest.History[deed, any]
	servers []*world
	listing resale.Listing
	mu      sync.Mutex
	orders  [tries]string // ids
	refs    [tries]string // payments that the bank has
}

// answer is what an error says.
func answer(t *testing.T, err error) any {
	switch kind := fault.KindOf(err); {
	case err == nil:
		return done
	case kind == fault.Refused, kind == fault.Expired:
		return not
	case kind == fault.Unavailable, kind == fault.Internal, errors.Is(err, context.Canceled):
		return unknown
	}
	t.Error(err)
	return unknown
}

// email is whose an order is.
func email(order int) string { return fmt.Sprintf("buyer%d@people.example", order) }

// buys has one buyer begin an order, and leave it or pay it, at once or late.
func (r *round) buys(t *testing.T, client, order int, luck *rand.Rand) {
	w := r.servers[client%2]
	var o sales.Order
	got := r.Do(client, func() any {
		var err error
		o, err = w.Sales.Begin(t.Context(), of(r.listing))
		if errors.Is(err, fault.BadInput) && strings.HasPrefix(err.Error(), "until: ") {
			return late
		}
		return answer(t, err)
	}, deed{begins, order})
	if got != done {
		return
	}
	r.mu.Lock()
	r.orders[order] = o.ID
	r.mu.Unlock()
	name := strings.TrimSuffix(email(order), "@people.example")
	d := sales.Details{Name: name, Email: email(order), Terms: true, Holders: []sales.Holder{{Name: name}}}
	_, url, err := w.Sales.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &d})
	if err != nil {
		answer(t, err) // too late
		return
	}
	if luck.IntN(4) == 0 {
		r.Do(client, func() any { _, err := w.Sales.Leave(t.Context(), o.ID); return answer(t, err) }, deed{leaves, order})
		return
	}
	if luck.IntN(2) == 0 { // they look for their card
		time.Sleep(time.Duration(luck.IntN(30)) * time.Millisecond)
	}
	ref := url[strings.LastIndex(url, "/")+1:]
	w.Bank.Ends(ref, payment.Paid)
	r.mu.Lock()
	r.refs[order] = ref
	r.mu.Unlock()
	r.hears(t, client, order)
}

// hears has a server hear of an order's payment.
func (r *round) hears(t *testing.T, client, order int) {
	w := r.servers[client%2]
	r.Do(client, func() any {
		if err := w.Sales.Settle(t.Context(), "test", r.refs[order]); err != nil {
			return answer(t, err)
		}
		if w.OrderNow(t, r.orders[order]).State == sales.Paid {
			return done
		}
		return back
	}, deed{pays, order})
}

// takes has the seller take the ticket back, whose call may be cut off.
func (r *round) takes(t *testing.T, client int, cut bool, after time.Duration) {
	r.Do(client, func() any {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if cut {
			defer time.AfterFunc(after, cancel).Stop()
		}
		l, err := r.servers[client%2].TakeBack(ctx, r.listing.ID)
		if err == nil && l.State != resale.Ended {
			t.Errorf("what was taken back is %s", l.State)
		}
		return answer(t, err)
	}, deed{what: takesBack})
}

// reads has somebody see whose the ticket is.
func (r *round) reads(t *testing.T, client int) {
	r.Do(client, func() any {
		k := r.servers[client%2].TicketNow(t, event, r.listing.Ticket)
		for n := range tries {
			if k.Email == email(n) {
				return n
			}
		}
		return seller
	}, deed{what: owns})
}

// passes has the time of all holds pass.
func (r *round) passes(t *testing.T, client int) {
	deeds := make([]deed, tries)
	for n := range deeds {
		deeds[n] = deed{lapses, n}
	}
	w := r.servers[client%2]
	r.Do(client, func() any {
		w.Time.Pass(11 * time.Minute)
		_, _, err := w.Stock.Expire(t.Context())
		return answer(t, err)
	}, deeds...)
}

// One listing that two buyers race for while its seller takes it back, at two servers
// over one database: every answer is one that it could have had, had they come one after
// the other. So the ticket has one owner at any moment, nothing that was taken back is
// sold, and nothing that was sold is taken back.
func TestOneListingAtTwoServers(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.Apply(t, strings.Replace(file, "capacity = 20", "capacity = 200", 1))
		servers := []*world{w, w.beside(t)}
		luck := rand.New(rand.NewPCG(3, 4))
		ends := map[resale.State]int{}
		var tickets sales.Order
		for n := range 24 {
			if n%4 == 0 {
				tickets = w.Buys(t, ada, ga(4))
			}
			r := &round{History: historytest.Begin[deed, any](unknown), servers: servers, listing: w.lists(t, tickets.Tickets[n%4], 2000)}
			r.run(t, luck)
			r.ends(t)
			ends[w.listing(t, r.listing.ID).State]++
		}
		w.sound(t)
		if ends[resale.Sold] == 0 || ends[resale.Ended] == 0 {
			t.Errorf("they all ended the same way: %v", ends)
		}
	})
}

// run has everybody act at once.
func (r *round) run(t *testing.T, luck *rand.Rand) {
	var all sync.WaitGroup
	for client := range 2 {
		own := rand.New(rand.NewPCG(luck.Uint64(), 0))
		all.Go(func() {
			for order := client; order < tries; order += 2 {
				r.buys(t, client, order, own)
				r.reads(t, client+1)
			}
		})
	}
	own := rand.New(rand.NewPCG(luck.Uint64(), 0))
	all.Go(func() {
		for n := range 3 {
			time.Sleep(time.Duration(own.IntN(12)) * time.Millisecond)
			r.takes(t, 2+n, own.IntN(3) == 0, time.Duration(own.IntN(1500))*time.Microsecond)
			r.reads(t, 2+n+1)
		}
	})
	if luck.IntN(2) == 0 {
		wait := time.Duration(luck.IntN(15)) * time.Millisecond
		all.Go(func() {
			time.Sleep(wait)
			r.passes(t, 5)
		})
	}
	all.Wait()
}

// ends has all that was paid heard of at both servers, and compares the history with what
// it has come to.
func (r *round) ends(t *testing.T) {
	t.Helper()
	for order, ref := range r.refs {
		if ref != "" {
			r.hears(t, 6, order)
			r.hears(t, 7, order)
		}
	}
	r.passes(t, 6)
	r.takes(t, 7, false, 0)
	r.reads(t, 6)
	r.Check(t, racing)
	w := r.servers[0]
	l := w.listing(t, r.listing.ID)
	sold := slices.DeleteFunc(slices.Clone(r.orders[:]), func(id string) bool { return id == "" || w.OrderNow(t, id).State != sales.Paid })
	if want := map[resale.State]int{resale.Sold: 1, resale.Ended: 0}; len(sold) != want[l.State] || l.State == resale.Open || len(sold) == 1 && l.BuyerOrder != sold[0] {
		t.Fatalf("the listing is %s to %q, and paid are %v", l.State, l.BuyerOrder, sold)
	}
}
