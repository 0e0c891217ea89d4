package google

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"usher/server/clocktest"
	"usher/server/pass/passtest"
	"usher/sync/fault"
)

const issuer = "3388000000012345678"

// wallet is a small Google: it gives tokens for signed assertions, and keeps classes
// and objects.
type wallet struct {
	*httptest.Server
	t     *testing.T
	clock *clocktest.Clock

	mu     sync.Mutex // of all below
	tokens int        // that were given
	good   string     // the one that is good
	calls  []string
	kept   map[string]map[string]any
	fails  int // status of the next call; 0: as it should be
}

func newWallet(t *testing.T) (*wallet, *Client) {
	t.Helper()
	w := &wallet{t: t, clock: clocktest.At(time.Unix(1_800_000_000, 0)), kept: map[string]map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", w.give)
	mux.HandleFunc("POST /v1/{kind}", w.set)
	mux.HandleFunc("PUT /v1/{kind}/{id}", w.set)
	w.Server = httptest.NewServer(mux)
	t.Cleanup(w.Close)
	a, err := ParseAccount(passtest.Account(t, w.URL+"/token"), issuer)
	if err != nil {
		t.Fatal(err)
	}
	return w, &Client{Account: a, URL: w.URL + "/v1", Now: w.clock.Now}
}

// claims reads a token that the account signed.
func (w *wallet) claims(token string) jwt.MapClaims {
	w.t.Helper()
	c := jwt.MapClaims{}
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(w.clock.Now), jwt.WithIssuedAt()).
		ParseWithClaims(token, c, func(*jwt.Token) (any, error) { return &passtest.RSAKey(w.t).PublicKey, nil })
	if err != nil {
		w.t.Errorf("a token of the account: %v", err)
	}
	return c
}

func (w *wallet) give(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.claims(r.FormValue("assertion"))
	if r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || c["iss"] != passtest.Email || c["aud"] != w.URL+"/token" || c["scope"] != scope {
		w.t.Errorf("a token is asked for with %v", c)
	}
	w.tokens++
	w.good = fmt.Sprintf("token-%d", w.tokens)
	_ = json.NewEncoder(out).Encode(map[string]any{"access_token": w.good, "expires_in": 3600, "token_type": "Bearer"})
}

func (w *wallet) set(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/v1/"))
	if r.Header.Get("Authorization") != "Bearer "+w.good {
		out.WriteHeader(http.StatusUnauthorized)
		return
	}
	if w.fails != 0 {
		out.WriteHeader(w.fails)
		_, _ = io.WriteString(out, `{"error":{"status":"UNAVAILABLE"}}`)
		w.fails = 0
		return
	}
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		w.t.Error(err)
	}
	id, _ := body["id"].(string)
	key := r.PathValue("kind") + "/" + id
	_, there := w.kept[key]
	switch {
	case r.Method == http.MethodPut && !there:
		out.WriteHeader(http.StatusNotFound)
		return
	case r.Method == http.MethodPost && there:
		out.WriteHeader(http.StatusConflict)
		return
	}
	w.kept[key] = body
	_, _ = io.WriteString(out, "{}")
}

func (w *wallet) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := strings.Join(w.calls, ", ")
	w.calls = nil
	return all
}

// What isn't there is made, what is there is changed, with one token for as long as it
// is good; one that is refused is asked for anew, once.
func TestSet(t *testing.T) {
	w, c := newWallet(t)
	id := c.Account.ID("x1")
	if id != issuer+".x1" {
		t.Fatalf("the object is %s", id)
	}
	set := func(state string) error {
		return c.SetObject(t.Context(), Object{ID: id, Class: c.Account.ID("E"), State: state})
	}
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, "PUT eventTicketObject/" + id + ", POST eventTicketObject"},
		{func() {}, "PUT eventTicketObject/" + id},
		{func() { w.clock.Pass(59*time.Minute + time.Second) }, "PUT eventTicketObject/" + id},
		{func() { w.mu.Lock(); w.good = "another"; w.mu.Unlock() }, "PUT eventTicketObject/" + id + ", PUT eventTicketObject/" + id},
	} {
		step.do()
		if err := set(Inactive); err != nil {
			t.Fatal(err)
		}
		if got := w.said(); got != step.want {
			t.Errorf("asked %s, want %s", got, step.want)
		}
	}
	if w.tokens != 3 {
		t.Errorf("%d tokens", w.tokens)
	}
	if kept := w.kept["eventTicketObject/"+id]; kept["state"] != Inactive || kept["classId"] != issuer+".E" || kept["barcode"] != nil {
		t.Errorf("kept is %v", kept)
	}
	w.fails = http.StatusServiceUnavailable
	if err := set(Active); err == nil || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "UNAVAILABLE") {
		t.Errorf("a service that is away: %v", err)
	}
	if err := c.SetClass(t.Context(), Class{ID: c.Account.ID("E"), Issuer: "Pier 7", Review: UnderReview, Event: Plain("Night")}); err != nil || w.kept["eventTicketClass/"+issuer+".E"]["issuerName"] != "Pier 7" {
		t.Errorf("a class: %v", err)
	}
}

// The link names the object and nothing else of it, signed by the account.
func TestSave(t *testing.T) {
	w, c := newWallet(t)
	link, err := c.Save(c.Account.ID("x1"), "https://tickets.example")
	if err != nil || !strings.HasPrefix(link, "https://pay.google.com/gp/v/save/") {
		t.Fatalf("%s, %v", link, err)
	}
	claims := w.claims(strings.TrimPrefix(link, saveAt))
	payload, err := json.Marshal(claims["payload"])
	if err != nil || string(payload) != `{"eventTicketObjects":[{"id":"`+issuer+`.x1"}]}` {
		t.Errorf("the link holds %s, %v", payload, err)
	}
	if claims["iss"] != passtest.Email || claims["aud"] != "google" || claims["typ"] != "savetowallet" || claims["iat"] != 1_800_000_000.0 {
		t.Errorf("its claims are %v", claims)
	}
	if len(link) > 1800 {
		t.Errorf("the link has %d characters; browsers may cut it", len(link))
	}
}

// A file that is no account is refused, and nothing that is printed has the key.
func TestAccountRefused(t *testing.T) {
	good := passtest.Account(t, "https://oauth2.googleapis.com/token")
	change := func(name string, value any) []byte {
		var m map[string]any
		if err := json.Unmarshal(good, &m); err != nil {
			t.Fatal(err)
		}
		m[name] = value
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		file         []byte
		issuer, says string
	}{
		"no issuer":    {good, "", "no issuer"},
		"a name":       {good, "pier7", "no issuer"},
		"no JSON":      {[]byte("x"), issuer, "service account"},
		"another kind": {change("type", "authorized_user"), issuer, "service account"},
		"no address":   {change("client_email", ""), issuer, "service account"},
		"no key":       {change("private_key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), issuer, "private key"},
		"plain HTTP":   {change("token_uri", "http://oauth2.example/token"), issuer, "token_uri"},
	} {
		a, err := ParseAccount(c.file, c.issuer)
		if a != nil || !errors.Is(err, fault.BadInput) || !strings.Contains(fault.Message(err), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	a, err := ParseAccount(good, issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if text := fmt.Sprintf(verb, a); text != "the account "+passtest.Email {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}
