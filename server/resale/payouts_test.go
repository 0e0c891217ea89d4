package resale_test

import (
	"strings"
	"testing"
	"time"

	"usher/server/resale"
	"usher/server/shoptest"
	"usher/sync/fault"
)

// reconciles does what sales does all the time, which has to work.
func (w *world) reconciles(t shoptest.TB) {
	t.Helper()
	if err := w.Sales.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What the bank refuses to give to a card for good, after the seller was paid the rest by
// hand, is all that is to be paid by hand then: nothing is paid twice.
func TestPayoutRefusedAfterTheRestWasPaid(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(1))
		l := w.lists(t, o.Tickets[0], 2870) // 27.26 of it are Ada's, and 27.00 went by card
		w.Buys(t, grace, of(l))
		w.Bank.Has(shoptest.Line{Trouble: fault.New(fault.Unavailable, "the bank is closed")})
		w.Doors.Admit(l.Ticket)
		w.look(t)
		_ = w.Sales.Reconcile(t.Context()) // the bank is closed
		pay := func(how string, want int64) {
			t.Helper()
			if due := w.payouts(t)[0].Due(); due != want {
				t.Errorf("%d are to be paid by hand, want %d", due, want)
			}
			for range 2 {
				if err := w.PaidByHand(t.Context(), l.ID, how, "organiser"); err != nil {
					t.Fatal(err)
				}
			}
			w.sound(t)
		}
		pay("transfer 17", 26)
		w.Bank.Has(shoptest.Line{Refusing: true})
		w.Time.Pass(2 * time.Minute)
		w.reconciles(t)
		w.sound(t)
		if l = w.listing(t, l.ID); l.Card != 0 || l.Hand != 2726 || l.HandPaid != 26 || l.HandHow != "transfer 17" {
			t.Errorf("the payout is %+v", l)
		}
		pay("transfer 18", 2700)
		if n := w.Balance(t, "at:bank"); n != -2726 {
			t.Errorf("%d were paid by hand", -n)
		}
		if l = w.listing(t, l.ID); l.Due() != 0 || l.HandHow != "transfer 18" {
			t.Errorf("at last the payout is %+v", l)
		}
		if got := w.said(t, o.ID, "resell_paid"); len(got) != 2 ||
			!strings.Contains(got[0], "€0.26") || !strings.Contains(got[0], "transfer 17") || !strings.Contains(got[1], "€27.00") || !strings.Contains(got[1], "transfer 18") {
			t.Errorf("the seller was told %q", got)
		}
	})
}

// payouts lists who is paid by hand, somebody at least.
func (w *world) payouts(t *testing.T) []resale.Listing {
	t.Helper()
	list, _, err := w.Payouts(t.Context(), event)
	if err != nil || len(list) == 0 {
		t.Fatalf("by hand are paid %+v, %v", list, err)
	}
	return list
}

// said gives what letters of a kind about an order say, in turn.
func (w *world) said(t *testing.T, id, kind string) (texts []string) {
	t.Helper()
	list, err := w.Post.About(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.Kind != kind {
			continue
		}
		letter, err := w.Compose(t.Context(), m.Mail)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, letter.Text)
	}
	return texts
}

// Whoever is still to be paid is on the list, however many have been paid before, and the
// list says how many it leaves out.
func TestWhoIsToBePaidComesFirst(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		l := w.lists(t, w.Buys(t, ada, ga(1)).Tickets[0], 2870) // 27.26 of it are Ada's, and 27.00 went by card
		w.Buys(t, grace, of(l))
		w.Doors.Admit(l.Ticket)
		w.look(t)
		paid := strings.NewReplacer("id, event,", "id || '-' || n.i, event,", "made_at,", "made_at - 1,", "hand_paid,", "hand,").Replace(resale.Columns)
		err := w.DB.Exec(t.Context(), `insert into resale_listing (`+resale.Columns+`)
			with recursive n(i) as (select 1 union all select i + 1 from n where i < $2) select `+paid+` from resale_listing, n where id = $1`, l.ID, resale.MaxListed)
		if err != nil {
			t.Fatal(err)
		}
		list, more, err := w.Payouts(t.Context(), event)
		if err != nil || len(list) != resale.MaxListed || more != 1 {
			t.Fatalf("%d are listed, and %d more, %v", len(list), more, err)
		}
		if list[0].ID != l.ID || list[0].Due() == 0 || list[1].Due() != 0 {
			t.Errorf("the list begins with %+v and %+v", list[0], list[1])
		}
	})
}
