package accounts

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
)

// A link opens one session, however often and by however many it is used at once;
// looking at it uses nothing up.
func TestLinkIsGoodOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		token := w.link()
		for range 3 {
			if email, err := w.Peek(t.Context(), token); err != nil || email != ada {
				t.Fatalf("the link is of %q, %v", email, err)
			}
		}
		var in atomic.Int64
		var rivals sync.WaitGroup
		for range 8 {
			rivals.Go(func() {
				s, secret, err := w.Enter(t.Context(), token, "", "x")
				switch {
				case err == nil && s.Email == ada && secret != "":
					in.Add(1)
				case fault.KindOf(err) != fault.Expired || fault.Message(err) != sayUsed:
					t.Errorf("somebody who was too late is told %v", err)
				}
			})
		}
		rivals.Wait()
		if in.Load() != 1 {
			t.Errorf("one link let %d in", in.Load())
		}
		if _, err := w.Peek(t.Context(), token); fault.Message(err) != sayUsed {
			t.Errorf("a used link is %v", err)
		}
	})
}

// A link in somebody else's letter is as any: once, for a short time, for that address.
func TestLinkInALetter(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		link, err := w.Link(t.Context(), "ADA@example.org", "de")
		token, ours := strings.CutPrefix(link, public+Path)
		if err != nil || !ours || len(w.mails()) != 0 {
			t.Fatalf("%q, %v, %d mails", link, err, len(w.mails()))
		}
		if s, _, err := w.Enter(t.Context(), token, "", "x"); err != nil || s.Email != ada {
			t.Errorf("it opens the tickets of %q, %v", s.Email, err)
		}
		if _, _, err := w.Enter(t.Context(), token, "", "x"); fault.KindOf(err) != fault.Expired {
			t.Errorf("twice: %v", err)
		}
		if _, err := w.Link(t.Context(), "ada", "de"); fault.KindOf(err) != fault.BadInput {
			t.Errorf("for no address: %v", err)
		}
	})
}

// A letter that is written again and again, since no mail server takes it, keeps nobody
// from asking for a link.
func TestLinksInLettersAreNotCounted(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for range perAsker {
			if _, err := w.Link(t.Context(), ada, "de"); err != nil {
				t.Fatal(err)
			}
		}
		for n := range perAddress + 1 {
			if err := w.Ask(t.Context(), ada, "de", asker); err != nil {
				t.Fatalf("request %d: %v", n+1, err)
			}
		}
		if n := len(w.mails()); n != perAddress {
			t.Errorf("%d mails, want %d", n, perAddress)
		}
	})
}

// A link is over at its time to the millisecond, and the mail that says it is not
// written any more.
func TestLinkIsOver(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		first, second := w.link(), w.link()
		w.clock.Pass(LinkLife - time.Millisecond)
		if _, _, err := w.Enter(t.Context(), first, "", ""); err != nil {
			t.Errorf("in its last moment: %v", err)
		}
		w.clock.Pass(time.Millisecond)
		if _, _, err := w.Enter(t.Context(), second, "", ""); fault.KindOf(err) != fault.Expired || fault.Message(err) != sayOver {
			t.Errorf("after it: %v", err)
		}
		for _, m := range w.mails() {
			if _, err := w.Compose(t.Context(), m.Mail); fault.KindOf(err) != fault.Expired {
				t.Errorf("the mail is still written: %v", err)
			}
		}
	})
}

// What is none of ours opens nothing and changes nothing.
func TestLinksThatAreNone(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		token := w.link()
		dbtest.Unchanged(t, w.DB, func() {
			for _, text := range []string{"", token[1:], token + "A", strings.ToUpper(token), hashOf(token), strings.Repeat("A", 43), strings.Repeat("x", 9000)} {
				if _, _, err := w.Enter(t.Context(), text, "", ""); fault.KindOf(err) != fault.NotFound {
					t.Errorf("%.50q: %v", text, err)
				}
				if _, err := w.Session(t.Context(), text); fault.KindOf(err) != fault.Unauthorised {
					t.Errorf("%.50q opens a session: %v", text, err)
				}
			}
		})
	})
}

// The database holds nothing with which a copy of it could get in.
func TestNothingAtRest(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		unused := w.link()
		s, secret := w.enter("")
		challenge, err := w.Challenge(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		kept := strings.Join(dbtest.Dump(t, w.DB), "\n")
		for what, text := range map[string]string{"link": unused, "cookie": secret, "challenge": challenge} {
			if strings.Contains(kept, text) {
				t.Errorf("the %s is in the database", what)
			}
		}
		if !strings.Contains(kept, ada) {
			t.Error("the dump has not what it should: this test looks at nothing")
		}
	})
}

// Whoever asks learns nothing of whether an address has tickets: the answer is the
// same, and so is what is written down.
func TestUnknownAddress(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		if err := w.Ask(t.Context(), "nobody@example.org", "en", asker); err != nil {
			t.Fatal(err)
		}
		mails := w.mails()
		if len(mails) != 1 {
			t.Fatalf("%d mails are queued, want the one of any address", len(mails))
		}
		if _, err := w.Compose(t.Context(), mails[0].Mail); fault.KindOf(err) != fault.Expired {
			t.Errorf("a mail to who has no tickets: %v", err)
		}
	})
}

// Of many requests most mail nothing; the address that they are for is not told, the
// one that they come from is.
func TestAskingIsLimited(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for n := range perAsker {
			if err := w.Ask(t.Context(), strings.ToUpper(ada), "en", asker); err != nil {
				t.Fatalf("request %d: %v", n+1, err)
			}
		}
		if n := len(w.mails()); n != perAddress {
			t.Errorf("%d mails, want %d", n, perAddress)
		}
		dbtest.Unchanged(t, w.DB, func() {
			if err := w.Ask(t.Context(), "bea@example.org", "en", asker); fault.KindOf(err) != fault.TooMany {
				t.Errorf("one request too many: %v", err)
			}
		})
		if err := w.Ask(t.Context(), "bea@example.org", "en", "198.51.100.1"); err != nil {
			t.Errorf("from elsewhere: %v", err)
		}
		w.clock.Pass(time.Hour)
		if err := w.Ask(t.Context(), ada, "en", asker); err != nil || len(w.mails()) != perAddress+2 {
			t.Errorf("an hour later: %v, %d mails", err, len(w.mails()))
		}
	})
}

// A browser has a new secret after each way in, the one before is dead, and what it
// opened stays open.
func TestNoFixation(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		_, planted, err := w.Open(t.Context(), "order-1", "", "x")
		if err != nil {
			t.Fatal(err)
		}
		s, secret := w.enter(planted)
		if secret == planted || s.Email != ada || len(s.Orders) != 1 || s.Orders[0] != "order-1" {
			t.Errorf("the session is %+v", s)
		}
		if _, err := w.Session(t.Context(), planted); fault.KindOf(err) != fault.Unauthorised {
			t.Errorf("the secret before still opens: %v", err)
		}
		again, third, err := w.Open(t.Context(), "order-2", secret, "x")
		if err != nil || again.Email != ada || len(again.Orders) != 2 || third == secret {
			t.Errorf("with another order it is %+v, %v", again, err)
		}
		if _, err := w.Session(t.Context(), secret); fault.KindOf(err) != fault.Unauthorised {
			t.Errorf("the secret before still opens: %v", err)
		}
		if got, err := w.Session(t.Context(), third); err != nil || got.ID != again.ID {
			t.Errorf("the newest opens %+v, %v", got, err)
		}
	})
}

// Somebody sees where they are signed in, ends any of it, and nothing of anybody else.
func TestEndingSessions(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		phone, phoneSecret := w.enter("")
		w.clock.Pass(time.Minute)
		laptop, laptopSecret := w.enter("")
		other, otherSecret, err := w.Open(t.Context(), "order-9", "", "another's")
		if err != nil {
			t.Fatal(err)
		}
		list, err := w.Sessions(t.Context(), phone)
		if err != nil || len(list) != 2 || list[0].ID != laptop.ID || list[1].ID != phone.ID {
			t.Errorf("ada is signed in at %+v, %v", list, err)
		}
		if list, err := w.Sessions(t.Context(), other); err != nil || len(list) != 1 || list[0].ID != other.ID {
			t.Errorf("the other at %+v, %v", list, err)
		}
		for _, by := range []Session{phone, other} {
			for _, id := range []string{other.ID, phone.ID, laptop.ID} {
				if by.ID == phone.ID && id == phone.ID || by.ID == other.ID && id == other.ID || by.ID == phone.ID && id == laptop.ID {
					continue
				}
				if err := w.End(t.Context(), by, id); err != nil {
					t.Error(err)
				}
			}
		}
		for _, secret := range []string{phoneSecret, laptopSecret, otherSecret} {
			if _, err := w.Session(t.Context(), secret); err != nil {
				t.Errorf("a session was ended by who may not: %v", err)
			}
		}
		if err := w.End(t.Context(), laptop, phone.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Session(t.Context(), phoneSecret); fault.KindOf(err) != fault.Unauthorised {
			t.Errorf("an ended session: %v", err)
		}
		w.clock.Pass(Idle - time.Minute)
		if _, err := w.Session(t.Context(), laptopSecret); err != nil {
			t.Errorf("a session that was used 90 days ago less a minute: %v", err)
		}
		w.clock.Pass(Idle + time.Minute)
		if _, err := w.Session(t.Context(), laptopSecret); fault.KindOf(err) != fault.Unauthorised {
			t.Errorf("a session that was left alone: %v", err)
		}
	})
}

// Whoever is signed in stays so where it can't be noted that they were here, and it is not
// taken for noted.
func TestSessionThatCannotBeNoted(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		was, secret := w.enter("")
		w.clock.Pass(seenEvery)
		dbtest.Refuse(t, w.DB, "wallet_session", "new.seen_at > 0")
		s, err := w.Session(t.Context(), secret)
		if err != nil || s.ID != was.ID || s.Email != ada || s.Noted || !s.Seen.Before(w.clock.Now()) {
			t.Errorf("the session is %+v, %v", s, err)
		}
	})
}

// A challenge is the session's own, for one answer and a short time.
func TestChallenge(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		s, _ := w.enter("")
		other, _ := w.enter("")
		draw := func() string {
			c, err := w.Challenge(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		refused := func(what string, by Session, challenge string) {
			t.Helper()
			if err := w.Answered(t.Context(), by, challenge); fault.KindOf(err) != fault.Refused {
				t.Errorf("%s: %v", what, err)
			}
		}
		refused("none was drawn", s, "")
		first, second := draw(), draw()
		refused("one that was replaced", s, first)
		refused("another session's", other, second)
		refused("cut short", s, second[:20])
		if err := w.Answered(t.Context(), s, second); err != nil {
			t.Fatal(err)
		}
		refused("a second time", s, second)
		third := draw()
		w.clock.Pass(ChallengeLife)
		refused("too late", s, third)
	})
}

// An address is kept in one way, or refused; and what was kept is kept the same again.
func TestAddress(t *testing.T) {
	for text, want := range map[string]string{" Ada@Example.ORG ": "ada@example.org", "": "", "ada": "", "Ada <ada@example.org>": "", "a@b\nBcc: c@d": "",
		strings.Repeat("a", 250) + "@b.example": ""} {
		got, err := Address(text)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%.40q: %q, %v", text, got, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z.+]{1,9}@[A-Za-z]{1,9}\.[a-z]{2,3}`)).Draw(t, "text")
		got, err := Address(text)
		if err != nil {
			return
		}
		if again, err := Address(got); err != nil || again != got || strings.ContainsAny(got, "\r\n\x00") {
			t.Errorf("%q is kept as %q, and that as %q, %v", text, got, again, err)
		}
	})
}
