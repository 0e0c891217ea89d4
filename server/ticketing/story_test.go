package ticketing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/sync/journal"
)

// A story tells everything that the gates were told of a ticket, and nothing of
// others.
func TestStory(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(3))
		k := w.tickets(t, event)["G000001"]
		at := func() time.Time { w.now = w.now.Add(time.Hour); return w.now }
		do := func(next Ticket, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			k = next
		}
		want := []string{fmt.Sprintf("%d issued 0 [] ", start.Unix())}
		say := func(what string, generation int, changed, why string) {
			want = append(want, fmt.Sprintf("%d %s %d [%s] %s", at().Unix(), what, generation, changed, why))
		}
		say("blocked", 0, "", "card was stolen")
		do(w.Revoke(t.Context(), k, Blocked, "card was stolen"))
		say("reactivated", 0, "", "it was found")
		do(w.Unblock(t.Context(), k, "it was found"))
		say("superseded", 1, "", "lost phone")
		do(w.Reissue(t.Context(), k, "lost phone"))
		say("superseded", 2, "product", "downgrade")
		do(w.Amend(t.Context(), k, map[string]string{"product": "ga"}, "downgrade"))
		say("superseded", 3, "valid_from valid_until", "")
		do(w.Amend(t.Context(), k, map[string]string{"valid_from": "2026-07-04", "valid_until": "2026-07-04"}, ""))
		say("amended", 3, "paid", "")
		do(w.Bill(t.Context(), k, true, 500, "EUR"))
		say("cancelled", 3, "", "not paid for")
		do(w.Revoke(t.Context(), k, Cancelled, "not paid for"))

		other := w.tickets(t, event)["G000002"]
		if _, err := w.Revoke(t.Context(), other, Revoked, "somebody else's"); err != nil {
			t.Fatal(err)
		}
		w.forge(t, k)
		story, err := w.Story(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range story {
			got = append(got, fmt.Sprintf("%d %s %d %v %s", c.At.Unix(), c.What, c.Generation, c.Changed, c.Why))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the story is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// forge stores a revocation of the ticket that a stranger wrote.
func (w *world) forge(t *testing.T, k Ticket) {
	t.Helper()
	signer, err := keyring.Generate(strings.NewReader(strings.Repeat("stranger", 8)))
	if err != nil {
		t.Fatal(err)
	}
	lie := journal.NewRevoke("revoked", w.now.UnixMilli(), "a lie", []journal.Revocation{{Ticket: journal.TicketID(k.ID), Minimum: journal.Never}})
	author := &journal.Author{Signer: signer}
	r, err := author.Write(journal.Head{}, journal.Stamp{Time: w.now.UnixMilli()}, journal.KindRevoke, &lie)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.journals.Store(event).Append(t.Context(), []*journal.Record{r}); err != nil {
		t.Fatal(err)
	}
}

// A ticket that is void for another reason than a block is not unblocked, and the
// office asks the database and not its caller.
func TestUnblock(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		k := w.tickets(t, event)["G000000"]
		if got, err := w.Unblock(t.Context(), k, "nothing to do"); err != nil || !same(got, k) {
			t.Errorf("unblocking a good ticket: %+v, %v", got, err)
		}
		blocked, err := w.Revoke(t.Context(), k, Blocked, "fraud?")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Revoke(t.Context(), k, Cancelled, "the show is off"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Unblock(t.Context(), blocked, "no fraud"); err == nil || !strings.Contains(err.Error(), "is cancelled (the show is off) and not blocked") {
			t.Errorf("unblocking a cancelled ticket: %v", err)
		}
		if got := w.tickets(t, event)["G000000"]; got.State != Cancelled {
			t.Errorf("it made the ticket %s", got.State)
		}
	})
}

func TestAttendeeOfOneRow(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		good := map[string]string{
			"external_id": "BOX-1", "name": "Walk In", "email": "walk@example.org", "product": "vip", "zone": "lounge", "seat": "A 4",
			"valid_from": "2026-07-04 20:00", "valid_until": "2026-07-04", "admissions": "2", "order": "O-7", "note": "wristband", "paid": "no",
		}
		a, err := w.Attendee(t.Context(), event, good)
		want := Attendee{
			External: "BOX-1", Name: "Walk In", Email: "walk@example.org", Product: a.Product, Zones: a.Zones, Seat: "A 4",
			NotBefore: time.Date(2026, 7, 4, 18, 0, 0, 0, time.UTC).Unix(), Expires: time.Date(2026, 7, 4, 22, 0, 0, 0, time.UTC).Unix(),
			Admissions: 2, Order: "O-7", Note: "wristband", Unpaid: true,
		}
		if err != nil || a != want || a.Product == 0 || a.Zones == 0 {
			t.Errorf("%+v, %v; want %+v", a, err, want)
		}
		for _, c := range []struct{ column, text, want string }{
			{"external_id", "", "external_id: is empty"},
			{"name", "", "name: is empty"},
			{"email", "nobody", "email: \"nobody\" is no e-mail address"},
			{"product", "ballet", "product: \"ballet\" is no product of the event; it has ga, vip"},
			{"valid_until", "soon", "valid_until: \"soon\" is no time"},
			{"paid", "perhaps", "paid: \"perhaps\": want yes or no"},
			{"shoe_size", "44", "shoe_size: a list has no such column"},
		} {
			row := map[string]string{}
			for name, text := range good {
				row[name] = text
			}
			row[c.column] = c.text
			if _, err := w.Attendee(t.Context(), event, row); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%s %q: %v, want %s", c.column, c.text, err, c.want)
			}
		}
		if _, err := w.Attendee(t.Context(), "NOWHERE", good); err == nil {
			t.Error("an attendee of no event")
		}
	})
}

func TestInstant(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 7, 4, 0, 0, 0, 0, berlin)
	for _, c := range []struct {
		text  string
		bound Bound
		want  int64
	}{
		{"", From, 0},
		{"2026-07-04", From, day.Unix()},
		{"2026-07-04", Until, day.AddDate(0, 0, 1).Unix()},
		{"2026-07-04 19:30", Until, day.Add(19*time.Hour + 30*time.Minute).Unix()},
		{"2026-07-04T19:30:00Z", From, day.Add(21*time.Hour + 30*time.Minute).Unix()},
	} {
		if got, err := Instant(c.text, c.bound, berlin); err != nil || got != c.want {
			t.Errorf("%s %q: %d, %v; want %d", c.bound, c.text, got, err, c.want)
		}
	}
	if _, err := Instant("tomorrow", Until, berlin); err == nil || !strings.HasPrefix(err.Error(), "valid_until: ") {
		t.Errorf("tomorrow: %v", err)
	}
}
