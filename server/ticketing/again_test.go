package ticketing

import (
	"context"
	"strings"
	"testing"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/journal"
)

// billed gives what the newest roster says of each ticket's payment.
func (w *world) billed(t testing.TB) map[journal.TicketID]journal.RosterGroup {
	t.Helper()
	all := map[journal.TicketID]journal.RosterGroup{}
	for _, r := range records[journal.Roster](t, w, event, journal.KindRoster) {
		for _, g := range r.Groups {
			for i := range g.Len() {
				id, _ := g.At(i)
				all[id] = g
			}
		}
	}
	return all
}

// A list that is imported again changes what no code says: name, order, note and
// whether the ticket is paid for. What it doesn't speak of stays as it is.
func TestImportAgainWithOrdersNotesAndPayment(t *testing.T) {
	const all = "external_id,name,email,product,order,note,paid\n"
	for _, c := range []struct {
		name, first, again string
		changed            bool
		want               string // as said gives it
	}{
		{"the same", all + "1,Ada,,ga,O-1,ID,no\n", all + "1,Ada,,ga,O-1,ID,no\n", false, "1|Ada||1|order O-1|note ID|unpaid true"},
		{"another order", all + "1,Ada,,ga,O-1,ID,no\n", all + "1,Ada,,ga,O-2,ID,no\n", true, "1|Ada||1|order O-2|note ID|unpaid true"},
		{"another note", all + "1,Ada,,ga,O-1,ID,no\n", all + "1,Ada,,ga,O-1,VIP,no\n", true, "1|Ada||1|order O-1|note VIP|unpaid true"},
		{"order and note taken back", all + "1,Ada,,ga,O-1,ID,no\n", all + "1,Ada,,ga,,,no\n", true, "1|Ada||1|unpaid true"},
		{"paid since", all + "1,Ada,,ga,O-1,ID,no\n", all + "1,Ada,,ga,O-1,ID,yes\n", true, "1|Ada||1|order O-1|note ID"},
		{"not paid after all", all + "1,Ada,,ga,O-1,ID,yes\n", all + "1,Ada,,ga,O-1,ID,no\n", true, "1|Ada||1|order O-1|note ID|unpaid true"},
		{"an empty cell of paid", all + "1,Ada,,ga,O-1,ID,no\n", all + "1,Ada,,ga,O-1,ID,\n", false, "1|Ada||1|order O-1|note ID|unpaid true"},
		{"no such columns", all + "1,Ada,,ga,O-1,ID,no\n", header + "1,Ada King,,ga\n", true, "1|Ada King||1|order O-1|note ID|unpaid true"},
		{"columns for the first time", header + "1,Ada,,ga\n", all + "1,Ada,,ga,O-1,ID,no\n", true, "1|Ada||1|order O-1|note ID|unpaid true"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				w.list(t, c.first)
				before := w.tickets(t, event)["1"]
				want := Report{Event: event, Rows: 1, Unchanged: 1}
				if c.changed {
					want.Unchanged, want.Updated = 0, 1
				}
				if got := w.list(t, c.again); got != want {
					t.Errorf("report %+v, want %+v", got, want)
				}
				k := w.tickets(t, event)["1"]
				if said(k) != c.want {
					t.Errorf("the ticket is %s, want %s", said(k), c.want)
				}
				if k.Token != before.Token || k.Generation != before.Generation {
					t.Error("it has another code")
				}
				id := journal.TicketID(k.ID)
				g := w.named(t)[id]
				if g.Order != k.guest().Order || g.Note != k.Note || g.Name != k.Name {
					t.Errorf("the gates are told %+v of %s", g, said(k))
				}
				if w.billed(t)[id].Unpaid != k.Unpaid {
					t.Errorf("the gates are told unpaid %v of %s", w.billed(t)[id].Unpaid, said(k))
				}
			})
		})
	}
}

// What is due is owed no more once a list says that a ticket is paid for; a list
// that only repeats that it isn't leaves the amount.
func TestImportAgainSettlesWhatIsDue(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const list = "external_id,name,email,product,paid\n1,Ada,,ga,no\n"
		w.list(t, list)
		if _, err := w.Bill(t.Context(), w.tickets(t, event)["1"], true, 2500, "EUR"); err != nil {
			t.Fatal(err)
		}
		w.list(t, list)
		if k := w.tickets(t, event)["1"]; !k.Unpaid || k.Due != 2500 || k.Currency != "EUR" {
			t.Errorf("unpaid again: %+v", k)
		}
		w.list(t, strings.Replace(list, ",no", ",yes", 1))
		k := w.tickets(t, event)["1"]
		if k.Unpaid || k.Due != 0 || k.Currency != "" {
			t.Errorf("paid: %+v", k)
		}
		if g := w.billed(t)[journal.TicketID(k.ID)]; g.Unpaid || g.Due != 0 {
			t.Errorf("the gates are told %+v", g)
		}
	})
}

// A ticket that was reissued between the reading of a list and its storing keeps
// its new generation in what the gates are told.
func TestImportBesideAReissue(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, "external_id,name,email,product,paid\n1,Ada,,ga,no\n")
		old := w.tickets(t, event)["1"]
		if _, err := w.Reissue(t.Context(), old, "lost"); err != nil {
			t.Fatal(err)
		}
		paid := old // as an import read it before the reissue
		paid.Unpaid = false
		p := plan{billed: map[ticket.ID]bool{}}
		p.amend(old, paid)
		if err := w.db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			return w.store(ctx, tx, event, p, func(Step, int, int) {})
		}); err != nil {
			t.Fatal(err)
		}
		if got := w.rostered(t, event)[journal.TicketID(old.ID)]; got != 1 {
			t.Errorf("the gates are told of generation %d, want 1", got)
		}
		if k := w.tickets(t, event)["1"]; k.Generation != 1 || k.Unpaid {
			t.Errorf("stored is %+v", k)
		}
	})
}
