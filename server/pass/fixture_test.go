package pass

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/pass/apple"
	"usher/server/pass/google"
	"usher/server/pass/passtest"
	"usher/server/shoptest"
	"usher/server/ticketing"
)

const event = shoptest.Event

// file is the night with changes, at a place on the map.
func file(changes ...string) string {
	return shoptest.Night(append(changes, "[shop]\n", "[shop]\naddress = \"Hafenstraße 7, 20457 Hamburg\"\ngeo = [53.54, 9.98]\n")...)
}

// world is a shop whose tickets go into wallets, over a real database.
type world struct {
	*Passes
	*shoptest.Shop
	t       testing.TB
	phones  *phones
	google  *objects
	tickets map[string]ticketing.Ticket
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	s := shoptest.Open(t, db, file())
	s.Time.Set(time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)) // three days before
	w := &world{Shop: s, t: t, phones: &phones{fails: map[string]error{}}, google: newObjects(t)}
	_, err := s.Tickets.Import(t.Context(), event, "guests.csv", strings.NewReader("external_id,name,email,product,seat\nA,Ada,ada@example.org,ga,\nB,Bea,bea@example.org,ga,R1 S2\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.load()
	identity, err := apple.ParseIdentity(passtest.Identity(t, passtest.NewAuthority(t)))
	if err != nil {
		t.Fatal(err)
	}
	account, err := google.ParseAccount(passtest.Account(t, w.google.URL+"/token"), "338800")
	if err != nil {
		t.Fatal(err)
	}
	w.Passes, err = New(Config{
		DB: db, Journals: s.Journals, Catalog: s.Catalog, Tickets: s.Tickets, Secret: s.Vault.Derive, Organiser: "Test Organiser", Public: s.Public,
		Apple: identity, Push: w.phones, Google: &google.Client{Account: account, URL: w.google.URL + "/v1", Now: s.Time.Now},
		Now: s.Time.Now, Log: s.Log,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

// load reads the tickets as they are, by their external id.
func (w *world) load() {
	w.t.Helper()
	w.tickets = map[string]ticketing.Ticket{}
	if err := w.Tickets.Each(w.t.Context(), event, func(t ticketing.Ticket) error {
		w.tickets[t.External] = t
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// step lets time pass and does what is due.
func (w *world) step() {
	w.t.Helper()
	w.Time.Pass(lookEvery)
	w.must(w.Step(w.t.Context()))
}

// face is what a device sees of a pass.
type face struct {
	Serial   string                                  `json:"serialNumber"`
	Token    string                                  `json:"authenticationToken"`
	Service  string                                  `json:"webServiceURL"`
	Voided   bool                                    `json:"voided"`
	Relevant string                                  `json:"relevantDate"`
	Places   []struct{ Latitude, Longitude float64 } `json:"locations"`
	Barcodes []struct{ Message, Format string }
	Ticket   map[string][]struct{ Key, Label, Value, ChangeMessage string } `json:"eventTicket"`

	files map[string]string
}

// value is what a field says.
func (f *face) value(key string) string {
	for _, fields := range f.Ticket {
		for _, field := range fields {
			if field.Key == key {
				return field.Value
			}
		}
	}
	return ""
}

func readFace(t testing.TB, file []byte) face {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	f := face{files: map[string]string{}}
	for _, entry := range z.File {
		r, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		f.files[entry.Name] = string(body)
	}
	if err := json.Unmarshal([]byte(f.files["pass.json"]), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// taken gives the pass of a ticket as somebody takes it.
func (w *world) taken(name string) face {
	w.t.Helper()
	file, err := w.File(w.t.Context(), w.tickets[name])
	w.must(err)
	return readFace(w.t, file)
}

// now gives a pass as a device fetches it.
func (w *world) now(serial string) face {
	w.t.Helper()
	file, _, err := w.Latest(w.t.Context(), serial, time.Time{})
	w.must(err)
	return readFace(w.t, file)
}

// phones are devices that are pushed.
type phones struct {
	mu     sync.Mutex // of all below
	pushed []string
	fails  map[string]error
}

func (p *phones) Tell(_ context.Context, token string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pushed = append(p.pushed, token)
	return p.fails[token]
}

// said gives who was pushed since it was asked last.
func (p *phones) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := strings.Join(p.pushed, " ")
	p.pushed = nil
	return all
}

func (p *phones) failing(token string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails[token] = err
}

// objects is a small Google that keeps what it is told.
type objects struct {
	*httptest.Server
	mu   sync.Mutex // of all below
	kept map[string]map[string]any
	puts int
	down bool
}

func newObjects(t testing.TB) *objects {
	o := &objects{kept: map[string]map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"t","expires_in":3600}`)
	})
	mux.HandleFunc("PUT /v1/{kind}/{id}", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		o.kept[r.PathValue("kind")+"/"+r.PathValue("id")] = body
		o.puts++
	})
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

func (o *objects) get(key string) map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.kept[key]
}

func (o *objects) setDown(down bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down = down
}
