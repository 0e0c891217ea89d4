package sales_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/server/payment"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// returns is the event's file with terms by which buyers may give back.
func returns(terms string) string {
	return strings.Replace(file, "terms = \"No refunds", "refund = "+terms+"\nterms = \"No refunds", 1)
}

// gaveBack gives tickets back for a buyer, which has to work.
func (w *world) gaveBack(t testing.TB, o sales.Order, ids ...ticket.ID) sales.Order {
	t.Helper()
	o, err := w.GiveBack(t.Context(), o.ID, ids)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// One of two tickets goes back by the event's terms: the fee is kept, the ticket is
// void, its place for sale once, and the same again changes nothing.
func TestGiveOneBack(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, returns(`{ hours_before = 48, keep_percent = 10 }`))
		o := w.Buys(t, ada, ga(2)) // 27.00 each and 1.50 of the order
		shop, err := w.Catalog.Shop(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		terms := sales.TermsOf(shop, w.Time.Now())
		list, err := w.Returnable(t.Context(), &o, terms)
		if err != nil || len(list) != 2 || list[0] != (sales.Returnable{ID: o.Tickets[0], Back: 2430, Kept: 270}) {
			t.Fatalf("before it may give back %+v, %v", list, err)
		}
		for range 2 {
			o = w.gaveBack(t, o, o.Tickets[1])
			if o.State != sales.PartRefunded || o.Refunded != 2430 || w.Left(t, "floor") != 19 {
				t.Fatalf("it is %s, %d went back, %d places are left", o.State, o.Refunded, w.Left(t, "floor"))
			}
		}
		if got := w.states(t, o); !slices.Equal(got, []ticketing.State{ticketing.Valid, ticketing.Cancelled}) {
			t.Errorf("the tickets are %v", got)
		}
		if p := w.Bank.Get(w.refOf(t, o)); p.Refunded != 2430 {
			t.Errorf("%d went back at the bank", p.Refunded)
		}
		if list, err := w.Returnable(t.Context(), &o, terms); err != nil || list[0].Why != "" || list[1].Why != sales.ReasonVoid {
			t.Errorf("after it may give back %+v, %v", list, err)
		}
		o = w.gaveBack(t, o, o.Tickets[0])
		if o.State != sales.PartRefunded || o.Refunded != 4860 || w.Left(t, "floor") != 20 {
			t.Errorf("in the end it is %s, %d went back, %d places are left", o.State, o.Refunded, w.Left(t, "floor"))
		}
		if n := w.Balance(t, "owed"); n != 0 {
			t.Errorf("%d are owed", n)
		}
		if got := w.Balance(t, "sales") + w.Balance(t, "service") + w.Balance(t, "tax"); got != -(5550 - 4860) {
			t.Errorf("%d of it was kept in the ledger", -got)
		}
		if got := w.Mails(t, o.ID); !slices.Equal(got, []string{"given_back", "given_back", "tickets"}) {
			t.Errorf("the letters are %v", got)
		}
		w.Sound(t)
	})
}

// What a buyer may not give back is refused and changes nothing.
func TestGiveBackRefused(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		other := w.Buys(t, ada, ga(1))
		o := w.Buys(t, ada, ga(2))
		_, err := w.GiveBack(t.Context(), o.ID, o.Tickets)
		shoptest.WantKind(t, "where the event takes nothing back", err, fault.Refused)
		w.Apply(t, returns(`{ hours_before = 48 }`))
		for what, ids := range map[string][]ticket.ID{"nothing": nil, "another's ticket": {o.Tickets[0], other.Tickets[0]}, "no ticket": {{1, 2, 3}}} {
			_, err := w.GiveBack(t.Context(), o.ID, ids)
			shoptest.WantKind(t, what, err, fault.BadInput)
		}
		tickets, err := w.Tickets.Of(t.Context(), event, o.Tickets)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Tickets.Transfer(t.Context(), tickets[0], "Grace Hopper", "grace@friends.example", "given away"); err != nil {
			t.Fatal(err)
		}
		_, err = w.GiveBack(t.Context(), o.ID, o.Tickets[:1])
		shoptest.WantKind(t, "a ticket that was given away", err, fault.Refused)
		w.pend(t, o.Tickets[1])
		_, err = w.GiveBack(t.Context(), o.ID, o.Tickets[1:])
		shoptest.WantKind(t, "a ticket that is for sale", err, fault.Refused)
		w.Entered = func(_ context.Context, _ string, ids ...ticket.ID) ([]ticket.ID, error) { return ids[:1], nil }
		_, err = w.GiveBack(t.Context(), other.ID, other.Tickets)
		shoptest.WantKind(t, "a ticket that somebody came in with", err, fault.Refused)
		w.Entered = nil
		w.Time.Set(time.Date(2026, 8, 2, 18, 0, 0, 0, time.UTC)) // 48 hours before
		_, err = w.GiveBack(t.Context(), other.ID, other.Tickets)
		shoptest.WantKind(t, "too late", err, fault.Refused)
		if w.Left(t, "floor") != 17 || w.OrderNow(t, o.ID).Refunded != 0 {
			t.Errorf("%d places are left, %d went back", w.Left(t, "floor"), w.OrderNow(t, o.ID).Refunded)
		}
		w.Sound(t)
	})
}

// pend has a ticket be for sale.
func (w *world) pend(t testing.TB, id ticket.ID) {
	t.Helper()
	if err := w.DB.Exec(t.Context(), `insert into ticket_pending (event, ticket, what, ref, since) values ($1, $2, 'resale', 'r', 1)`, event, id.String()); err != nil {
		t.Fatal(err)
	}
}

// Two windows that give back overlapping tickets at the same moment give each back once.
func TestGiveBackInTwoWindows(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, returns(`{ keep = 1 }`))
		o := w.Buys(t, ada, ga(3))
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i, ids := range [][]ticket.ID{o.Tickets[:2], o.Tickets[1:], o.Tickets[:2], o.Tickets[1:]} {
			all.Go(func() { _, errs[i] = w.GiveBack(t.Context(), o.ID, ids) })
		}
		all.Wait()
		for _, err := range errs {
			if err != nil && !errors.Is(err, fault.Refused) {
				t.Error(err)
			}
		}
		w.Time.Pass(2 * time.Minute)
		if err := w.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		o = w.OrderNow(t, o.ID)
		if o.Refunded != 2*2600 || w.Left(t, "floor") != 19 {
			t.Errorf("%d went back, %d places are left", o.Refunded, w.Left(t, "floor"))
		}
		if p := w.Bank.Get(w.refOf(t, o)); p.Refunded != 2*2600 {
			t.Errorf("%d went back at the bank", p.Refunded)
		}
		w.Sound(t)
	})
}

// A ticket that somebody came in with is refunded by the organiser who says so, and it
// is written down; its holder, who is not the buyer, is told.
func TestRefundAfterEntry(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(2))
		tickets, err := w.Tickets.Of(t.Context(), event, o.Tickets)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Tickets.Transfer(t.Context(), tickets[0], "Grace Hopper", "grace@friends.example", "given away"); err != nil {
			t.Fatal(err)
		}
		w.Entered = func(_ context.Context, _ string, ids ...ticket.ID) ([]ticket.ID, error) {
			return slices.DeleteFunc(slices.Clone(ids), func(id ticket.ID) bool { return id != o.Tickets[0] }), nil
		}
		r := sales.Refund{Key: "1", Tickets: o.Tickets[:1], Why: "fell ill inside", Who: "organiser"}
		_, err = w.Refund(t.Context(), o.ID, r)
		shoptest.WantKind(t, "without saying so", err, fault.Refused)
		_, err = w.Cancel(t.Context(), o.ID, "w", "organiser")
		shoptest.WantKind(t, "cancelling without saying so", err, fault.Refused)
		r.Entered = true
		if o, err = w.Refund(t.Context(), o.ID, r); err != nil || o.Refunded != 2700 {
			t.Fatalf("%d went back, %v", o.Refunded, err)
		}
		story, err := w.Story(t.Context(), o.ID)
		if err != nil || !slices.ContainsFunc(story, func(h sales.Happening) bool {
			return h.Kind == "refund after entry" && strings.Contains(h.Text, "fell ill inside") && strings.Contains(h.Text, o.Tickets[0].Short())
		}) {
			t.Errorf("its history is %+v, %v", story, err)
		}
		mails, err := w.Post.About(t.Context(), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		told := false
		for _, m := range mails {
			if m.Kind != "void" {
				continue
			}
			l, err := w.Compose(t.Context(), m.Mail)
			if told = err == nil && m.To == "grace@friends.example"; !told || strings.Contains(l.Text+l.HTML, "Ada") || strings.Contains(l.Text+l.HTML, "/order/") || !strings.Contains(l.Text, "fell ill inside") {
				t.Errorf("the holder is told at %s: %s, %v", m.To, l.Text, err)
			}
		}
		if !told {
			t.Error("the holder is not told")
		}
		if o, err = w.CancelEntered(t.Context(), o.ID, "w", "organiser"); err != nil || o.State != sales.Cancelled || o.Refunded != o.Total {
			t.Errorf("cancelled, it is %+v, %v", o, err)
		}
		w.Sound(t)
	})
}

// A refund that the provider can't do now waits, with what it said, longer each time;
// one that it will never do says so and is given by hand.
func TestRefundsSayHowTheyStand(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, returns(`{}`))
		o := w.Buys(t, ada, ga(2))
		w.Bank.Has(shoptest.Line{Trouble: fault.New(fault.Unavailable, "the bank is down")})
		o = w.gaveBack(t, o, o.Tickets[0])
		one := func() sales.GoingBack {
			list, err := w.Refunds(t.Context(), o.ID)
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			return list[0]
		}
		if r := one(); r.Stage() != sales.Trying || r.Problem != "the bank is down" || r.Amount != 2700 {
			t.Errorf("it stands as %+v", r)
		}
		w.Bank.Has(shoptest.Line{Refusing: true})
		w.Time.Pass(2 * time.Minute)
		if err := w.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := one()
		if r.Stage() != sales.Failed || r.Problem == "" || w.Balance(t, "owed") != -2700 {
			t.Errorf("refused, it stands as %+v, and %d are owed", r, w.Balance(t, "owed"))
		}
		shoptest.WantKind(t, "given under another order", w.GivenByHand(t.Context(), "x", r.ID, "transfer 7", "organiser"), fault.NotFound)
		for range 2 {
			if err := w.GivenByHand(t.Context(), o.ID, r.ID, "transfer 7", "organiser"); err != nil {
				t.Fatal(err)
			}
		}
		if r := one(); r.Stage() != sales.ByHand || w.Balance(t, "owed") != 0 || w.Balance(t, "at:bank") != -2700 {
			t.Errorf("in the end it stands as %+v, and %d are owed", r, w.Balance(t, "owed"))
		}
		w.Sound(t)
	})
}

// A server that dies while tickets are given back leaves nothing that isn't finished.
func TestDiesWhileGivingBack(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, returns(`{ keep = 1 }`))
		for step := 1; step < 5; step++ {
			o := w.Buys(t, ada, ga(2))
			before, count := w.Left(t, "floor"), 0
			w.Step(func(string) error {
				if count++; count == step {
					return errCrash
				}
				return nil
			})
			w.again(t, func() error { _, err := w.GiveBack(t.Context(), o.ID, o.Tickets); return err })
			w.Time.Pass(2 * time.Minute)
			w.again(t, func() error { return w.Reconcile(t.Context()) })
			w.Step(func(string) error { return nil })
			if p := w.Bank.Get(w.refOf(t, o)); p.Refunded != 5200 || p.State != payment.Paid || w.Left(t, "floor") != before+2 || w.Balance(t, "owed") != 0 {
				t.Fatalf("step %d: %+v, %d places are left of %d, %d owed", step, p, w.Left(t, "floor"), before, w.Balance(t, "owed"))
			}
		}
		w.Sound(t)
	})
}
