package journal_test

import (
	"errors"
	"reflect"
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

func TestAuthorsAreHeldToTheRules(t *testing.T) {
	w := journaltest.NewWriter(t, "gate")
	for name, r := range map[string]*journal.Record{
		"another kind":  w.Write(t, journal.KindUndo, journaltest.Admission("north", journaltest.Ticket(1))),
		"a broken rule": w.Write(t, journal.KindScan, &journal.Scan{Result: "accept"}),
	} {
		if _, err := journal.Read[journal.Scan](r); !errors.Is(err, fault.BadInput) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := journal.Read[journal.Undo](r); !errors.Is(err, fault.BadInput) {
			t.Errorf("%s, read as an undo: %v", name, err)
		}
	}
}
