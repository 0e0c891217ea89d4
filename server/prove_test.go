package server_test

import (
	"context"
	"os"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/server"
	"usher/server/catalog"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/state"
)

// A gate that says it let in a ticket which it never met is found out by the
// server, with nobody asking for the ticket.
func TestServerFindsLies(t *testing.T) {
	const event = "CLUB-0711"
	now := time.Date(2026, 7, 11, 21, 0, 0, 0, time.UTC)
	s, err := server.Open(t.Context(), server.Config{Data: t.TempDir(), Unsealed: true, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	const file = "../docs/examples/club-night.toml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := catalog.ParseFile(file, text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Catalog.Apply(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	liar := journaltest.NewWriter(t, "liar")
	public := liar.Signer.Public()
	var enrolled []*journal.Record
	err = s.DB.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		enrolled, err = s.Journals.Write(ctx, tx, event, journal.KindEnrol, &journal.Enrol{
			Node: journal.NodeOf(public), Public: public, Gate: "door", Role: "scanner", Name: "liar",
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	lie := journaltest.Admission("door", journaltest.Ticket(7))
	lie.How, lie.Evidence, lie.Known = "camera", []byte("no ticket"), journal.Position{Seq: enrolled[0].Seq}
	if err := s.Journals.Store(event).Append(t.Context(), []*journal.Record{liar.Write(t, journal.KindScan, lie)}); err != nil {
		t.Fatal(err)
	}
	st, err := s.Doors.State(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	notices, forget := st.Subscribe()
	defer forget()
	for st.Counts(0).Unproven > 0 || len(st.SetAside()) == 0 {
		select {
		case <-notices:
		case <-time.After(time.Minute):
			t.Fatalf("the lie is not found; set aside is %+v", st.SetAside())
		}
	}
	if aside := st.SetAside(); aside[0].Why != state.WhyEvidence || st.Counts(0).Total.Entries != 0 {
		t.Errorf("set aside %+v, and %d entries count", aside, st.Counts(0).Total.Entries)
	}
	if past := st.Past(journaltest.Ticket(7)); len(past) != 1 || !past[0].SetAside {
		t.Errorf("the ticket's past is %+v, want the lie in it and set aside", past)
	}
}
