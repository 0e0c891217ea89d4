package ticketing

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/server/journals"
	"usher/server/vault"
	"usher/sync/fault"
	"usher/sync/journal"
)

// relock gives an office of the same database whose keys are locked.
func relock(w *world) *Office {
	clock := func() time.Time { return w.now }
	v := vault.New(w.db, noEntropy{}, clock, "Test Organiser")
	return New(w.db, v, journals.New(w.db, v, clock), w.catalog, rand.Reader, clock)
}

// minimum gives the lowest good generation that the journal says of the ticket.
func (w *world) minimum(t testing.TB, id ticket.ID) (lowest uint32, reason string) {
	t.Helper()
	for _, r := range records[journal.Revoke](t, w, event, journal.KindRevoke) {
		for i := range r.Len() {
			if r.At(i).Ticket == journal.TicketID(id) {
				lowest, reason = r.At(i).Minimum, r.Reason
			}
		}
	}
	return lowest, reason
}

func TestRevoke(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(3))
		old := w.tickets(t, event)["G000001"]
		w.now = w.now.Add(time.Hour)
		got, err := w.Revoke(t.Context(), old, Blocked, "bought with a stolen card")
		if err != nil {
			t.Fatal(err)
		}
		want := old
		want.State, want.Why, want.Changed = Blocked, "bought with a stolen card", w.now
		if !same(got, want) || !same(w.tickets(t, event)["G000001"], want) {
			t.Errorf("the revoked ticket is %+v, want %+v", got, want)
		}
		all := records[journal.Revoke](t, w, event, journal.KindRevoke)
		if len(all) != 1 || all[0].Len() != 1 || all[0].At(0) != (journal.Revocation{Ticket: journal.TicketID(old.ID), Minimum: journal.Never}) ||
			all[0].Reason != "blocked" || all[0].Note != "bought with a stolen card" || all[0].Since != w.now.UnixMilli() {
			t.Errorf("the gates were told %+v", all)
		}
		for _, k := range w.tickets(t, event) {
			if k.ID != old.ID && k.State != Valid {
				t.Errorf("ticket %s is %s", k.External, k.State)
			}
		}
	})
}

func same(a, b Ticket) bool {
	at := a.Changed.Equal(b.Changed)
	a.Changed = b.Changed
	return at && a == b
}

func TestRevokeAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		first, err := w.Revoke(t.Context(), w.tickets(t, event)["G000000"], Revoked, "lost")
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Hour)
		again, err := w.Revoke(t.Context(), first, Revoked, "lost, really")
		if err != nil || !same(again, first) {
			t.Errorf("revoking again gives %+v, %v; want %+v", again, err, first)
		}
		if n := len(records[journal.Revoke](t, w, event, journal.KindRevoke)); n != 1 {
			t.Errorf("%d revocations were written, want 1", n)
		}
		// Another reason is news for the door.
		if _, err := w.Revoke(t.Context(), first, Blocked, "fraud"); err != nil {
			t.Fatal(err)
		}
		if lowest, reason := w.minimum(t, first.ID); lowest != journal.Never || reason != "blocked" {
			t.Errorf("the gates know the ticket as %s from generation %d", reason, lowest)
		}
	})
}

func TestReissue(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(2))
		old := w.tickets(t, event)["G000001"]
		codes := []string{old.Token}
		for generation := 1; generation <= 3; generation++ {
			w.now = w.now.Add(time.Minute)
			k, err := w.Reissue(t.Context(), old, "lost phone") // what the caller holds may be stale
			if err != nil {
				t.Fatal(err)
			}
			want := old
			want.Generation, want.Token, want.Changed = uint16(generation), k.Token, w.now
			if !same(k, want) || !same(w.tickets(t, event)["G000001"], want) {
				t.Errorf("the reissued ticket is %+v, want %+v", k, want)
			}
			codes = append(codes, k.Token)
			lowest, reason := w.minimum(t, k.ID)
			if lowest != uint32(generation) || reason != "superseded" || w.rostered(t, event)[journal.TicketID(k.ID)] != uint16(generation) {
				t.Errorf("the gates know it as %s from generation %d, the roster as %d", reason, lowest, w.rostered(t, event)[journal.TicketID(k.ID)])
			}
		}
		ctx := ticket.Context{Keys: w.ring(t), Event: event, Now: w.now.Unix(), MinGeneration: func(id ticket.ID) uint32 {
			lowest, _ := w.minimum(t, id)
			return lowest
		}}
		for i, code := range codes {
			if _, err := ticket.Judge(code, ctx); i < 3 && !errors.Is(err, ticket.ReasonGeneration) || i == 3 && err != nil {
				t.Errorf("code %d: %v", i, err)
			}
		}
	})
}

func TestNoReissueAfterRevocation(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		k := w.tickets(t, event)["G000000"]
		before, err := w.Revoke(t.Context(), k, Cancelled, "refunded at the desk")
		if err != nil {
			t.Fatal(err)
		}
		// k still says valid: the office asks the database and not its caller.
		_, err = w.Reissue(t.Context(), k, "")
		if fault.KindOf(err) != fault.Refused || !strings.Contains(fault.Message(err), "is cancelled (refunded at the desk)") {
			t.Errorf("a reissue after a revocation: %v", err)
		}
		if after := w.tickets(t, event)["G000000"]; !same(after, before) {
			t.Errorf("the refused reissue made %+v of %+v", after, before)
		}
		if lowest, _ := w.minimum(t, k.ID); lowest != journal.Never {
			t.Errorf("the gates take the ticket again, from generation %d", lowest)
		}
	})
}

func TestGenerationsEnd(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		w.exec(t, `update ticket set generation = $1`, math.MaxUint16-1)
		k, err := w.Reissue(t.Context(), w.tickets(t, event)["G000000"], "")
		if err != nil || k.Generation != math.MaxUint16 {
			t.Fatalf("the last generation: %d, %v", k.Generation, err)
		}
		if _, err := w.Reissue(t.Context(), k, ""); fault.KindOf(err) != fault.Refused {
			t.Errorf("a generation after the last: %v", err)
		}
	})
}

func (w *world) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	err := w.db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Reissues of one ticket at the same moment each make a generation of their own,
// and a revocation among them is the end.
func TestChangesAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		k := w.tickets(t, event)["G000000"]
		const n = 10
		var wait sync.WaitGroup
		var mu sync.Mutex
		generations := map[uint16]bool{}
		for range n {
			wait.Go(func() {
				got, err := w.Reissue(context.Background(), k, "")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if generations[got.Generation] {
					t.Errorf("generation %d was made twice", got.Generation)
				}
				generations[got.Generation] = true
			})
		}
		wait.Wait()
		if after := w.tickets(t, event)["G000000"]; after.Generation != n {
			t.Errorf("generation %d after %d reissues", after.Generation, n)
		}
		wait.Go(func() {
			if _, err := w.Revoke(context.Background(), k, Revoked, "fraud"); err != nil {
				t.Error(err)
			}
		})
		for range n {
			wait.Go(func() {
				if _, err := w.Reissue(context.Background(), k, ""); err != nil && fault.KindOf(err) != fault.Refused {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if lowest, reason := w.minimum(t, k.ID); lowest != journal.Never || reason != "revoked" {
			t.Errorf("the gates know the ticket as %s from generation %d", reason, lowest)
		}
	})
}

func TestChangesThatCannotBe(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(1))
		k := w.tickets(t, event)["G000000"]
		nobody := k
		nobody.ID[0] ^= 1
		elsewhere := k
		elsewhere.Event = other
		long := strings.Repeat("w", maxWhy+1)
		locked := relock(w)
		for _, c := range []struct {
			what string
			do   func() (Ticket, error)
			want fault.Kind
		}{
			{"revoking as valid", func() (Ticket, error) { return w.Revoke(t.Context(), k, Valid, "why") }, fault.BadInput},
			{"revoking as nonsense", func() (Ticket, error) { return w.Revoke(t.Context(), k, "gone", "why") }, fault.BadInput},
			{"revoking without a reason", func() (Ticket, error) { return w.Revoke(t.Context(), k, Revoked, "") }, fault.BadInput},
			{"revoking with a long reason", func() (Ticket, error) { return w.Revoke(t.Context(), k, Revoked, long) }, fault.BadInput},
			{"reissuing with a long reason", func() (Ticket, error) { return w.Reissue(t.Context(), k, long) }, fault.BadInput},
			{"revoking nobody's", func() (Ticket, error) { return w.Revoke(t.Context(), nobody, Revoked, "why") }, fault.NotFound},
			{"reissuing nobody's", func() (Ticket, error) { return w.Reissue(t.Context(), nobody, "why") }, fault.NotFound},
			{"reissuing another event's", func() (Ticket, error) { return w.Reissue(t.Context(), elsewhere, "why") }, fault.NotFound},
			{"reissuing under lock", func() (Ticket, error) { return locked.Reissue(t.Context(), k, "why") }, fault.NotReady},
			{"revoking under lock", func() (Ticket, error) { return locked.Revoke(t.Context(), k, Revoked, "why") }, fault.NotReady},
		} {
			if _, err := c.do(); fault.KindOf(err) != c.want {
				t.Errorf("%s: %v, want kind %q", c.what, err, c.want)
			}
		}
		if after := w.tickets(t, event)["G000000"]; !same(after, k) {
			t.Errorf("the ticket is %+v, want %+v", after, k)
		}
		if n := len(records[journal.Revoke](t, w, event, journal.KindRevoke)); n != 0 {
			t.Errorf("%d revocations were written", n)
		}
	})
}

func TestFind(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(2))
		k := w.tickets(t, event)["G000001"]
		newer, err := w.Reissue(t.Context(), k, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ what, text string }{
			{"short code", k.ID.Short()},
			{"short code as people type it", strings.ToLower(strings.ReplaceAll(k.ID.Short(), "-", " "))},
			{"id", k.ID.String()},
			{"newest code", newer.Token},
			{"code before the reissue", k.Token},
			{"code with a reader's noise", "]Q1" + newer.Token + "\r\n"},
			{"external id", "G000001"},
			{"external id with spaces", " G000001 \n"},
		} {
			for _, in := range []string{"", event} {
				if got, err := w.Find(t.Context(), in, c.text); err != nil || got.ID != k.ID {
					t.Errorf("%s in event %q: %s, %v", c.what, in, got.External, err)
				}
			}
			if _, err := w.Find(t.Context(), other, c.text); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s in the other event: %v", c.what, err)
			}
		}
	})
}

func TestFindNothing(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(2))
		k := w.tickets(t, event)["G000001"]
		forged := []byte(k.Token)
		forged[len(forged)/2] ^= 1
		for _, text := range []string{"", " ", "G000009", "g000001", "%", "' or 1=1 --", string(forged), "UT1:", "UP1:" + k.Token[4:],
			ticket.ID{1}.Short(), ticket.ID{1}.String(), strings.Repeat("x", 10_000)} {
			_, err := w.Find(t.Context(), "", text)
			if fault.KindOf(err) != fault.NotFound || len(fault.Message(err)) > 300 {
				t.Errorf("%.40q: %v", text, err)
			}
			if len(text) > 100 && strings.Contains(err.Error(), text[60:]) {
				t.Errorf("the error repeats the whole code: %v", err)
			}
		}
	})
}

// An external id is the organiser's own, so it may be another event's as well, or
// look like one of ours.
func TestFindWhatSeveralGoBy(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(2))
		if _, err := w.Import(t.Context(), other, "guests.csv", strings.NewReader(guestRows(1)), nil); err != nil {
			t.Fatal(err)
		}
		_, err := w.Find(t.Context(), "", "G000000")
		if fault.KindOf(err) != fault.BadInput || !strings.Contains(fault.Message(err), event) || !strings.Contains(fault.Message(err), other) {
			t.Errorf("an external id of two events: %v", err)
		}
		if k, err := w.Find(t.Context(), other, "G000000"); err != nil || k.Event != other {
			t.Errorf("an external id of two events, with the event: %+v, %v", k, err)
		}
		twin := w.tickets(t, event)["G000001"].ID
		stranger := ticket.ID{0xab, 0xcd}
		w.list(t, fmt.Sprintf("%s%s,Twin,,ga\n%s,Short,,ga\n%s,Hex,,ga\n", header, twin, strings.ReplaceAll(stranger.Short(), "-", ""), stranger))
		if _, err := w.Find(t.Context(), event, twin.String()); fault.KindOf(err) != fault.BadInput {
			t.Errorf("an external id that is another ticket's id: %v", err)
		}
		for _, text := range []string{strings.ReplaceAll(stranger.Short(), "-", ""), stranger.String()} {
			if k, err := w.Find(t.Context(), event, text); err != nil || k.External != text {
				t.Errorf("an external id that looks like one of ours: %+v, %v", k, err)
			}
		}
	})
}

func TestEachStops(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(5))
		enough, seen := errors.New("enough"), []string(nil)
		err := w.Each(t.Context(), event, func(k Ticket) error {
			if seen = append(seen, k.External); len(seen) == 2 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) || fmt.Sprint(seen) != "[G000000 G000001]" {
			t.Errorf("stopped by %v after %v", err, seen)
		}
		if err := w.Each(t.Context(), "NOWHERE", func(Ticket) error { return nil }); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an unknown event: %v", err)
		}
	})
}
