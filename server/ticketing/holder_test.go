package ticketing

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"usher/crypto/ticket"
	"usher/sync/fault"
	"usher/sync/guests"
	"usher/sync/journal"
)

// named gives what the journal's guest lists say of each ticket.
func (w *world) named(t testing.TB) map[journal.TicketID]guests.Guest {
	t.Helper()
	key, err := w.vault.GuestKeyIn(t.Context(), w.db.Read(), event)
	if err != nil {
		t.Fatal(err)
	}
	all := map[journal.TicketID]guests.Guest{}
	for _, sealed := range records[journal.Guests](t, w, event, journal.KindGuests) {
		list, err := guests.Open(key, event, sealed)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range list {
			all[g.Ticket] = g
		}
	}
	return all
}

func TestReactivate(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		old := w.tickets(t, event)["G000000"]
		for _, state := range []State{Blocked, Cancelled, Revoked} {
			void, err := w.Revoke(t.Context(), old, state, "a mistake")
			if err != nil || void.State != state {
				t.Fatalf("%s, %v", void.State, err)
			}
			good, err := w.Reactivate(t.Context(), void, "it was a mistake")
			if err != nil || good.State != Valid || good.Token != old.Token {
				t.Fatalf("%+v, %v", good, err)
			}
			if lowest, reason := w.minimum(t, old.ID); lowest != 0 || reason != "reactivated" {
				t.Errorf("the gates are told %d, %s", lowest, reason)
			}
		}
		n := len(records[journal.Revoke](t, w, event, journal.KindRevoke))
		if _, err := w.Reactivate(t.Context(), old, "again"); err != nil {
			t.Fatal(err)
		}
		if after := len(records[journal.Revoke](t, w, event, journal.KindRevoke)); after != n {
			t.Error("reactivating a good ticket told the gates something")
		}
	})
}

func TestReactivateKeepsOlderCodesVoid(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		k, err := w.Reissue(t.Context(), w.tickets(t, event)["G000000"], "lost")
		if err != nil {
			t.Fatal(err)
		}
		if k, err = w.Revoke(t.Context(), k, Cancelled, "cancelled"); err != nil {
			t.Fatal(err)
		}
		if _, err = w.Reactivate(t.Context(), k, "not cancelled"); err != nil {
			t.Fatal(err)
		}
		if lowest, _ := w.minimum(t, k.ID); lowest != 1 {
			t.Errorf("the lowest good generation is %d, want 1", lowest)
		}
	})
}

func TestTransfer(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		old := w.tickets(t, event)["G000000"]
		for _, bad := range [][2]string{{"", "b@example.org"}, {"Bob", "no address"}, {"Bob\n", ""}} {
			if _, err := w.Transfer(t.Context(), old, bad[0], bad[1], ""); fault.KindOf(err) != fault.BadInput {
				t.Errorf("transferred to %q: %v", bad, err)
			}
		}
		k, err := w.Transfer(t.Context(), old, "Bob", "bob@example.org", "a present")
		if err != nil {
			t.Fatal(err)
		}
		if k.Generation != old.Generation+1 || k.Token == old.Token || k.Name != "Bob" || k.ID != old.ID {
			t.Errorf("%+v", k)
		}
		if lowest, reason := w.minimum(t, k.ID); lowest != 1 || reason != "superseded" {
			t.Errorf("the gates are told %d, %s", lowest, reason)
		}
		if g := w.named(t)[journal.TicketID(k.ID)]; g.Name != "Bob" || g.Email != "bob@example.org" {
			t.Errorf("the gates are told that %+v holds it", g)
		}
		if got := w.tickets(t, event)["G000000"]; !same(got, k) {
			t.Errorf("stored is %+v", got)
		}
	})
}

func TestChangeProductAndWindow(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		old := w.tickets(t, event)["G000000"]
		e, err := w.catalog.Event(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		to := e.Products[len(e.Products)-1]
		if to.Number == old.Product {
			to = e.Products[0]
		}
		if _, err := w.ChangeProduct(t.Context(), old, "nothing", ""); fault.KindOf(err) != fault.NotFound {
			t.Errorf("changed to a product that is none: %v", err)
		}
		k, err := w.ChangeProduct(t.Context(), old, to.Code, "upgrade")
		if err != nil || k.Product != to.Number {
			t.Fatalf("%+v, %v", k, err)
		}
		if _, err := w.ChangeWindow(t.Context(), k, 200, 100, ""); fault.KindOf(err) != fault.BadInput {
			t.Errorf("a window that ends before it begins: %v", err)
		}
		if k, err = w.ChangeWindow(t.Context(), k, 100, 200, "another slot"); err != nil {
			t.Fatal(err)
		}
		read, err := ticket.Verify(k.Token, w.ring(t))
		if err != nil || read.Product != to.Number || read.NotBefore.Unix != 100 || read.Expires.Unix != 200 || read.Generation != 2 {
			t.Errorf("the code says %+v, %v", read, err)
		}
	})
}

func TestBill(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		k := w.tickets(t, event)["G000000"]
		for _, c := range []struct {
			unpaid   bool
			due      int64
			currency string
		}{{true, -1, "EUR"}, {true, 100, ""}, {true, 100, "QQQ"}, {true, 100, "eur"}, {false, 100, "EUR"}} {
			if _, err := w.Bill(t.Context(), k, c.unpaid, c.due, c.currency); fault.KindOf(err) != fault.BadInput {
				t.Errorf("%+v: %v", c, err)
			}
		}
		last := func() journal.RosterGroup {
			all := records[journal.Roster](t, w, event, journal.KindRoster)
			return all[len(all)-1].Groups[0]
		}
		billed, err := w.Bill(t.Context(), k, true, 2500, "EUR")
		if err != nil || billed.Token != k.Token || !last().Unpaid || last().Due != 2500 || last().Currency != "EUR" {
			t.Errorf("%+v, %v; the gates are told %+v", billed, err, last())
		}
		if _, err := w.Bill(t.Context(), billed, false, 0, ""); err != nil || last().Unpaid {
			t.Errorf("%v; the gates are told %+v", err, last())
		}
	})
}

func TestIssue(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		product := w.tickets(t, event)["G000000"].Product
		k, err := w.Issue(t.Context(), event, Attendee{External: "BOX-1", Name: "Walk In", Product: product, Admissions: 1, Order: "O-7", Note: "wristband", Answers: AnswersOf(map[string]string{"age": "17"}), Unpaid: true})
		if err != nil || k.Token == "" {
			t.Fatalf("%+v, %v", k, err)
		}
		if _, there := w.rostered(t, event)[journal.TicketID(k.ID)]; !there {
			t.Error("the gates are not told of it")
		}
		if g := w.named(t)[journal.TicketID(k.ID)]; g.Order != "O-7" || g.Note != "wristband" || len(g.Answers) != 1 || g.Answers[0].Text != "17" {
			t.Errorf("the gates are told %+v", g)
		}
		if got := w.tickets(t, event)["BOX-1"]; !same(got, k) || !got.Unpaid {
			t.Errorf("stored is %+v, issued was %+v", got, k)
		}
		if _, err := w.Issue(t.Context(), event, Attendee{External: "BOX-1", Name: "Again", Product: product}); fault.KindOf(err) != fault.Exists {
			t.Errorf("issued again: %v", err)
		}
	})
}

// Of several who issue one external id at the same moment, one does.
func TestIssueAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		product := w.tickets(t, event)["G000000"].Product
		const n = 8
		var wait sync.WaitGroup
		var issued atomic.Int32
		for range n {
			wait.Go(func() {
				_, err := w.Issue(context.Background(), event, Attendee{External: "BOX-1", Name: "Walk In", Product: product, Admissions: 1})
				switch {
				case err == nil:
					issued.Add(1)
				case fault.KindOf(err) != fault.Exists || !strings.Contains(err.Error(), `a ticket "BOX-1" already`):
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if issued.Load() != 1 || len(w.tickets(t, event)) != 2 {
			t.Errorf("%d were issued, the event has %d tickets", issued.Load(), len(w.tickets(t, event)))
		}
	})
}
