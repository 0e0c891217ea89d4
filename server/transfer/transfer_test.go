package transfer

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb/dbtest"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Tickets go from hand to hand by a link: all of them, with new codes, once.
func TestGivingAway(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		tickets := w.issue(night, ada, 3)
		given, kept := tickets[:2], tickets[2]
		o, token := w.offer(asks(given...))
		if got := w.kinds(o.ID); !slices.Equal(got, []string{"transfer_link ada@example.org"}) {
			t.Errorf("mailed: %s", got)
		}
		if !o.Until.Equal(start.Add(24*time.Hour)) || o.State != Open {
			t.Errorf("the offer is %+v", o)
		}
		for range 3 {
			if seen, err := w.Peek(t.Context(), token); err != nil || seen.ID != o.ID || seen.State != Open || len(seen.Tickets) != 2 {
				t.Fatalf("the link leads to %+v, %v", seen, err)
			}
		}
		if !w.opens(given[0].Token, given[0]) {
			t.Error("an offered ticket is void before anybody has accepted")
		}
		w.Time.Pass(time.Hour)
		got, err := w.Accept(t.Context(), token, ticketing.Holder{Name: "  Bea  Byron ", Email: " Bea@Example.org"}, "de-AT")
		if err != nil || got.State != Accepted || got.To != bea {
			t.Fatalf("accepted: %+v, %v", got, err)
		}
		for _, k := range given {
			now := w.of(k)
			if now.Name != bea.Name || now.Email != bea.Email || now.Generation != 1 || w.opens(k.Token, k) || !w.opens(now.Token, k) {
				t.Errorf("it is %+v; the code before opens: %v", now, w.opens(k.Token, k))
			}
		}
		if now := w.of(kept); now.Email != ada.Email || !w.opens(kept.Token, kept) {
			t.Errorf("what was not offered is %+v", now)
		}
		if got := w.kinds(o.ID); !slices.Equal(got, []string{"transfer_given ada@example.org", "transfer_link ada@example.org", "transfer_yours bea@example.org"}) {
			t.Errorf("mailed: %s", got)
		}
		yours := w.letter(mailYours, o.ID, bea.Email)
		if len(yours.Files) != 1 || !strings.HasPrefix(string(yours.Files[0].Body), "%PDF") || yours.Language != "de" || yours.link != shoptest.Public+"/wallet/enter/for-bea@example.org" ||
			!strings.Contains(yours.Text, "Ada Lovelace hat Ihnen 2 Tickets") {
			t.Errorf("the new holder is written %s with %d files", yours.Text, len(yours.Files))
		}
		if l := w.letter(mailGiven, o.ID, ada.Email); len(l.Files) > 0 || !strings.Contains(l.Text, "Bea Byron has accepted your 2 tickets") {
			t.Errorf("the giver is written %s", l.Text)
		}
		dbtest.Unchanged(t, w.DB, func() {
			_, err := w.Accept(t.Context(), token, ticketing.Holder{Name: "Cleo", Email: "cleo@example.org"}, "en")
			refused(t, "a second time", err, fault.Expired, string(Accepted))
			_, err = w.TakeBack(t.Context(), o.ID)
			refused(t, "taken back after that", err, fault.Expired, string(Accepted))
		})
		// Whoever has them now gives them on, and no further: the event allows two times.
		on, second := w.offer(Asked{Event: night, Tickets: []ticketing.Ticket{w.of(given[0])}, From: bea, Language: "de"})
		if _, err := w.Accept(t.Context(), second, ticketing.Holder{Name: "Cleo", Email: "cleo@example.org"}, "en"); err != nil {
			t.Fatal(err)
		}
		if l := w.letter(mailYours, on.ID, "cleo@example.org"); len(l.Files) != 1 {
			t.Errorf("cleo gets %d files", len(l.Files))
		}
		// Its ticket was given on since: the letter to bea, were it sent again, has the other alone.
		if files := w.letter(mailYours, o.ID, bea.Email).Files; len(files) != 1 || string(files[0].Body) == string(yours.Files[0].Body) {
			t.Errorf("bea gets %d files still", len(files))
		}
		_, err = w.Offer(t.Context(), Asked{Event: night, Tickets: []ticketing.Ticket{w.of(given[0])}, From: ticketing.Holder{Name: "Cleo", Email: "cleo@example.org"}})
		refused(t, "a third time", err, fault.Refused, string(Often))
	})
}

// An offer to somebody goes to them alone, and nobody else's address is taken.
func TestNamed(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		k := w.issue(named, ada, 1)[0]
		_, err := w.Offer(t.Context(), asks(k))
		refused(t, "to nobody", err, fault.Refused, "named")
		a := asks(k)
		a.To = ticketing.Holder{Name: "bit.ly/x Bea", Email: "BEA@example.org"}
		o, token := w.offer(a)
		if got := w.kinds(o.ID); !slices.Equal(got, []string{"transfer_offer bea@example.org", "transfer_offered ada@example.org"}) {
			t.Errorf("mailed: %s", got)
		}
		if l := w.letter(mailOffered, o.ID, ada.Email); strings.Contains(l.Text+l.HTML, token) || strings.Contains(l.Text, "bit.ly/x") {
			t.Errorf("the giver is written %s", l.Text)
		}
		got, err := w.Accept(t.Context(), token, ticketing.Holder{Name: "Bea Byron", Email: "mallory@example.org"}, "en")
		if err != nil || got.To != bea || w.of(k).Email != bea.Email {
			t.Errorf("accepted: %+v, %v; the ticket is %s's", got, err, w.of(k).Email)
		}
	})
}

// Taken back, an offer's link is dead and its tickets are as they were; both sides hear
// of it. So it is with one whose time is over.
func TestOffersEnd(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		k := w.issue(night, ada, 1)[0]
		a := asks(k)
		a.To = bea
		o, token := w.offer(a)
		_, err := w.Offer(t.Context(), asks(k))
		refused(t, "offered twice", err, fault.Refused, string(Offered))
		for range 2 {
			if back, err := w.TakeBack(t.Context(), o.ID); err != nil || back.State != TakenBack {
				t.Fatalf("taken back: %+v, %v", back, err)
			}
		}
		dbtest.Unchanged(t, w.DB, func() {
			_, err := w.Accept(t.Context(), token, bea, "en")
			refused(t, "accepted after it was taken back", err, fault.Expired, string(TakenBack))
		})
		if got := w.kinds(o.ID); !slices.Equal(got[:1], []string{"transfer_back ada@example.org"}) || !slices.Contains(got, "transfer_withdrawn bea@example.org") {
			t.Errorf("mailed: %s", got)
		}
		if _, err := w.Compose(t.Context(), w.mail(o.ID, mailOffer)); fault.KindOf(err) != fault.Expired {
			t.Errorf("the link is still mailed: %v", err)
		}
		w.letter(mailTakenBack, o.ID, ada.Email)
		w.letter(mailWithdrawn, o.ID, bea.Email)

		o, token = w.offer(a)
		w.Time.Pass(24*time.Hour - time.Millisecond)
		if n, err := w.Expire(t.Context()); n != 0 || err != nil {
			t.Errorf("a moment before its time %d offers end, %v", n, err)
		}
		w.Time.Pass(time.Millisecond)
		dbtest.Unchanged(t, w.DB, func() {
			_, err := w.Accept(t.Context(), token, bea, "en")
			refused(t, "accepted too late", err, fault.Expired, string(Expired))
		})
		if n, err := w.Expire(t.Context()); n != 1 || err != nil {
			t.Errorf("%d offers end, %v", n, err)
		}
		w.letter(mailOver, o.ID, ada.Email)
		w.letter(mailLapsed, o.ID, bea.Email)
		_, err = w.TakeBack(t.Context(), o.ID)
		refused(t, "taken back too late", err, fault.Expired, string(Expired))
		if !w.opens(k.Token, k) {
			t.Error("the ticket is void")
		}
		// The organiser's doing ends an offer, too, and nobody is written of its end.
		o, token = w.offer(a)
		if _, err := w.Tickets.Reissue(t.Context(), k, "lost"); err != nil {
			t.Fatal(err)
		}
		_, err = w.Accept(t.Context(), token, bea, "en")
		refused(t, "a reissued ticket", err, fault.Expired, string(Void))
		w.Time.Pass(24 * time.Hour)
		before := w.kinds(o.ID)
		if _, err := w.Expire(t.Context()); err != nil || !slices.Equal(w.kinds(o.ID), before) {
			t.Errorf("mailed: %s, %v", w.kinds(o.ID), err)
		}
	})
}

// An offer that can't be ended, as one of whose giver the address is damaged, keeps none
// behind it from ending.
func TestOneOffersTroubleIsItsOwn(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		bad, _ := w.offer(asks(w.issue(night, ada, 1)...))
		w.Time.Pass(time.Second)
		good, _ := w.offer(asks(w.issue(night, ada, 1)...))
		if err := w.DB.Exec(t.Context(), `update transfer_offer set from_email = 'x' where id = $1`, bad.ID); err != nil {
			t.Fatal(err)
		}
		w.Time.Pass(24 * time.Hour)
		if n, err := w.Expire(t.Context()); n != 1 || err == nil || !strings.Contains(err.Error(), bad.ID) {
			t.Errorf("%d offers end, %v", n, err)
		}
		for id, want := range map[string]State{bad.ID: Open, good.ID: Expired} {
			if o, err := w.Find(t.Context(), id); err != nil || o.State != want {
				t.Errorf("offer %s is %s, %v; want %s", id, o.State, err, want)
			}
		}
	})
}

// An offer of which one ticket changed is over for all of them, and when its time ends
// the others are free again.
func TestOneOfThemChanges(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		tickets := w.issue(night, ada, 2)
		o, token := w.offer(asks(tickets...))
		if _, err := w.Tickets.Revoke(t.Context(), tickets[0], ticketing.Revoked, "rain"); err != nil {
			t.Fatal(err)
		}
		_, err := w.Accept(t.Context(), token, bea, "en")
		refused(t, "one of two is void", err, fault.Expired, string(Void))
		w.Time.Pass(24 * time.Hour)
		if n, err := w.Expire(t.Context()); n != 1 || err != nil {
			t.Errorf("%d offers end, %v", n, err)
		}
		if o, err = w.Find(t.Context(), o.ID); err != nil || o.State != Void {
			t.Errorf("it is %s, %v", o.State, err)
		}
		if got := w.kinds(o.ID); !slices.Equal(got, []string{"transfer_link ada@example.org"}) {
			t.Errorf("mailed: %s", got)
		}
		w.offer(asks(tickets[1]))
	})
}

// Until then it is there to be taken back, of the ticket that it is under way with still.
func TestTheRestIsTakenBack(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		tickets := w.issue(night, ada, 3)
		o, _ := w.offer(asks(tickets[:2]...))
		other, _ := w.offer(asks(tickets[2]))
		if _, err := w.Tickets.Transfer(t.Context(), tickets[0], bea.Name, bea.Email, ""); err != nil {
			t.Fatal(err)
		}
		open := func() map[ticket.ID]string {
			t.Helper()
			offers, err := w.OpenFor(t.Context(), night, idsOf(tickets))
			if err != nil {
				t.Fatal(err)
			}
			ids := map[ticket.ID]string{}
			for id, o := range offers {
				ids[id] = o.ID
			}
			return ids
		}
		w.Time.Set(o.Until.Add(-time.Millisecond))
		if got := open(); !maps.Equal(got, map[ticket.ID]string{tickets[1].ID: o.ID, tickets[2].ID: other.ID}) {
			t.Errorf("offers are open: %v", got)
		}
		if back, err := w.TakeBack(t.Context(), o.ID); err != nil || back.State != TakenBack {
			t.Errorf("taken back: %+v, %v", back, err)
		}
		if got := open(); !maps.Equal(got, map[ticket.ID]string{tickets[2].ID: other.ID}) {
			t.Errorf("after that: %v", got)
		}
		w.Time.Set(o.Until)
		if got := open(); len(got) != 0 {
			t.Errorf("when the time is over: %v", got)
		}
		w.offer(asks(tickets[1]))
	})
}

// What an event or the moment doesn't allow is refused, and changes nothing.
func TestRefusals(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		one := func(event string) ticketing.Ticket { return w.issue(event, ada, 1)[0] }
		void, unpaid, inside, good := one(night), one(night), one(night), one(night)
		if _, err := w.Tickets.Revoke(t.Context(), void, ticketing.Blocked, "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Tickets.Bill(t.Context(), unpaid, true, 0, ""); err != nil {
			t.Fatal(err)
		}
		w.Doors.Admit(inside.ID)
		off := one(closed)
		with := func(a Asked, change func(*Asked)) Asked { change(&a); return a }
		for name, c := range map[string]struct {
			asked Asked
			kind  fault.Kind
			where string
		}{
			"not allowed":         {asks(off), fault.Refused, string(Off)},
			"void":                {asks(good, void), fault.Refused, string(NotGood)},
			"unpaid":              {asks(unpaid), fault.Refused, string(Unpaid)},
			"somebody is in":      {asks(inside, good), fault.Refused, string(Entered)},
			"no ticket":           {with(asks(good), func(a *Asked) { a.Tickets = nil }), fault.BadInput, "tickets"},
			"twice the same":      {asks(good, good), fault.BadInput, "tickets"},
			"too many":            {with(asks(good), func(a *Asked) { a.Tickets = make([]ticketing.Ticket, MaxTickets+1) }), fault.BadInput, "tickets"},
			"a giver of no mail":  {with(asks(good), func(a *Asked) { a.From.Email = "" }), fault.Refused, "from"},
			"to oneself":          {with(asks(good), func(a *Asked) { a.To = ticketing.Holder{Name: "Me", Email: "ADA@example.org"} }), fault.BadInput, "email"},
			"to nobody by mail":   {with(asks(good), func(a *Asked) { a.To = ticketing.Holder{Email: "bea@example.org"} }), fault.BadInput, "name"},
			"to a name alone":     {with(asks(good), func(a *Asked) { a.To = ticketing.Holder{Name: "Bea"} }), fault.BadInput, "email"},
			"a name of two lines": {with(asks(good), func(a *Asked) { a.To = ticketing.Holder{Name: "Bea\x00", Email: "b@example.org"} }), fault.BadInput, "name"},
		} {
			dbtest.Unchanged(t, w.DB, func() {
				_, err := w.Offer(t.Context(), c.asked)
				refused(t, name, err, c.kind, c.where)
			})
		}
		why, _, err := w.Allowed(t.Context(), night, []ticketing.Ticket{w.of(void), w.of(unpaid), inside, good})
		if err != nil || why[void.ID] != NotGood || why[unpaid.ID] != Unpaid || why[inside.ID] != Entered || why[good.ID] != "" {
			t.Errorf("allowed: %v, %v", why, err)
		}
		// Between offer and acceptance somebody comes in, or it gets too late.
		_, first := w.offer(asks(good))
		w.Doors.Admit(good.ID)
		dbtest.Unchanged(t, w.DB, func() {
			_, err := w.Accept(t.Context(), first, bea, "en")
			refused(t, "after the entry", err, fault.Refused, string(Entered))
		})
		late := one(night)
		w.Time.Pass(3*24*time.Hour + 4*time.Hour) // 18:00 in Berlin, two hours before
		_, err = w.Offer(t.Context(), asks(late))
		refused(t, "too late", err, fault.Refused, string(Late))
	})
}

// Who finds an offer open and comes too late nonetheless gets it as it ended.
func TestOverWhileAccepting(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for want, meanwhile := range map[State]func(Offer) error{
			Expired: func(o Offer) error { w.Time.Set(o.Until); return nil },
			Void: func(o Offer) error {
				list, err := w.Tickets.Of(t.Context(), o.Event, o.Tickets)
				if err == nil {
					_, err = w.Tickets.Reissue(t.Context(), list[0], "lost")
				}
				return err
			},
		} {
			w.Time.Set(start)
			k := w.issue(night, ada, 1)[0]
			o, token := w.offer(asks(k))
			w.Entered = func(context.Context, string, ...ticket.ID) ([]ticket.ID, error) { return nil, meanwhile(o) }
			got, err := w.Accept(t.Context(), token, bea, "en")
			refused(t, "accepted too late", err, fault.Expired, string(want))
			if kept, err := w.Find(t.Context(), o.ID); got.ID != o.ID || got.State != want || err != nil || kept.State != Open || w.of(k).Email != ada.Email {
				t.Errorf("it is %+v, want %s; kept is %+v, %v", got, want, kept, err)
			}
			w.Entered = w.Doors.Entered
		}
	})
}

// Who had a ticket when they asked to give it away, and hasn't when it would be offered,
// gets no link to it: it is somebody else's by then.
func TestGivenAwayWhileAsking(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		k := w.issue(night, ada, 1)[0]
		_, token := w.offer(asks(k))
		w.Entered = func(context.Context, string, ...ticket.ID) ([]ticket.ID, error) {
			w.Entered = w.Doors.Entered
			_, err := w.Accept(t.Context(), token, bea, "en")
			return nil, err
		}
		_, err := w.Offer(t.Context(), asks(k))
		refused(t, "offering what is somebody else's", err, fault.Refused, "")
		if open, err := w.OpenFor(t.Context(), night, []ticket.ID{k.ID}); err != nil || len(open) != 0 || w.of(k).Email != bea.Email {
			t.Errorf("of bea's ticket are offered %v, %v", open, err)
		}
	})
}

// What is no link of ours opens nothing and changes nothing, and the database holds
// nothing that a copy of it could accept with.
func TestLinksThatAreNone(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		k := w.issue(night, ada, 1)[0]
		o, token := w.offer(asks(k))
		dbtest.Unchanged(t, w.DB, func() {
			for _, text := range []string{"", token[1:], token + "A", strings.ToUpper(token), hashOf(token), o.ID, strings.Repeat("x", 9000)} {
				if _, err := w.Accept(t.Context(), text, bea, "en"); fault.KindOf(err) != fault.NotFound {
					t.Errorf("%.50q: %v", text, err)
				}
			}
			for _, to := range []ticketing.Holder{{Email: bea.Email}, {Name: "Bea"}, {Name: "Bea", Email: "bea"}, {Name: strings.Repeat("B", 201), Email: bea.Email}} {
				if _, err := w.Accept(t.Context(), token, to, "en"); fault.KindOf(err) != fault.BadInput {
					t.Errorf("%+v: %v", to, err)
				}
			}
		})
		kept := strings.Join(dbtest.Dump(t, w.DB), "\n")
		if strings.Contains(kept, token) || !strings.Contains(kept, o.ID) {
			t.Error("the link is in the database, or this test looks at nothing")
		}
	})
}

// Nobody has us mail without end.
func TestOffersAreLimited(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		k := w.issue(night, ada, 1)[0]
		for range perHour {
			o, _ := w.offer(asks(k))
			if _, err := w.TakeBack(t.Context(), o.ID); err != nil {
				t.Fatal(err)
			}
		}
		dbtest.Unchanged(t, w.DB, func() {
			if _, err := w.Offer(t.Context(), asks(k)); fault.KindOf(err) != fault.TooMany {
				t.Errorf("once too often: %v", err)
			}
		})
		w.Time.Pass(time.Hour)
		w.offer(asks(k))
	})
}

// Of many who accept, take back and let expire at the same moment one does.
func TestEndsRace(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		k := w.issue(night, ada, 1)[0]
		o, token := w.offer(asks(k))
		var accepted, back atomic.Int64
		var rivals sync.WaitGroup
		for i := range 8 {
			rivals.Go(func() {
				var err error
				won := &accepted
				if i%2 == 0 {
					_, err = w.Accept(t.Context(), token, bea, "en")
				} else {
					won = &back
					_, err = w.TakeBack(t.Context(), o.ID)
				}
				switch {
				case err == nil:
					won.Add(1)
				case fault.KindOf(err) != fault.Expired:
					t.Errorf("who was too late is told %v", err)
				}
			})
		}
		rivals.Wait()
		// Taking back what was taken back is no mistake.
		if a, b := accepted.Load(), back.Load(); a > 1 || a == 1 && b > 0 || a == 0 && b != 4 {
			t.Errorf("%d have accepted and %d have taken back", a, b)
		}
		if now := w.of(k); (now.Generation == 1) != (accepted.Load() == 1) {
			t.Errorf("the ticket is %+v", now)
		}
	})
}
