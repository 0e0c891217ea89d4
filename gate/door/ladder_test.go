package door

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// wilhelmina is the guest of the guest list.
var wilhelmina = ticket.ID{7}

// newLadder is a supervisors' device at an event that goes down to a rung, where Sam of
// the box office has signed in.
func newLadder(t *testing.T, lowest journal.Rung) *browser {
	t.Helper()
	b := &browser{rig: newRigAs(t, grant.RoleSupervisor)}
	e := galaEvent()
	e.Policy.DownTo = lowest
	b.tell(journal.KindEvent, e)
	b.guestList()
	b.hire("Kim", grant.RoleSupervisor)
	b.hire("Sam", grant.RoleBoxOffice)
	b.enters("Sam")
	return b
}

// finds gives what the search says of Wilhelmina.
func (b *browser) finds() turnstile.Found {
	b.t.Helper()
	w := b.post("/api/search", map[string]string{"query": "Wilhelmina"})
	b.keeps(w)
	found := answered[turnstile.Findings](b.t, w)
	if len(found.Guests) != 1 || found.Guests[0].Handle == "" {
		b.t.Fatalf("found: %+v", found)
	}
	return found.Guests[0]
}

// keeps fails if an answer tells the code that only Wilhelmina is to have.
func (b *browser) keeps(w *httptest.ResponseRecorder) {
	b.t.Helper()
	if b.state.Event().Policy.DownTo != journal.RungTyped {
		return
	}
	for _, secret := range []string{wilhelmina.Short(), strings.ReplaceAll(wilhelmina.Short(), "-", ""), wilhelmina.String()} {
		if strings.Contains(strings.ToUpper(w.Body.String()), strings.ToUpper(secret)) {
			b.t.Errorf("a code that nobody has shown is told: %s", w.Body)
		}
	}
}

func (b *browser) tries(s Scan) Answer {
	b.t.Helper()
	b.pass(time.Minute)
	if s.Direction == "" {
		s.Direction = admission.In
	}
	w := b.post("/api/scan", s)
	if s.How == scan.HowSearch {
		b.keeps(w)
	}
	return answered[Answer](b.t, w)
}

// An event goes as far down as its organiser wants, whatever a page says of how a code
// came; a supervisor goes further, with a reason.
func TestHowFarDownAnEventGoes(t *testing.T) {
	for _, c := range []struct {
		lowest        journal.Rung
		typed, byName admission.Reason
		word          string
	}{
		{journal.RungName, admission.Entry, admission.Entry, "ADMIT"},
		{journal.RungTyped, admission.Entry, admission.CodeRequired, "CODE NEEDED"},
		{journal.RungCode, admission.CodeRequired, admission.CodeRequired, "CODE NEEDED"},
		{journal.RungLive, admission.LiveRequired, admission.LiveRequired, "LIVE TICKET NEEDED"},
	} {
		t.Run(c.lowest.String(), func(t *testing.T) {
			b := newLadder(t, c.lowest)
			for i, how := range []string{scan.HowTyped, scan.HowCamera, scan.HowWedge, ""} {
				if got := b.tries(Scan{Text: ticket.ID{byte(i + 1)}.Short(), How: how}); got.Reason != c.typed {
					t.Errorf("typed, said to come by %q: %s %s, want %s", how, got.Result, got.Reason, c.typed)
				}
			}
			by := Scan{Text: b.finds().Handle, How: scan.HowSearch}
			got := b.tries(by)
			if got.Reason != c.byName || got.Display.Word != c.word {
				t.Errorf("by name: %s %s, shown %s, want %s %s", got.Result, got.Reason, got.Display.Word, c.byName, c.word)
			}
			if got.Green() {
				return
			}
			b.enters("Kim")
			by.Override = &Override{Reason: "name and ID seen"}
			got = b.tries(by)
			_, act, known := b.state.Act(got.Record)
			if !got.Green() || !got.Forced() || !known || act.How != scan.HowSearch || act.Operator != "Kim" {
				t.Errorf("by name, let in by a supervisor: %+v, recorded as %+v", got, act)
			}
			by.Override, by.Direction = nil, admission.Out
			if got := b.tries(by); got.Reason != admission.Exit {
				t.Errorf("out, by name: %s %s", got.Result, got.Reason)
			}
		})
	}
}

// What the page is told before anybody types, and after.
func TestWhatIsSaidOfTheLadder(t *testing.T) {
	b := newLadder(t, journal.RungCode)
	typed := b.tries(Scan{Text: ticket.ID{1}.Short(), How: scan.HowTyped}).Display
	byName := b.tries(Scan{Text: b.finds().Handle, How: scan.HowSearch}).Display
	if typed.Why != "This event takes no typed codes." || byName.Why != "This event lets nobody in by name." {
		t.Errorf("typed: %q, by name: %q", typed.Why, byName.Why)
	}
	if typed.Do != byName.Do || !strings.Contains(typed.Do, "Scan the ticket's code") || !strings.Contains(typed.Do, "box office") {
		t.Errorf("what to do: %q and %q", typed.Do, byName.Do)
	}
	out := b.tries(Scan{Text: ticket.ID{2}.Short(), How: scan.HowTyped, Direction: admission.Out}).Display
	if more := strings.Join(out.More, "\n"); out.Word != "EXIT" || !strings.Contains(more, "takes no typed codes") {
		t.Errorf("who leaves is told %+v", out)
	}
}

// A guest is let in by name by those who searched, at the device that found them.
func TestAGuestIsNamedByWhoFoundThem(t *testing.T) {
	b := newLadder(t, journal.RungName)
	handle := b.finds().Handle
	refused := func(about string, kind fault.Kind, where string, s Scan) {
		t.Helper()
		s.Direction = admission.In
		b.pass(time.Minute)
		if p := faulted(t, b.post("/api/scan", s)); p.Kind != kind || p.Where != where {
			t.Errorf("%s: %+v", about, p)
		}
	}
	other := newLadder(t, journal.RungName).finds().Handle
	for about, text := range map[string]string{
		"another device's": other, "a code": b.code(7), "a short code": wilhelmina.Short(), "none": "", "cut short": handle[:len(handle)-2], "changed": "00" + handle[2:],
	} {
		refused(about, fault.NotFound, "guest", Scan{Text: text, How: scan.HowSearch})
	}
	if got := b.tries(Scan{Text: handle, How: scan.HowTyped}); got.Reason != admission.Malformed {
		t.Errorf("a handle, typed: %s %s", got.Result, got.Reason)
	}
	b.hire("Ada", grant.RoleScanner)
	b.enters("Ada")
	refused("of who may not search", fault.Forbidden, "search", Scan{Text: handle, How: scan.HowSearch})
	b.enters("Sam")
	if got := b.tries(Scan{Text: handle, How: scan.HowSearch}); got.Reason != admission.Entry || got.Short != wilhelmina.Short() {
		t.Errorf("by name: %s %s of %s", got.Result, got.Reason, got.Short)
	}
}
