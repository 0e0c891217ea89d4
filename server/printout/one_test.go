package printout

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/document"
	"usher/server/journals"
	"usher/server/speech"
	"usher/server/ticketing"
	"usher/server/vault"
	"usher/sync/fault"
	"usher/sync/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const event = "NIGHT"

// desk is a printer over a real database with an event and tickets.
type desk struct {
	*Printer
	db *sqldb.DB
}

func newDesk(t *testing.T, tickets int) *desk {
	t.Helper()
	db := dbtest.Open(t, migrations.Server)
	now := func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }
	v := vault.New(db, rand.Reader, now, "Test Organiser")
	j := journals.New(db, v, now)
	c := catalog.New(db, v, j, now)
	office := ticketing.New(db, v, j, c, rand.Reader, now)
	var list strings.Builder
	list.WriteString("external_id,name,email,product\n")
	for i := range tickets {
		fmt.Fprintf(&list, "T%03d,Guest %d,,ga\n", i, i)
	}
	err := v.UnlockUnsealed(t.Context())
	if err == nil {
		_, err = c.Apply(t.Context(), &catalog.Spec{
			File: "test", Code: event, Name: "Night", Zone: "Europe/Berlin", Starts: now().Unix(), Ends: now().Add(time.Hour).Unix(),
			Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15},
			Zones:    []catalog.ZoneSpec{{Code: "main", Name: "Main"}},
			Products: []catalog.ProductSpec{{Code: "ga", Name: "General", Zones: []string{"main"}}},
			Gates:    []catalog.GateSpec{{Code: "north", Name: "North", Zone: "main", All: true}},
		})
	}
	if err == nil {
		_, err = office.Import(t.Context(), event, "guests.csv", strings.NewReader(list.String()), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &desk{New(office, c, now), db}
}

// spoil makes the code of one ticket one that can't be drawn.
func (d *desk) spoil(t *testing.T, external string) {
	t.Helper()
	if err := d.db.Exec(t.Context(), `update ticket set token = 'ü' where external_id = $1`, external); err != nil {
		t.Fatal(err)
	}
}

// sheets are what is printed of each ticket, in their order.
func (d *desk) sheets(t *testing.T) (list []document.Ticket) {
	t.Helper()
	e, err := d.catalog.Event(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	j := &job{Printer: d.Printer, event: e, say: speech.In("", e.Location)}
	if err := d.tickets.Each(t.Context(), event, func(k ticketing.Ticket) error {
		list = append(list, j.sheet(k))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// One file for all holds the tickets in their order, though they are drawn on all
// cores: it is the same to the byte as if they were drawn one after the other.
func TestOneFileInOrder(t *testing.T) {
	const tickets = 30
	d := newDesk(t, tickets)
	want := map[Format]*bytes.Buffer{PDF: {}, Text: {}}
	for i, sheet := range d.sheets(t) {
		if i > 0 {
			want[Text].WriteString(textRule)
		}
		if err := document.Text(want[Text], sheet, document.LightGround); err != nil {
			t.Fatal(err)
		}
	}
	err := document.TicketsPDF(want[PDF], func(yield func(document.Ticket, error) bool) {
		for _, sheet := range d.sheets(t) {
			if !yield(sheet, nil) {
				return
			}
		}
	}, document.Options{Paper: document.A6, Created: d.now(), Title: "Night"})
	if err != nil {
		t.Fatal(err)
	}
	for format, whole := range want {
		dir, last := t.TempDir(), 0
		report, err := d.Print(t.Context(), Order{Event: event, Format: format, Paper: document.A6, One: true, Dir: dir}, func(done, total int) {
			if done != last+1 || total != tickets {
				t.Errorf("%s: %d of %d drawn after %d", format, done, total, last)
			}
			last = done
		})
		if err != nil || report.Tickets != tickets || last != tickets {
			t.Fatalf("%s: %+v, %d drawn, %v", format, report, last, err)
		}
		got, err := os.ReadFile(filepath.Join(dir, report.Files[0]))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, whole.Bytes()) {
			t.Errorf("%s: %d bytes, and not those of drawing one after the other (%d)", format, len(got), whole.Len())
		}
	}
}

// A ticket that can't be drawn is named, and leaves nothing behind.
func TestOneFileOrNone(t *testing.T) {
	d := newDesk(t, 30)
	d.spoil(t, "T017")
	for _, format := range []Format{PDF, Text} {
		dir := t.TempDir()
		_, err := d.Print(t.Context(), Order{Event: event, Format: format, One: true, Dir: dir}, nil)
		if fault.KindOf(err) != fault.BadInput || !strings.Contains(err.Error(), "T017") {
			t.Errorf("%s: %v", format, err)
		}
		empty(t, dir)
	}
}

func TestOneFileInterrupted(t *testing.T) {
	d := newDesk(t, 30)
	for _, format := range []Format{PDF, Text} {
		ctx, cancel := context.WithCancel(t.Context())
		dir := t.TempDir()
		_, err := d.Print(ctx, Order{Event: event, Format: format, One: true, Dir: dir}, func(done, _ int) {
			if done == 5 {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", format, err)
		}
		empty(t, dir)
	}
}

func empty(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) > 0 {
		t.Errorf("%d files are left, %v", len(files), err)
	}
}

// A buyer's tickets are in the buyer's language, and in the event's where nobody said.
func TestTicketsInTheBuyersLanguage(t *testing.T) {
	d := newDesk(t, 1)
	e, err := d.catalog.Event(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	var tickets []ticketing.Ticket
	if err := d.tickets.Each(t.Context(), event, func(k ticketing.Ticket) error {
		tickets = append(tickets, k)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	several := tickets[0]
	several.Admissions, several.Generation, several.NotBefore = 4, 2, e.Starts-3600
	for language, want := range map[string][]string{
		"":      {"en", "Wednesday, 1 July 2026, 14:00, ticket good from Wednesday, 1 July, 13:00", "General, admits 4", "HOLDER", "issue 3, earlier ones are void"},
		"de-AT": {"de", "Mittwoch, 1. Juli 2026, 14:00 Uhr, Ticket gilt ab Mittwoch, 1. Juli, 13:00", "General, für 4 Personen", "INHABER", "Ausgabe 3"},
		"fr":    {"fr", "mercredi 1er juillet 2026", "pour 4 personnes", "TITULAIRE", "émission 3"},
		"es":    {"es", "miércoles, 1 de julio de 2026", "para 4 personas", "TITULAR", "emisión 3"},
	} {
		var file bytes.Buffer
		if err := d.Tickets(t.Context(), &file, event, tickets, language); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(file.Bytes(), []byte("/Lang ("+want[0]+")")) {
			t.Errorf("%q: the file isn't in %s", language, want[0])
		}
		s := (&job{Printer: d.Printer, event: e, say: speech.In(language, e.Location)}).sheet(several)
		for i, got := range []string{s.When, s.Product, s.Words.Holder, s.Footer} {
			if !strings.Contains(got, want[i+1]) {
				t.Errorf("%q: it says %q, want %q in it", language, got, want[i+1])
			}
		}
	}
}

// The short code stands on paper whatever the event says, and says what it is good for.
func TestWhatTheShortCodeIsGoodFor(t *testing.T) {
	d := newDesk(t, 1)
	e, err := d.catalog.Event(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	for rung, want := range map[journal.Rung]string{
		journal.RungName: "CODE, IF IT CAN'T BE SCANNED", journal.RungTyped: "CODE, IF IT CAN'T BE SCANNED",
		journal.RungCode: "TICKET NUMBER, FOR THE BOX OFFICE", journal.RungLive: "TICKET NUMBER, FOR THE BOX OFFICE",
	} {
		e.Policy.DownTo = rung
		k := ticketing.Ticket{ID: [8]byte{1}}
		if s := (&job{Printer: d.Printer, event: e, say: speech.In("", e.Location)}).sheet(k); s.Words.Code != want || s.ShortCode != k.ID.Short() {
			t.Errorf("down to %s: %q %s, want %q", rung, s.Words.Code, s.ShortCode, want)
		}
	}
}
