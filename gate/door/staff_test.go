package door

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate/signin"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/guests"
	"usher/sync/journal"
	"usher/sync/staff"
)

const pin = "48151623"

var (
	guestKey = guests.Key{1}
	staffKey = staff.Key{2}
	quick    = staff.Cost{Time: 1, KiB: 8, Threads: 1} // which a test can pay many times over
)

// hire has the gate hear of a person, who gets a PIN and a role card.
func (r *rig) hire(name string, role grant.Role) (card string) {
	r.t.Helper()
	kept, err := staff.NewPIN(rand.Reader, pin, quick)
	if err != nil {
		r.t.Fatal(err)
	}
	code, err := grant.NewCode(rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	hash := grant.RoleCardHash(code)
	p := staff.Person{Name: name, Role: role, PIN: kept, Card: hash[:]}
	copy(p.ID[:], name)
	r.tellStaff(p)
	return grant.RoleCardText(code)
}

func (r *rig) tellStaff(p staff.Person) {
	r.t.Helper()
	sealed, err := staff.Seal(staffKey, eventCode, rand.Reader, p)
	if err != nil {
		r.t.Fatal(err)
	}
	r.tell(journal.KindStaff, sealed)
}

// browser keeps the cookies of one page.
type browser struct {
	*rig
	cookies []*http.Cookie
}

func (b *browser) post(path string, body any) *httptest.ResponseRecorder {
	b.t.Helper()
	raw, isRaw := body.([]byte)
	if !isRaw {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			b.t.Fatal(err)
		}
	}
	return b.send("POST", path, raw)
}

func (b *browser) send(method, path string, body []byte) *httptest.ResponseRecorder {
	q := b.request(method, path, body)
	for _, c := range b.cookies {
		q.AddCookie(c)
	}
	w := b.serve(q)
	for _, c := range w.Result().Cookies() {
		b.cookies = slices.DeleteFunc(b.cookies, func(have *http.Cookie) bool { return have.Name == c.Name })
		if c.MaxAge >= 0 {
			b.cookies = append(b.cookies, c)
		}
	}
	return w
}

func (b *browser) me() Me { b.t.Helper(); return answered[Me](b.t, b.send("GET", "/api/me", nil)) }

// enters signs somebody in with their PIN.
func (b *browser) enters(name string) {
	b.t.Helper()
	if me := answered[Me](b.t, b.post("/api/sign-in", SignIn{Name: name, PIN: pin})); me.Name != name {
		b.t.Fatalf("%s signs in as %+v", name, me)
	}
}

// faulted reads an answer that has to be an error.
func faulted(t *testing.T, w *httptest.ResponseRecorder) (p fault.Problem) {
	t.Helper()
	if w.Code == http.StatusOK {
		t.Fatalf("it is answered: %s", w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return p
}

// entry is a request to let a code in.
func entry(code string) Scan {
	return Scan{Text: code, How: "wedge", Direction: admission.In, Lane: code[len(code)-8:]}
}

// asks are the acts that the local API has, each as a request at a door where
// nothing else stands in its way. A refusal is told by the answer.
var asks = map[signin.Act]func(*browser) *httptest.ResponseRecorder{
	signin.Scan: func(b *browser) *httptest.ResponseRecorder { return b.post("/api/scan", entry(b.code(1))) },
	signin.Look: func(b *browser) *httptest.ResponseRecorder {
		s := entry(b.code(2))
		s.Look = true
		return b.post("/api/scan", s)
	},
	signin.Challenge: func(b *browser) *httptest.ResponseRecorder {
		return b.post("/api/challenge", map[string]any{"lane": "7", "on": true})
	},
	signin.Undo: func(b *browser) *httptest.ResponseRecorder {
		in := answered[Answer](b.t, b.post("/api/scan", entry(b.code(3))))
		return b.post("/api/undo", Undo{Record: in.Record})
	},
	signin.UndoOthers: func(b *browser) *httptest.ResponseRecorder {
		other := Scan{Text: b.code(4), How: "wedge", Direction: admission.In, Lane: "4", Operator: "Somebody"}
		in := answered[Answer](b.t, (&browser{rig: b.rig}).post("/api/scan", other))
		return b.post("/api/undo", Undo{Record: in.Record})
	},
	signin.ConfirmPayment: func(b *browser) *httptest.ResponseRecorder {
		s := entry(b.code(5))
		s.Confirmed = []admission.Reason{admission.Unpaid}
		return b.post("/api/scan", s)
	},
	signin.Override: func(b *browser) *httptest.ResponseRecorder {
		(&browser{rig: b.rig}).post("/api/scan", entry(b.code(6)))
		return b.post("/api/override", map[string]string{"text": b.code(6), "direction": "in", "lane": "6", "reason": "lost wristband"})
	},
	signin.Search: func(b *browser) *httptest.ResponseRecorder {
		return b.post("/api/search", map[string]string{"query": "Wilhelmina"})
	},
	signin.Names:     func(b *browser) *httptest.ResponseRecorder { return b.post("/api/scan", entry(b.code(7))) },
	signin.Sync:      func(b *browser) *httptest.ResponseRecorder { return b.post("/api/sync", struct{}{}) },
	signin.Shift:     func(b *browser) *httptest.ResponseRecorder { return b.send("GET", "/api/shift", nil) },
	signin.HandOver:  func(b *browser) *httptest.ResponseRecorder { return b.send("GET", "/api/hand-over", nil) },
	signin.Preflight: func(b *browser) *httptest.ResponseRecorder { return b.send("GET", "/api/preflight", nil) },
	signin.Training: func(b *browser) *httptest.ResponseRecorder {
		return b.post("/api/training", map[string]bool{"on": true})
	},
	signin.Leave: func(b *browser) *httptest.ResponseRecorder {
		return b.post("/api/leave", map[string]bool{"force": true})
	},
	signin.Import: func(b *browser) *httptest.ResponseRecorder {
		return b.post("/api/import", []byte("a journal file"))
	},
}

// granted tells whether a request did what it asks for.
func granted(t *testing.T, act signin.Act, w *httptest.ResponseRecorder) bool {
	t.Helper()
	if w.Code == http.StatusForbidden {
		if p := faulted(t, w); p.Kind != fault.Forbidden || p.Where != string(act) && !(act == signin.UndoOthers && p.Where == string(signin.Undo)) {
			t.Errorf("%s is refused with %+v", act, p)
		}
		return false
	}
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", act, w.Code, w.Body)
	}
	switch act {
	case signin.Override:
		a := answered[Answer](t, w)
		if !a.Green() && (a.Reason != admission.OverrideDenied || a.Result != admission.Reject) {
			t.Errorf("an override comes to %s %s", a.Result, a.Reason)
		}
		return a.Green()
	case signin.Names:
		return strings.Contains(w.Body.String(), "Wilhelmina")
	case signin.Search:
		return strings.Contains(w.Body.String(), `"guests":[`)
	}
	return true
}

// Every role does at the API what the table says, at every kind of device, and
// nothing else; and what a page is told that it may is what it may.
func TestRolesAndActs(t *testing.T) {
	for _, device := range []grant.Role{grant.RoleScanner, grant.RoleSupervisor, grant.RoleBoxOffice, grant.RoleKiosk} {
		for _, person := range []grant.Role{"", "nobody", grant.RoleScanner, grant.RoleBoxOffice, grant.RoleSupervisor} {
			if device == grant.RoleKiosk && person != "" && person != "nobody" {
				continue // nobody signs in there: TestSignIn
			}
			t.Run(fmt.Sprintf("%s/%s", device, person), func(t *testing.T) {
				b := &browser{rig: newRigAs(t, device)}
				b.guestList()
				if person != "" {
					b.hire("Kim", grant.RoleSupervisor)
				}
				if person != "" && person != "nobody" {
					b.hire("Sam", person)
					b.enters("Sam")
				}
				for _, act := range signin.Acts() {
					told, want := slices.Contains(b.me().May, act), expected(device, person, act)
					if told != want {
						t.Errorf("%s: told that it may: %v, want %v", act, told, want)
					}
					if do, has := asks[act]; has && granted(t, act, do(b)) != want {
						t.Errorf("%s is done: %v, want %v", act, !want, want)
					}
				}
			})
		}
	}
}

// expected is the table of docs/door-api.md once more, by hand.
func expected(device, person grant.Role, act signin.Act) bool {
	key := device == grant.RoleSupervisor || device == grant.RoleBoxOffice
	senior := person == grant.RoleSupervisor || person == grant.RoleBoxOffice
	switch act {
	case signin.Undo, signin.Challenge, signin.Direction, signin.Shift:
		return device != grant.RoleKiosk
	case signin.Leave:
		return device != grant.RoleKiosk && person != "nobody"
	case signin.UndoOthers, signin.Training:
		return device != grant.RoleKiosk && (person == "" || person == grant.RoleSupervisor)
	case signin.ConfirmPayment:
		return device != grant.RoleKiosk && (person == "" || senior)
	case signin.Override:
		return person == grant.RoleSupervisor
	case signin.Search, signin.Names:
		return key && (person == "" || senior)
	}
	return true
}

func TestSignIn(t *testing.T) {
	b := &browser{rig: newRig(t)}
	if me := b.me(); me.SignedIn || len(me.People) != 0 || me.Device != grant.RoleScanner || me.Ended != "" {
		t.Errorf("before there is staff: %+v", me)
	}
	if p := faulted(t, b.post("/api/sign-in", SignIn{Name: "Kim", PIN: pin})); p.Where != "no_staff" || p.Kind != fault.NotReady {
		t.Errorf("before there is staff: %+v", p)
	}
	b.hire("Sam", grant.RoleScanner)
	card := b.hire("Kim", grant.RoleSupervisor)
	if me := b.me(); !slices.Equal(me.People, []string{"Kim", "Sam"}) {
		t.Errorf("who can sign in: %+v", me)
	}
	for name, c := range map[string]struct {
		ask   SignIn
		where string
		kind  fault.Kind
	}{
		"nothing":       {SignIn{}, "name, pin, card", fault.BadInput},
		"a name":        {SignIn{Name: "Kim"}, "name, pin, card", fault.BadInput},
		"a PIN":         {SignIn{PIN: pin}, "name, pin, card", fault.BadInput},
		"card and PIN":  {SignIn{Name: "Kim", PIN: pin, Card: card}, "name, pin, card", fault.BadInput},
		"a wrong PIN":   {SignIn{Name: "Kim", PIN: "90210377"}, "pin", fault.Unauthorised},
		"another name":  {SignIn{Name: "Pat", PIN: pin}, "name", fault.Unauthorised},
		"another card":  {SignIn{Card: grant.RoleCardText(grant.Code{7})}, "card", fault.Unauthorised},
		"a ticket":      {SignIn{Card: b.code(1)}, "card", fault.Unauthorised},
		"a broken card": {SignIn{Card: card[:25]}, "card", fault.Unauthorised},
	} {
		w := b.post("/api/sign-in", c.ask)
		if p := faulted(t, w); p.Where != c.where || p.Kind != c.kind || len(w.Result().Cookies()) != 0 {
			t.Errorf("%s: %+v, cookies %v", name, p, w.Result().Cookies())
		}
	}
	b.enters("Sam")
	first := slices.Clone(b.cookies)
	b.enters("Kim")
	me := b.me()
	if me.Name != "Kim" || me.Role != grant.RoleSupervisor || me.Until == nil || !me.Until.Equal(opening.Add(signin.OtherIdle)) {
		t.Errorf("signed in as %+v", me)
	}
	if c := b.cookies[0]; len(b.cookies) != 1 || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.MaxAge != 0 {
		t.Errorf("the cookies are %+v", b.cookies)
	}
	if old := (&browser{rig: b.rig, cookies: first}).me(); old.SignedIn {
		t.Errorf("the session before goes on: %+v", old)
	}
	if me := answered[Me](t, b.post("/api/sign-out", struct{}{})); me.SignedIn || me.Ended != "" || len(b.cookies) != 0 {
		t.Errorf("signed out it is %+v, cookies %v", me, b.cookies)
	}
	b.enters("Kim")
	b.pass(signin.OtherIdle)
	if me := b.me(); me.SignedIn || me.Ended != signin.EndedIdle {
		t.Errorf("left alone it is %+v", me)
	}
	if a := answered[Answer](t, b.post("/api/scan", entry(b.code(1)))); a.Result != admission.Accept {
		t.Errorf("the door stops when a session ends: %s", a.Reason)
	}
}

// A page that looks by itself, and a camera that sees nothing, keep nobody signed in.
func TestOnlyActsKeepASessionAlive(t *testing.T) {
	b := &browser{rig: newRig(t)}
	b.hire("Kim", grant.RoleSupervisor)
	for path, want := range map[string]bool{"/api/status": false, "/api/me": false, "/api/frame": false, "/api/scan": true} {
		b.enters("Kim")
		b.pass(signin.OtherIdle - time.Second)
		switch path {
		case "/api/scan":
			b.post(path, entry(b.code(1)))
		case "/api/frame":
			if w := b.post(path+"?width=40&height=40&direction=in", make([]byte, 1600)); w.Code != http.StatusOK {
				t.Fatal(w.Body)
			}
		default:
			b.send("GET", path, nil)
		}
		b.pass(2 * time.Second)
		if me := b.me(); me.SignedIn != want {
			t.Errorf("after %s: signed in %v, want %v", path, me.SignedIn, want)
		}
	}
}

// A role card signs in by whichever input it comes, and is never judged.
func TestRoleCardAtEveryInput(t *testing.T) {
	r := newRig(t)
	card := r.hire("Kim", grant.RoleSupervisor)
	frame := shown(t, card)
	for name, do := range map[string]func(*browser) *httptest.ResponseRecorder{
		"wedge": func(b *browser) *httptest.ResponseRecorder { return b.post("/api/scan", entry("]Q1"+card+"\r")) },
		"wedge with caps lock": func(b *browser) *httptest.ResponseRecorder {
			return b.post("/api/scan", entry(strings.ToLower(card)))
		},
		"camera in the page": func(b *browser) *httptest.ResponseRecorder {
			return b.post("/api/scan", Scan{Text: card, How: "camera", Direction: admission.In})
		},
		"override": func(b *browser) *httptest.ResponseRecorder {
			return b.post("/api/override", map[string]string{"text": card, "direction": "in", "reason": "x"})
		},
		"picture": func(b *browser) *httptest.ResponseRecorder {
			return b.post("/api/picture?direction=in", asPNG(t, frame))
		},
		"frame": func(b *browser) *httptest.ResponseRecorder {
			return b.post(fmt.Sprintf("/api/frame?direction=in&width=%d&height=%d", frame.Rect.Dx(), frame.Rect.Dy()), frame.Pix)
		},
	} {
		b := &browser{rig: r}
		w := do(b)
		a := answered[Answer](t, w)
		if a.Result != ResultSignedIn || a.Reason != "role_card" || a.Me == nil || a.Me.Name != "Kim" || a.Display.Word != "SIGNED IN" {
			t.Errorf("%s: %s", name, w.Body)
		}
		if me := b.me(); me.Name != "Kim" {
			t.Errorf("%s: signed in is %+v", name, me)
		}
		if strings.Contains(w.Body.String(), card[4:]) {
			t.Errorf("%s: the answer shows the card: %s", name, w.Body)
		}
	}
	v, err := r.door.Turnstile.Store.Vector(t.Context())
	if err != nil || len(v) != 0 {
		t.Errorf("of role cards %v is recorded, %v", v, err)
	}
	// What begins as a ticket is judged as one: it may hold a card's letters by chance.
	if a := answered[Answer](t, (&browser{rig: r}).post("/api/scan", Scan{Text: r.code(1) + card, How: "camera", Direction: admission.In})); a.Reason != admission.Malformed {
		t.Errorf("a ticket with a card's letters in it: %s %s", a.Result, a.Reason)
	}
	// A garbled or strange one is no ticket either.
	for _, text := range []string{card[:len(card)-1], grant.RoleCardText(grant.Code{9})} {
		w := (&browser{rig: r}).post("/api/scan", entry(text))
		if p := faulted(t, w); p.Where != "card" || strings.Contains(w.Body.String(), text) {
			t.Errorf("%+v: %s", p, w.Body)
		}
	}
}

// The name in the records is that of who is signed in, and nobody borrows one.
func TestTheNameInTheRecords(t *testing.T) {
	b := &browser{rig: newRig(t)}
	b.hire("Kim", grant.RoleSupervisor)
	by := func(a Answer) string {
		_, act, _ := b.state.Act(a.Record)
		return act.Operator
	}
	said := entry(b.code(1))
	said.Operator = "Pat"
	if got := by(answered[Answer](t, b.post("/api/scan", said))); got != "Pat" {
		t.Errorf("nobody signed in: recorded for %q", got)
	}
	said.Text, said.Operator = b.code(2), "kim"
	if p := faulted(t, b.post("/api/scan", said)); p.Kind != fault.Forbidden || p.Where != "operator" {
		t.Errorf("a borrowed name: %+v", p)
	}
	b.enters("Kim")
	said.Operator = "Pat"
	in := answered[Answer](t, b.post("/api/scan", said))
	if got := by(in); got != "Kim" {
		t.Errorf("Kim signed in: recorded for %q", got)
	}
	again := answered[Answer](t, b.post("/api/scan", Scan{
		Text: b.code(2), How: "wedge", Lane: "9", Direction: admission.In, Override: &Override{Reason: "the first was a misread"},
	}))
	if !again.Green() || !slices.Contains(again.Flags, admission.FlagForced) || by(again) != "Kim" {
		t.Errorf("overridden: %s %v for %q", again.Reason, again.Flags, by(again))
	}
	for _, reason := range []string{"", "  ", strings.Repeat("x", maxWhy+1), "\xff"} {
		s := entry(b.code(3))
		s.Override = &Override{Reason: reason}
		body, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if reason == "\xff" {
			body = bytes.ReplaceAll(body, []byte(`\ufffd`), []byte(" "))
		}
		if p := faulted(t, b.post("/api/scan", body)); p.Where != "override" {
			t.Errorf("an override for %q: %+v", reason, p)
		}
	}
}
