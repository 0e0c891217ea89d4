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
	"usher/server/ticketing"
	"usher/sync/fault"
)

// late lets an order's time run out with its payment under way, which the provider
// can't call off.
func (w *world) late(t *testing.T, count int) sales.Order {
	t.Helper()
	o := w.byCard(t, w.begin(t, ga(count)))
	w.bank.has(func(b *bank) { b.busy = true })
	w.time.Pass(10 * time.Minute)
	w.expire(t)
	w.bank.has(func(b *bank) { b.busy = false })
	if got := w.order(t, o.ID); got.State != sales.Expired || w.left(t, "floor") != 20 {
		t.Fatalf("it is %s, and %d places are left", got.State, w.left(t, "floor"))
	}
	return o
}

// A payment that comes late takes the places again if they are there.
func TestPaidLate(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.late(t, 2)
		w.bank.ends(o.Ref(), payment.Paid)
		for range 2 {
			w.settle(t, o.Ref())
		}
		got := w.order(t, o.ID)
		if got.State != sales.Paid || len(got.Tickets) != 2 || w.left(t, "floor") != 18 || w.bank.get(o.Ref()).Refunded != 0 {
			t.Errorf("it is %+v, and %d places are left", got, w.left(t, "floor"))
		}
		w.sound(t)
	})
}

// If they are gone the money goes back, and the buyer is told.
func TestPaidTooLate(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.late(t, 2)
		for range 2 {
			w.begin(t, ga(8))
		}
		w.begin(t, ga(3))
		w.bank.ends(o.Ref(), payment.Paid)
		for range 2 {
			w.settle(t, o.Ref())
		}
		got := w.order(t, o.ID)
		if got.State != sales.Refunded || len(got.Tickets) != 0 || w.left(t, "floor") != 1 || w.bank.get(o.Ref()).Refunded != o.Total {
			t.Errorf("it is %+v, and %d went back", got, w.bank.get(o.Ref()).Refunded)
		}
		if kinds := w.mails(t, o.ID); !slices.Equal(kinds, []string{"returned"}) {
			t.Errorf("the letters %v", kinds)
		}
		wantLetter(t, w.compose(t, o.ID, "returned"), "could not be accepted: the places were gone.")
		w.sound(t)
		if w.balance(t, "owed") != 0 || w.balance(t, "at:test") != 0 {
			t.Error("money is left over")
		}
	})
}

// A payment that could not be called off is called off later, once that can be done.
func TestStrayPaymentIsCalledOff(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.late(t, 2)
		w.time.Pass(time.Hour)
		w.expire(t)
		if p := w.bank.get(o.Ref()); p.State != payment.Cancelled {
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
				o := w.byCard(t, w.begin(t, ga(1)))
				w.bank.set(o.Ref(), change)
				w.bank.ends(o.Ref(), payment.Paid)
				w.settle(t, o.Ref())
				p, got := w.bank.get(o.Ref()), w.order(t, o.ID)
				if got.State != sales.Refunded || len(got.Tickets) != 0 || p.Refunded != p.Amount {
					t.Errorf("it is %+v of %+v", got, p)
				}
				w.wantTold(t, o.ID, "refused", "is not accepted")
				w.sound(t)
				w.time.Pass(10 * time.Minute)
				w.expire(t)
				if w.left(t, "floor") != 20 {
					t.Errorf("%d places are left", w.left(t, "floor"))
				}
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
		o := w.byCard(t, w.begin(t, ga(1)))
		first := o.Ref()
		w.bank.ends(first, payment.Failed)
		w.settle(t, first)
		o = w.byCard(t, w.order(t, o.ID))
		second := o.Ref()
		w.bank.set(first, func(p *payment.Payment) { p.State = payment.Pending }) // a bank that changes its mind
		w.bank.ends(first, payment.Paid)
		w.bank.ends(second, payment.Paid)
		w.settle(t, second)
		w.settle(t, first)
		got := w.order(t, o.ID)
		if got.State != sales.Paid || len(got.Tickets) != 1 || got.Paid != got.Total {
			t.Errorf("it is %+v", got)
		}
		if a, b := w.bank.get(first).Refunded, w.bank.get(second).Refunded; a+b != o.Total || a*b != 0 {
			t.Errorf("%d and %d went back", a, b)
		}
		w.sound(t)
	})
}

// refOf is the newest payment of an order at the bank.
func (w *world) refOf(t *testing.T, o sales.Order) (ref string) {
	t.Helper()
	for _, p := range w.bank.all() {
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
		o := w.paid(t, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: 2}, {Offer: "seat", Count: 1}}})
		r := sales.Refund{Key: "a", Tickets: []ticket.ID{o.Tickets[0], o.Tickets[2]}}
		var got sales.Order
		for range 2 {
			got = w.refund(t, o, r)
		}
		if got.State != sales.PartRefunded || got.Refunded != 2700+4999 || w.bank.get(w.refOf(t, o)).Refunded != got.Refunded {
			t.Fatalf("it is %+v", got)
		}
		if s := w.states(t, got); !slices.Equal(s, []ticketing.State{ticketing.Cancelled, ticketing.Valid, ticketing.Cancelled}) {
			t.Errorf("the tickets are %v", s)
		}
		if w.left(t, "floor") != 19 || w.left(t, "box") != 4 {
			t.Errorf("%d and %d places are left", w.left(t, "floor"), w.left(t, "box"))
		}
		_, err := w.Refund(t.Context(), o.ID, sales.Refund{Key: "a", Tickets: o.Tickets[:1], Why: "w"})
		wantKind(t, "another refund under the key", err, fault.Exists)
		_, err = w.Refund(t.Context(), o.ID, sales.Refund{Key: "b", Tickets: o.Tickets[:1], Why: "w"})
		wantKind(t, "a ticket that is void", err, fault.BadInput)
		got = w.refund(t, o, sales.Refund{Key: "goodwill", Amount: 100})
		if got.State != sales.PartRefunded || got.Refunded != 2700+4999+100 {
			t.Errorf("after goodwill: %+v", got)
		}
		_, err = w.Refund(t.Context(), o.ID, sales.Refund{Key: "c", Amount: o.Total, Why: "w"})
		wantKind(t, "more than is left", err, fault.Refused)
		got = w.refund(t, o, sales.Refund{Key: "rest"})
		if got.State != sales.Refunded || got.Refunded != o.Total || w.bank.get(w.refOf(t, o)).Refunded != o.Total || w.left(t, "floor") != 20 {
			t.Errorf("after all of it: %+v", got)
		}
		w.sound(t)
		for _, account := range []string{"owed", "at:test", "buyers"} {
			if n := w.balance(t, account); n != 0 {
				t.Errorf("%d are left at %s", n, account)
			}
		}
		_, err = w.Refund(t.Context(), o.ID, sales.Refund{Key: "d", Why: "w"})
		wantKind(t, "once more", err, fault.Refused)
	})
}

// The whole of an order goes back to the last cent, its taxes too.
func TestRefundWhole(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.paid(t, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: 3}, {Offer: "seat", Count: 2}}})
		if got := w.refund(t, o, sales.Refund{Key: "a"}); got.State != sales.Refunded || got.Refunded != o.Total {
			t.Errorf("it is %+v", got)
		}
		for _, account := range []string{"owed", "at:test", "buyers", "sales", "service", "tax"} {
			if n := w.balance(t, account); n != 0 {
				t.Errorf("%d are left at %s", n, account)
			}
		}
		if kinds := w.mails(t, o.ID); !slices.Equal(slices.Sorted(slices.Values(kinds)), []string{"refund", "tickets"}) {
			t.Errorf("the letters %v", kinds)
		}
	})
}

// While the provider can't be reached the tickets are void already, and the money
// goes back when it can be, once, whatever becomes of answers.
func TestRefundWaitsForTheProvider(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.paid(t, ga(1))
		down := fault.New(fault.Unavailable, "down")
		w.bank.has(func(b *bank) { b.trouble = down })
		if got := w.refund(t, o, sales.Refund{Key: "a"}); got.State != sales.Refunded || w.states(t, got)[0] != ticketing.Cancelled {
			t.Errorf("it is %+v", got)
		}
		if w.balance(t, "owed") != -o.Total {
			t.Errorf("%d are owed", w.balance(t, "owed"))
		}
		w.bank.has(func(b *bank) { b.trouble, b.lost = nil, down })
		for range 3 {
			w.time.Pass(2 * time.Minute)
			_ = w.Reconcile(t.Context()) // says that the provider is down
		}
		w.bank.has(func(b *bank) { b.lost = nil })
		w.time.Pass(2 * time.Minute)
		w.expire(t)
		if w.bank.get(w.refOf(t, o)).Refunded != o.Total || w.balance(t, "owed") != 0 || w.balance(t, "at:test") != 0 {
			t.Errorf("%d went back, %d are owed", w.bank.get(w.refOf(t, o)).Refunded, w.balance(t, "owed"))
		}
	})
}

// What the provider will never give back is shown to the organiser.
func TestRefundThatIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.paid(t, ga(1))
		w.bank.has(func(b *bank) { b.refusing = true })
		w.refund(t, o, sales.Refund{Key: "a"})
		w.wantTold(t, o.ID, "refund failed", "by other means")
		if w.balance(t, "owed") != -o.Total {
			t.Error("the ledger has forgotten that it is owed")
		}
		w.sound(t)
	})
}

// Money that somebody gave back at the provider is found, and all of it voids the
// tickets.
func TestRefundMadeElsewhere(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.paid(t, ga(2))
		ref := w.refOf(t, o)
		w.bank.set(ref, func(p *payment.Payment) { p.Refunded = 500 })
		for range 2 {
			w.settle(t, ref)
		}
		if got := w.order(t, o.ID); got.State != sales.PartRefunded || got.Refunded != 500 || w.states(t, got)[0] != ticketing.Valid {
			t.Errorf("it is %+v", got)
		}
		w.bank.set(ref, func(p *payment.Payment) { p.Refunded = p.Amount })
		for range 2 {
			w.settle(t, ref)
		}
		if got := w.order(t, o.ID); got.State != sales.Refunded || got.Refunded != o.Total || w.states(t, got)[0] != ticketing.Cancelled || w.left(t, "floor") != 20 {
			t.Errorf("it is %+v", got)
		}
		w.sound(t)
	})
}

func TestCancel(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for name, make := range map[string]func() sales.Order{
			"open":     func() sales.Order { return w.begin(t, ga(2)) },
			"paying":   func() sales.Order { return w.byCard(t, w.begin(t, ga(2))) },
			"awaiting": func() sales.Order { return w.awaiting(t, catalog.MethodInvoice) },
			"paid":     func() sales.Order { return w.paid(t, ga(2)) },
		} {
			o := make()
			for range 2 {
				got, err := w.Cancel(t.Context(), o.ID, "the hall is flooded", "organiser")
				if err != nil || got.State != sales.Cancelled || got.Refunded != got.Paid {
					t.Errorf("%s: %+v, %v", name, got, err)
				}
			}
			if w.left(t, "floor") != 20 {
				t.Errorf("%s: %d places are left", name, w.left(t, "floor"))
			}
			got := w.order(t, o.ID)
			for _, s := range w.states(t, got) {
				if s != ticketing.Cancelled {
					t.Errorf("%s: a ticket is %s", name, s)
				}
			}
			if kinds := w.mails(t, o.ID); got.Complete() && !slices.Contains(kinds, "cancelled") || slices.Contains(kinds, "refund") {
				t.Errorf("%s: the letters %v", name, kinds)
			}
		}
		for _, account := range []string{"owed", "at:test", "buyers", "sales", "service", "tax"} {
			if n := w.balance(t, account); n != 0 {
				t.Errorf("%d are left at %s", n, account)
			}
		}
	})
}

func (w *world) awaiting(t *testing.T, method string) sales.Order {
	t.Helper()
	o := w.begin(t, ga(2))
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
		if due := start.AddDate(0, 0, 14); !o.Until.Equal(due) {
			t.Errorf("it is due %v, want %v", o.Until, due)
		}
		if w.balance(t, "buyers") != o.Total {
			t.Errorf("the buyer is to pay %d", w.balance(t, "buyers"))
		}
		w.time.Pass(13 * 24 * time.Hour)
		w.expire(t)
		if w.left(t, "floor") != 18 {
			t.Fatal("its places went back")
		}
		for range 2 {
			got, err := w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: "statement 7, line 3", Amount: o.Total, Who: "organiser"})
			if err != nil || got.State != sales.Paid || len(got.Tickets) != 2 {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		if kinds := w.mails(t, o.ID); !slices.Equal(kinds, []string{"awaiting", "tickets"}) {
			t.Errorf("the letters %v", kinds)
		}
		w.sound(t)
		if w.balance(t, "at:bank") != o.Total {
			t.Errorf("%d are at the bank", w.balance(t, "at:bank"))
		}
		got := w.refund(t, o, sales.Refund{Key: "a"})
		if got.State != sales.Refunded || w.balance(t, "at:bank") != 0 || w.balance(t, "owed") != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// One that isn't paid lapses: its places go back. Paid after that, it takes them
// again.
func TestInvoiceThatLapses(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.awaiting(t, catalog.MethodInvoice)
		w.time.Pass(14 * 24 * time.Hour)
		w.expire(t)
		if got := w.order(t, o.ID); got.State != sales.Lapsed || w.left(t, "floor") != 20 || w.balance(t, "buyers") != 0 {
			t.Fatalf("it is %+v, and %d places are left", got, w.left(t, "floor"))
		}
		w.sound(t)
		got, err := w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: "late", Amount: o.Total, Who: "organiser"})
		if err != nil || got.State != sales.Paid || w.left(t, "floor") != 18 {
			t.Errorf("it is %+v, %v", got, err)
		}
		w.sound(t)
	})
}

// Where the organiser says so, an order gets its tickets before it is paid: gates
// know them as unpaid. They are void when it lapses, and good again when it is paid
// after all.
func TestTicketsBeforePayment(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.apply(t, strings.Replace(file, "[shop]\n", "[shop]\ntickets_before_payment = true\n", 1))
		o := w.awaiting(t, catalog.MethodInvoice)
		want := func(state ticketing.State, unpaid bool) {
			t.Helper()
			tickets, err := w.tickets.Of(t.Context(), event, w.order(t, o.ID).Tickets)
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
		w.time.Pass(14 * 24 * time.Hour)
		w.expire(t)
		want(ticketing.Blocked, true)
		if _, err := w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: "late", Amount: o.Total}); err != nil {
			t.Fatal(err)
		}
		want(ticketing.Valid, false)
		w.sound(t)
	})
}

// Money of another amount leaves an invoice as it is: it may be paid still.
func TestInvoicePaidWrongly(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.awaiting(t, catalog.MethodInvoice)
		got, err := w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: "short", Amount: o.Total - 1})
		if err != nil || got.State != sales.Awaiting || w.balance(t, "owed") != 0 || w.balance(t, "buyers") != o.Total {
			t.Errorf("it is %+v, %v", got, err)
		}
		w.wantTold(t, o.ID, "refused", "goes back")
		if got, err = w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Bank, Ref: "right", Amount: o.Total}); err != nil || got.State != sales.Paid {
			t.Errorf("it is %+v, %v", got, err)
		}
		w.sound(t)
	})
}

// A ticket for nothing that is given back leaves the others good.
func TestRefundOfNothing(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.begin(t, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "free", Count: 2}}})
		o, _, err := w.Pay(t.Context(), o.ID, sales.Payment{Details: &ada})
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range []sales.State{sales.PartRefunded, sales.Refunded} {
			got := w.refund(t, o, sales.Refund{Key: o.Tickets[n].String(), Tickets: o.Tickets[n : n+1]})
			if got.State != want || w.left(t, "floor") != int64(19+n) {
				t.Errorf("after %d: %s, and %d places are left", n+1, got.State, w.left(t, "floor"))
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
		for _, id := range []string{o.ID, w.begin(t, ga(2)).ID} {
			got, err := w.Receive(t.Context(), id, sales.Received{Via: sales.Cash, Ref: "till 1, slip " + id, Amount: o.Total, Who: "box office"})
			if err != nil || got.State != sales.Paid || len(got.Tickets) != 2 {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		w.sound(t)
		_, err := w.Receive(t.Context(), o.ID, sales.Received{Via: "shells", Ref: "x", Amount: 1})
		wantKind(t, "in shells", err, fault.BadInput)
		_, err = w.Receive(t.Context(), o.ID, sales.Received{Via: sales.Cash, Ref: "x", Amount: -1})
		wantKind(t, "less than nothing", err, fault.BadInput)
	})
}

// A dispute blocks the tickets; won they are good again, lost they are void and
// their places for sale.
func TestDisputes(t *testing.T) {
	for end, want := range map[payment.DisputeState]struct {
		state  sales.State
		ticket ticketing.State
		left   int64
	}{payment.DisputeWon: {sales.Paid, ticketing.Valid, 18}, payment.DisputeLost: {sales.ChargedBack, ticketing.Cancelled, 20}} {
		t.Run(string(end), func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				o := w.paid(t, ga(2))
				ref := w.refOf(t, o)
				says := func(state payment.DisputeState) {
					t.Helper()
					w.bank.set(ref, func(p *payment.Payment) { p.Dispute = payment.Dispute{State: state, Amount: p.Amount} })
					for range 2 {
						w.settle(t, ref)
					}
				}
				says(payment.DisputeOpen)
				if got := w.order(t, o.ID); got.State != sales.Disputed || w.states(t, got)[1] != ticketing.Blocked || w.balance(t, "disputed") != o.Total {
					t.Fatalf("it is %+v with tickets %v", got, w.states(t, got))
				}
				says(end)
				got := w.order(t, o.ID)
				if got.State != want.state || w.states(t, got)[1] != want.ticket || w.left(t, "floor") != want.left || w.balance(t, "disputed") != 0 {
					t.Errorf("it is %+v with tickets %v", got, w.states(t, got))
				}
				says(payment.DisputeOpen) // an older answer comes late
				if again := w.order(t, o.ID); again.State != got.State {
					t.Errorf("an older answer makes it %s", again.State)
				}
				w.sound(t)
			})
		})
	}
}

// An order may be cancelled whose payment is disputed, before anybody has told usher:
// the provider refuses to give money back that the buyer's bank has. The refund waits
// for what the bank decides, and the money goes to the buyer once.
func TestDisputeThatNobodyToldOf(t *testing.T) {
	for end, refunded := range map[payment.DisputeState]bool{payment.DisputeWon: true, payment.DisputeLost: false} {
		t.Run(string(end), func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				o := w.paid(t, ga(2))
				ref := w.refOf(t, o)
				w.bank.set(ref, func(p *payment.Payment) { p.Dispute = payment.Dispute{State: payment.DisputeOpen, Amount: p.Amount} })
				if _, err := w.Cancel(t.Context(), o.ID, "the show is off", "organiser"); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					w.time.Pass(time.Hour)
					if err := w.Reconcile(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if w.bank.get(ref).Refunded != 0 || -w.balance(t, "owed") != o.Total || w.balance(t, "disputed") != o.Total {
					t.Errorf("while the bank decides %d went back, %d are owed, %d disputed", w.bank.get(ref).Refunded, -w.balance(t, "owed"), w.balance(t, "disputed"))
				}
				w.bank.set(ref, func(p *payment.Payment) { p.Dispute.State = end })
				for range 3 {
					w.time.Pass(time.Hour)
					if err := w.Reconcile(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				w.settle(t, ref) // the notice of the decision
				if got := w.bank.get(ref).Refunded == o.Total; got != refunded || w.balance(t, "owed") != 0 || w.balance(t, "disputed") != 0 {
					t.Errorf("%d went back, %d are owed, %d disputed", w.bank.get(ref).Refunded, -w.balance(t, "owed"), w.balance(t, "disputed"))
				}
				if got := w.order(t, o.ID); got.State != sales.Cancelled && got.State != sales.Refunded || w.left(t, "floor") != 20 {
					t.Errorf("it is %s, and %d places are left", got.State, w.left(t, "floor"))
				}
				w.sound(t)
			})
		})
	}
}

// Nobody may have told usher of a payment before the bank took it back for good. One
// that pays nothing has gone back by that, and is never asked back.
func TestDisputeBeforeThePayment(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.byCard(t, w.begin(t, ga(1)))
		w.bank.set(o.Ref(), func(p *payment.Payment) {
			p.Amount, p.Dispute = p.Amount+1, payment.Dispute{State: payment.DisputeLost, Amount: p.Amount + 1}
		})
		w.bank.ends(o.Ref(), payment.Paid)
		w.settle(t, o.Ref())
		var open int
		if err := w.db.Read().QueryRowContext(t.Context(), `select count(*) from order_refund where state = 'asked'`).Scan(&open); err != nil || open != 0 {
			t.Errorf("%d refunds wait for a bank that has decided: %v", open, err)
		}
		if got := w.order(t, o.ID); got.State != sales.Refunded || w.balance(t, "owed") != 0 || w.balance(t, "disputed") != 0 || w.balance(t, "at:test") != 0 {
			t.Errorf("it is %s, with %d owed and %d disputed", got.State, w.balance(t, "owed"), w.balance(t, "disputed"))
		}
		w.sound(t)
	})
}

// What the provider keeps is a cost, told once it is known.
func TestFees(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.paid(t, ga(1))
		w.bank.set(w.refOf(t, o), func(p *payment.Payment) { p.Fee = 95 })
		for range 2 {
			w.settle(t, w.refOf(t, o))
		}
		if w.balance(t, "cost:test") != 95 || w.balance(t, "at:test") != o.Total-95 {
			t.Errorf("the fee is %d, and %d are at the provider", w.balance(t, "cost:test"), w.balance(t, "at:test"))
		}
		w.sound(t)
	})
}
