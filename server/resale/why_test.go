package resale_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/resale"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/server/ticketing"
)

// Why a ticket can't be sold on is the same for one and for many: for good, or for now.
func TestWhyNot(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, file+"\n[[product]]\ncode = \"guest\"\nname = \"Guest\"\nzones = \"all\"\npool = \"floor\"\nprice = 0\n")
		o := w.Buys(t, ada, ga(5))
		free, _, err := w.Pay(t.Context(), w.Begins(t, shoptest.Cart("guest", 1)).ID, sales.Payment{Details: &ada})
		if err != nil {
			t.Fatal(err)
		}
		w.lists(t, o.Tickets[1], 2000)
		err = w.DB.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := w.Tickets.PendIn(ctx, tx, event, o.Tickets[2:3], ticketing.Transfer, "somebody")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Doors.Admit(o.Tickets[3])
		if _, err := w.Tickets.Revoke(t.Context(), w.TicketNow(t, event, o.Tickets[4]), ticketing.Cancelled, "lost"); err != nil {
			t.Fatal(err)
		}
		var all []ticketing.Ticket
		for _, id := range append(append([]ticket.ID{}, o.Tickets...), free.Tickets...) {
			all = append(all, w.TicketNow(t, event, id))
		}
		want := []resale.Why{"", "", resale.WhyBusy, resale.WhyEntered, resale.WhyVoid, resale.WhyNever}
		says := func(what string, want []resale.Why) {
			t.Helper()
			got, err := w.Allowed(t.Context(), event, all)
			if err != nil {
				t.Fatal(err)
			}
			for i, one := range all {
				_, err := w.Terms(t.Context(), one)
				if got[one.ID] != want[i] || resale.WhyNot(err) != want[i] || (err != nil) != (want[i] != "") {
					t.Errorf("%s, ticket %d: %q, and by itself %v; want %q", what, i, got[one.ID], err, want[i])
				}
			}
		}
		says("before", want)
		elsewhere := all[0]
		elsewhere.Order = ""
		if _, err := w.Terms(t.Context(), elsewhere); resale.WhyNot(err) != resale.WhyNever {
			t.Errorf("one that was not bought here: %v", err)
		}
		unpaid := all[0]
		unpaid.Unpaid = true
		if _, err := w.Terms(t.Context(), unpaid); resale.WhyNot(err) != resale.WhyUnpaid {
			t.Errorf("one that is not paid for: %v", err)
		}
		w.Time.Set(time.Date(2026, 8, 5, 0, 0, 0, 0, time.UTC))
		late := resale.WhyLate
		says("after", []resale.Why{late, late, late, resale.WhyEntered, resale.WhyVoid, resale.WhyNever})
		w.Apply(t, strings.Replace(file, "[shop.resale]", "[shop.resale]\nenabled = false", 1))
		never := resale.WhyNever
		says("without resale", []resale.Why{never, never, never, never, never, never})
	})
}
