package ticketing

import (
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
	"usher/sync/journal"
)

func newPhone(t testing.TB) *keyring.Signer {
	t.Helper()
	s, err := keyring.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// claim is what a phone says to have a ticket as it knows it.
func claim(t testing.TB, phone *keyring.Signer, k Ticket) Claim {
	t.Helper()
	c := Claim{Holder: phone.Public(), Generation: k.Generation, Challenge: []byte("what the server drew")}
	payload, err := ClaimPayload(c.Challenge, k.Event, k.ID, k.Generation)
	if err != nil {
		t.Fatal(err)
	}
	sig := phone.Sign(keyring.ProtectedEdDSA, claimAAD, payload)
	c.Signature = sig[:]
	return c
}

func takeOver(c Claim) Claim {
	c.TakeOver = true
	return c
}

// shows has a phone show a ticket, and gives what a gate reads of it.
func (w *world) shows(t testing.TB, b Binding, phone *keyring.Signer) *ticket.Ticket {
	t.Helper()
	text, err := ticket.Present(b.Code, phone, w.now.Unix(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ticket.Verify(text, w.ring(t))
	if err == nil {
		err = got.VerifyProof()
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// The phone that has a ticket shows it by its key alone; the code before is void in
// the same act, and so is the phone before when another takes it over.
func TestBind(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(2))
		printed := w.tickets(t, event)["G000001"]
		first, second := newPhone(t), newPhone(t)

		w.now = w.now.Add(time.Minute)
		bound, b, err := w.Bind(t.Context(), printed, claim(t, first, printed))
		if err != nil {
			t.Fatal(err)
		}
		if !bound.Bound() || bound.Generation != 1 || !b.Bound.Equal(w.now) || !b.Holder.Equal(first.Public()) {
			t.Errorf("the ticket is %+v, on %+v", bound, b)
		}
		if got := w.shows(t, b, first); got.ID != printed.ID || got.Generation != 1 || got.Seat != printed.Seat || got.Product != printed.Product {
			t.Errorf("the gate reads %+v", got.Claims)
		}
		if lowest, reason := w.minimum(t, printed.ID); lowest != 1 || reason != superseded || w.rostered(t, event)[journal.TicketID(printed.ID)] != 1 {
			t.Errorf("the gates hold generations from %d on for good (%s)", lowest, reason)
		}
		dbtest.Unchanged(t, w.db, func() {
			if again, same, err := w.Bind(t.Context(), printed, claim(t, first, printed)); err != nil || again.Generation != 1 || string(same.Code) != string(b.Code) {
				t.Errorf("the same phone again: %+v, %v", again, err)
			}
			if _, _, err := w.Bind(t.Context(), bound, claim(t, second, bound)); fault.KindOf(err) != fault.Exists || !strings.Contains(fault.Message(err), "another phone") {
				t.Errorf("another phone, unasked: %v", err)
			}
			if _, _, err := w.Bind(t.Context(), printed, takeOver(claim(t, second, printed))); fault.KindOf(err) != fault.Refused {
				t.Errorf("a phone that knows an older code: %v", err)
			}
		})

		taken, c, err := w.Bind(t.Context(), bound, takeOver(claim(t, second, bound)))
		if err != nil || taken.Generation != 2 {
			t.Fatalf("taken over: %+v, %v", taken, err)
		}
		w.shows(t, c, second)
		if lowest, _ := w.minimum(t, printed.ID); lowest != 2 {
			t.Errorf("after another phone took it, generations from %d on are good", lowest)
		}
		if now, there, err := w.Binding(t.Context(), taken); err != nil || !there || !now.Holder.Equal(second.Public()) {
			t.Errorf("the ticket is on %+v, %v, %v", now, there, err)
		}

		paper, err := w.Reissue(t.Context(), taken, "lost phone")
		if err != nil || paper.Bound() || paper.Generation != 3 {
			t.Fatalf("reissued: %+v, %v", paper, err)
		}
		if _, there, err := w.Binding(t.Context(), paper); err != nil || there {
			t.Errorf("a reissued ticket is on a phone: %v", err)
		}
		if got, err := ticket.Verify(paper.Token, w.ring(t)); err != nil || got.Holder != nil {
			t.Errorf("its code: %+v, %v", got, err)
		}
	})
}

// What doesn't show that a phone has its key binds nothing.
func TestBindRefuses(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(3))
		k, void := w.tickets(t, event)["G000001"], w.tickets(t, event)["G000002"]
		void, err := w.Revoke(t.Context(), void, Cancelled, "rain")
		if err != nil {
			t.Fatal(err)
		}
		phone, other := newPhone(t), newPhone(t)
		good := claim(t, phone, k)
		with := func(change func(*Claim)) Claim {
			c := good
			change(&c)
			return c
		}
		for name, c := range map[string]struct {
			ticket Ticket
			claim  Claim
			want   fault.Kind
		}{
			"no key":              {k, with(func(c *Claim) { c.Holder = nil }), fault.BadInput},
			"a key of zeros":      {k, with(func(c *Claim) { c.Holder = make([]byte, 32) }), fault.BadInput},
			"another key":         {k, with(func(c *Claim) { c.Holder = other.Public() }), fault.Forbidden},
			"no signature":        {k, with(func(c *Claim) { c.Signature = nil }), fault.Forbidden},
			"another challenge":   {k, with(func(c *Claim) { c.Challenge = []byte("x") }), fault.Forbidden},
			"no challenge":        {k, with(func(c *Claim) { c.Challenge = nil }), fault.BadInput},
			"a long challenge":    {k, with(func(c *Claim) { c.Challenge = make([]byte, 65) }), fault.BadInput},
			"another ticket's":    {k, claim(t, phone, void), fault.Forbidden},
			"another generation":  {k, with(func(c *Claim) { c.Generation = 1 }), fault.Forbidden},
			"one still to come":   {k, claim(t, phone, Ticket{Event: k.Event, ID: k.ID, Generation: 1}), fault.Refused},
			"a void ticket":       {void, claim(t, phone, void), fault.Refused},
			"a ticket of nowhere": {Ticket{Event: event, ID: ticket.ID{1}}, claim(t, phone, Ticket{Event: event, ID: ticket.ID{1}}), fault.NotFound},
		} {
			dbtest.Unchanged(t, w.db, func() {
				if _, _, err := w.Bind(t.Context(), c.ticket, c.claim); fault.KindOf(err) != c.want {
					t.Errorf("%s: %v, want %s", name, err, c.want)
				}
			})
		}
	})
}

// Of phones that reach for a ticket at the same moment one has it.
func TestPhonesThatRace(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		k := w.tickets(t, event)["G000000"]
		var won atomic.Int64
		var rivals sync.WaitGroup
		for range 6 {
			c := takeOver(claim(t, newPhone(t), k))
			rivals.Go(func() {
				switch _, _, err := w.Bind(t.Context(), k, c); {
				case err == nil:
					won.Add(1)
				case fault.KindOf(err) != fault.Refused:
					t.Errorf("who came too late is told %v", err)
				}
			})
		}
		rivals.Wait()
		if won.Load() != 1 {
			t.Errorf("%d phones have the ticket", won.Load())
		}
	})
}

// Whatever is done to a ticket in whatever order, one code of it is good at most: the
// newest, on paper or by the phone that has it, and neither when it is void.
func TestOneLiveCode(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.Server))
	phones := []*keyring.Signer{newPhone(t), newPhone(t)}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		k, err := w.Issue(t.Context(), event, Attendee{External: fmt.Sprintf("R%06d", n), Name: "Ada", Email: "ada@example.org", Product: 1, Admissions: 1})
		if err != nil {
			rt.Fatal(err)
		}
		holder := -1 // which phone; none
		for range rapid.IntRange(1, 8).Draw(rt, "acts") {
			before := k
			switch act := rapid.SampledFrom([]string{"bind", "take over", "reissue", "transfer", "revoke", "reactivate"}).Draw(rt, "act"); act {
			case "bind", "take over":
				at := rapid.IntRange(0, 1).Draw(rt, "phone")
				c := claim(t, phones[at], k)
				c.TakeOver = act == "take over"
				got, _, err := w.Bind(t.Context(), k, c)
				allowed := k.State == Valid && (holder < 0 || holder == at || c.TakeOver)
				if (err == nil) != allowed {
					rt.Fatalf("%s by phone %d of a %s ticket on phone %d: %v", act, at, k.State, holder, err)
				}
				if err == nil {
					k, holder = got, at
				}
			case "reissue", "transfer":
				var got Ticket
				var err error
				if act == "reissue" {
					got, err = w.Reissue(t.Context(), k, "lost")
				} else {
					got, err = w.Transfer(t.Context(), k, "Bea", "bea@example.org", "")
				}
				if err == nil {
					k, holder = got, -1
				}
			case "revoke":
				k, err = w.Revoke(t.Context(), k, Revoked, "x")
			case "reactivate":
				k, err = w.Reactivate(t.Context(), k, "x")
			}
			if err != nil {
				rt.Fatal(err)
			}
			if k.Generation < before.Generation {
				rt.Fatalf("generation %d after %d", k.Generation, before.Generation)
			}
			b, there, err := w.Binding(t.Context(), k)
			if err != nil || there != (holder >= 0) || k.Bound() != there || there && !b.Holder.Equal(phones[holder].Public()) {
				rt.Fatalf("the ticket is on %v (%v), want phone %d; its code is %q; %v", b, there, holder, k.Token, err)
			}
			if !there {
				if got, err := ticket.Verify(k.Token, w.ring(t)); err != nil || got.Generation != k.Generation {
					rt.Fatalf("the printed code is of %+v, %v", got, err)
				}
			}
		}
	})
}

// Somebody's tickets are found by their address in any case, and nobody else's.
func TestHeldBy(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for i, email := range []string{"Ada@Example.org", "ada@example.org", "ada@example.org.evil.example", "", "bea@example.org"} {
			if _, err := w.Issue(t.Context(), event, Attendee{External: fmt.Sprint(i), Name: "x", Email: email, Product: 1, Admissions: 1}); err != nil {
				t.Fatal(err)
			}
		}
		for email, want := range map[string]int{"ada@example.org": 2, "bea@example.org": 1, "%": 0, "": 0, "cleo@example.org": 0} {
			list, err := w.HeldBy(t.Context(), email)
			has, failed := w.Holds(t.Context(), email)
			if err != nil || failed != nil || len(list) != want || has != (want > 0) {
				t.Errorf("%q has %d tickets, %v, %v %v", email, len(list), has, err, failed)
			}
		}
	})
}
