package journal_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// What its author reads of a record is what everybody else reads of its bytes.
func TestAuthorsReadWhatTheyWrote(t *testing.T) {
	w := journaltest.NewWriter(t, "gate")
	scan := journaltest.Admission("north", journaltest.Ticket(1))
	scan.Flags, scan.Parents = []string{"offline"}, []journal.Hash{{1}, {2}}
	r := w.Write(t, journal.KindScan, scan)
	arrived, err := journal.Parse(r.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	own, err := journal.Read[journal.Scan](r)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := journal.Read[journal.Scan](arrived)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(own, theirs) {
		t.Errorf("the author reads %+v, others read %+v", own, theirs)
	}
	own.Gate = "south"
	if again, err := journal.Read[journal.Scan](r); err != nil || again.Gate != "north" {
		t.Errorf("read again: %+v, %v", again, err)
	}
}

// What others would refuse to read is not written, whoever signs it: a record that
// says nothing can't be taken back.
func TestAuthorsAreHeldToTheRules(t *testing.T) {
	author := journaltest.NewWriter(t, "gate").Author
	scan := func(change func(*journal.Scan)) *journal.Scan {
		s := journaltest.Admission("north", journaltest.Ticket(1))
		change(s)
		return s
	}
	revoke := journal.NewRevoke("revoked", 1, "paid back\xff", []journal.Revocation{{Ticket: journaltest.Ticket(1), Minimum: journal.Never}})
	for name, c := range map[string]struct {
		kind    journal.Kind
		content any
	}{
		"without a gate":     {journal.KindScan, &journal.Scan{Result: "accept"}},
		"a third direction":  {journal.KindScan, scan(func(s *journal.Scan) { s.Direction = "up" })},
		"a lane's long name": {journal.KindScan, scan(func(s *journal.Scan) { s.Lane = strings.Repeat("1", 41) })},
		"a lane in no text":  {journal.KindScan, scan(func(s *journal.Scan) { s.Lane = "lane \xff" })},
		"a flag in no text":  {journal.KindScan, scan(func(s *journal.Scan) { s.Flags = []string{"\xc3"} })},
		"a note in no text":  {journal.KindRevoke, &revoke},
	} {
		r, err := author.Write(journal.Head{}, journal.Stamp{Time: 1}, c.kind, c.content)
		if !errors.Is(err, fault.BadInput) || r != nil {
			t.Errorf("%s: %v, %v; want it refused", name, r, err)
		}
	}
	if r, err := author.Write(journal.Head{}, journal.Stamp{Time: 1}, journal.KindUndo, scan(func(*journal.Scan) {})); err == nil || r != nil {
		t.Errorf("a scan written as an undo: %v, %v", r, err)
	}
}
