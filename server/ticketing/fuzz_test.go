package ticketing

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/fault"
	"usher/sync/journal"
)

// FuzzList holds the reader of lists to its word: any bytes are either refused
// with a short message about the list, or read as rows that say the same when
// they are written out plainly and read again.
func FuzzList(f *testing.F) {
	rd, err := newReader(&journal.Event{
		Zone:     "Europe/Berlin",
		Zones:    []journal.Zone{{Bit: 0, Code: "main"}, {Bit: 31, Code: "lounge"}},
		Products: []journal.Product{{Number: 1, Code: "ga"}, {Number: 2, Code: "vip"}},
	})
	if err != nil {
		f.Fatal(err)
	}
	key, err := keyring.FromSeed(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, list []byte) {
		table, people, err := read(rd, list)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.BadInput && kind != fault.TooLarge {
				t.Fatalf("refused as %q: %v", kind, err)
			}
			if message := fault.Message(err); !strings.HasPrefix(message, "list.csv: ") || len(message) > 20_000 {
				t.Fatalf("a message of %d bytes: %.300q", len(message), message)
			}
			return
		}
		for i, a := range people {
			if i > 0 && table.rows[i].line <= table.rows[i-1].line {
				t.Fatalf("row %d is on line %d, the one before on line %d", i, table.rows[i].line, table.rows[i-1].line)
			}
			k := a.ticket("EV", ticket.ID{1})
			if err := k.sign(key); err != nil {
				t.Fatalf("row %d makes no ticket: %v", i, err)
			}
		}
		_, again, err := read(rd, plain(t, table))
		if err != nil || !reflect.DeepEqual(people, again) {
			t.Fatalf("written out and read again: %v\n%+v\n%+v", err, people, again)
		}
	})
}

func read(rd *reader, list []byte) (*table, []Attendee, error) {
	t, err := readCSV("list.csv", bytes.NewReader(list))
	if err != nil {
		return nil, nil, err
	}
	people, err := rd.attendees("list.csv", t)
	return t, people, err
}

// plain writes a table as the standard library does.
func plain(t *testing.T, table *table) []byte {
	t.Helper()
	names := make([]string, len(table.columns))
	for c, i := range table.columns {
		names[i] = string(c)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, cells := range append([][]string{names}, cellsOf(table)...) {
		if err := w.Write(cells); err != nil {
			t.Fatal(fmt.Errorf("writing %q: %w", cells, err))
		}
	}
	w.Flush()
	return b.Bytes()
}

func cellsOf(t *table) [][]string {
	list := make([][]string, len(t.rows))
	for i, r := range t.rows {
		list[i] = r.cells
	}
	return list
}
