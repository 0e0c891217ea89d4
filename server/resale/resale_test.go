package resale_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/server/catalog"
	"usher/server/payment"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// From list to payout: the ticket changes hands with the payment, the seller's code is
// void from then on, and every cent is somewhere at every step.
func TestSellOn(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		first := w.Buys(t, ada, ga(2)) // 27.00 each and 1.50
		id := first.Tickets[0]
		before := w.TicketNow(t, event, id)
		l := w.lists(t, id, 2870) // with 1.00 on top it is at the cap
		if now := w.TicketNow(t, event, id); now.State != ticketing.Valid || now.Generation != before.Generation {
			t.Errorf("a ticket that is for sale is %+v", now)
		}
		second := w.Begins(t, of(l))
		if second.Total != 2970 || second.Fee != 0 || !second.Resold() {
			t.Fatalf("the order is %+v", second)
		}
		_, err := w.TakeBack(t.Context(), l.ID)
		shoptest.WantKind(t, "taking back what somebody holds", err, fault.Refused)
		_, ref := w.ToBank(t, second, grace)
		w.Bank.Ends(ref, payment.Paid)
		w.Settles(t, ref)
		second = w.OrderNow(t, second.ID)
		if second.State != sales.Paid || !slices.Equal(second.Tickets, []ticket.ID{id}) {
			t.Fatalf("the buyer's order is %s with %v", second.State, second.Tickets)
		}
		now := w.TicketNow(t, event, id)
		if now.Email != "grace@people.example" || now.Name != "Grace" || now.Generation != before.Generation+1 || now.Token == before.Token || now.Order != second.Code {
			t.Errorf("the ticket is %+v", now)
		}
		w.sound(t)
		if n := -w.Balance(t, "resale"); n != 2870 {
			t.Errorf("%d are held for the seller", n)
		}
		w.look(t)
		if l = w.listing(t, l.ID); l.State != resale.Sold || l.Payout != resale.Held || l.BuyerOrder != second.ID {
			t.Errorf("before anybody came in the listing is %+v", l)
		}
		w.Doors.Admit(id)
		w.look(t)
		// 5 percent of 28.70 are 1.44. Of 27.26 the 27.00 that were paid go back by card.
		if l = w.listing(t, l.ID); l.Payout != resale.Credited || l.Kept != 144 || l.Card != 2700 || l.Hand != 26 {
			t.Errorf("after that it is %+v", l)
		}
		if p := w.Bank.Get("p1"); p.Refunded != 0 {
			t.Errorf("%d went back to the seller's card past the pace of refunds", p.Refunded)
		}
		w.reconciles(t)
		if p := w.Bank.Get("p1"); p.Refunded != 2700 {
			t.Errorf("%d went back to the seller's card", p.Refunded)
		}
		w.sound(t)
		for range 2 {
			if err := w.PaidByHand(t.Context(), l.ID, "transfer 17", "organiser"); err != nil {
				t.Fatal(err)
			}
		}
		w.look(t)
		w.sound(t)
		if n := w.Balance(t, "at:bank"); n != -26 {
			t.Errorf("%d were paid by hand", -n)
		}
		if got := w.mails(t, first.ID); !slices.Equal(got, []string{"resell_credited", "resell_listed", "resell_paid", "resell_sold", "tickets"}) {
			t.Errorf("the seller had %v", got)
		}
		if got := w.mails(t, second.ID); !slices.Equal(got, []string{"tickets"}) {
			t.Errorf("the buyer had %v", got)
		}
		passages, err := w.Tickets.Passages(t.Context(), event, id)
		hands := passages[id]
		if err != nil || len(hands) != 1 || hands[0].How != ticketing.ByResale || hands[0].Ref != l.ID || hands[0].From.Name != "Ada" || hands[0].To.Name != "Grace" {
			t.Errorf("it went through the hands of %+v, %v", hands, err)
		}
	})
}

// What was sold on is no longer the seller's to print, refund or have blocked.
func TestSoldOnIsNotTheSellersAnyMore(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		first := w.Buys(t, ada, ga(2))
		l := w.lists(t, first.Tickets[0], 2000)
		w.Buys(t, grace, of(l))
		own, err := w.Sales.Own(t.Context(), w.DB.Read(), &first)
		if err != nil || !slices.Equal(own, first.Tickets[1:]) {
			t.Errorf("the seller's own are %v, %v", own, err)
		}
		_, err = w.Sales.Refund(t.Context(), first.ID, sales.Refund{Key: "k", Why: "asked", Who: "organiser", Tickets: first.Tickets[:1]})
		shoptest.WantKind(t, "refunding it to the seller", err, fault.BadInput)
		w.Bank.Set("p1", func(p *payment.Payment) { p.Dispute = payment.Dispute{State: payment.DisputeOpen, Amount: 5550} })
		w.Settles(t, "p1")
		if a, b := w.TicketNow(t, event, first.Tickets[0]), w.TicketNow(t, event, first.Tickets[1]); a.State != ticketing.Valid || b.State != ticketing.Blocked {
			t.Errorf("disputed, they are %s and %s", a.State, b.State)
		}
		w.Doors.Admit(first.Tickets[0])
		w.look(t)
		if l = w.listing(t, l.ID); l.Payout != resale.Held {
			t.Errorf("while the bank decides the payout is %s", l.Payout)
		}
		w.Bank.Set("p1", func(p *payment.Payment) { p.Dispute.State = payment.DisputeLost; p.Refunded = 0 })
		w.Settles(t, "p1")
		w.look(t)
		if l = w.listing(t, l.ID); l.Payout != resale.Withheld || w.TicketNow(t, event, l.Ticket).State != ticketing.Valid {
			t.Errorf("after a charge-back the payout is %s", l.Payout)
		}
		if n := -w.Balance(t, "resale"); n != 0 {
			t.Errorf("%d are held", n)
		}
		w.sound(t)
	})
}

// A ticket that was sold on is not shown to its seller, even where the seller's order named
// who has bought it.
func TestSoldOnToAHolderOfTheOrder(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Begins(t, ga(2))
		d := ada
		d.Holders = []sales.Holder{{Name: "Ada"}, {Name: "Grace", Email: "grace@people.example"}}
		_, url, err := w.Sales.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &d})
		if err != nil {
			t.Fatal(err)
		}
		ref := url[strings.LastIndex(url, "/")+1:]
		w.Bank.Ends(ref, payment.Paid)
		w.Settles(t, ref)
		o = w.OrderNow(t, o.ID)
		second := w.Buys(t, grace, of(w.lists(t, o.Tickets[0], 2000)))
		given, err := w.Sales.Given(t.Context(), &o)
		if _, sold := given[o.Tickets[0]]; err != nil || len(given) != 1 || !sold {
			t.Errorf("from the seller went %v, %v", given, err)
		}
		if list, err := w.Sales.Held(t.Context(), &o); err != nil || len(list) != 1 || list[0].ID != o.Tickets[1] {
			t.Errorf("the seller's order shows %v, %v", list, err)
		}
		if list, err := w.Sales.Held(t.Context(), &second); err != nil || len(list) != 1 {
			t.Errorf("the buyer's order shows %v, %v", list, err)
		}
	})
}

// All that is left of an order goes back without what was paid for a ticket that was
// sold on, and with the payout it is never more than was paid.
func TestRefundTheRest(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		first := w.Buys(t, ada, ga(2))
		l := w.lists(t, first.Tickets[0], 2870)
		w.Buys(t, grace, of(l))
		w.Doors.Admit(l.Ticket)
		w.look(t)
		first, err := w.Sales.Refund(t.Context(), first.ID, sales.Refund{Key: "k", Why: "asked", Who: "organiser"})
		if err != nil || first.Refunded != 2850 || first.PaidOut != 2700 {
			t.Fatalf("%d went back and %d were paid out, %v", first.Refunded, first.PaidOut, err)
		}
		if w.TicketNow(t, event, first.Tickets[0]).State != ticketing.Valid || w.TicketNow(t, event, first.Tickets[1]).State != ticketing.Cancelled {
			t.Error("the wrong ticket is void")
		}
		_, err = w.Sales.Refund(t.Context(), first.ID, sales.Refund{Key: "more", Why: "asked", Who: "organiser", Amount: 1})
		shoptest.WantKind(t, "more than was paid", err, fault.Refused)
		w.sound(t)
	})
}

// A buyer who is refunded by the organiser gives the place back to the organiser, who
// pays for it; the seller is paid when the event is over.
func TestRefundTheBuyer(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		seat := shoptest.Cart("seat", 1)
		seat.Wanted[0].Seats = []string{"A-2"}
		first := w.Buys(t, ada, seat)
		l := w.lists(t, first.Tickets[0], 3000)
		second := w.Buys(t, grace, of(l))
		if got := w.TicketNow(t, event, l.Ticket); got.Seat != "A-2" || second.Items[0].Seats[0] != "A-2" {
			t.Errorf("its seat is %q and %v", got.Seat, second.Items[0].Seats)
		}
		second, err := w.Sales.Refund(t.Context(), second.ID, sales.Refund{Key: "k", Why: "ill", Who: "organiser"})
		if err != nil || second.State != sales.Refunded || second.Refunded != 3100 {
			t.Fatalf("%s with %d back, %v", second.State, second.Refunded, err)
		}
		w.sound(t)
		again := w.Begins(t, seat) // for sale once
		_, err = w.Sales.Begin(t.Context(), seat)
		shoptest.WantKind(t, "selling it twice", err, fault.Refused)
		_, err = w.Sales.Begin(t.Context(), of(l))
		shoptest.WantKind(t, "selling the listing again", err, fault.Refused)
		if _, err := w.Sales.Leave(t.Context(), again.ID); err != nil {
			t.Fatal(err)
		}
		w.Time.Set(time.Date(2026, 8, 5, 0, 0, 0, 0, time.UTC)) // the event is over
		w.look(t)
		if l = w.listing(t, l.ID); l.Payout != resale.Credited || l.Card != 2850 {
			t.Errorf("the seller's payout is %+v", l)
		}
		w.sound(t)
	})
}

// What may not be listed isn't, and nothing is changed.
func TestListRefused(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(4))
		try := func(what string, n int, price int64, kind fault.Kind) {
			t.Helper()
			_, err := w.List(t.Context(), w.TicketNow(t, event, o.Tickets[n]), resale.Asked{Price: price})
			shoptest.WantKind(t, what, err, kind)
		}
		try("above the cap", 0, 2871, fault.BadInput)
		try("for nothing", 0, 0, fault.BadInput)
		_, err := w.List(t.Context(), w.TicketNow(t, event, o.Tickets[0]), resale.Asked{Price: 100, Account: "a\x00b"})
		shoptest.WantKind(t, "to an account that is no text", err, fault.BadInput)
		w.Doors.Admit(o.Tickets[0])
		try("somebody came in with", 0, 2000, fault.Refused)
		w.lists(t, o.Tickets[1], 2000)
		try("twice", 1, 1900, fault.Refused)
		if _, err := w.Tickets.Revoke(t.Context(), w.TicketNow(t, event, o.Tickets[2]), ticketing.Cancelled, "lost"); err != nil {
			t.Fatal(err)
		}
		try("that is void", 2, 2000, fault.Refused)
		old := w.TicketNow(t, event, o.Tickets[3])
		if _, err := w.Tickets.Transfer(t.Context(), old, "Grace", "grace@people.example", "given"); err != nil {
			t.Fatal(err)
		}
		_, err = w.List(t.Context(), old, resale.Asked{Price: 2000})
		shoptest.WantKind(t, "that is somebody else's by now", err, fault.Refused)
		if all, err := w.All(t.Context(), event); err != nil || len(all) != 1 {
			t.Errorf("there are %d listings, %v", len(all), err)
		}
		w.Time.Set(time.Date(2026, 8, 5, 0, 0, 0, 0, time.UTC))
		try("when the event is over", 3, 2000, fault.Refused)
	})
}

// What has ended a listing is seen a moment later. Whoever lists the ticket in between is
// asked to wait for that.
func TestListingAgainBeforeTheLook(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(1))
		l := w.lists(t, o.Tickets[0], 2000)
		if _, err := w.Tickets.Reissue(t.Context(), w.TicketNow(t, event, l.Ticket), "lost phone"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.List(t.Context(), w.TicketNow(t, event, l.Ticket), resale.Asked{Price: 2000}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("listed again at once: %v", err)
		}
		w.look(t)
		w.lists(t, l.Ticket, 2000)
	})
}

// What happens to a ticket ends its listing, and a payment that comes too late for it
// goes back.
func TestListingEnds(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(*testing.T, *world, resale.Listing)
		why     string
	}{
		"its seller came in": {func(_ *testing.T, w *world, l resale.Listing) { w.Doors.Admit(l.Ticket) }, resale.Entered},
		"it is void": {func(t *testing.T, w *world, l resale.Listing) {
			if _, err := w.Tickets.Revoke(t.Context(), w.TicketNow(t, event, l.Ticket), ticketing.Revoked, "stolen"); err != nil {
				t.Fatal(err)
			}
		}, resale.Changed},
		"it has a new code": {func(t *testing.T, w *world, l resale.Listing) {
			if _, err := w.Tickets.Reissue(t.Context(), w.TicketNow(t, event, l.Ticket), "lost phone"); err != nil {
				t.Fatal(err)
			}
		}, resale.Changed},
		"the cap is lower": {func(t *testing.T, w *world, _ resale.Listing) {
			w.Apply(t, strings.Replace(file, "cap_percent = 110", "cap_percent = 77", 1)) // 20.79, and with the fee it is 21.00
		}, resale.AboveCap},
		"the event is over": {func(_ *testing.T, w *world, _ resale.Listing) {
			w.Time.Set(time.Date(2026, 8, 5, 0, 0, 0, 0, time.UTC))
		}, resale.TimeOver},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				o := w.Buys(t, ada, ga(1))
				l := w.lists(t, o.Tickets[0], 2000)
				_, ref := w.ToBank(t, w.Begins(t, of(l)), grace)
				c.happens(t, w, l)
				before := w.TicketNow(t, event, l.Ticket)
				w.look(t)
				if l = w.listing(t, l.ID); l.State != resale.Ended || l.Why != c.why {
					t.Errorf("the listing is %s, %s", l.State, l.Why)
				}
				w.Bank.Ends(ref, payment.Paid)
				w.Settles(t, ref)
				if p := w.Bank.Get(ref); p.Refunded != p.Amount {
					t.Errorf("%d of %d went back", p.Refunded, p.Amount)
				}
				if now := w.TicketNow(t, event, l.Ticket); now.Email != before.Email || now.Generation != before.Generation {
					t.Errorf("the ticket is %+v", now)
				}
				w.sound(t)
			})
		})
	}
}

// A payment that comes when the hold is over takes the ticket if it is for sale still,
// and goes back if it was taken off sale meanwhile.
func TestLatePayment(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(2))
		for n, back := range []bool{false, true} {
			l := w.lists(t, o.Tickets[n], 2000)
			late := w.Begins(t, of(l))
			_, ref := w.ToBank(t, late, grace)
			w.Time.Pass(11 * time.Minute)
			if _, _, err := w.Stock.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
			if back {
				if _, err := w.TakeBack(t.Context(), l.ID); err != nil {
					t.Fatal(err)
				}
			}
			w.Bank.Ends(ref, payment.Paid)
			w.Settles(t, ref)
			late, l = w.OrderNow(t, late.ID), w.listing(t, l.ID)
			want := map[bool]struct {
				o sales.State
				l resale.State
			}{false: {sales.Paid, resale.Sold}, true: {sales.Refunded, resale.Ended}}[back]
			if late.State != want.o || l.State != want.l {
				t.Errorf("taken back: %t: the order is %s, the listing %s", back, late.State, l.State)
			}
			w.sound(t)
		}
	})
}

// Of several listings in one order none changes hands when one is over.
func TestAllOrNone(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(2))
		a, b := w.lists(t, o.Tickets[0], 2000), w.lists(t, o.Tickets[1], 2100)
		both := w.Begins(t, of(a, b))
		_, ref := w.ToBank(t, both, grace)
		w.Doors.Admit(b.Ticket)
		w.Bank.Ends(ref, payment.Paid)
		w.Settles(t, ref)
		if got := w.OrderNow(t, both.ID); got.State != sales.Refunded {
			t.Errorf("the order is %s", got.State)
		}
		if w.TicketNow(t, event, a.Ticket).Name != "Ada" {
			t.Error("one of the two changed hands")
		}
		w.look(t)
		w.Buys(t, grace, of(a)) // its place is free again
		_, err := w.Sales.Begin(t.Context(), of(b))
		shoptest.WantKind(t, "buying what ended", err, fault.Refused)
		c := w.lists(t, w.Buys(t, ada, ga(1)).Tickets[0], 2000)
		mixed := of(c)
		mixed.Wanted = append(mixed.Wanted, ga(1).Wanted...)
		_, err = w.Sales.Begin(t.Context(), mixed)
		shoptest.WantKind(t, "with a new ticket", err, fault.BadInput)
		w.sound(t)
	})
}

// A ticket goes on from hand to hand, always under the cap of what it cost at first. Each
// seller is paid once, and who got it as a present is paid by hand.
func TestSoldOnTwice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(1))
		id := o.Tickets[0]
		first := w.lists(t, id, 2870)
		second := w.Buys(t, grace, of(first))
		_, err := w.List(t.Context(), w.TicketNow(t, event, id), resale.Asked{Price: 2871})
		shoptest.WantKind(t, "above the cap of what it cost at first", err, fault.BadInput)
		if _, err := w.Tickets.Transfer(t.Context(), w.TicketNow(t, event, id), "Joan", "joan@people.example", "a present"); err != nil {
			t.Fatal(err)
		}
		l := w.lists(t, id, 1000)
		if l.Own || l.Face != 2700 || l.SellerOrder != second.ID {
			t.Errorf("the listing is %+v", l)
		}
		w.Buys(t, mary, of(l))
		w.Doors.Admit(id)
		w.look(t)
		w.look(t)
		if l = w.listing(t, l.ID); l.Card != 0 || l.Hand != 950 {
			t.Errorf("who got it as a present has %+v", l)
		}
		if first = w.listing(t, first.ID); first.Card+first.Hand != 2726 {
			t.Errorf("the first seller has %+v", first)
		}
		w.sound(t)
		list, more, err := w.Payouts(t.Context(), event)
		if err != nil || len(list) != 2 || more != 0 {
			t.Errorf("to be paid by hand are %+v, %v", list, err)
		}
	})
}

// What the bank will not give back to a card is paid by hand.
func TestPayoutRefusedByTheBank(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(1))
		l := w.lists(t, o.Tickets[0], 2000)
		w.Buys(t, grace, of(l))
		w.Bank.Has(shoptest.Line{Refusing: true})
		w.Doors.Admit(l.Ticket)
		w.look(t)
		w.reconciles(t)
		if l = w.listing(t, l.ID); l.Card != 0 || l.Hand != 1900 || w.OrderNow(t, o.ID).PaidOut != 0 {
			t.Errorf("the payout is %+v", l)
		}
		w.sound(t)
	})
}

// The newest listing of a ticket is the one that is open, when it was listed twice within
// the same instant.
func TestListedAgainAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, file)
		id := w.Buys(t, ada, ga(1)).Tickets[0]
		for range 5 {
			l := w.lists(t, id, 2000)
			if got, there, err := w.Of(t.Context(), event, id); err != nil || !there || got.ID != l.ID {
				t.Fatalf("the newest listing is %q, %t, %v, and should be %s", got.ID, there, err, l.ID)
			}
			if _, err := w.TakeBack(t.Context(), l.ID); err != nil {
				t.Fatal(err)
			}
		}
	})
}
