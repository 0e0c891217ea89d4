package enrol

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/gate/secure"
	"usher/gate/store"
	"usher/sync/enrolment"
	"usher/sync/fault"
)

var now = time.Date(2026, 7, 4, 17, 0, 0, 0, time.UTC)

// card is one that a server at url made.
func card(t *testing.T, url string) grant.Card {
	t.Helper()
	root, err := keyring.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	code, err := grant.NewCode(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return grant.Card{
		Server: url, Pins: keyring.PinsOf([]ed25519.PublicKey{root.Public()}), Event: "EV1", Gate: "north", Role: grant.RoleScanner,
		Code: code, Expires: now.Add(time.Hour).Unix(),
	}
}

// site answers every enrolment in one way, and remembers what it was asked.
type site struct {
	*httptest.Server
	asked []enrolment.Request
}

func newSite(t *testing.T, status int, kind, body string) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request enrolment.Request
		if r.URL.Path != "/api/v1/enrol" || json.NewDecoder(r.Body).Decode(&request) != nil {
			t.Errorf("asked for %s %s", r.Method, r.URL)
		}
		s.asked = append(s.asked, request)
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // whoever asked says if it got nothing
	}))
	t.Cleanup(s.Close)
	return s
}

func open(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// What answers and is no server, or says no, or lies, makes no gate of the device;
// the error says what is wrong.
func TestAnswersThatMakeNoGate(t *testing.T) {
	for _, c := range []struct {
		name       string
		status     int
		kind, body string
		want       fault.Kind
		says       string
	}{
		{"a captive portal", 200, "text/html", "<html>Welcome to Hotel Wi-Fi</html>", fault.Unavailable, "captive portal"},
		{"a portal that fails", 502, "text/html", "<html>Bad gateway</html>", fault.Unavailable, "502 Bad Gateway, and not as usher does"},
		{"nothing", 200, "application/json", "", fault.Unavailable, "no usher server"},
		{"a burnt card", 409, "application/problem+json", problem(t, fault.New(fault.Refused, "this card was used already")), fault.Refused, "used already"},
		{"too many tries", 429, "application/problem+json", problem(t, fault.New(fault.TooMany, "too many devices")), fault.TooMany, "too many devices"},
		{"an empty reply", 200, "application/json", "{}", fault.BadInput, "key ring can't be read"},
		{"a ring of noise", 200, "application/json", `{"event":"EV1","ring":"AAAA","record":"AAAA"}`, fault.BadInput, "key ring can't be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, c.status, c.kind, c.body)
			st := open(t)
			made := card(t, s.URL)
			cfg := Config{Store: st, Card: made.Text(), Name: "handheld", Rand: rand.Reader, Now: func() time.Time { return now }}
			_, err := Enrol(t.Context(), cfg)
			if fault.KindOf(err) != c.want || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want kind %q and %q in it", err, c.want, c.says)
			}
			if _, err := st.Enrolment(t.Context()); fault.KindOf(err) != fault.NotReady {
				t.Errorf("the device is enrolled all the same: %v", err)
			}
			// The next try comes with the same device key: a lost answer strands nobody.
			_, _ = Enrol(t.Context(), cfg) // it fails as before
			if len(s.asked) != 2 || string(s.asked[0].Public) != string(s.asked[1].Public) {
				t.Errorf("%d tries, and not with one key", len(s.asked))
			}
			own, err := secure.Open(secure.Config{Dir: st.Dir()})
			if err != nil {
				t.Fatal(err)
			}
			for _, asked := range s.asked {
				if grant.ReadFingerprint(asked.Authority) != secure.FingerprintOf(own.Authority()) || !asked.Proves(made.Code) {
					t.Errorf("it said that phones have to trust %x", asked.Authority)
				}
			}
			if name := own.Authority().Subject.CommonName; name != "usher gate handheld, authority" {
				t.Errorf("phones show it as %q", name)
			}
			if s.asked[0].Name != "handheld" || s.asked[0].Check() != nil {
				t.Errorf("it asked %+v", s.asked[0])
			}
		})
	}
}

func problem(t *testing.T, err error) string {
	t.Helper()
	b, failed := json.Marshal(fault.ToProblem(err))
	if failed != nil {
		t.Fatal(failed)
	}
	return string(b)
}

// What is wrong with a card or an address is said before anybody is asked.
func TestNobodyIsAsked(t *testing.T) {
	s := newSite(t, 200, "application/json", "{}")
	good := card(t, s.URL)
	expired := good
	expired.Expires = now.Add(-48 * time.Hour).Unix()
	typed := good.Typed()
	for _, c := range []struct {
		name, card, server string
		want               fault.Kind
		says               string
	}{
		{"no card", "hello", "", fault.BadInput, "no enrolment card"},
		{"an empty card", "", "", fault.BadInput, "no enrolment card"},
		{"an expired card", expired.Text(), "", fault.Expired, "expired at"},
		{"a typed card without a server", typed, "", fault.BadInput, "add --server"},
		{"another scheme", good.Text(), "ftp://example.org", fault.BadInput, "no server address"},
		{"a query", good.Text(), "http://example.org/?x=1", fault.BadInput, "no server address"},
		{"a password", good.Text(), "http://a:b@example.org", fault.BadInput, "no server address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := open(t)
			_, err := Enrol(t.Context(), Config{Store: st, Card: c.card, Server: c.server, Rand: rand.Reader, Now: func() time.Time { return now }})
			if fault.KindOf(err) != c.want || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want kind %q and %q in it", err, c.want, c.says)
			}
			if _, err := st.DeviceKey(); fault.KindOf(err) != fault.NotReady {
				t.Errorf("a device key was made: %v", err)
			}
		})
	}
	if len(s.asked) != 0 {
		t.Errorf("the server was asked %d times", len(s.asked))
	}
}

func TestUnreachable(t *testing.T) {
	s := newSite(t, 200, "application/json", "{}")
	s.Close()
	_, err := Enrol(t.Context(), Config{Store: open(t), Card: card(t, s.URL).Text(), Rand: rand.Reader, Now: func() time.Time { return now }})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), s.URL) {
		t.Errorf("%v", err)
	}
}
