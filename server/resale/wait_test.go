package resale_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/server/payment"
	"usher/server/post"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// first is the event whose waiting list goes first, with 30 minutes for each.
var first = file + "waitlist_first = true\noffer_minutes = 30\n"

// onList does a test in an event where people wait, each for so many tickets.
func onList(t *testing.T, wanted map[string]int, test func(*testing.T, *world)) {
	t.Helper()
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, first)
		for _, who := range []string{"grace", "joan", "mary"} {
			if n := wanted[who]; n > 0 {
				w.waits(t, who, n)
			}
		}
		test(t, w)
	})
}

func (w *world) waits(t *testing.T, who string, n int) {
	t.Helper()
	w.Time.Pass(time.Second)
	if err := w.Wait(t.Context(), event, who+"@people.example", "en", n); err != nil {
		t.Fatal(err)
	}
}

// left gives how many tickets somebody waits for still.
func (w *world) left(t *testing.T, who string) (n int) {
	t.Helper()
	if err := w.DB.Read().QueryRowContext(t.Context(), `select remaining from resale_wait where email = $1`, who+"@people.example").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// wantLeft fails unless people wait for so many still.
func (w *world) wantLeft(t *testing.T, want map[string]int) {
	t.Helper()
	for who, n := range want {
		if got := w.left(t, who); got != n {
			t.Errorf("%s waits for %d still, want %d", who, got, n)
		}
	}
}

// letters are those of a kind that were queued for somebody.
func (w *world) letters(t *testing.T, kind, who string) (list []post.Mail) {
	t.Helper()
	all, err := w.Post.List(t.Context(), post.Waiting, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Kind == kind && m.To == who+"@people.example" {
			list = append(list, m.Mail)
		}
	}
	return list
}

// link gives what follows a path in somebody's letter.
func (w *world) link(t *testing.T, kind, path, who string) string {
	t.Helper()
	for _, m := range w.letters(t, kind, who) {
		l, err := w.Compose(t.Context(), m)
		if fault.KindOf(err) == fault.Expired {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(l.Text, path)
		return strings.Fields(rest)[0]
	}
	t.Fatalf("%s has no letter %s that is good", who, kind)
	return ""
}

// claims begins an order by the link that somebody was mailed.
func (w *world) claims(t *testing.T, l resale.Listing, link string) (sales.Order, error) {
	t.Helper()
	cart := of(l)
	cart.Claim, cart.Key = link, "offer/"+link
	return w.Sales.Begin(t.Context(), cart)
}

// wantKept fails unless a listing is kept for somebody, who has been told how to buy it and
// may: nobody else can. "" is everybody.
func (w *world) wantKept(t *testing.T, id, who string) {
	t.Helper()
	l := w.listing(t, id)
	shown, err := w.ForSale(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	public := slices.ContainsFunc(shown, func(s resale.OnSale) bool { return s.ID == id })
	if who == "" {
		if l.KeptFor != "" || !public {
			t.Errorf("the listing is kept for %q, shown: %t", l.KeptFor, public)
		}
		return
	}
	if public {
		t.Error("what is kept for one is shown to all")
	}
	_, err = w.Sales.Begin(t.Context(), of(l))
	shoptest.WantKind(t, "buying what is kept for "+who, err, fault.Refused)
	if got, err := w.Claim(t.Context(), w.link(t, "resell_offer", resale.OfferPath, who)); err != nil || got.ID != id {
		t.Errorf("the offer to %s leads to %s: %v", who, got.ID, err)
	}
}

// passes lets an offer run out and the next be found.
func (w *world) passes(t *testing.T) {
	t.Helper()
	w.Time.Pass(30 * time.Minute)
	w.look(t)
}

// Each who waits is offered a ticket once, in the order of the list, whatever else they wait
// for; when everybody has passed it is for all. Old links open nothing.
func TestOfferGoesOn(t *testing.T) {
	onList(t, map[string]int{"ada": 1, "grace": 2, "joan": 1, "mary": 3}, func(t *testing.T, w *world) {
		w.waits(t, "ada", 1) // who sells is not offered their own
		l := w.lists(t, w.Buys(t, ada, ga(1)).Tickets[0], 2000)
		var before string
		for _, who := range []string{"grace", "joan", "mary"} {
			w.wantKept(t, l.ID, who)
			if before != "" {
				_, err := w.Claim(t.Context(), before)
				shoptest.WantKind(t, "the offer that ran out", err, fault.Expired)
			}
			before = w.link(t, "resell_offer", resale.OfferPath, who)
			w.Time.Pass(30*time.Minute - time.Millisecond)
			w.look(t)
			w.wantKept(t, l.ID, who)
			w.Time.Pass(time.Millisecond)
			_, err := w.claims(t, l, before)
			shoptest.WantKind(t, "claiming what has run out just now", err, fault.Refused)
			_, err = w.Sales.Begin(t.Context(), of(l))
			shoptest.WantKind(t, "buying it before the next in line", err, fault.Refused)
			w.look(t)
		}
		w.wantKept(t, l.ID, "")
		w.wantLeft(t, map[string]int{"ada": 1, "grace": 1, "joan": 0, "mary": 2})
		w.Buys(t, shoptest.Buyer("Stranger"), of(l))
		for _, who := range []string{"grace", "joan", "mary"} {
			if n := len(w.letters(t, "resell_offer", who)); n != 1 || len(w.letters(t, "resell_gone", who)) != 0 {
				t.Errorf("%s was offered it %d times", who, n)
			}
		}
		w.sound(t)
	})
}

// Who is offered a ticket buys it, even when their order takes longer than the offer: it
// doesn't go on while they have its place. One who doesn't pay has used their offer.
func TestOfferIsTaken(t *testing.T) {
	onList(t, map[string]int{"grace": 3, "joan": 1}, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(3))
		l := w.lists(t, o.Tickets[0], 2000)
		link := w.link(t, "resell_offer", resale.OfferPath, "grace")
		w.Time.Pass(25 * time.Minute)
		first, err := w.claims(t, l, link)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := w.claims(t, l, link); err != nil || again.ID != first.ID {
			t.Errorf("the link makes order %s and then %s, %v", first.ID, again.ID, err)
		}
		_, ref := w.ToBank(t, first, grace)
		w.Time.Pass(9 * time.Minute)
		w.look(t)
		if kept := w.listing(t, l.ID).KeptUntil; !w.Time.Now().After(kept) {
			t.Fatalf("it is kept until %s", kept)
		}
		w.Bank.Ends(ref, payment.Paid)
		w.Settles(t, ref)
		if w.TicketNow(t, event, l.Ticket).Name != "Grace" || len(w.letters(t, "resell_offer", "joan")) != 0 || len(w.letters(t, "resell_gone", "grace")) != 0 {
			t.Error("it is not Grace's, or was offered to the next while she bought it")
		}
		w.wantLeft(t, map[string]int{"grace": 2, "joan": 1})
		again := w.lists(t, o.Tickets[2], 2000)
		in, err := w.claims(t, again, w.link(t, "resell_offer", resale.OfferPath, "grace"))
		if err != nil {
			t.Fatal(err)
		}
		_, ref = w.ToBank(t, in, grace)
		w.Bank.Ends(ref, payment.Paid)
		w.Settles(t, ref)
		w.wantLeft(t, map[string]int{"grace": 1, "joan": 1})
		second := w.lists(t, o.Tickets[1], 2000)
		if _, err := w.claims(t, second, w.link(t, "resell_offer", resale.OfferPath, "grace")); err != nil {
			t.Fatal(err)
		}
		w.passes(t)
		if _, _, err := w.Stock.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.look(t)
		w.wantKept(t, second.ID, "joan")
		w.wantLeft(t, map[string]int{"grace": 0, "joan": 0})
		w.sound(t)
	})
}

// A payment that comes too late may take a ticket that is offered to the next by then: they
// have their place back, and are told.
func TestOfferIsLostToALatePayment(t *testing.T) {
	onList(t, map[string]int{"grace": 1, "joan": 1}, func(t *testing.T, w *world) {
		l := w.lists(t, w.Buys(t, ada, ga(1)).Tickets[0], 2000)
		late, err := w.claims(t, l, w.link(t, "resell_offer", resale.OfferPath, "grace"))
		if err != nil {
			t.Fatal(err)
		}
		_, ref := w.ToBank(t, late, grace)
		w.Time.Pass(30 * time.Minute)
		if _, _, err := w.Stock.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.look(t)
		w.wantKept(t, l.ID, "joan")
		w.Bank.Ends(ref, payment.Paid)
		w.Settles(t, ref)
		if w.OrderNow(t, late.ID).State != sales.Paid {
			t.Fatalf("who paid late has nothing")
		}
		w.wantLeft(t, map[string]int{"grace": 0, "joan": 1})
		w.wantGone(t, "joan", true)
		w.sound(t)
	})
}

// wantGone fails unless somebody was told that a ticket isn't kept for them any more, and,
// where they wait still, that they do and how to leave.
func (w *world) wantGone(t *testing.T, who string, waits bool) {
	t.Helper()
	list := w.letters(t, "resell_gone", who)
	if len(list) != 1 {
		t.Fatalf("%s has %d letters", who, len(list))
	}
	l, err := w.Compose(t.Context(), list[0])
	if err != nil || !strings.Contains(l.Text, "not for sale any more") || strings.Contains(l.Text, "place on the waiting list back") != waits || strings.Contains(l.Text, resale.LeavePath) != waits {
		t.Errorf("%s is told %q, %v", who, l.Text, err)
	}
}

// A listing that ends while it is kept for somebody: it is no fault of theirs, so they are
// told, have their place back, and are the first whom the next is offered to. An offer that
// has run out is not given back.
func TestOfferedListingEnds(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(*testing.T, *world, resale.Listing)
		over    bool // nobody waits any more
	}{
		"it is taken back": {happens: func(t *testing.T, w *world, l resale.Listing) {
			for range 2 {
				if _, err := w.TakeBack(t.Context(), l.ID); err != nil {
					t.Fatal(err)
				}
			}
		}},
		"its seller came in": {happens: func(_ *testing.T, w *world, l resale.Listing) { w.Doors.Admit(l.Ticket) }},
		"it is void": {happens: func(t *testing.T, w *world, l resale.Listing) {
			if _, err := w.Tickets.Revoke(t.Context(), w.TicketNow(t, event, l.Ticket), ticketing.Revoked, "stolen"); err != nil {
				t.Fatal(err)
			}
		}},
		"the event is called off": {happens: func(t *testing.T, w *world, _ resale.Listing) { w.callsOff(t, 0) }, over: true},
	} {
		t.Run(name, func(t *testing.T) {
			onList(t, map[string]int{"grace": 1, "joan": 1}, func(t *testing.T, w *world) {
				o := w.Buys(t, ada, ga(2))
				l := w.lists(t, o.Tickets[0], 2000)
				link := w.link(t, "resell_offer", resale.OfferPath, "grace")
				c.happens(t, w, l)
				w.look(t)
				w.look(t)
				if l = w.listing(t, l.ID); l.State != resale.Ended {
					t.Fatalf("the listing is %s", l.State)
				}
				_, err := w.Claim(t.Context(), link)
				shoptest.WantKind(t, "what has ended", err, fault.Expired)
				w.wantLeft(t, map[string]int{"grace": 1, "joan": 1})
				w.wantGone(t, "grace", !c.over)
				if c.over {
					return
				}
				next := w.lists(t, o.Tickets[1], 2000)
				w.wantKept(t, next.ID, "grace")
				w.Time.Pass(30 * time.Minute)
				if _, err := w.TakeBack(t.Context(), next.ID); err != nil {
					t.Fatal(err)
				}
				w.wantLeft(t, map[string]int{"grace": 0, "joan": 1})
			})
		})
	}
}

// Who leaves gives up what is kept for them: it goes to the next at once, and nothing comes
// back to them.
func TestOfferedOneLeaves(t *testing.T) {
	onList(t, map[string]int{"grace": 3, "joan": 1}, func(t *testing.T, w *world) {
		leave := w.link(t, "resell_waits", resale.LeavePath, "grace")
		o := w.Buys(t, ada, ga(2))
		a, b := w.lists(t, o.Tickets[0], 2000), w.lists(t, o.Tickets[1], 2000)
		link := w.link(t, "resell_offer", resale.OfferPath, "grace")
		for range 2 {
			if _, err := w.Leave(t.Context(), leave); err != nil {
				t.Fatal(err)
			}
		}
		_, err := w.Claim(t.Context(), link)
		shoptest.WantKind(t, "what is kept for one who left", err, fault.Expired)
		if _, err := w.TakeBack(t.Context(), b.ID); err != nil {
			t.Fatal(err)
		}
		w.look(t)
		w.wantKept(t, a.ID, "joan")
		w.wantLeft(t, map[string]int{"grace": 0, "joan": 0})
		w.waits(t, "grace", 1) // again, behind the others
		_, err = w.Leave(t.Context(), leave)
		shoptest.WantKind(t, "leaving by the link of the time before", err, fault.NotFound)
		w.wantLeft(t, map[string]int{"grace": 1})
		w.passes(t)
		w.wantKept(t, a.ID, "") // she had her offer of this one
	})
}

// Servers that look at the same time offer a ticket to one and only one.
func TestServersPassOn(t *testing.T) {
	onList(t, map[string]int{"grace": 1, "joan": 1, "mary": 1}, func(t *testing.T, w *world) {
		l := w.lists(t, w.Buys(t, ada, ga(1)).Tickets[0], 2000)
		servers := []*world{w, w.beside(t), w.beside(t)}
		for _, want := range []map[string]int{{"joan": 0, "mary": 1}, {"joan": 0, "mary": 0}} {
			w.Time.Pass(30 * time.Minute)
			var all sync.WaitGroup
			errs := make([]error, len(servers))
			for n, server := range servers {
				all.Go(func() { errs[n] = server.Look(context.WithoutCancel(t.Context())) })
			}
			all.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			w.wantLeft(t, want)
		}
		w.wantKept(t, l.ID, "mary")
	})
}

// No offer is good for longer than tickets are sold on, and none is made after that: what
// it took of a place on the list is gone with the event.
func TestOfferAtTheEnd(t *testing.T) {
	onList(t, map[string]int{"grace": 1, "joan": 1}, func(t *testing.T, w *world) {
		id := w.Buys(t, ada, ga(1)).Tickets[0]
		ends := time.Date(2026, 8, 5, 0, 0, 0, 0, time.UTC)
		w.Time.Set(ends.Add(-10 * time.Minute))
		l := w.lists(t, id, 2000)
		w.wantKept(t, l.ID, "grace")
		if !l.KeptUntil.Equal(ends) {
			t.Errorf("it is kept until %s", l.KeptUntil)
		}
		w.Time.Set(ends)
		w.look(t)
		if l = w.listing(t, l.ID); l.State != resale.Ended || l.Why != resale.TimeOver {
			t.Errorf("the listing is %s, %s", l.State, l.Why)
		}
		if len(w.letters(t, "resell_offer", "joan")) != 0 || len(w.letters(t, "resell_gone", "grace")) != 0 {
			t.Error("somebody was written to when the event was over")
		}
		shoptest.WantKind(t, "waiting for what is over", w.Wait(t.Context(), event, "late@people.example", "en", 1), fault.Refused)
	})
}

// The organiser may let the waiting list not go first any more: then what was kept is for
// everybody when the offer is over.
func TestListGoesFirstNoMore(t *testing.T) {
	onList(t, map[string]int{"grace": 1, "joan": 1}, func(t *testing.T, w *world) {
		l := w.lists(t, w.Buys(t, ada, ga(1)).Tickets[0], 2000)
		w.Apply(t, file)
		w.look(t)
		w.wantKept(t, l.ID, "grace")
		w.passes(t)
		w.wantKept(t, l.ID, "")
		w.wantLeft(t, map[string]int{"grace": 0, "joan": 1})
	})
}
