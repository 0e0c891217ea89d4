package front

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/journals"
	"usher/server/vault"
	"usher/server/web/site"
)

const base = "https://tickets.example"

// file is an event whose texts are hostile to who shows them.
const file = `code = "QUAY"
name = "Quay & <b>Night</b>"
time_zone = "Europe/Berlin"
language = "LANGUAGE"
starts = 2026-07-04T20:00:00
ends = 2026-07-05T02:00:00
admission = 2026-07-04T19:00:00
venue = "Shed </script><script>alert(1)</script>"
zone = [{ code = "z", name = "Z" }]
gate = [{ code = "g", name = "G" }]
[shop]
currency = "EUR"
text = "One.\n\n\"Two\" </script><img src=x onerror=alert(2)>"
picture = "quay.png"
picture_text = "A \"quay\""
geo = [53.5, 9.9]
sale_until = 2026-07-04T22:00:00
tax_percent = 7.7
seller = { name = "Pier 7" }
[[pool]]
code = "hall"
name = "Hall"
capacity = 400
[[pool]]
code = "deck"
name = "Deck"
seats = ["A 1-3"]
[[product]]
code = "ga"
name = "General <i>"
price = 25
fee = 1.50
pool = "hall"
[[product]]
code = "late"
name = "Late"
price = 0
pool = "hall"
sale_from = 2026-07-01T10:00:00
[[product]]
code = "seat"
name = "Seat"
price = 40
pool = "deck"
min = 2
max = 3
[[product]]
code = "crew"
name = "Crew"
price = 5
pool = "hall"
access_code = "ANCHOR"
`

var june = time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC)

// stock says what is left.
type stock map[string]int64

func (s stock) Left(context.Context, string) (map[string]int64, error) { return maps.Clone(s), nil }

// TakenSeats has one seat taken.
func (s stock) TakenSeats(context.Context, string, string) (map[string]bool, error) {
	return map[string]bool{"A-2": true}, nil
}

// world is a front over a real catalogue, in a language.
type world struct {
	t     testing.TB
	now   time.Time
	stock stock
	cat   *catalog.Catalog
	front *Front
	mux   *http.ServeMux
}

func newWorld(t testing.TB, language string) *world {
	t.Helper()
	w := &world{t: t, now: june, stock: stock{"hall": 400, "deck": 3}, mux: http.NewServeMux()}
	clock := func() time.Time { return w.now }
	db := dbtest.Open(t, migrations.Server)
	v := vault.New(db, rand.Reader, clock, "Test")
	if err := v.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.cat = catalog.New(db, v, journals.New(db, v, clock), clock)
	w.apply("LANGUAGE", language)
	s, err := site.New(slog.New(slog.NewTextHandler(t.Output(), nil)), func() string { return base })
	if err == nil {
		w.front, err = New(Config{Site: s, Catalog: w.cat, Stock: w.stock, Now: clock})
	}
	if err != nil {
		t.Fatal(err)
	}
	w.front.Register(w.mux)
	s.Register(w.mux)
	return w
}

// apply applies the file with texts replaced, each by the one after it.
func (w *world) apply(replaced ...string) {
	w.t.Helper()
	spec, err := catalog.ParseFile("quay.toml", []byte(strings.NewReplacer(replaced...).Replace(file)))
	if err == nil {
		err = spec.ReadPicture(fstest.MapFS{"quay.png": {Data: picture}})
	}
	if err == nil {
		_, err = w.cat.Apply(w.t.Context(), spec)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// get asks for a page; header lines are "Name: value".
func (w *world) get(path string, header ...string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	answer := httptest.NewRecorder()
	w.mux.ServeHTTP(answer, r)
	return answer.Result()
}

// page is the body of a page, which has to be there.
func (w *world) page(path string) string {
	w.t.Helper()
	answer := w.get(path)
	if answer.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: status %d: %s", path, answer.StatusCode, body(w.t, answer))
	}
	return body(w.t, answer)
}

func body(t testing.TB, answer *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// has tells what of the texts the page lacks, and what of the others it has.
func (w *world) has(page string, want []string, never ...string) {
	w.t.Helper()
	for _, text := range want {
		if !strings.Contains(page, text) {
			w.t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
	for _, text := range never {
		if strings.Contains(page, text) {
			w.t.Errorf("the page has %q:\n%s", text, page)
		}
	}
}
