package ticketing

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
	"usher/sync/journal"
)

func (w *world) give(t testing.TB, to Holder, what Matter, ref string, list ...ticket.ID) (given []Ticket, err error) {
	t.Helper()
	err = w.in(t, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		given, err = w.GiveIn(ctx, tx, event, list, to, nil, what, ref)
		return err
	})
	return given, err
}

// Tickets that change hands get new codes all at once, and the gates are told why the
// ones before are void and who has them now.
func TestGive(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(4))
		all := w.tickets(t, event)
		a, b := all["G000001"], all["G000002"]
		a, _, err := w.Bind(t.Context(), a, claim(t, newPhone(t), a))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.pend(t, Transfer, "offer-1", a.ID, b.ID); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Hour)
		bea := Holder{"Bea Byron", "bea@example.org"}
		given, err := w.give(t, bea, Transfer, "offer-1", b.ID, a.ID)
		if err != nil || len(given) != 2 {
			t.Fatalf("%+v, %v", given, err)
		}
		for _, k := range given {
			stored := w.tickets(t, event)[k.External]
			got, err := ticket.Verify(stored.Token, w.ring(t))
			if err != nil || got.Generation != k.Generation || got.ID != k.ID || stored != k || k.holder() != bea || k.Seat != all[k.External].Seat {
				t.Errorf("%s is %+v, stored %+v, code %+v, %v", k.External, k, stored, got, err)
			}
			if lowest, reason := w.minimum(t, k.ID); lowest != uint32(k.Generation) || reason != superseded {
				t.Errorf("the gates hold %d from on for good (%s)", lowest, reason)
			}
			if g := w.named(t)[journal.TicketID(k.ID)]; g.Name != bea.Name || g.Email != bea.Email {
				t.Errorf("the gates think that %s is %+v's", k.External, g)
			}
			if _, there, err := w.Binding(t.Context(), k); there || err != nil || k.Bound() || w.underWay(t, k.ID) != "" {
				t.Errorf("%s is on a phone: %v, %v, or under way", k.External, there, err)
			}
		}
		told := records[journal.Revoke](t, w, event, journal.KindRevoke)
		if last := told[len(told)-1]; last.Len() != 2 || last.Note != journal.NoteTransferred || last.Since != w.now.UnixMilli() {
			t.Errorf("the gates are told %+v", last)
		}
		hands, err := w.Passages(t.Context(), event, a.ID, b.ID, all["G000003"].ID)
		want := []Passage{{How: ByTransfer, Ref: "offer-1", From: a.holder(), To: bea, At: w.now, Generation: 2}}
		if err != nil || len(hands) != 2 || !slices.Equal(hands[a.ID], want) {
			t.Errorf("the hands are %+v, %v, want %+v", hands, err, want)
		}
		// And on, by a sale and by the organiser.
		if err := w.pend(t, Resale, "sale-1", a.ID); err != nil {
			t.Fatal(err)
		}
		cleo := Holder{"Cleo", "Cleo@example.org"}
		if _, err := w.give(t, cleo, Resale, "sale-1", a.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Office.Transfer(t.Context(), given[0], "Dan", "", ""); err != nil {
			t.Fatal(err)
		}
		hands, err = w.Passages(t.Context(), event, a.ID, b.ID)
		if err != nil || len(hands[a.ID]) != 2 || hands[a.ID][1].How != ByResale || len(hands[b.ID]) != 2 || hands[b.ID][1].How != ByOrganiser {
			t.Errorf("the hands are %+v, %v", hands, err)
		}
		told = records[journal.Revoke](t, w, event, journal.KindRevoke)
		if n := len(told); told[n-2].Note != journal.NoteResold || told[n-1].Note != journal.NoteTransferred {
			t.Errorf("the gates are told %+v", told[len(told)-2:])
		}
		parted, err := w.PartedWith(t.Context(), "bea@example.org")
		if err != nil || len(parted) != 2 || parted[0].Event != event || parted[0].From != bea {
			t.Errorf("bea has parted with %+v, %v", parted, err)
		}
		if parted, err := w.PartedWith(t.Context(), ""); err != nil || parted != nil {
			t.Errorf("nobody has parted with %+v, %v", parted, err)
		}
	})
}

// Who had a ticket when they were asked whose it is, and hasn't by the time they act on it,
// neither moves it to their phone nor has a new code of it, whatever they make of its
// generation.
func TestGivenAwayMeanwhile(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(2))
		seen := w.tickets(t, event)["G000001"]
		now, err := w.Office.Transfer(t.Context(), seen, "Bea", "bea@example.org", "")
		if err != nil {
			t.Fatal(err)
		}
		guessed := seen
		guessed.Generation++
		phone := newPhone(t)
		dbtest.Unchanged(t, w.db, func() {
			if _, _, err := w.Bind(t.Context(), seen, takeOver(claim(t, phone, guessed))); fault.KindOf(err) != fault.Refused {
				t.Errorf("moving it to a phone: %v", err)
			}
			if _, err := w.Renew(t.Context(), seen, guessed.Generation); fault.KindOf(err) != fault.Refused {
				t.Errorf("a new code of it: %v", err)
			}
		})
		if _, _, err := w.Bind(t.Context(), now, claim(t, phone, now)); err != nil {
			t.Errorf("moving it to its holder's phone: %v", err)
		}
	})
}

// A list that has another address for a ticket makes it somebody else's, between other
// hands and with the code that it has; another name, or spelling, makes it nobody else's.
func TestListGives(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, header+"1,Ada,ada@example.org,ga\n2,Bo,,ga\n3,Cy,,ga\n4,Di,di@example.org,ga\n5,Ed,ed@example.org,ga\n")
		all := w.tickets(t, event)
		a := all["1"]
		bea := Holder{"Bea", "bea@example.org"}
		if err := w.pend(t, Resale, "sale-1", a.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.give(t, bea, Resale, "sale-1", a.ID); err != nil {
			t.Fatal(err)
		}
		sold := w.now
		w.now = w.now.Add(time.Hour)
		w.list(t, header+"1,Cleo,cleo@example.org,ga\n2,Bo,bo@example.org,ga\n3,Cora,cora@example.org,ga\n4,Diana,Di@Example.org,ga\n5,Ed,,ga\n")
		cleo := Holder{"Cleo", "cleo@example.org"}
		want := map[ticket.ID][]Passage{
			a.ID:        {{How: ByResale, Ref: "sale-1", From: a.holder(), To: bea, At: sold, Generation: 1}, {How: ByOrganiser, From: bea, To: cleo, At: w.now, Generation: 1}},
			all["3"].ID: {{How: ByOrganiser, From: Holder{"Cy", ""}, To: Holder{"Cora", "cora@example.org"}, At: w.now}},
		}
		hands, err := w.Passages(t.Context(), event, ids(a, all["2"], all["3"], all["4"], all["5"])...)
		if err != nil || !maps.EqualFunc(hands, want, slices.Equal) {
			t.Errorf("the hands are %+v, %v, want %+v", hands, err, want)
		}
		dbtest.Unchanged(t, w.db, func() {
			w.list(t, header+"1,Cleo,cleo@example.org,ga\n")
		})
		now := w.tickets(t, event)["1"]
		if _, err := w.Office.Transfer(t.Context(), now, "Dan", "dan@example.org", ""); err != nil {
			t.Fatal(err)
		}
		hands, err = w.Passages(t.Context(), event, a.ID)
		if chain := hands[a.ID]; err != nil || len(chain) != 3 || chain[2].From != cleo || chain[2].Generation != 2 {
			t.Errorf("the hands are %+v, %v", chain, err)
		}
	})
}

// Nothing changes hands that isn't under way, is void or has no new holder; and of
// several tickets then none.
func TestGiveRefuses(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(3))
		all := w.tickets(t, event)
		a, b, c := all["G000000"], all["G000001"], all["G000002"]
		if err := w.pend(t, Transfer, "offer-1", a.ID, b.ID); err != nil {
			t.Fatal(err)
		}
		bea := Holder{"Bea", "bea@example.org"}
		for name, try := range map[string]struct {
			to   Holder
			what Matter
			ref  string
			ids  []ticket.ID
			want fault.Kind
		}{
			"one that isn't offered": {bea, Transfer, "offer-1", ids(a, c), fault.Refused},
			"another offer":          {bea, Transfer, "offer-2", ids(a), fault.Refused},
			"another matter":         {bea, Resale, "offer-1", ids(a), fault.Refused},
			"a refund":               {bea, Refund, "offer-1", ids(a), fault.Internal},
			"no name":                {Holder{"", "bea@example.org"}, Transfer, "offer-1", ids(a), fault.BadInput},
			"no address":             {Holder{"Bea", "bea"}, Transfer, "offer-1", ids(a), fault.BadInput},
			"a line break":           {Holder{"Bea\nx", "bea@example.org"}, Transfer, "offer-1", ids(a), fault.BadInput},
			"no ticket":              {bea, Transfer, "offer-1", nil, fault.Internal},
			"a ticket of nowhere":    {bea, Transfer, "offer-1", []ticket.ID{a.ID, {1}}, fault.NotFound},
		} {
			dbtest.Unchanged(t, w.db, func() {
				if _, err := w.give(t, try.to, try.what, try.ref, try.ids...); fault.KindOf(err) != try.want {
					t.Errorf("%s: %v, want %s", name, err, try.want)
				}
			})
		}
		if _, err := w.Revoke(t.Context(), b, Blocked, "disputed"); err != nil {
			t.Fatal(err)
		}
		dbtest.Unchanged(t, w.db, func() {
			if _, err := w.give(t, bea, Transfer, "offer-1", a.ID, b.ID); fault.KindOf(err) != fault.Refused {
				t.Errorf("with one of them void: %v", err)
			}
		})
	})
}

// What the organiser asked a holder, and noted of them, is theirs: who gets the ticket is
// not taken for them, neither on the server nor at a gate, which know what they answer.
func TestAnswersStayWithTheirHolder(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(4))
		all := w.tickets(t, event)
		old, bea := AnswersOf(map[string]string{"diet": "nuts"}), Holder{"Bea Byron", "bea@example.org"}
		for n, c := range []struct {
			what Matter
			want Answers
		}{{Transfer, ""}, {Transfer, AnswersOf(map[string]string{"diet": "none"})}, {Resale, ""}, {Resale, AnswersOf(map[string]string{"diet": "none"})}} {
			k := all[[]string{"G000001", "G000002", "G000003", "G000000"}[n]]
			if err := w.in(t, func(ctx context.Context, tx *sqldb.Tx) error {
				_, err := tx.ExecContext(ctx, `update ticket set answers = $3, note = 'wheelchair' where event = $1 and id = $2`, event, k.ID.String(), string(old))
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if err := w.pend(t, c.what, "ref", k.ID); err != nil {
				t.Fatal(err)
			}
			if err := w.in(t, func(ctx context.Context, tx *sqldb.Tx) error {
				_, err := w.GiveIn(ctx, tx, event, []ticket.ID{k.ID}, bea, map[ticket.ID]Answers{k.ID: c.want}, c.what, "ref")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			now := w.tickets(t, event)[k.External]
			if now.Answers != c.want || now.Note != "" {
				t.Errorf("by %s the ticket has %q and %q", c.what, now.Answers, now.Note)
			}
			g := w.named(t)[journal.TicketID(k.ID)]
			if g.Name != bea.Name || g.Note != "" || len(g.Answers) != len(c.want.ByQuestion()) || len(g.Answers) > 0 && g.Answers[0].Text != "none" {
				t.Errorf("by %s the gates know %+v", c.what, g)
			}
		}
	})
}
