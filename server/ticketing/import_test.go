package ticketing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"usher/crypto/ticket"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
	"usher/sync/journal"
)

// guestRows is a list of n people of several kinds of ticket.
func guestRows(n int) string {
	var b strings.Builder
	b.WriteString("external_id,name,email,product,zone,valid_from,admissions\n")
	for i := range n {
		product, zone, from, admissions := "ga", "", "", ""
		switch i % 10 {
		case 1:
			product = "vip"
		case 2:
			zone = "lounge"
		case 3:
			from = "2026-07-04 22:00"
		case 4:
			admissions = "2"
		}
		fmt.Fprintf(&b, "G%06d,\"Guest, No. %d\",guest%d@example.org,%s,%s,%s,%s\n", i, i, i, product, zone, from, admissions)
	}
	return b.String()
}

// Every code that is issued is one that a gate calls genuine, says what the list
// said, and stands in the roster that the gates are told.
func TestIssuedTicketsAreGood(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const n = journal.MaxPacked + 100 // two roster records
		w.list(t, guestRows(n))
		ring, now := w.ring(t), start.AddDate(0, 0, 3).Unix()
		rostered := w.rostered(t, event)
		if len(rostered) != n {
			t.Errorf("the gates were told of %d tickets, want %d", len(rostered), n)
		}
		for _, k := range w.tickets(t, event) {
			got, err := ticket.Judge(k.Token, ticket.Context{Keys: ring, Event: event, Now: max(now, k.NotBefore)})
			if err != nil {
				t.Fatalf("ticket %s: %v", k.External, err)
			}
			want := k.claims()
			if want.Admissions == 1 {
				want.Admissions = 0 // not spelled out
			}
			if fmt.Sprint(got.Claims) != fmt.Sprint(want) {
				t.Errorf("the code of %s says %+v, want %+v", k.External, got.Claims, want)
			}
			if generation, there := rostered[journal.TicketID(k.ID)]; !there || generation != 0 {
				t.Errorf("ticket %s is in no roster, or with generation %d", k.External, generation)
			}
			if _, err := ticket.Judge(k.Token, ticket.Context{Keys: ring, Event: other, Now: now}); !errors.Is(err, ticket.ReasonAud) {
				t.Fatalf("the code of %s at another event: %v", k.External, err)
			}
		}
	})
}

// What the roster says of each ticket beside its id is what the list said.
func TestRosterSaysWhatTheListSays(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(50))
		groups := map[journal.TicketID]journal.RosterGroup{}
		for _, r := range records[journal.Roster](t, w, event, journal.KindRoster) {
			for _, g := range r.Groups {
				for i := range g.Len() {
					id, _ := g.At(i)
					groups[id] = g
				}
			}
		}
		for _, k := range w.tickets(t, event) {
			g := groups[journal.TicketID(k.ID)]
			if max(1, g.Admissions) != k.Admissions || g.Product != k.Product || g.Zones != k.Zones || g.NotBefore != k.NotBefore || g.Expires != k.Expires {
				t.Errorf("ticket %s is %+v, the roster says %+v", k.External, k, g)
			}
			if g.Admissions == 1 {
				t.Errorf("the roster spells one admission out for %s", k.External)
			}
		}
	})
}

// A roster of tickets of which no two are alike is the largest there is.
func TestRosterOfTicketsAllDifferent(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		var b strings.Builder
		b.WriteString("external_id,name,email,product,zone,valid_from,valid_until,admissions\n")
		for i := range journal.MaxPacked {
			fmt.Fprintf(&b, "%d,A,,ga,main lounge,9998-01-01T00:%02d:%02dZ,9999-01-01T%02d:00:00Z,%d\n", i, i%60, i/60%60, i/3600, 2+i%200)
		}
		w.list(t, b.String())
		if n := len(w.rostered(t, event)); n != journal.MaxPacked {
			t.Errorf("the gates were told of %d tickets, want %d", n, journal.MaxPacked)
		}
	})
}

func TestImportAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, header+"1,Ada,ada@example.org,ga\n2,Bo,,ga\n3,Cy,,vip\n")
		before := w.tickets(t, event)
		records, err := w.journals.Tail(t.Context(), event, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.AddDate(0, 0, 1)
		if got, want := w.list(t, header+"1,Ada,ada@example.org,ga\n2,Bo,,ga\n3,Cy,,vip\n"), (Report{Event: event, Rows: 3, Unchanged: 3}); got != want {
			t.Errorf("the same list again: %+v, want %+v", got, want)
		}
		if after := w.tickets(t, event); !maps.Equal(before, after) {
			t.Errorf("the same list again made %v of %v", after, before)
		}
		again, err := w.journals.Tail(t.Context(), event, 0, 1000)
		if err != nil || len(again) != len(records) {
			t.Errorf("the same list again wrote %d records (%v)", len(again)-len(records), err)
		}
		got := w.list(t, header+"3,Cy,,vip\n1,Ada Lovelace,ada@example.org,ga\n2,Bo,bo@example.org,ga\n4,Di,,ga\n")
		if want := (Report{Event: event, Rows: 4, Issued: 1, Updated: 2, Unchanged: 1}); got != want {
			t.Errorf("a longer list with other names: %+v, want %+v", got, want)
		}
		after := w.tickets(t, event)
		if after["1"].Name != "Ada Lovelace" || after["2"].Email != "bo@example.org" || after["4"].Name != "Di" {
			t.Errorf("tickets after the longer list: %v", after)
		}
		for id, old := range before {
			if after[id].Token != old.Token || after[id].ID != old.ID {
				t.Errorf("ticket %s has another code after its holder's name changed", id)
			}
		}
		// People who are not in a later list keep their tickets.
		if got, want := w.list(t, header), (Report{Event: event}); got != want || len(w.tickets(t, event)) != 4 {
			t.Errorf("a list of nobody: %+v, want %+v; %d tickets are left", got, want, len(w.tickets(t, event)))
		}
	})
}

// Events have their own external ids.
func TestSameListForAnotherEvent(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, guestRows(5))
		if _, err := w.Import(t.Context(), other, "guests.csv", strings.NewReader(guestRows(5)), nil); err != nil {
			t.Fatal(err)
		}
		here, there := w.tickets(t, event), w.tickets(t, other)
		for id := range here {
			if here[id].ID == there[id].ID || here[id].Token == there[id].Token || here[id].Key == there[id].Key {
				t.Errorf("ticket %s is the same at both events", id)
			}
		}
		for _, e := range []string{event, other} {
			if n, err := w.Count(t.Context(), e); n != 5 || err != nil {
				t.Errorf("event %s has %d tickets (%v), want 5", e, n, err)
			}
		}
	})
}

func TestChangesThatNeedANewCode(t *testing.T) {
	const columns = "external_id,name,email,product,seat,zone,valid_from,valid_until,admissions\n"
	onEach(t, func(t *testing.T, w *world) {
		w.list(t, columns+"1,Ada,,ga,A1,main,2026-07-04 19:00,2026-07-05 02:00,2\n2,Bo,,ga,,,,,\n")
		for _, c := range []struct {
			column column
			row    string
		}{
			{colProduct, "1,Ada,,vip,A1,main,2026-07-04 19:00,2026-07-05 02:00,2"},
			{colSeat, "1,Ada,,ga,A2,main,2026-07-04 19:00,2026-07-05 02:00,2"},
			{colSeat, "1,Ada,,ga,,main,2026-07-04 19:00,2026-07-05 02:00,2"},
			{colZone, "1,Ada,,ga,A1,lounge,2026-07-04 19:00,2026-07-05 02:00,2"},
			{colFrom, "1,Ada,,ga,A1,main,2026-07-04 19:01,2026-07-05 02:00,2"},
			{colUntil, "1,Ada,,ga,A1,main,2026-07-04 19:00,,2"},
			{colAdmissions, "1,Ada,,ga,A1,main,2026-07-04 19:00,2026-07-05 02:00,3"},
		} {
			before := w.tickets(t, event)
			text := columns + "2,Bo Derek,,ga,,,,,\n3,Cy,,ga,,,,,\n" + c.row + "\n"
			_, err := w.Import(t.Context(), event, "guests.csv", strings.NewReader(text), nil)
			want := fmt.Sprintf("guests.csv: line 4, column %s: differs from ticket %s", c.column, before["1"].ID.Short())
			if fault.KindOf(err) != fault.BadInput || !strings.HasPrefix(fault.Message(err), want) {
				t.Errorf("%s: %v, want %s", c.row, err, want)
			}
			if after := w.tickets(t, event); !maps.Equal(before, after) {
				t.Errorf("%s: something of the list was imported: %v", c.row, after)
			}
		}
	})
}

func TestProgress(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const n = 2600
		var calls []string
		last := map[Step]int{}
		_, err := w.Import(t.Context(), event, "guests.csv", strings.NewReader(guestRows(n)), func(step Step, done, total int) {
			if len(calls) == 0 || calls[len(calls)-1] != string(step) {
				calls = append(calls, string(step))
			}
			if total != n && step != StepRead || done > total || done < last[step] {
				t.Errorf("%s: %d of %d after %d", step, done, total, last[step])
			}
			last[step] = done
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"reading", "signing", "storing"}; !slices.Equal(calls, want) {
			t.Errorf("steps %v, want %v", calls, want)
		}
		for step, done := range last {
			if done != n {
				t.Errorf("%s ended at %d of %d", step, done, n)
			}
		}
	})
}

// Several desks import one list at the same moment: each person gets one ticket.
func TestImportAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const desks, n = 8, 300
		var wait sync.WaitGroup
		errs := make([]error, desks)
		for i := range desks {
			wait.Go(func() {
				_, errs[i] = w.Import(context.Background(), event, "guests.csv", strings.NewReader(guestRows(n)), nil)
			})
		}
		wait.Wait()
		done := 0
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case fault.KindOf(err) != fault.Exists || !strings.Contains(fault.Message(err), "import again"):
				t.Errorf("an import beside another: %v", err)
			}
		}
		if done == 0 {
			t.Error("of all imports none came through")
		}
		if tickets, told := w.tickets(t, event), w.rostered(t, event); len(tickets) != n || len(told) != n {
			t.Errorf("%d tickets and %d in rosters, want %d", len(tickets), len(told), n)
		}
		if got, want := w.list(t, guestRows(n)), (Report{Event: event, Rows: n, Unchanged: n}); got != want {
			t.Errorf("the list again: %+v, want %+v", got, want)
		}
	})
}

func TestImportThatCannotBe(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		w.Office.rand = noEntropy{}
		_, noLuck := w.Import(t.Context(), event, "guests.csv", strings.NewReader(guestRows(3)), nil)
		w.Office.rand = w.sameEachTime(t)
		if _, err := w.Import(t.Context(), event, "guests.csv", strings.NewReader(guestRows(2)), nil); err != nil {
			t.Fatalf("ids that are drawn twice: %v", err)
		}
		_, unknown := w.Import(t.Context(), "NOWHERE", "guests.csv", strings.NewReader(guestRows(3)), nil)
		_, late := w.Import(ended, other, "guests.csv", strings.NewReader(guestRows(3)), nil)
		for _, c := range []struct {
			what string
			err  error
			want fault.Kind
		}{
			{"no randomness", noLuck, fault.Internal}, {"an unknown event", unknown, fault.NotFound},
		} {
			if fault.KindOf(c.err) != c.want {
				t.Errorf("%s: %v, want kind %q", c.what, c.err, c.want)
			}
		}
		if !errors.Is(late, context.Canceled) {
			t.Errorf("after its context ended: %v", late)
		}
		if here, there := len(w.tickets(t, event)), len(w.tickets(t, other)); here != 2 || there != 0 {
			t.Errorf("%d and %d tickets were issued, want 2 and none", here, there)
		}
	})
}

type noEntropy struct{}

func (noEntropy) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

// sameEachTime draws nothing, then one id twice, then another, then a nonce.
func (w *world) sameEachTime(t *testing.T) io.Reader {
	t.Helper()
	return strings.NewReader(strings.Repeat("\x00", 8) + "aaaaaaaa" + "aaaaaaaa" + "bbbbbbbb" + strings.Repeat("n", 24))
}

func TestImportIntoLockedVault(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		locked := relock(w)
		_, err := locked.Import(t.Context(), event, "guests.csv", strings.NewReader(guestRows(3)), nil)
		if fault.KindOf(err) != fault.NotReady {
			t.Errorf("an import while the keys are locked: %v", err)
		}
		if n := len(w.tickets(t, event)); n != 0 {
			t.Errorf("%d tickets were issued", n)
		}
	})
}

// A commit that fails leaves nothing behind: no ticket and no roster.
func TestImportThatFailsLate(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		dbtest.Refuse(t, w.db, "record", fmt.Sprintf("new.kind = %d", journal.KindRoster))
		if _, err := w.Import(t.Context(), event, "guests.csv", strings.NewReader(guestRows(10)), nil); fault.KindOf(err) != fault.Internal {
			t.Errorf("a roster that can't be written: %v", err)
		}
		if n := len(w.tickets(t, event)); n != 0 {
			t.Errorf("%d tickets were issued and no gate was told", n)
		}
	})
}
