package door

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/ticket"
	"usher/gate/shift"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// problem reads an answer that has to be an error.
func problem(t *testing.T, w *httptest.ResponseRecorder) fault.Problem {
	t.Helper()
	var p fault.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code == http.StatusOK {
		t.Fatalf("status %d, want an error: %s", w.Code, w.Body)
	}
	return p
}

// The report is of what came through this door, and outlives nothing but the agent.
func TestShiftReport(t *testing.T) {
	r := newRig(t)
	for n := range byte(3) {
		a := r.scan(Scan{Text: r.code(n + 1), Lane: "1"})
		r.pass(2 * time.Second)
		r.ask("POST", "/api/shown", fmt.Appendf(nil, `{"seq":%d,"painted_ms":%d}`, a.Seq, 80+n))
		r.pass(4 * time.Second)
	}
	first := r.scan(Scan{Text: r.code(1), Lane: "1"}) // refused
	r.scan(Scan{Text: r.code(1), Lane: "1"})          // the same sighting
	r.scan(Scan{Text: r.code(2), Lane: "2", Direction: admission.Out})
	r.scan(Scan{Text: r.code(9), Lane: CommandLane + "7"})
	if w := r.ask("POST", "/api/undo", fmt.Appendf(nil, `{"ticket":%q,"by":"Kim","why":"wrong person"}`, r.code(3))); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	got := answered[shift.Report](t, r.ask("GET", "/api/shift", nil))
	if want := (shift.Counts{Entries: 3, Exits: 1, Rejected: 1, Undone: 1}); got.Counts != want || first.Result != admission.Reject {
		t.Errorf("the counts are %+v, want %+v", got.Counts, want)
	}
	if len(got.Hours) != 1 || got.Hours[0].Counts != got.Counts || !got.Hours[0].From.Equal(opening) || got.TimeZone != "Europe/Berlin" {
		t.Errorf("the hours of %s are %+v", got.TimeZone, got.Hours)
	}
	if want := (shift.Reason{Result: admission.Accept, Reason: admission.Entry, Direction: admission.In, N: 4, Says: "ADMIT"}); len(got.Reasons) != 3 || got.Reasons[0] != want {
		t.Errorf("the reasons are %+v", got.Reasons)
	}
	undo := got.Undos.Lines[0]
	if got.Undos.Total != 1 || undo.Why != "wrong person" || undo.Operator != "Kim" || undo.Ticket != (ticket.ID{3}).Short() {
		t.Errorf("the undos are %+v", got.Undos)
	}
	if lines := got.Entries.Lines; got.Entries.Total != 4 || lines[0].Ticket != (ticket.ID{9}).Short() || !lines[1].Undone || lines[1].Record != undo.Record {
		t.Errorf("the entries are %+v", got.Entries)
	}
	want := []shift.Lane{
		{Lane: "1", Scans: 4, Seen: shift.Times{N: 4, P50: 80, P95: 82}, Next: shift.Times{N: 3, P50: 6000, P95: 6000}},
		{Lane: "2", Scans: 1, Seen: shift.Times{N: 1}},
	}
	if fmt.Sprint(got.Lanes) != fmt.Sprint(want) {
		t.Errorf("the lanes are %+v, want %+v", got.Lanes, want)
	}
	if w := r.ask("GET", "/api/shift?all=perhaps", nil); w.Code != http.StatusBadRequest {
		t.Errorf("all=perhaps: %d", w.Code)
	}
}

// A device is not taken home with records that nobody else has, unless somebody says
// so; leaving begins the next shift.
func TestLeave(t *testing.T) {
	r := newRig(t)
	r.scan(Scan{Text: r.code(1)})
	r.status.Store(&Status{Gate: "north", Event: eventCode, Ready: true, Records: 1, Alone: 1, Unsent: 1})
	r.syncErr = errors.New("no network")
	w := r.ask("POST", "/api/leave", []byte(`{}`))
	if p := problem(t, w); p.Kind != fault.Refused || p.Where != "alone" || !strings.HasPrefix(p.Detail, "this device has 1 records nobody else has: sync before you go home") {
		t.Errorf("leaving with a record: %+v", p)
	}
	if r.synced.Load() != 1 {
		t.Errorf("it tried to sync %d times", r.synced.Load())
	}
	if got := answered[shift.Report](t, r.ask("GET", "/api/shift", nil)); got.Last != nil || got.Counts.Entries != 1 {
		t.Errorf("refused, the shift is %+v", got)
	}
	if left := answered[shift.Left](t, r.ask("POST", "/api/leave", []byte(`{"force":true,"by":"Kim"}`))); !left.Forced || left.Alone != 1 || left.By != "Kim" || left.Seq != 1 {
		t.Errorf("forced: %+v", left)
	}
	r.scan(Scan{Text: r.code(2)})
	got := answered[shift.Report](t, r.ask("GET", "/api/shift", nil))
	if got.Last == nil || !got.Last.Forced || got.Since != 1 || got.Counts.Entries != 1 || got.Entries.Lines[0].Ticket != (ticket.ID{2}).Short() {
		t.Errorf("the next shift is %+v", got)
	}
	if all := answered[shift.Report](t, r.ask("GET", "/api/shift?all=true", nil)); all.Counts.Entries != 2 || all.Since != 0 {
		t.Errorf("all of it is %+v", all)
	}
	// What the sync hands in is held up no longer.
	r.syncErr, r.onSync = nil, func() { r.status.Store(&Status{Gate: "north", Event: eventCode, Ready: true, Records: 2}) }
	if left := answered[shift.Left](t, r.ask("POST", "/api/leave", []byte(`{}`))); left.Forced || left.Alone != 0 {
		t.Errorf("after the sync: %+v", left)
	}
}

func TestHandOver(t *testing.T) {
	r := newRig(t)
	w := r.ask("GET", "/api/hand-over", nil)
	if w.Code != http.StatusOK || w.Body.String() != "a journal file" || w.Header().Get("Usher-Records") != "3" ||
		!strings.HasPrefix(w.Header().Get("Content-Disposition"), `attachment; filename="GALA-`) {
		t.Errorf("%d %v: %s", w.Code, w.Header(), w.Body)
	}
	r.handErr = errors.New("a failing disk")
	if w := r.ask("GET", "/api/hand-over", nil); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "failing disk") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}

// In training every answer says so, whatever asks, and nothing is written.
func TestTraining(t *testing.T) {
	r := newRig(t)
	before := r.scan(Scan{Text: r.code(1)})
	wake := r.door.stir.waiting()
	if got := answered[Trained](t, r.ask("POST", "/api/training", []byte(`{"on":true}`))); !got.Training {
		t.Error("training did not begin")
	}
	select {
	case <-wake:
	default:
		t.Error("the pages are not told")
	}
	for text, word := range map[string]string{r.code(1): "TRAINING: ALREADY IN", r.code(2): "TRAINING: ADMIT", "https://example.org": "TRAINING: NOT A TICKET"} {
		for range 2 { // the same again is no sighting, for nothing happened
			a := r.scan(Scan{Text: text})
			if !a.Training || !a.Look || a.Display.Word != word || !strings.HasPrefix(a.Display.More[0], "Training: nobody") || a.Seq != 0 || !a.Record.IsZero() {
				t.Errorf("in training %q is %+v", text, a)
			}
		}
	}
	if p := problem(t, r.ask("POST", "/api/undo", fmt.Appendf(nil, `{"record":%q}`, before.Record))); p.Where != "training" || p.Kind != fault.Refused {
		t.Errorf("an undo in training: %+v", p)
	}
	if got := answered[shift.Report](t, r.ask("GET", "/api/shift", nil)); !got.Training || got.Counts.Entries != 1 || got.Counts.Rejected != 0 {
		t.Errorf("the shift is %+v", got.Counts)
	}
	if got := answered[Trained](t, r.ask("POST", "/api/training", []byte(`{"on":false}`))); got.Training {
		t.Error("training did not end")
	}
	if a := r.scan(Scan{Text: r.code(2)}); a.Training || a.Look || a.Seq == 0 || a.Display.Word != "ADMIT" {
		t.Errorf("after training: %+v", a)
	}
}

func TestPreflight(t *testing.T) {
	r := newRig(t)
	r.tell(journal.KindRevoke, new(journal.NewRevoke("revoked", opening.UnixMilli(), "test", []journal.Revocation{{Ticket: journal.TestVoid(eventCode), Minimum: journal.Never}})))
	good := r.issue(ticket.Claims{ID: journal.TestGood(eventCode), Product: journal.TestProduct})
	void := r.issue(ticket.Claims{ID: journal.TestVoid(eventCode), Product: journal.TestProduct})
	outcome := func(p shift.Preflight, name string) shift.Outcome {
		for _, c := range p.Checks {
			if c.Name == name {
				return c.Outcome
			}
		}
		t.Fatalf("there is no check %s", name)
		return ""
	}
	p := answered[shift.Preflight](t, r.ask("GET", "/api/preflight", nil))
	if p.Passed || p.Open != 6 || outcome(p, "good_ticket") != shift.Open || outcome(p, "store") != shift.Pass || outcome(p, "keys") != shift.Pass || outcome(p, "list") != shift.Fail {
		t.Errorf("at first: %+v", p)
	}
	p = answered[shift.Preflight](t, r.ask("POST", "/api/preflight", fmt.Appendf(nil,
		`{"tickets":[%q,%q],"page":[{"check":"camera","outcome":"pass","detail":"1280 × 720"},{"check":"sound","outcome":"fail","do":"turn it up"}]}`, good, void)))
	for name, want := range map[string]shift.Outcome{"good_ticket": shift.Pass, "void_ticket": shift.Pass, "camera": shift.Pass, "sound": shift.Fail, "battery": shift.Open} {
		if outcome(p, name) != want {
			t.Errorf("%s: %s, want %s", name, outcome(p, name), want)
		}
	}
	p = answered[shift.Preflight](t, r.ask("GET", "/api/preflight", nil))
	if outcome(p, "good_ticket") != shift.Pass || outcome(p, "sound") != shift.Fail {
		t.Errorf("nothing was remembered: %+v", p)
	}
	for _, body := range []string{
		`{"page":[{"check":"keys","outcome":"pass"}]}`, `{"page":[{"check":"camera","outcome":"fine"}]}`, `{"tickets":["https://example.org"]}`,
		fmt.Sprintf(`{"tickets":[%q]}`, r.code(1)), `{"tickets":["","","","","","","","",""]}`, `{"page":[{"check":"sound","outcome":"fail","detail":"` + strings.Repeat("x", 201) + `"}]}`,
	} {
		if p := problem(t, r.ask("POST", "/api/preflight", []byte(body))); p.Kind != fault.BadInput {
			t.Errorf("%s: %+v", body, p)
		}
	}
	if got := answered[shift.Report](t, r.ask("GET", "/api/shift", nil)); got.Counts != (shift.Counts{}) {
		t.Errorf("a preflight was counted: %+v", got.Counts)
	}
	// At the door itself neither lets anybody in.
	for _, text := range []string{good, void} {
		if a := r.scan(Scan{Text: text}); a.Green() {
			t.Errorf("a test ticket was let in: %+v", a)
		}
	}
}

// The table of roles holds for the shift.
func TestShiftAtAKiosk(t *testing.T) {
	r := newRig(t)
	r.desk.Device = grant.RoleKiosk
	for _, c := range []struct{ method, path, body, act string }{
		{"GET", "/api/shift", "", "shift"}, {"POST", "/api/training", `{"on":true}`, "training"}, {"POST", "/api/leave", `{}`, "leave"},
	} {
		if p := problem(t, r.ask(c.method, c.path, []byte(c.body))); p.Kind != fault.Forbidden || p.Where != c.act {
			t.Errorf("%s at a kiosk: %+v", c.path, p)
		}
	}
}
