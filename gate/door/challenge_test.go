package door

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate/gatetest"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// phone is a phone that shows a ticket live.
type phone struct {
	*rig
	gatetest.Phone
}

func (r *rig) phone(n byte) phone {
	r.t.Helper()
	return phone{r, gatetest.NewPhone(r.t, r.issuer, eventCode, journal.TicketID{n})}
}

// shows is the phone's code now, with the digits of a number if there are any.
func (p phone) shows(digits string) string {
	p.t.Helper()
	return p.Code(p.t, opening.Add(time.Duration(p.passed.Load())), digits)
}

// asks has a lane ask for a number, and gives its digits.
func (r *rig) asks(lane string) string {
	r.t.Helper()
	got := answered[turnstile.Number](r.t, r.ask("POST", "/api/challenge", fmt.Appendf(nil, `{"lane":%q,"on":true}`, lane)))
	if len(got.Digits) != 6 || strings.Trim(got.Digits, "0123456789") != "" || got.Lane != lane || got.Left != 120 {
		r.t.Fatalf("the lane asks for %+v", got)
	}
	return got.Digits
}

// A number goes to its lane, is told again to whom asks, and can be taken back; a
// ticket that is scanned then is answered in words of its own, whatever its verdict.
func TestANumberAtTheDoor(t *testing.T) {
	r := newRig(t)
	p := r.phone(1)
	const holds, missing = "This phone answered the number: it holds the ticket.", "doesn't answer the number"
	number := r.asks("1")
	at := func(lane string) turnstile.Number {
		return answered[turnstile.Number](t, r.ask("GET", "/api/challenge?lane="+lane, nil))
	}
	if at("1").Digits != number || at("2").Digits != "" {
		t.Errorf("the lanes ask for %+v and %+v", at("1"), at("2"))
	}
	answer := func(code string) Answer {
		t.Helper()
		a := r.scan(Scan{Text: code, Lane: "1"})
		if !a.Look || a.Seq != 0 || a.Green() || a.Display.Tone == "green" || a.Display.Tone == "blue" || strings.Contains(a.Display.Word, "ADMIT") {
			t.Errorf("what answers a number is let through: %+v", a)
		}
		if !slices.Contains(a.Display.More, "Only looked at: nobody was let through.") {
			t.Errorf("nobody says that it was only looked at: %q", a.Display.More)
		}
		return a
	}
	good := answer(p.shows(number))
	if good.Result != admission.Ask || good.Reason != turnstile.ToScanAgain || good.Display.Word != "ANSWERED" || good.Display.Tone != "amber" ||
		good.Display.Why != holds || good.Display.Do == "" {
		t.Errorf("of a good ticket: %+v", good.Display)
	}
	if a := r.scan(Scan{Text: p.shows(number), Lane: "1"}); !a.Green() || a.Seq == 0 || a.Look {
		t.Errorf("scanned as always: %s %s", a.Result, a.Reason)
	}
	r.pass(time.Minute)
	if a := answer(p.shows(r.asks("1"))); a.Reason != admission.AlreadyUsed || a.Display.Word != "ALREADY IN" || a.Display.Why != holds || a.Display.Do != "Call a supervisor." ||
		!strings.Contains(strings.Join(a.Display.More, "\n"), "Came in 19:00:00") {
		t.Errorf("of one that is in: %+v", a.Display)
	}
	r.asks("1")
	if a := answer(p.shows("")); a.Challenge != admission.NoNumber || a.Display.Word != "STALE CODE" || !strings.Contains(a.Display.Why, missing) || a.Display.Do == "" {
		t.Errorf("of a relayed one: %+v", a.Display)
	}
	r.asks("1")
	if a := answer(r.code(1)); a.Challenge != admission.NoKey || a.Display.Word != "LIVE TICKET NEEDED" || !strings.Contains(a.Display.Why, "no key") {
		t.Errorf("of a static one: %+v", a.Display)
	}
	late := p.shows(r.asks("1"))
	r.pass(100 * time.Second)
	if a := answer(late); a.Challenge != admission.OutOfTime || !strings.HasPrefix(a.Display.Why, "The number is right") {
		t.Errorf("of one out of its time: %+v", a.Display)
	}
	revoked := journal.NewRevoke("superseded", opening.UnixMilli(), "", []journal.Revocation{{Ticket: journal.TicketID{1}, Minimum: 1}})
	r.tell(journal.KindRevoke, &revoked)
	if a := answer(p.shows(r.asks("1"))); a.Display.Word != "VOID" || strings.Contains(fmt.Sprint(a.Display), "holds") || !slices.Contains(a.Display.More, "This phone answered the number.") {
		t.Errorf("of a former holder's: %+v", a.Display)
	}

	r.asks("1")
	if back := answered[turnstile.Number](t, r.ask("POST", "/api/challenge", []byte(`{"lane":"1","on":false}`))); back != (turnstile.Number{Lane: "1"}) || at("1") != back {
		t.Errorf("taken back, the lane asks for %+v, %+v", back, at("1"))
	}
	if a := r.scan(Scan{Text: r.code(2), Lane: "1"}); !a.Green() {
		t.Errorf("after it was taken back: %s %s", a.Result, a.Reason)
	}
}

// A supervisor lets somebody in against what an answer comes to, as always; and in
// training a number changes as little as everything else.
func TestOverrideOfAnAnswer(t *testing.T) {
	b := &browser{rig: newRig(t)}
	b.hire("Kim", grant.RoleSupervisor)
	p := b.phone(1)
	b.scan(Scan{Text: p.shows(""), Lane: "1"})
	b.pass(time.Minute)
	code := p.shows(b.asks("1"))
	if a := b.scan(Scan{Text: code, Lane: "1"}); a.Challenge != admission.Answered || a.Green() {
		t.Fatalf("%s %s", a.Result, a.Reason)
	}
	b.enters("Kim")
	a := answered[Answer](t, b.post("/api/override", map[string]string{"text": code, "direction": "in", "lane": "1", "reason": "answered the number"}))
	if !a.Green() || a.Details.Overrode != admission.AlreadyUsed || a.Seq == 0 {
		t.Errorf("the override comes to %s %s, record %d", a.Result, a.Reason, a.Seq)
	}
	answered[Trained](t, b.post("/api/training", map[string]bool{"on": true}))
	number := b.asks("1")
	trained := b.scan(Scan{Text: b.rig.phone(2).shows(number), Lane: "1"})
	if trained.Challenge != admission.Answered || trained.Green() || !trained.Training || trained.Display.Word != "TRAINING: ANSWERED" {
		t.Errorf("in training: %+v", trained)
	}
}

// Of what makes no sense an answer says what and where, and no number is drawn.
func TestBadNumbers(t *testing.T) {
	r := newRig(t)
	for name, c := range map[string]struct {
		method, path, body, says string
		status                   int
	}{
		"nothing":             {"POST", "/api/challenge", ``, "request body", 400},
		"on or off":           {"POST", "/api/challenge", `{"lane":"1"}`, "true or false", 400},
		"on is a word":        {"POST", "/api/challenge", `{"lane":"1","on":"yes"}`, "on", 400},
		"a number of its own": {"POST", "/api/challenge", `{"lane":"1","on":true,"number":"000000"}`, "number", 400},
		"a lane too long":     {"POST", "/api/challenge", `{"lane":"` + strings.Repeat("x", maxLane+1) + `","on":true}`, "lane", 400},
		"an asked lane":       {"GET", "/api/challenge?lane=" + strings.Repeat("x", maxLane+1), ``, "lane", 400},
		"no text":             {"GET", "/api/challenge?lane=%ff", ``, "lane", 400},
		"another method":      {"DELETE", "/api/challenge", ``, "", 405},
	} {
		if w := r.ask(c.method, c.path, []byte(c.body)); w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: status %d, want %d naming %q: %s", name, w.Code, c.status, c.says, w.Body)
		}
	}
	for lane := range 64 {
		r.asks(fmt.Sprint(lane))
	}
	if p := faulted(t, r.ask("POST", "/api/challenge", []byte(`{"lane":"one more","on":true}`))); p.Kind != fault.TooMany || p.Where != "lanes" {
		t.Errorf("one lane too many: %+v", p)
	}
	r.notReady.Store(admission.NotReady)
	if w := r.ask("POST", "/api/challenge", []byte(`{"lane":"1","on":true}`)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("not ready: status %d: %s", w.Code, w.Body)
	}
}

// Nobody asks at a kiosk, which lets nobody see what others ask.
func TestNoNumberAtAKiosk(t *testing.T) {
	r := newRigAs(t, grant.RoleKiosk)
	for _, method := range []string{"GET", "POST"} {
		if p := faulted(t, r.ask(method, "/api/challenge", []byte(`{"lane":"1","on":true}`))); p.Kind != fault.Forbidden || p.Where != "challenge" {
			t.Errorf("%s: %+v", method, p)
		}
	}
}
