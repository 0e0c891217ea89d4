package door

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/gate/scan"
	"usher/sync/fault"
)

// No error brings an English sentence to somebody who reads another language; in
// English it says what exactly is wrong.
func TestErrorsInEveryLanguage(t *testing.T) {
	b := mustBook(t)
	var all []error
	for _, kind := range fault.Kinds() {
		all = append(all, fault.New(kind, "a sentence"), fault.At(kind, "somewhere", "a sentence"), fault.At(kind, "too_late", "a sentence"))
	}
	all = append(all, errors.New("a defect"), &scan.NoCodeError{})
	for _, code := range b.Codes() {
		in := b.Language(code)
		for _, err := range all {
			got, plain := told(err, in), fault.ToProblem(err)
			if code == "en" && got != plain {
				t.Errorf("in English %v is told as %+v, want %+v", err, got, plain)
			}
			if code != "en" && (got.Detail == plain.Detail || got.Detail == "") {
				t.Errorf("in %s %v is told as %q", code, err, got.Detail)
			}
			if got.Kind != plain.Kind || got.Where != plain.Where || got.Status != plain.Status {
				t.Errorf("in %s %v has become %+v", code, err, got)
			}
		}
	}
}

// What an error says with numbers, it says in every language.
func TestErrorsKeepTheirArguments(t *testing.T) {
	r := newRig(t)
	r.hire("Kim", grant.RoleScanner)
	status := *r.status.Load()
	status.Alone = 7
	r.status.Store(&status)
	ask := func(path, body string) string {
		q := r.request("POST", path, []byte(body))
		q.Header.Set("Accept-Language", "de")
		return faulted(t, r.serve(q)).Detail
	}
	wrong := func() string { return ask("/api/sign-in", `{"name":"Kim","pin":"11112222"}`) }
	for _, c := range []struct{ name, got, want string }{
		{"a wrong PIN", wrong(), "Das ist nicht die PIN. Noch 4 Versuche."},
		{"no test ticket", ask("/api/preflight", `{"tickets":["UT1:ABC"]}`), "Das ist kein Testticket von GALA."},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
	for range 4 {
		wrong()
	}
	if got := wrong(); got != "Zu viele falsche PINs. 60 s warten oder die Rollenkarte nehmen." {
		t.Errorf("locked: %q", got)
	}
	card := r.hire("Sam", grant.RoleSupervisor)
	page := &browser{rig: r}
	page.post("/api/sign-in", SignIn{Card: card})
	r.pass(time.Second)
	if got := german(page, "/api/leave", `{}`); got != "Dieses Gerät hat 7 Datensätze, die niemand sonst hat: vor dem Heimgehen abgleichen." {
		t.Errorf("leaving: %q", got)
	}
}

// german is what a page that speaks German is told of an error.
func german(b *browser, path, body string) string {
	b.t.Helper()
	q := b.request("POST", path, []byte(body))
	q.Header.Set("Accept-Language", "de")
	for _, c := range b.cookies {
		q.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, q)
	return faulted(b.t, w).Detail
}
