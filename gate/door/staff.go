package door

import (
	"context"
	"net/http"
	"slices"
	"time"

	"usher/crypto/grant"
	"usher/gate/scan"
	"usher/gate/signin"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/words"
)

// ResultSignedIn is the result of a scan that was somebody's role card.
const ResultSignedIn admission.Result = "signed_in"

// Me says who stands at the door and what they may do.
type Me struct {
	SignedIn bool          `json:"signed_in"`
	Name     string        `json:"name,omitempty"`
	Role     grant.Role    `json:"role,omitempty"`
	Until    *time.Time    `json:"until,omitempty"` // when the session ends unless something is asked before
	May      []signin.Act  `json:"may"`
	Device   grant.Role    `json:"device"`
	People   []string      `json:"people"`          // who may sign in with a PIN, by name
	Ended    signin.Ending `json:"ended,omitempty"` // why the session that the page held is over
}

// SignIn is a request to sign in, by name and PIN or by a role card.
type SignIn struct {
	Name string `json:"name,omitempty"`
	PIN  string `json:"pin,omitempty"`
	Card string `json:"card,omitempty"`
}

// String shows neither PIN nor card.
func (s SignIn) String() string { return "a sign-in of " + s.Name }

// Identify signs somebody in.
func Identify(ctx context.Context, desk *signin.Desk, s SignIn) (signin.Token, signin.Who, error) {
	switch byPIN := s.Name != "" && s.PIN != ""; {
	case byPIN && s.Card == "":
		return desk.PIN(ctx, s.Name, s.PIN)
	case s.Card != "" && s.Name == "" && s.PIN == "":
		return desk.Card(scan.Burst(s.Card))
	}
	return "", signin.Who{}, fault.At(fault.BadInput, "name, pin, card", "want a name and a PIN, or a role card")
}

// MeOf says who stands at a device.
func MeOf(desk *signin.Desk, w signin.Who) Me {
	me := Me{SignedIn: w.SignedIn(), Name: w.Name, Role: w.Role, May: w.Acts(), Device: desk.Device, People: []string{}, Ended: w.Ended}
	if w.SignedIn() {
		until := w.Until.UTC()
		me.Until = &until
	}
	if desk.Takes() {
		for _, p := range desk.List.Staff() {
			if p.PIN != nil {
				me.People = append(me.People, p.Name)
			}
		}
	}
	return me
}

// staffCookie is the name of the session's cookie. Two agents on one device have
// one host, and so each a name of its own.
func (d *Door) staffCookie() string { return "usher_staff_" + digest([]byte(d.Key))[:8] }

func (d *Door) token(r *http.Request) signin.Token {
	if c, err := r.Cookie(d.staffCookie()); err == nil {
		return signin.Token(c.Value)
	}
	return ""
}

// who is who makes a request by a hand's act.
func (d *Door) who(r *http.Request) signin.Who { return d.Desk.Who(d.token(r)) }

// keepToken has the browser hold a session, or none.
func (d *Door) keepToken(w http.ResponseWriter, r *http.Request, token signin.Token) {
	c := &http.Cookie{
		Name: d.staffCookie(), Value: string(token), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (d *Door) me(r *http.Request) (any, error) { return MeOf(d.Desk, d.Desk.Peek(d.token(r))), nil }

func (d *Door) signIn(w http.ResponseWriter, r *http.Request) (any, error) {
	var s SignIn
	if err := readJSON(r, &s); err != nil {
		return nil, err
	}
	return d.identify(w, r, s)
}

// identify signs somebody in in place of who was signed in before.
func (d *Door) identify(w http.ResponseWriter, r *http.Request, s SignIn) (Me, error) {
	token, who, err := Identify(r.Context(), d.Desk, s)
	if err != nil {
		return Me{}, err
	}
	d.Desk.Out(d.token(r))
	d.keepToken(w, r, token)
	return MeOf(d.Desk, who), nil
}

func (d *Door) signOut(w http.ResponseWriter, r *http.Request) (any, error) {
	d.Desk.Out(d.token(r))
	d.keepToken(w, r, "")
	return MeOf(d.Desk, d.Desk.Peek("")), nil
}

// Greeted is the answer to a scan that was somebody's role card.
func Greeted(me Me, in *words.Language) Answer {
	return Answer{
		Outcome: turnstile.Outcome{Verdict: admission.Verdict{Result: ResultSignedIn, Reason: turnstile.RoleCard}},
		Display: Display{Tone: "plain", Shape: "badge", Word: in.Say("word.signed_in", nil), Why: me.Name + ", " + in.Say("role."+string(me.Role), nil)},
		Me:      &me,
	}
}

// permit refuses what of a scan is not for who wants it, and puts the name under it
// of whoever is signed in.
func permit(desk *signin.Desk, who signin.Who, s *Scan) error {
	act := signin.Scan
	if s.Look {
		act = signin.Look
	}
	if err := who.Must(act); err != nil {
		return err
	}
	if slices.Contains(s.Confirmed, admission.Unpaid) {
		if err := who.Must(signin.ConfirmPayment); err != nil {
			return err
		}
	}
	var err error
	s.Operator, err = operator(desk, who, s.Operator)
	return err
}

// operator is the name that stands under what somebody does. Nobody signs for
// somebody else who could sign in.
func operator(desk *signin.Desk, who signin.Who, said string) (string, error) {
	switch {
	case who.SignedIn():
		return who.Name, nil
	case said != "":
		if p, there := desk.List.PersonNamed(said); there {
			return "", fault.At(fault.Forbidden, "operator", "%s is on the staff list: sign in as them", p.Name)
		}
	}
	return said, nil
}

// mayUndo refuses an undo that is not for who wants it.
func mayUndo(t *turnstile.Turnstile, who signin.Who, admitted journal.Hash) error {
	if err := who.Must(signin.Undo); err != nil {
		return err
	}
	if _, act, known := t.State.Act(admitted); known && act.Operator != who.Name {
		return who.Must(signin.UndoOthers)
	}
	return nil
}
