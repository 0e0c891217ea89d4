package ticketing

import (
	"context"
	"errors"
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

func TestAmend(t *testing.T) {
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
		zone := e.Zones[len(e.Zones)-1]
		k, err := w.Amend(t.Context(), old, map[string]string{
			"product": to.Code, "seat": "Row 4", "zone": zone.Code,
			"valid_from": "2026-07-04T19:00:00Z", "valid_until": "2026-07-04T20:00:00Z", "admissions": "3",
		}, "upgrade")
		if err != nil {
			t.Fatal(err)
		}
		read, err := ticket.Verify(k.Token, w.ring(t))
		if err != nil || read.Product != to.Number || read.Seat != "Row 4" || read.Zones != 1<<zone.Bit || read.Admissions != 3 ||
			read.Expires.Unix-read.NotBefore.Unix != 3600 || read.Generation != old.Generation+1 {
			t.Errorf("the code says %+v, %v", read, err)
		}
		if got := w.tickets(t, event)["G000000"]; !same(got, k) {
			t.Errorf("stored is %+v, and given was %+v", got, k)
		}

		again, err := w.Amend(t.Context(), k, map[string]string{"seat": "Row 4", "admissions": "3"}, "")
		if err != nil || again.Generation != k.Generation {
			t.Errorf("what changes nothing made issue %d of %d, %v", again.Generation, k.Generation, err)
		}
		free, err := w.Amend(t.Context(), k, map[string]string{"valid_until": "", "zone": ""}, "")
		if err != nil || free.Expires != 0 || free.Zones != 0 || free.NotBefore != k.NotBefore || free.Seat != "Row 4" {
			t.Errorf("emptied: %+v, %v", free, err)
		}
	})
}

func TestAmendRefuses(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		old := w.tickets(t, event)["G000000"]
		for column, text := range map[string]string{
			"product": "nothing", "seat": "Reihe ä", "zone": "moon", "valid_from": "soon", "valid_until": "never", "admissions": "0",
			"name": "Bob", "external_id": "G1", "colour": "red",
		} {
			_, err := w.Amend(t.Context(), old, map[string]string{column: text}, "")
			var wrong *fault.Error
			if !errors.As(err, &wrong) || wrong.Kind != fault.BadInput || wrong.Where != column {
				t.Errorf("%s = %q: %v", column, text, err)
			}
		}
		window := map[string]string{"valid_from": "2026-07-05", "valid_until": "2026-07-04"}
		if _, err := w.Amend(t.Context(), old, window, ""); fault.KindOf(err) != fault.BadInput {
			t.Errorf("a window that ends before it begins: %v", err)
		}
		if got := w.tickets(t, event)["G000000"]; !same(got, old) {
			t.Errorf("refused, and yet the ticket is %+v", got)
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
