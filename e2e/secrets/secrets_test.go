package secrets

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/base45"
	"usher/crypto/grant"
	"usher/crypto/ticket"
	"usher/gate"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/gate/turnstile"
	"usher/server"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/admission"
	"usher/sync/journal"
)

const (
	event      = "SECRET"
	operator   = "Zacharias"
	pin        = "40817263"
	wrongPIN   = "73920146"
	passphrase = "correct-horse-battery-4711"
	list       = "external_id,name,email,product,note\n" +
		"A-1,Wilhelmina Quarks,wilhelmina@quarks.example,ga,Allergic To Zirconium\n" +
		"A-2,Bartholomew Okonkwo,barty@okonkwo.example,ga,\n" +
		"A-3,Philippa Ødegård,pippa@odegard.example,ga,\n"
)

// people are the names, addresses and notes of the list.
var people = []string{
	"Wilhelmina", "Quarks", "quarks.example", "Zirconium", "Bartholomew", "Okonkwo", "okonkwo.example", "Philippa", "odegard.example",
}

// day is a server and two gates after some work, and all that they logged.
type day struct {
	t       *testing.T
	dir     string
	server  *server.Server
	site    *httptest.Server
	log     logs
	tickets []ticketing.Ticket
	role    grant.Code // of the operator's role card
	cards   []grant.Card
	doorKey string
	public  map[string][]byte // what anybody may ask for, by address
}

// logs is a log at its most talkative.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) text() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b.Bytes())
}

func (d *day) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func play(t *testing.T) *day {
	d := &day{t: t, dir: t.TempDir(), public: map[string][]byte{}}
	ctx := t.Context()
	log := slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
	s, err := server.Open(ctx, server.Config{
		Data: d.path("server"), Log: log, Passphrase: func(context.Context) ([]byte, error) { return []byte(passphrase), nil },
	})
	d.must(err)
	d.server = s
	t.Cleanup(func() { d.must(s.Close()) })
	d.must(s.Unlock(ctx))
	_, err = s.Catalog.Apply(ctx, &catalog.Spec{
		File: "test", Code: event, Name: "A day", Zone: "Europe/Berlin", Starts: time.Now().Add(-time.Hour).Unix(), Ends: time.Now().Add(time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15},
		Zones:    []catalog.ZoneSpec{{Code: "main", Name: "Main"}},
		Products: []catalog.ProductSpec{{Code: "ga", Name: "General", Zones: []string{"main"}}},
		Gates:    []catalog.GateSpec{{Code: "north", Name: "North", Zone: "main", All: true}, {Code: "south", Name: "South", Zone: "main", All: true}},
	})
	d.must(err)
	_, err = s.Tickets.Import(ctx, event, "guests.csv", strings.NewReader(list), nil)
	d.must(err)
	_, err = s.Doors.AddStaff(ctx, event, operator, grant.RoleSupervisor, pin)
	d.must(err)
	_, d.role, err = s.Doors.NewRoleCard(ctx, event, operator)
	d.must(err)
	handler, end, err := s.Handler(ctx)
	d.must(err)
	d.site = httptest.NewServer(handler)
	t.Cleanup(func() { end(); d.site.Close() })
	d.work(ctx, "north", grant.RoleScanner, log)
	d.work(ctx, "south", grant.RoleSupervisor, log)
	d.must(s.Tickets.Each(ctx, event, func(k ticketing.Ticket) error {
		d.tickets = append(d.tickets, k)
		return nil
	}))
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/", "/events/" + event, "/api/v1/nothing"} {
		d.public[path] = d.get(d.site.URL + path)
	}
	return d
}

func (d *day) path(name string) string { return filepath.Join(d.dir, name) }

func (d *day) get(url string) []byte {
	d.t.Helper()
	answer, err := http.Get(url)
	d.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	d.must(err)
	return body
}

// work enrols a gate, lets people in, with its agent running, and syncs.
func (d *day) work(ctx context.Context, name string, role grant.Role, log *slog.Logger) {
	d.t.Helper()
	card, err := d.server.Doors.NewCard(ctx, d.site.URL, event, name, role, time.Hour)
	d.must(err)
	d.cards = append(d.cards, card)
	st, err := store.Open(ctx, d.path(name))
	d.must(err)
	_, err = enrol.Enrol(ctx, enrol.Config{Store: st, Card: card.Text(), Name: name, Rand: d.server.Rand, Now: time.Now})
	d.must(errors.Join(err, st.Close()))
	g, err := gate.Open(ctx, gate.Config{Data: d.path(name), Log: log})
	d.must(err)
	d.must(g.Sync(ctx))
	d.must(d.server.Tickets.Each(ctx, event, func(k ticketing.Ticket) error {
		for _, text := range []string{k.Token, k.Token[:40], k.ID.Short(), "https://example.org/?name=x"} {
			g.Turnstile.Scan(ctx, turnstile.Attempt{Text: text, Direction: admission.In, How: "wedge", Lane: "1"})
		}
		return nil
	}))
	d.signIn(ctx, g)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	d.must(err)
	agent, err := gate.NewAgent(g, listener)
	d.must(err)
	_, key, _ := strings.Cut(agent.Link(), "key=")
	d.doorKey = key
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(running) }()
	d.public["door of "+name] = d.get(agent.URL)
	d.must(g.Sync(ctx))
	stop()
	d.must(errors.Join(<-ended, g.Close()))
}

// signIn has somebody sign in in every way, and get it wrong in every way.
func (d *day) signIn(ctx context.Context, g *gate.Gate) {
	d.t.Helper()
	card := grant.RoleCardText(d.role)
	for _, text := range []string{card, strings.ToLower(card), card[:20], strings.Replace(card, ":", "Ö", 1)} {
		if out := g.Turnstile.Scan(ctx, turnstile.Attempt{Text: text, Direction: admission.In, How: "wedge", Lane: "1"}); out.Reason != turnstile.RoleCard {
			d.t.Errorf("a role card is judged: %s %s", out.Result, out.Reason)
		}
	}
	if _, _, err := g.Desk.PIN(ctx, operator, wrongPIN); err == nil {
		d.t.Error("a wrong PIN signs in")
	}
	_, _, err := g.Desk.PIN(ctx, operator, pin)
	d.must(err)
	token, who, err := g.Desk.Card(card)
	d.must(err)
	if who.Name != operator {
		d.t.Errorf("signed in is %+v", who)
	}
	g.Log.Info("what somebody might log", "who", who, "token", token, "list", g.State.Staff())
}

// secret is something that must be nowhere, and in which spellings it is looked for.
type secret struct {
	name  string
	bytes []byte
}

func (s secret) in(haystack []byte) bool {
	for _, spelling := range [][]byte{
		s.bytes, []byte(hex.EncodeToString(s.bytes)), []byte(strings.ToUpper(hex.EncodeToString(s.bytes))),
		[]byte(base64.StdEncoding.EncodeToString(s.bytes)), []byte(base64.RawURLEncoding.EncodeToString(s.bytes)),
	} {
		if bytes.Contains(haystack, spelling) {
			return true
		}
	}
	return false
}

const cardCode = "a card's code"

// keys are all that somebody could open something with.
func (d *day) keys() []secret {
	d.t.Helper()
	manager, err := d.server.ManagerKey(d.t.Context())
	d.must(err)
	list := []secret{{"the passphrase", []byte(passphrase)}, {"the manager key", []byte(manager)}, {"the door key", []byte(d.doorKey)}}
	for _, card := range d.cards {
		list = append(list, secret{cardCode, card.Code[:]})
	}
	guest, err := d.server.Vault.GuestKeyIn(d.t.Context(), d.server.DB.Read(), event)
	d.must(err)
	issuer, err := d.server.Vault.Issuer(d.t.Context(), event)
	d.must(err)
	author, err := d.server.Vault.Author(d.t.Context(), event)
	d.must(err)
	staffKey, err := d.server.Vault.StaffKeyIn(d.t.Context(), d.server.DB.Read(), event)
	d.must(err)
	list = append(list,
		secret{"the staff key", staffKey[:]}, secret{"a PIN", []byte(pin)}, secret{"a wrong PIN", []byte(wrongPIN)},
		secret{"a role card", []byte(grant.RoleCardText(d.role)[len(grant.PrefixRoleCard):])}, secret{"a role card's code", d.role[:]})
	list = append(list, secret{"the guest key", guest[:]}, secret{"the issuing key", issuer.Seed()}, secret{"the journal key", author.Signer.Seed()})
	for _, name := range []string{"north", "south"} {
		text, err := os.ReadFile(d.path(name + "/device.key"))
		d.must(err)
		seed, err := hex.DecodeString(strings.TrimSpace(string(text)))
		d.must(err)
		list = append(list, secret{"the device key of " + name, seed})
	}
	return list
}

func names() []secret {
	list := make([]secret, len(people))
	for i, text := range people {
		list[i] = secret{text, []byte(text)}
	}
	return list
}

func (d *day) nowhere(where string, haystack []byte, secrets ...secret) {
	d.t.Helper()
	if len(haystack) == 0 {
		d.t.Errorf("%s is empty: nothing was looked at", where)
	}
	for _, s := range secrets {
		if s.in(haystack) {
			d.t.Errorf("%s is in %s", s.name, where)
		}
	}
}

// database reads all files of a folder's database.
func (d *day) database(folder, name string) []byte {
	d.t.Helper()
	var all []byte
	files, err := filepath.Glob(filepath.Join(d.path(folder), name+"*"))
	d.must(err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		d.must(err)
		all = append(all, b...)
	}
	return all
}

// I10: secrets are in no log, in no QR code beyond what FORMAT says, in nothing that
// anybody may ask for or carry, and on no gate beyond what its role needs.
func TestSecretsAreNowhere(t *testing.T) {
	d := play(t)
	keys, all := d.keys(), append(d.keys(), names()...)

	d.nowhere("the log", d.log.text(), all...)
	for where, body := range d.public {
		d.nowhere(where, body, all...)
	}
	for _, k := range d.tickets {
		raw, err := base45.Decode(nil, strings.TrimPrefix(k.Token, ticket.PrefixStatic))
		d.must(err)
		d.nowhere("a ticket", raw, all...)
	}
	listed := append(slices.Clone(all), secret{"somebody on the staff list", []byte(operator)})
	d.nowhere("a scanner's database", d.database("north", store.DatabaseFile), listed...)
	if _, err := os.Stat(d.path("north/guest.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a scanner has a guest key: %v", err)
	}
	d.nowhere("a supervisor's database", d.database("south", store.DatabaseFile), all...)
	// The server has to have a card's code until it is used; what is left of it in
	// free pages after that opens nothing.
	own := slices.DeleteFunc(keys, func(s secret) bool { return s.name == cardCode })
	d.nowhere("the server's database", d.database("server", server.DatabaseFile), own...)
	for _, name := range []string{"north", "south"} {
		look, err := gate.OpenPeek(t.Context(), d.path(name))
		d.must(err)
		var file bytes.Buffer
		_, err = look.Export(t.Context(), &file)
		d.must(errors.Join(err, look.Close()))
		d.nowhere("a journal file from "+name, file.Bytes(), listed...)
	}
	for _, file := range []string{"north/device.key", "north/door.key", "north/staff.key", "south/guest.key"} {
		info, err := os.Stat(d.path(file))
		d.must(err)
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s can be read by others: %v", file, mode)
		}
	}
}

// The search finds what is there: names are in the server's database, and a
// supervisor's gate shows them.
func TestTheSearchFinds(t *testing.T) {
	d := play(t)
	data := d.database("server", server.DatabaseFile)
	for _, s := range names()[:4] {
		if !s.in(data) {
			t.Errorf("%s is not in the server's database", s.name)
		}
	}
	g, err := gate.Open(t.Context(), gate.Config{Data: d.path("south")})
	d.must(err)
	defer g.Close()
	if found := g.State.SearchGuests("wilhelmina", nil); len(found) != 1 {
		t.Errorf("a supervisor finds %v", found)
	}
	key := secret{"a key", []byte("\x01\x02\xfe")}
	for _, text := range []string{"x\x01\x02\xfey", "0102fe", "0102FE", "AQL+"} {
		if !key.in([]byte(text)) {
			t.Errorf("the spelling %q is not found", text)
		}
	}
}
