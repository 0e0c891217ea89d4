package resale_test

import (
	"strings"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/server/calloff"
	"usher/server/payment"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// moves has the event take place thirty days later, and everybody told. Tickets may be
// given back until ten days before.
func (w *world) moves(t *testing.T) *calloff.Office {
	t.Helper()
	office := w.calloff(0)
	e, err := w.Catalog.Event(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	day := int64(24 * time.Hour / time.Second)
	m := calloff.Moving{Starts: e.Starts + 30*day, Ends: e.Ends + 30*day, Choose: e.Starts + 20*day, Why: "the singer is ill", Who: "organiser"}
	if _, err := office.Move(t.Context(), event, m); err != nil {
		t.Fatal(err)
	}
	w.Time.Pass(2 * time.Second)
	if err := office.WorkOff(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.look(t)
	return office
}

// told gives what somebody is told of the move; "" for nothing.
func (w *world) told(t *testing.T, who string) string {
	t.Helper()
	list := w.letters(t, "moved", who)
	if len(list) == 0 {
		return ""
	}
	l, err := w.Sales.Compose(t.Context(), list[0])
	if err != nil || len(list) > 1 {
		t.Fatalf("%s has %d letters, %v", who, len(list), err)
	}
	return l.Text
}

// When an event is moved, who bought a ticket of somebody may give it back for what they
// paid, and who sold it may not, and is paid when the event is over at its new time. What
// was for sale isn't any more: its seller has the same choice as all, and who waits is told
// and waits on.
func TestMoved(t *testing.T) {
	onList(t, map[string]int{"joan": 1}, func(t *testing.T, w *world) {
		first := w.Buys(t, ada, ga(2)) // 27.00 each and 1.50
		up := w.lists(t, first.Tickets[0], 2870)
		claimed, err := w.claims(t, up, w.link(t, "resell_offer", resale.OfferPath, "joan"))
		if err != nil {
			t.Fatal(err)
		}
		_, ref := w.ToBank(t, claimed, shoptest.Buyer("Joan"))
		w.Bank.Ends(ref, payment.Paid)
		w.Settles(t, ref)
		second := w.OrderNow(t, claimed.ID)
		w.waits(t, "joan", 1)
		up = w.listing(t, up.ID)
		gone := w.Buys(t, shoptest.Buyer("Eve"), ga(1))
		hers := w.lists(t, gone.Tickets[0], 2000)
		w.passes(t) // joan doesn't want it
		w.Buys(t, mary, of(hers))
		paid := w.Buys(t, shoptest.Buyer("Dan"), ga(1))
		his := w.lists(t, paid.Tickets[0], 2000)
		w.Buys(t, shoptest.Buyer("Rose"), of(his))
		w.Doors.Admit(his.Ticket) // some came in before it was moved
		w.look(t)
		w.waits(t, "joan", 1)
		open := w.lists(t, first.Tickets[1], 2000)
		w.wantKept(t, open.ID, "joan")

		office := w.moves(t)
		if l := w.listing(t, open.ID); l.State != resale.Ended || l.Why != resale.Moved {
			t.Errorf("what was for sale is %s, %s", l.State, l.Why)
		}
		w.wantGone(t, "joan", true)
		w.wantLeft(t, map[string]int{"joan": 1})
		const choose, money = "give your tickets back on your order", "What you have sold of it is paid to you"
		for who, want := range map[string][2]bool{"ada": {true, true}, "joan": {true, false}, "eve": {false, true}, "mary": {true, false}, "rose": {true, false}} {
			text := w.told(t, who)
			if !strings.Contains(text, "the singer is ill") || strings.Contains(text, choose) != want[0] || strings.Contains(text, money) != want[1] {
				t.Errorf("%s is told %q", who, text)
			}
		}
		if text := w.told(t, "dan"); text != "" {
			t.Errorf("who has sold all and was paid is told %q", text)
		}

		_, err = w.Sales.GiveBack(t.Context(), first.ID, []ticket.ID{up.Ticket})
		shoptest.WantKind(t, "giving back what one has sold", err, fault.Refused)
		_, err = w.Sales.GiveBack(t.Context(), gone.ID, gone.Tickets)
		shoptest.WantKind(t, "giving back all that one has sold", err, fault.Refused)
		w.Time.Set(time.Date(2026, 8, 5, 0, 0, 0, 0, time.UTC)) // the old end
		w.look(t)
		if a, b := w.listing(t, up.ID), w.listing(t, hers.ID); a.Payout != resale.Held || b.Payout != resale.Held {
			t.Errorf("at the old end the payouts are %s and %s", a.Payout, b.Payout)
		}
		if second, err = w.Sales.GiveBack(t.Context(), second.ID, second.Tickets); err != nil || second.Refunded != 2970 || second.State != sales.Refunded {
			t.Errorf("who bought it gave it back: %s, %d, %v", second.State, second.Refunded, err)
		}
		if k := w.TicketNow(t, event, up.Ticket); k.State != ticketing.Cancelled {
			t.Errorf("then the ticket is %s", k.State)
		}
		if first, err = w.Sales.GiveBack(t.Context(), first.ID, []ticket.ID{open.Ticket}); err != nil || first.Refunded != 2850 { // with the fee of the order, as it was the last
			t.Errorf("who had the other for sale gave it back: %d, %v", first.Refunded, err)
		}
		w.sound(t)

		if err := office.Reopen(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		w.Time.Pass(2 * time.Second)
		mary, err := w.Sales.Find(t.Context(), sales.Search{Text: w.TicketNow(t, event, hers.Ticket).Order, Limit: 1})
		if err != nil || len(mary) != 1 {
			t.Fatal(err)
		}
		w.wantKept(t, w.lists(t, mary[0].Tickets[0], 2000).ID, "joan") // first in line still
		w.Time.Set(time.Date(2026, 9, 4, 0, 0, 0, 0, time.UTC).Add(-time.Second))
		w.look(t)
		if l := w.listing(t, hers.ID); l.Payout != resale.Held {
			t.Errorf("a second before the new end the payout is %s", l.Payout)
		}
		w.isOverAt(t, time.Date(2026, 9, 4, 0, 0, 0, 0, time.UTC))
	})
}

// isOverAt lets the event end, and fails unless all sellers are credited then.
func (w *world) isOverAt(t *testing.T, end time.Time) {
	t.Helper()
	w.Time.Set(end)
	for range 2 {
		w.look(t)
		w.reconciles(t)
	}
	all, err := w.All(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if l.State == resale.Sold && (l.Payout != resale.Credited || l.Card+l.Hand != l.Net()) || l.State == resale.Open {
			t.Errorf("when it is over the listing of %s is %s, %s", l.SellerName, l.State, l.Payout)
		}
	}
	w.sound(t)
}
