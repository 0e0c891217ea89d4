package ticketing

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/journals"
	"usher/server/vault"
	"usher/sync/journal"
)

const (
	event = "NIGHT-1"
	other = "NIGHT-2"
)

// file is an event of a Saturday in July in Hamburg, where it is UTC+2.
const file = `
code = "NIGHT-1"
name = "Harbour Night"
time_zone = "Europe/Berlin"
starts = 2026-07-04 20:00:00
ends = 2026-07-05 02:00:00

[[zone]]
code = "main"
name = "Main hall"

[[zone]]
code = "lounge"
name = "Lounge"

[[product]]
code = "ga"
name = "General admission"
zones = ["main"]

[[product]]
code = "vip"
name = "VIP"
zones = "all"

[[gate]]
code = "north"
name = "North"
zone = "main"
`

var start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// world is an office over a real database, with two events of the same making.
type world struct {
	*Office
	db       *sqldb.DB
	vault    *vault.Vault
	journals *journals.Journals
	catalog  *catalog.Catalog
	now      time.Time
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	w := &world{db: db, now: start}
	clock := func() time.Time { return w.now }
	w.vault = vault.New(db, rand.Reader, clock, "Test Organiser")
	if err := w.vault.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.journals = journals.New(db, w.vault, clock)
	w.catalog = catalog.New(db, w.vault, w.journals, clock)
	w.Office = New(db, w.vault, w.journals, w.catalog, rand.Reader, clock)
	for _, code := range []string{event, other} {
		spec, err := catalog.ParseFile(code+".toml", []byte(strings.ReplaceAll(file, event, code)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.catalog.Apply(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// onEach runs a test over every engine.
func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

// list imports a list, which has to work.
func (w *world) list(t testing.TB, text string) Report {
	t.Helper()
	report, err := w.Import(t.Context(), event, "guests.csv", strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// tickets gives the tickets of an event by their external id.
func (w *world) tickets(t testing.TB, event string) map[string]Ticket {
	t.Helper()
	all := map[string]Ticket{}
	if err := w.Each(t.Context(), event, func(k Ticket) error {
		all[k.External] = k
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// records gives the contents of the server's records of a kind, in their order.
func records[C any, P interface {
	*C
	journal.Content
}](t testing.TB, w *world, event string, kind journal.Kind) []*C {
	t.Helper()
	arrived, err := w.journals.Tail(t.Context(), event, 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	var list []*C
	for _, a := range arrived {
		if a.Kind != kind {
			continue
		}
		content, err := journal.Read[C, P](a.Record)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, content)
	}
	return list
}

// rostered gives the generation that the journal's rosters say of each ticket.
func (w *world) rostered(t testing.TB, event string) map[journal.TicketID]uint16 {
	t.Helper()
	all := map[journal.TicketID]uint16{}
	for _, r := range records[journal.Roster](t, w, event, journal.KindRoster) {
		for _, g := range r.Groups {
			for i := range g.Len() {
				id, generation := g.At(i)
				all[id] = generation
			}
		}
	}
	return all
}

func (w *world) ring(t testing.TB) *keyring.Ring {
	t.Helper()
	signed, err := w.vault.Ring(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &signed.Ring
}
