package sales_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/server/catalog"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// late lets an order's time run out with its payment under way, which the provider
// can't call off.
func (w *world) late(t *testing.T, count int) sales.Order {
	t.Helper()
	o := w.byCard(t, w.Begins(t, ga(count)))
	w.Bank.Has(shoptest.Line{Busy: true})
	w.Time.Pass(10 * time.Minute)
	w.expire(t)
	w.Bank.Has(shoptest.Line{})
	if got := w.OrderNow(t, o.ID); got.State != sales.Expired || w.Left(t, "floor") != 20 {
		t.Fatalf("it is %s, and %d places are left", got.State, w.Left(t, "floor"))
	}
	return o
}

// A payment that comes late takes the places again if they are there.
func TestPaidLate(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.late(t, 2)
		w.Bank.Ends(o.Ref(), payment.Paid)
		for range 2 {
			w.Settles(t, o.Ref())
		}
		got := w.OrderNow(t, o.ID)
		if got.State != sales.Paid || len(got.Tickets) != 2 || w.Left(t, "floor") != 18 || w.Bank.Get(o.Ref()).Refunded != 0 {
			t.Errorf("it is %+v, and %d places are left", got, w.Left(t, "floor"))
		}
		w.Sound(t)
	})
}

// If they are gone the money goes back, and the buyer is told.
func TestPaidTooLate(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.late(t, 2)
		for range 2 {
			w.Begins(t, ga(8))
		}
		w.Begins(t, ga(3))
		w.Bank.Ends(o.Ref(), payment.Paid)
		for range 2 {
			w.Settles(t, o.Ref())
		}
		got := w.OrderNow(t, o.ID)
		if got.State != sales.Refunded || len(got.Tickets) != 0 || w.Left(t, "floor") != 1 || w.Bank.Get(o.Ref()).Refunded != o.Total {
			t.Errorf("it is %+v, and %d went back", got, w.Bank.Get(o.Ref()).Refunded)
		}
		if kinds := w.Mails(t, o.ID); !slices.Equal(kinds, []string{"returned"}) {
			t.Errorf("the letters %v", kinds)
		}
		wantLetter(t, w.compose(t, o.ID, "returned"), "could not be accepted: the places were gone.")
		w.Sound(t)
		if w.Balance(t, "owed") != 0 || w.Balance(t, "at:test") != 0 {
			t.Error("money is left over")
		}
	})
}

// A payment that could not be called off is called off later, once that can be done.
func TestStrayPaymentIsCalledOff(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.late(t, 2)
		w.Time.Pass(time.Hour)
		w.expire(t)
		if p := w.Bank.Get(o.Ref()); p.State != payment.Cancelled {
			t.Errorf("an hour after its order was over it is %s", p.State)
		}
	})
}

// Money that differs from the order's is refused, goes back and is shown.
func TestAnotherAmount(t *testing.T) {
	for name, change := range map[string]func(*payment.Payment){
		"less":             func(p *payment.Payment) { p.Amount-- },
		"more":             func(p *payment.Payment) { p.Amount++ },
		"another currency": func(p *payment.Payment) { p.Currency = "JPY" },
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				o := w.byCard(t, w.Begins(t, ga(1)))
				w.Bank.Set(o.Ref(), change)
				w.Bank.Ends(o.Ref(), payment.Paid)
				w.Settles(t, o.Ref())
				p, got := w.Bank.Get(o.Ref()), w.OrderNow(t, o.ID)
				if got.State != sales.Refunded || len(got.Tickets) != 0 || p.Refunded != p.Amount {
					t.Errorf("it is %+v of %+v", got, p)
				}
				w.wantTold(t, o.ID, "refused", "is not accepted")
				w.Sound(t)
				w.Time.Pass(10 * time.Minute)
				w.expire(t)
				if w.Left(t, "floor") != 20 {
					t.Errorf("%d places are left", w.Left(t, "floor"))
				}
				w.Bank.SendsBack(o.Ref())
				for range 2 {
					w.Settles(t, o.Ref())
				}
				w.wantTold(t, o.ID, "refund failed", "by other means")
				w.Sound(t)
			})
		})
	}
}

// wantTold looks for a happening in an order's history.
func (w *world) wantTold(t *testing.T, id, kind, text string) {
	t.Helper()
	story, err := w.Story(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(story, func(h sales.Happening) bool { return h.Kind == kind && strings.Contains(h.Text, text) }) {
		t.Errorf("the history has no %q with %q: %+v", kind, text, story)
	}
}

// Two payments for one order: one pays it, the other goes back.
func TestPaidTwice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.byCard(t, w.Begins(t, ga(1)))
		first := o.Ref()
		w.Bank.Ends(first, payment.Failed)
		w.Settles(t, first)
		o = w.byCard(t, w.OrderNow(t, o.ID))
		second := o.Ref()
		w.Bank.Set(first, func(p *payment.Payment) { p.State = payment.Pending }) // a bank that changes its mind
		w.Bank.Ends(first, payment.Paid)
		w.Bank.Ends(second, payment.Paid)
		w.Settles(t, second)
		w.Settles(t, first)
		got := w.OrderNow(t, o.ID)
		if got.State != sales.Paid || len(got.Tickets) != 1 || got.Paid != got.Total {
			t.Errorf("it is %+v", got)
		}
		if a, b := w.Bank.Get(first).Refunded, w.Bank.Get(second).Refunded; a+b != o.Total || a*b != 0 {
			t.Errorf("%d and %d went back", a, b)
		}
		w.Sound(t)
	})
}

// refOf is the newest payment of an order at the bank.
func (w *world) refOf(t *testing.T, o sales.Order) (ref string) {
	t.Helper()
	for _, p := range w.Bank.All() {
		if p.Order == o.ID {
			ref = max(ref, p.Ref)
		}
	}
	return ref
}

func (w *world) refund(t *testing.T, o sales.Order, r sales.Refund) sales.Order {
	t.Helper()
	r.Why, r.Who = "the act is ill", "organiser"
	got, err := w.Refund(t.Context(), o.ID, r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A refund of tickets voids them and gives their places back; the rest is good.
// All of it in parts is all of it.
func TestRefundInParts(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: 2}, {Offer: "seat", Count: 1}}})
		r := sales.Refund{Key: "a", Tickets: []ticket.ID{o.Tickets[0], o.Tickets[2]}}
		var got sales.Order
		for range 2 {
			got = w.refund(t, o, r)
		}
		if got.State != sales.PartRefunded || got.Refunded != 2700+4999 || w.Bank.Get(w.refOf(t, o)).Refunded != got.Refunded {
			t.Fatalf("it is %+v", got)
		}
		if s := w.states(t, got); !slices.Equal(s, []ticketing.State{ticketing.Cancelled, ticketing.Valid, ticketing.Cancelled}) {
			t.Errorf("the tickets are %v", s)
		}
		if w.Left(t, "floor") != 19 || w.Left(t, "box") != 4 {
			t.Errorf("%d and %d places are left", w.Left(t, "floor"), w.Left(t, "box"))
		}
		_, err := w.Refund(t.Context(), o.ID, sales.Refund{Key: "a", Tickets: o.Tickets[:1], Why: "w"})
		shoptest.WantKind(t, "another refund under the key", err, fault.Exists)
		_, err = w.Refund(t.Context(), o.ID, sales.Refund{Key: "b", Tickets: o.Tickets[:1], Why: "w"})
		shoptest.WantKind(t, "a ticket that is void", err, fault.BadInput)
		got = w.refund(t, o, sales.Refund{Key: "goodwill", Amount: 100})
		if got.State != sales.PartRefunded || got.Refunded != 2700+4999+100 {
			t.Errorf("after goodwill: %+v", got)
		}
		_, err = w.Refund(t.Context(), o.ID, sales.Refund{Key: "c", Amount: o.Total, Why: "w"})
		shoptest.WantKind(t, "more than is left", err, fault.Refused)
		got = w.refund(t, o, sales.Refund{Key: "rest"})
		if got.State != sales.Refunded || got.Refunded != o.Total || w.Bank.Get(w.refOf(t, o)).Refunded != o.Total || w.Left(t, "floor") != 20 {
			t.Errorf("after all of it: %+v", got)
		}
		w.Sound(t)
		for _, account := range []string{"owed", "at:test", "buyers"} {
			if n := w.Balance(t, account); n != 0 {
				t.Errorf("%d are left at %s", n, account)
			}
		}
		_, err = w.Refund(t.Context(), o.ID, sales.Refund{Key: "d", Why: "w"})
		shoptest.WantKind(t, "once more", err, fault.Refused)
	})
}

// The whole of an order goes back to the last cent, its taxes too.
func TestRefundWhole(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: 3}, {Offer: "seat", Count: 2}}})
		if got := w.refund(t, o, sales.Refund{Key: "a"}); got.State != sales.Refunded || got.Refunded != o.Total {
			t.Errorf("it is %+v", got)
		}
		for _, account := range []string{"owed", "at:test", "buyers", "sales", "service", "tax"} {
			if n := w.Balance(t, account); n != 0 {
				t.Errorf("%d are left at %s", n, account)
			}
		}
		if kinds := w.Mails(t, o.ID); !slices.Equal(slices.Sorted(slices.Values(kinds)), []string{"refund", "tickets"}) {
			t.Errorf("the letters %v", kinds)
		}
	})
}

// While the provider can't be reached the tickets are void already, and the money
// goes back when it can be, once, whatever becomes of answers.
func TestRefundWaitsForTheProvider(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(1))
		down := fault.New(fault.Unavailable, "down")
		w.Bank.Has(shoptest.Line{Trouble: down})
		if got := w.refund(t, o, sales.Refund{Key: "a"}); got.State != sales.Refunded || w.states(t, got)[0] != ticketing.Cancelled {
			t.Errorf("it is %+v", got)
		}
		if w.Balance(t, "owed") != -o.Total {
			t.Errorf("%d are owed", w.Balance(t, "owed"))
		}
		w.Bank.Has(shoptest.Line{Lost: down})
		for range 3 {
			w.Time.Pass(2 * time.Minute)
			_ = w.Reconcile(t.Context()) // says that the provider is down
		}
		w.Bank.Has(shoptest.Line{})
		w.Time.Pass(2 * time.Minute)
		w.expire(t)
		if w.Bank.Get(w.refOf(t, o)).Refunded != o.Total || w.Balance(t, "owed") != 0 || w.Balance(t, "at:test") != 0 {
			t.Errorf("%d went back, %d are owed", w.Bank.Get(w.refOf(t, o)).Refunded, w.Balance(t, "owed"))
		}
	})
}

// What the buyer's bank sends back after the provider had said that it went is owed again,
// and the organiser sees that it failed; other refunds stay as they are. A provider that
// only seemed to say so does nothing twice.
func TestRefundThatComesBack(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(3))
		ref := w.refOf(t, o)
		w.refund(t, o, sales.Refund{Key: "a", Tickets: o.Tickets[:1]})
		stages := func() (list []sales.Stage) {
			t.Helper()
			all, err := w.Refunds(t.Context(), o.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range all {
				list = append(list, g.Stage())
			}
			return list
		}
		w.Bank.Set(ref, func(p *payment.Payment) { p.Refunded = 0 }) // for a moment
		w.Settles(t, ref)
		w.Bank.Set(ref, func(p *payment.Payment) { p.Refunded = 2700 })
		w.Settles(t, ref)
		if got := stages(); !slices.Equal(got, []sales.Stage{sales.GoneBack}) || w.Balance(t, "owed") != 0 || w.Bank.Get(ref).Refunded != 2700 {
			t.Fatalf("the refunds are %v, %d are owed", got, w.Balance(t, "owed"))
		}
		w.Sound(t)
		w.Bank.SendsBack(ref)
		w.refund(t, o, sales.Refund{Key: "b", Tickets: o.Tickets[1:2]})
		for range 2 {
			w.Settles(t, ref)
		}
		if got := stages(); !slices.Equal(got, []sales.Stage{sales.Failed, sales.GoneBack}) || w.Balance(t, "owed") != -2700 || w.Bank.Get(ref).Refunded != 2700 {
			t.Errorf("the refunds are %v, %d are owed", got, w.Balance(t, "owed"))
		}
		w.wantTold(t, o.ID, "refund failed", "by other means")
		if err := w.GivenByHand(t.Context(), o.ID, o.ID+"/refund/a", "transfer 7", "organiser"); err != nil {
			t.Fatal(err)
		}
		w.Settles(t, ref)
		if got := stages(); !slices.Equal(got, []sales.Stage{sales.ByHand, sales.GoneBack}) || w.Balance(t, "owed") != 0 {
			t.Errorf("in the end the refunds are %v, %d are owed", got, w.Balance(t, "owed"))
		}
		w.Sound(t)
	})
}

// What the provider will never give back is shown to the organiser.
func TestRefundThatIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(1))
		w.Bank.Has(shoptest.Line{Refusing: true})
		w.refund(t, o, sales.Refund{Key: "a"})
		w.wantTold(t, o.ID, "refund failed", "by other means")
		if w.Balance(t, "owed") != -o.Total {
			t.Error("the ledger has forgotten that it is owed")
		}
		well := w.Buys(t, ada, ga(1))
		failed := func(want string, orders ...string) {
			t.Helper()
			list, err := w.Find(t.Context(), sales.Search{Failed: true, Event: event})
			var codes []string
			for _, o := range list {
				codes = append(codes, o.Code)
			}
			slices.Sort(codes)
			slices.Sort(orders)
			if note := w.Note(t.Context()); err != nil || !slices.Equal(codes, orders) || note != want {
				t.Errorf("refunds of %v failed, %v; it says %q", codes, err, note)
			}
		}
		failed("1 refund failed: see /manage/orders?state=refund_failed", o.Code)
		w.refund(t, well, sales.Refund{Key: "a"})
		failed("2 refunds failed: see /manage/orders?state=refund_failed", well.Code, o.Code)
		for _, one := range []sales.Order{o, well} {
			if err := w.GivenByHand(t.Context(), one.ID, one.ID+"/refund/a", "transfer 7", "organiser"); err != nil {
				t.Fatal(err)
			}
		}
		failed("")
		w.Sound(t)
	})
}

// Money that somebody gave back at the provider is found, and all of it voids the
// tickets.
func TestRefundMadeElsewhere(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(2))
		ref := w.refOf(t, o)
		w.Bank.Set(ref, func(p *payment.Payment) { p.Refunded = 500 })
		for range 2 {
			w.Settles(t, ref)
		}
		if got := w.OrderNow(t, o.ID); got.State != sales.PartRefunded || got.Refunded != 500 || w.states(t, got)[0] != ticketing.Valid {
			t.Errorf("it is %+v", got)
		}
		w.Bank.Set(ref, func(p *payment.Payment) { p.Refunded = p.Amount })
		for range 2 {
			w.Settles(t, ref)
		}
		if got := w.OrderNow(t, o.ID); got.State != sales.Refunded || got.Refunded != o.Total || w.states(t, got)[0] != ticketing.Cancelled || w.Left(t, "floor") != 20 {
			t.Errorf("it is %+v", got)
		}
		if kinds := w.Mails(t, o.ID); !slices.Equal(slices.Sorted(slices.Values(kinds)), []string{"refund", "refund", "tickets"}) {
			t.Errorf("the letters %v", kinds)
		}
		wantLetter(t, w.compose(t, o.ID, "refund"), "€5.00 of your order for Harbour Night goes back to you.")
		w.Sound(t)
	})
}

func TestCancel(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for name, make := range map[string]func() sales.Order{
			"open":     func() sales.Order { return w.Begins(t, ga(2)) },
			"paying":   func() sales.Order { return w.byCard(t, w.Begins(t, ga(2))) },
			"awaiting": func() sales.Order { return w.awaiting(t, catalog.MethodInvoice) },
			"paid":     func() sales.Order { return w.Buys(t, ada, ga(2)) },
		} {
			o := make()
			for range 2 {
				got, err := w.Cancel(t.Context(), o.ID, "the hall is flooded", "organiser")
				if err != nil || got.State != sales.Cancelled || got.Refunded != got.Paid {
					t.Errorf("%s: %+v, %v", name, got, err)
				}
			}
			if w.Left(t, "floor") != 20 {
				t.Errorf("%s: %d places are left", name, w.Left(t, "floor"))
			}
			got := w.OrderNow(t, o.ID)
			for _, s := range w.states(t, got) {
				if s != ticketing.Cancelled {
					t.Errorf("%s: a ticket is %s", name, s)
				}
			}
			if kinds := w.Mails(t, o.ID); got.Complete() && !slices.Contains(kinds, "cancelled") || slices.Contains(kinds, "refund") {
				t.Errorf("%s: the letters %v", name, kinds)
			}
		}
		for _, account := range []string{"owed", "at:test", "buyers", "sales", "service", "tax"} {
			if n := w.Balance(t, account); n != 0 {
				t.Errorf("%d are left at %s", n, account)
			}
		}
	})
}

func (w *world) awaiting(t *testing.T, method string) sales.Order {
	t.Helper()
	o := w.Begins(t, ga(2))
	o, url, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: method, Details: &ada})
	if err != nil || url != "" || o.State != sales.Awaiting {
		t.Fatalf("%s, %q, %v", o.State, url, err)
	}
	return o
}

// An invoice keeps its places until it is due; paid it is an order like any other.
func TestInvoice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.awaiting(t, catalog.MethodInvoice)
		if due := shoptest.Start.AddDate(0, 0, 14); !o.Until.Equal(due) {
			t.Errorf("it is due %v, want %v", o.Until, due)
		}
		if w.Balance(t, "buyers") != o.Total {
			t.Errorf("the buyer is to pay %d", w.Balance(t, "buyers"))
		}
		w.Time.Pass(13 * 24 * time.Hour)
		w.expire(t)
		if w.Left(t, "floor") != 18 {
			t.Fatal("its places went back")
		}
		for range 2 {
			got, err := w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: "statement 7, line 3", Amount: o.Total, Who: "organiser"})
			if err != nil || got.State != sales.Paid || len(got.Tickets) != 2 {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		if kinds := w.Mails(t, o.ID); !slices.Equal(kinds, []string{"awaiting", "tickets"}) {
			t.Errorf("the letters %v", kinds)
		}
		w.Sound(t)
		if w.Balance(t, "at:bank") != o.Total {
			t.Errorf("%d are at the bank", w.Balance(t, "at:bank"))
		}
		got := w.refund(t, o, sales.Refund{Key: "a"})
		if got.State != sales.Refunded || w.Balance(t, "at:bank") != 0 || w.Balance(t, "owed") != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// One that isn't paid lapses: its places go back. Paid after that, it takes them
// again.
func TestInvoiceThatLapses(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.awaiting(t, catalog.MethodInvoice)
		w.Time.Pass(14 * 24 * time.Hour)
		w.expire(t)
		if got := w.OrderNow(t, o.ID); got.State != sales.Lapsed || w.Left(t, "floor") != 20 || w.Balance(t, "buyers") != 0 {
			t.Fatalf("it is %+v, and %d places are left", got, w.Left(t, "floor"))
		}
		w.Sound(t)
		got, err := w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: "late", Amount: o.Total, Who: "organiser"})
		if err != nil || got.State != sales.Paid || w.Left(t, "floor") != 18 {
			t.Errorf("it is %+v, %v", got, err)
		}
		w.Sound(t)
	})
}

// Where the organiser says so, an order gets its tickets before it is paid: gates
// know them as unpaid. They are void when it lapses, and good again when it is paid
// after all.
func TestTicketsBeforePayment(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, strings.Replace(file, "[shop]\n", "[shop]\ntickets_before_payment = true\n", 1))
		o := w.awaiting(t, catalog.MethodInvoice)
		want := func(state ticketing.State, unpaid bool) {
			t.Helper()
			tickets, err := w.Tickets.Of(t.Context(), event, w.OrderNow(t, o.ID).Tickets)
			if err != nil || len(tickets) != 2 {
				t.Fatal(len(tickets), err)
			}
			for _, k := range tickets {
				if k.State != state || k.Unpaid != unpaid || unpaid && (k.Due != 2700 || k.Currency != "EUR") {
					t.Errorf("a ticket is %+v", k)
				}
			}
		}
		want(ticketing.Valid, true)
		w.Time.Pass(14 * 24 * time.Hour)
		w.expire(t)
		want(ticketing.Blocked, true)
		if _, err := w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: "late", Amount: o.Total}); err != nil {
			t.Fatal(err)
		}
		want(ticketing.Valid, false)
		w.Sound(t)
	})
}

// Money of another amount leaves an invoice as it is: it may be paid still.
func TestInvoicePaidWrongly(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.awaiting(t, catalog.MethodInvoice)
		got, err := w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: "short", Amount: o.Total - 1})
		if err != nil || got.State != sales.Awaiting || w.Balance(t, "owed") != 0 || w.Balance(t, "buyers") != o.Total {
			t.Errorf("it is %+v, %v", got, err)
		}
		w.wantTold(t, o.ID, "refused", "goes back")
		if got, err = w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: "right", Amount: o.Total}); err != nil || got.State != sales.Paid {
			t.Errorf("it is %+v, %v", got, err)
		}
		w.Sound(t)
	})
}

// A ticket for nothing that is given back leaves the others good.
func TestRefundOfNothing(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Begins(t, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "free", Count: 2}}})
		o, _, err := w.Pay(t.Context(), o.ID, sales.Payment{Details: &ada})
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range []sales.State{sales.PartRefunded, sales.Refunded} {
			for range 2 { // asked for again it changes nothing
				got := w.refund(t, o, sales.Refund{Key: o.Tickets[n].String(), Tickets: o.Tickets[n : n+1]})
				if got.State != want || w.Left(t, "floor") != int64(19+n) {
					t.Errorf("after %d: %s, and %d places are left", n+1, got.State, w.Left(t, "floor"))
				}
			}
		}
	})
}

// Cash at the box office pays what waits for it, and what was begun there.
func TestBoxOffice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.awaiting(t, catalog.MethodBoxOffice)
		if !o.Until.Equal(time.Date(2026, 8, 4, 18, 0, 0, 0, time.UTC)) {
			t.Errorf("it is due %v, want when the event begins", o.Until)
		}
		for _, id := range []string{o.ID, w.Begins(t, ga(2)).ID} {
			got, err := w.Receive(t.Context(), id, sales.Received{Via: sales.Cash, Ref: "till 1, slip " + id, Amount: o.Total, Who: "box office"})
			if err != nil || got.State != sales.Paid || len(got.Tickets) != 2 {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		w.Sound(t)
		_, err := w.Receive(t.Context(), o.ID, sales.Received{Via: "shells", Ref: "x", Amount: 1})
		shoptest.WantKind(t, "in shells", err, fault.BadInput)
		_, err = w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Cash, Ref: "x", Amount: -1})
		shoptest.WantKind(t, "less than nothing", err, fault.BadInput)
	})
}

// What the provider keeps is a cost, told once it is known.
func TestFees(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(1))
		w.Bank.Set(w.refOf(t, o), func(p *payment.Payment) { p.Fee = 95 })
		for range 2 {
			w.Settles(t, w.refOf(t, o))
		}
		if w.Balance(t, "cost:test") != 95 || w.Balance(t, "at:test") != o.Total-95 {
			t.Errorf("the fee is %d, and %d are at the provider", w.Balance(t, "cost:test"), w.Balance(t, "at:test"))
		}
		w.Sound(t)
	})
}
