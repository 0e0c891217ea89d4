package catalog

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/journals"
	"usher/server/vault"
	"usher/sync/journal"
)

const event = "NIGHT-1"

// file is an event file without a mistake, which tests then make. It has all
// fields that there are.
const file = `code = "NIGHT-1"
name = "Harbour Night"
time_zone = "Europe/Berlin"
admission = 2026-07-04T19:00:00
starts = 2026-07-04T20:00:00
ends = 2026-07-05T02:00:00
venue = "Fischauktionshalle"
door_text = "Sail on: tickets are sold at the quay"
terms = "No refund."
rehearsal = false
language = "de"
[policy]
stale_after_minutes = 30
stale = "ask"
proof_past_seconds = 60
proof_future_seconds = 20
clock_tolerance_minutes = 3
down_to = "name"

[[zone]]
code = "floor"
name = "Floor"
capacity = 450

[[zone]]
code = "deck"
name = "Sun deck"

[[zone]]
code = "quay"
name = "Quay"

[[product]]
code = "ga"
name = "General admission"
zones = ["floor"]

[[product]]
code = "vip"
name = "VIP"
zones = "all"
rules = [{ max_entries = 3, text = "three times" }]

[[gate]]
code = "north"
name = "North door"
zone = "floor"
products = "all"
entry = "single"
reentry_after_exit = false
directions = "at the crane"

[[gate]]
code = "bridge"
name = "Bridge"
zone = "deck"
products = ["vip"]
entry = "multi"

[[gate.rules]]
not_before = "admission"
tolerance_min = 15

[[gate.rules]]
weekdays = ["sat", 7]
`

var start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// edit is a change of the file.
type edit struct{ old, new string }

// edited makes the changes, each of which has to find its place, and only one.
func edited(t testing.TB, edits ...edit) string {
	t.Helper()
	text := file
	for _, e := range edits {
		if n := strings.Count(text, e.old); n != 1 {
			t.Fatalf("%q stands in the file %d times", e.old, n)
		}
		text = strings.Replace(text, e.old, e.new, 1)
	}
	return text
}

func parsed(t testing.TB, text string) *Spec {
	t.Helper()
	spec, err := ParseFile("night.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// world is a catalogue over a real database.
type world struct {
	*Catalog
	t   testing.TB
	now time.Time
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	w := &world{t: t, now: start}
	clock := func() time.Time { return w.now }
	v := vault.New(db, rand.Reader, clock, "Test Organiser")
	if err := v.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Catalog = New(db, v, journals.New(db, v, clock), clock)
	return w
}

// onEach runs a test over every engine.
func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

// apply applies the file with edits, which has to work, a minute after what was
// before.
func (w *world) apply(edits ...edit) Report {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	report, err := w.Apply(w.t.Context(), parsed(w.t, edited(w.t, edits...)))
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

// records gives the kinds of the records in the event's journal, and the newest
// event record.
func (w *world) records(event string) (kinds []journal.Kind, newest *journal.Event) {
	w.t.Helper()
	arrived, err := w.journals.Tail(w.t.Context(), event, 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range arrived {
		kinds = append(kinds, a.Record.Kind)
		if a.Record.Kind != journal.KindEvent {
			continue
		}
		if newest, err = journal.Read[journal.Event](a.Record); err != nil {
			w.t.Fatal(err)
		}
	}
	return kinds, newest
}

// problems gives what ParseFile found, a line each, without the file's name.
func problems(t testing.TB, text string) []string {
	t.Helper()
	_, err := ParseFile("night.toml", []byte(text))
	var found Problems
	if err != nil && !errors.As(err, &found) {
		t.Fatalf("not a list of problems: %v", err)
	}
	lines := make([]string, len(found))
	for i, p := range found {
		where, ok := strings.CutPrefix(p.Where, "night.toml:")
		if !ok {
			t.Errorf("a problem is at %q", p.Where)
		}
		lines[i] = where + ": " + p.Message
	}
	return lines
}

func decode(t testing.TB, text string, into any) {
	t.Helper()
	if err := toml.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// newLocked is another catalogue over the same database, whose keys are locked.
func newLocked(w *world) *Catalog {
	clock := func() time.Time { return w.now }
	v := vault.New(w.db, rand.Reader, clock, "Test Organiser")
	return New(w.db, v, journals.New(w.db, v, clock), clock)
}
