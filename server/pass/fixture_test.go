package pass

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/clocktest"
	"usher/server/journals"
	"usher/server/pass/apple"
	"usher/server/pass/google"
	"usher/server/pass/passtest"
	"usher/server/ticketing"
	"usher/server/vault"
)

const event = "NIGHT-1"

const file = `
code = "NIGHT-1"
name = "Harbour Night"
time_zone = "Europe/Berlin"
venue = "Pier 7"
starts = 2026-07-04 20:00:00
ends = 2026-07-05 02:00:00

[shop]
currency = "EUR"
tax_percent = 19
max_per_order = 8
address = "Hafenstraße 7, 20457 Hamburg"
geo = [53.54, 9.98]
seller = { name = "Pier 7 GmbH", email = "hello@pier7.example" }

[[zone]]
code = "main"
name = "Main hall"

[[product]]
code = "ga"
name = "General admission"
zones = ["main"]
price = 0
pool = "main"

[[pool]]
code = "main"
name = "Main"
capacity = 500

[[gate]]
code = "north"
name = "North door"
zone = "main"
products = "all"
`

// world is an office whose tickets go into wallets, over a real database.
type world struct {
	*Passes
	t       testing.TB
	clock   *clocktest.Clock
	office  *ticketing.Office
	catalog *catalog.Catalog
	phones  *phones
	google  *objects
	tickets map[string]ticketing.Ticket
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	w := &world{t: t, clock: clocktest.At(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)), phones: &phones{fails: map[string]error{}}, google: newObjects(t)}
	v := vault.New(db, rand.Reader, w.clock.Now, "Test Organiser")
	if err := v.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	j := journals.New(db, v, w.clock.Now)
	w.catalog = catalog.New(db, v, j, w.clock.Now)
	w.office = ticketing.New(db, v, j, w.catalog, rand.Reader, w.clock.Now)
	w.apply("", "")
	_, err := w.office.Import(t.Context(), event, "guests.csv", strings.NewReader("external_id,name,email,product,seat\nA,Ada,ada@example.org,ga,\nB,Bea,bea@example.org,ga,R1 S2\n"), nil)
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
		DB: db, Journals: j, Catalog: w.catalog, Tickets: w.office, Secret: v.Derive, Organiser: "Test Organiser",
		Public: func(context.Context) string { return "https://tickets.example" },
		Apple:  identity, Push: w.phones, Google: &google.Client{Account: account, URL: w.google.URL + "/v1", Now: w.clock.Now},
		Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
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

// apply applies the event's file, with something else in it.
func (w *world) apply(old, now string) {
	w.t.Helper()
	text := file
	if old != "" {
		if text = strings.Replace(file, old, now, 1); text == file {
			w.t.Fatalf("the file has no %q", old)
		}
	}
	spec, err := catalog.ParseFile("event.toml", []byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.catalog.Apply(w.t.Context(), spec); err != nil {
		w.t.Fatal(err)
	}
}

// load reads the tickets as they are, by their external id.
func (w *world) load() {
	w.t.Helper()
	w.tickets = map[string]ticketing.Ticket{}
	if err := w.office.Each(w.t.Context(), event, func(t ticketing.Ticket) error {
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
	w.clock.Pass(lookEvery)
	w.must(w.Step(w.t.Context()))
}

// face is what a device sees of a pass.
type face struct {
	Serial   string `json:"serialNumber"`
	Token    string `json:"authenticationToken"`
	Service  string `json:"webServiceURL"`
	Voided   bool   `json:"voided"`
	Relevant string `json:"relevantDate"`
	Places   []struct{ Latitude, Longitude float64 }
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
