package guests

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"usher/crypto/ticket"
	"usher/sync/fault"
	"usher/sync/journal"
)

const event = "EV1"

func key(b byte) Key { return Key{b} }

func guest(n byte, name, email, order string) Guest {
	return Guest{Ticket: journal.TicketID{n}, Name: name, Email: email, Order: order}
}

func seals(t *testing.T, k Key, list ...Guest) []*journal.Guests {
	t.Helper()
	records, err := Seal(k, event, rand.Reader, list)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestOnlyTheKeyOpens(t *testing.T) {
	records := seals(t, key(1), guest(1, "Casey Flores", "c@x.test", "VH3D3"))
	if bytes.Contains(records[0].Sealed, []byte("Casey")) {
		t.Error("the name can be read in the record")
	}
	list, err := Open(key(1), event, records[0])
	if err != nil || len(list) != 1 || list[0].Name != "Casey Flores" {
		t.Fatalf("%v, %v", list, err)
	}
	bent := *records[0]
	bent.Sealed = bytes.Clone(bent.Sealed)
	bent.Sealed[0] ^= 1
	for name, open := range map[string]func() ([]Guest, error){
		"another key":    func() ([]Guest, error) { return Open(key(2), event, records[0]) },
		"another event":  func() ([]Guest, error) { return Open(key(1), "EV2", records[0]) },
		"a changed byte": func() ([]Guest, error) { return Open(key(1), event, &bent) },
	} {
		if list, err := open(); fault.KindOf(err) != fault.Refused || list != nil {
			t.Errorf("%s: %v, %v; want it refused", name, list, err)
		}
	}
}

func TestSealSplitsAndRefuses(t *testing.T) {
	var many []Guest
	for i := range MaxGuests + 1 {
		many = append(many, Guest{Ticket: journal.TicketID{byte(i), byte(i >> 8)}, Name: strings.Repeat("n", MaxName), Email: strings.Repeat("e", MaxEmail), Order: "O"})
	}
	records := seals(t, key(1), many...)
	if len(records) != 2 {
		t.Fatalf("%d records, want 2", len(records))
	}
	for _, r := range records {
		if size := len(r.Sealed); size > journal.MaxRecordBytes-1024 {
			t.Errorf("a record of %d bytes does not fit a journal", size)
		}
	}
	for name, g := range map[string]Guest{
		"name":   {Name: strings.Repeat("n", MaxName+1)},
		"e-mail": {Email: strings.Repeat("n", MaxEmail+1)},
		"order":  {Order: strings.Repeat("n", MaxOrder+1)},
		"note":   {Note: strings.Repeat("n", MaxNote+1)},
	} {
		if _, err := Seal(key(1), event, rand.Reader, []Guest{g}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a guest with too long a %s: %v", name, err)
		}
	}
}

func TestSearch(t *testing.T) {
	var l List
	id := guest(3, "Zoë Müller-Strauß", "zoe@mail.test", "AB-77-4411")
	l.Apply(journal.Position{Seq: 1}, []Guest{
		guest(1, "Casey Flores", "c@x.test", "VH3D3"), guest(2, "Casey Brown", "b@x.test", "AAAA1"), id,
	})
	short := ticket.ID(id.Ticket).Short()
	for query, want := range map[string]int{
		"cas": 0, "caSEY": 2, "  casey  ": 2, "vh3d3": 1, "b@x.test": 1, "x.test": 2, "3d3": 0, "H3D3": 1,
		"muller": 1, "STRAUSS": 1, "4411": 1, "ab-77": 1, "77-4": 0, "zoe mul": 1, "nobody": 0, "": 0, short[len(short)-4:]: 1,
	} {
		if got := l.Search(query, nil); len(got) != want {
			t.Errorf("%q finds %d, want %d: %v", query, len(got), want, got)
		}
	}
	got := l.Search("casey", func(g Guest) bool { return g.Ticket == journal.TicketID{1} })
	if len(got) != 1 || got[0].Name != "Casey Flores" {
		t.Errorf("limited to one: %v", got)
	}
	if got := l.Search("casey", nil); got[0].Name != "Casey Brown" {
		t.Errorf("not by name: %v", got)
	}
}

func TestLaterRecordReplaces(t *testing.T) {
	var l List
	l.Apply(journal.Position{Seq: 5}, []Guest{guest(1, "Bob", "", "")})
	l.Apply(journal.Position{Seq: 2}, []Guest{guest(1, "Ann", "", "")})
	if g, _ := l.Lookup(journal.TicketID{1}); g.Name != "Bob" || l.Len() != 1 {
		t.Errorf("%v of %d", g, l.Len())
	}
}
