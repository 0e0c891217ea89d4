package server_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/server"
	"usher/server/pass/apple"
	"usher/server/pass/passtest"
)

// pushes are devices that a server told.
type pushes struct {
	mu  sync.Mutex // of all below
	all []string
}

func (p *pushes) Tell(_ context.Context, token string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, token)
	return nil
}

func (p *pushes) said() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

// passOf reads what a device sees of a pass.
func passOf(t testing.TB, file string) (p struct {
	Serial   string `json:"serialNumber"`
	Token    string `json:"authenticationToken"`
	Service  string `json:"webServiceURL"`
	Voided   bool   `json:"voided"`
	Barcodes []struct{ Message string }
}) {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Open("pass.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(r).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

// notebook is a log that a test reads while it is written.
type notebook struct {
	mu   sync.Mutex // of text
	text bytes.Buffer
}

func (n *notebook) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *notebook) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// passTill is a server that makes passes for Apple, with its log.
func passTill(t *testing.T) (*till, *pushes, *notebook) {
	t.Helper()
	identity, err := apple.ParseIdentity(passtest.Identity(t, passtest.NewAuthority(t)))
	if err != nil {
		t.Fatal(err)
	}
	told, log := &pushes{}, &notebook{}
	l := tillOn(t, server.Config{
		PublicURL: "https://shop.example", PassKeys: server.PassKeys{Apple: identity, Push: told}, Log: slog.New(slog.NewJSONHandler(log, nil)),
	})
	return l, told, log
}

// status asks as a device does and gives the answer's status.
func (l *till) status(method, path, body string, header ...string) int {
	l.t.Helper()
	answer := l.do(l.t, method, path, header, strings.NewReader(body))
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode
}

// From the wallet's page to the lock screen and back: a pass is taken, the device
// registers, the ticket is made live, the device is pushed, asks what changed, and
// fetches a pass without a code.
func TestPassOnADevice(t *testing.T) {
	l, told, log := passTill(t)
	cookie := l.keeps(l.bought("ada@example.org", 2))
	list, _ := l.wallet(cookie)
	if !slices.Equal(list[0].Passes, []string{"apple"}) {
		t.Fatalf("offered is %v", list[0].Passes)
	}
	at := "/wallet/ticket/SHOP-1/" + list[0].ID + "/ticket.pkpass"
	answer, body := l.get(at, cookie)
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/vnd.apple.pkpass" || answer.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("the pass: status %d, %v", answer.StatusCode, answer.Header)
	}
	p := passOf(t, body)
	if p.Service != "https://shop.example/passes" || len(p.Barcodes) != 1 || p.Barcodes[0].Message != list[0].Code || p.Voided {
		t.Errorf("the pass is %+v", p)
	}
	if other := l.keeps(l.bought("bea@example.org", 1)); l.status("GET", at, "", other) != http.StatusNotFound || l.status("GET", at, "") != http.StatusUnauthorized {
		t.Error("somebody else gets it")
	}

	const device = "/passes/v1/devices/0a1b2c3d/registrations/" + passtest.Type
	mine, wrong := "Authorization: ApplePass "+p.Token, "Authorization: ApplePass "+strings.Repeat("A", 43)
	const push = `{"pushToken":"aabbccddeeff0011"}`
	for _, c := range []struct {
		method, path, body, header string
		want                       int
	}{
		{"POST", device + "/" + p.Serial, push, wrong, 401},
		{"POST", device + "/" + p.Serial, push, "X: y", 401},
		{"POST", device + "/" + p.Serial, push, "Authorization: Bearer " + p.Token, 401},
		{"POST", device + "/" + strings.Repeat("0", 32), push, mine, 401},
		{"POST", device + "/" + p.Serial, `{"pushToken":"x"}`, mine, 400},
		{"POST", device + "/" + p.Serial, `[]`, mine, 400},
		{"POST", device + "/" + p.Serial, `{"pushToken":"` + strings.Repeat("a", 20<<10) + `"}`, mine, 413},
		{"POST", device + "/" + p.Serial, push, mine, 201},
		{"POST", device + "/" + p.Serial, push, mine, 200},
		{"GET", device, "", "X: y", 200},
		{"GET", device + "?passesUpdatedSince=0", "", "X: y", 204},
		{"GET", device + "?passesUpdatedSince=-1", "", "X: y", 400},
		{"GET", device + "?passesUpdatedSince=1e9", "", "X: y", 400},
		{"GET", strings.Replace(device, passtest.Type, "pass.other", 1), "", "X: y", 404},
		{"GET", strings.Replace(device, "0a1b2c3d", "another", 1), "", "X: y", 204},
		{"GET", "/passes/v1/passes/" + passtest.Type + "/" + p.Serial, "", wrong, 401},
		{"GET", "/passes/v1/passes/" + passtest.Type + "/" + p.Serial, "", mine, 200},
		{"POST", "/passes/v1/log", `{"logs":["it\u001b[31m failed\n{\"level\":\"ERROR\"}"]}`, "X: y", 200},
		{"POST", "/passes/v1/log", `nothing`, "X: y", 400},
	} {
		if got := l.status(c.method, c.path, c.body, c.header); got != c.want {
			t.Errorf("%s %s %.40s: status %d, want %d", c.method, c.path, c.body, got, c.want)
		}
	}
	if !strings.Contains(log.String(), `it [31m failed`) || strings.ContainsRune(log.String(), '\x1b') || strings.Contains(log.String(), `\n{`) {
		t.Errorf("the log has %s", log.String())
	}
	for _, secret := range []string{p.Token, "aabbccddeeff0011", list[0].Code} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
	answer, _ = l.get("/passes/v1/passes/"+passtest.Type+"/"+p.Serial, mine)
	since := "If-Modified-Since: " + answer.Header.Get("Last-Modified")
	if got := l.status("GET", "/passes/v1/passes/"+passtest.Type+"/"+p.Serial, "", mine, since); got != http.StatusNotModified {
		t.Errorf("unchanged: status %d", got)
	}

	if answer := l.phone(cookie).claims(list[0], nil); answer.StatusCode != http.StatusOK {
		t.Fatalf("making it live: status %d", answer.StatusCode)
	}
	l.clock.Pass(10 * time.Second)
	if err := l.Passes.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := told.said(); !slices.Equal(got, []string{"aabbccddeeff0011"}) {
		t.Errorf("pushed are %v", got)
	}
	var changed struct {
		Serials []string `json:"serialNumbers"`
		Tag     string   `json:"lastUpdated"`
	}
	_, body = l.get(device + "?passesUpdatedSince=0")
	if err := json.Unmarshal([]byte(body), &changed); err != nil || !slices.Equal(changed.Serials, []string{p.Serial}) {
		t.Errorf("changed are %s, %v", body, err)
	}
	if got := l.status("GET", device+"?passesUpdatedSince="+changed.Tag, ""); got != http.StatusNoContent {
		t.Errorf("asked again: status %d", got)
	}
	answer, body = l.get("/passes/v1/passes/"+passtest.Type+"/"+p.Serial, mine, since)
	if after := passOf(t, body); answer.StatusCode != http.StatusOK || !after.Voided || len(after.Barcodes) != 0 || strings.Contains(body, "UT1:") {
		t.Errorf("live, the pass is %+v, status %d", after, answer.StatusCode)
	}
	if list, _ := l.wallet(cookie); len(list[0].Passes) != 0 || l.status("GET", at, "", cookie) != http.StatusConflict {
		t.Error("a live ticket is offered as a pass")
	}
	if got := l.status("DELETE", device+"/"+p.Serial, "", mine); got != http.StatusOK {
		t.Errorf("unregistering: status %d", got)
	}
	if got := l.status("GET", device, ""); got != http.StatusNoContent {
		t.Errorf("unregistered: status %d", got)
	}
}

// Who guesses tokens waits soon, and who has none of them all day; passes are taken so
// often and no more.
func TestPassesAtAPace(t *testing.T) {
	l, _, _ := passTill(t)
	guess := "/passes/v1/passes/" + passtest.Type + "/" + strings.Repeat("0", 32)
	got := 0
	for range 25 {
		if got = l.status("GET", guess, "", "Authorization: ApplePass "+strings.Repeat("A", 43)); got == http.StatusTooManyRequests {
			break
		}
	}
	if got != http.StatusTooManyRequests {
		t.Errorf("guessing on: status %d", got)
	}
	cookie := l.keeps(l.bought("ada@example.org", 1))
	list, _ := l.wallet(cookie)
	for range 31 {
		got = l.status("GET", "/wallet/ticket/SHOP-1/"+list[0].ID+"/ticket.pkpass", "", cookie)
	}
	if got != http.StatusTooManyRequests {
		t.Errorf("taking on: status %d", got)
	}
}

// Without keys there are no passes: none is offered, and nothing answers for them.
func TestNoPassesWithoutKeys(t *testing.T) {
	l := newTill(t)
	cookie := l.keeps(l.bought("ada@example.org", 1))
	list, _ := l.wallet(cookie)
	if len(list[0].Passes) != 0 {
		t.Errorf("offered is %v", list[0].Passes)
	}
	for path, method := range map[string]string{
		"/wallet/ticket/SHOP-1/" + list[0].ID + "/ticket.pkpass": "GET", "/passes/v1/log": "POST", "/passes/v1/passes/pass.x/00": "GET",
	} {
		if got := l.status(method, path, "{}", cookie); got != http.StatusNotFound {
			t.Errorf("%s: status %d", path, got)
		}
	}
	if answer := l.send("/wallet/pass", `{"event":"SHOP-1","id":"`+list[0].ID+`"}`, cookie); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a link: status %d", answer.StatusCode)
	}
}
