package gate

import (
	"context"
	"net"
	"testing"
	"time"

	"usher/crypto/base45"
	"usher/crypto/ticket"
	"usher/gate/gatetest"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/state"
)

// A gate that says it let in a ticket which it never met is found out while the
// agent runs, with nobody asking for the ticket; and the ticket still enters.
func TestAgentFindsLies(t *testing.T) {
	f := newFestival(t)
	liar := journaltest.NewWriter(t, "liar")
	liar.Stamp.Time = f.Server.Stamp.Time
	public := liar.Signer.Public()
	enrolled := f.Server.Write(t, journal.KindEnrol, &journal.Enrol{
		Node: journal.NodeOf(public), Public: public, Gate: gatetest.North, Role: "scanner", Name: "liar",
	})
	other, err := base45.Decode(nil, f.code(t, 8)[len(ticket.PrefixStatic):])
	if err != nil {
		t.Fatal(err)
	}
	lie := journaltest.Admission(gatetest.North, benchTicket(7))
	lie.How, lie.Evidence, lie.Known = "camera", other, journal.Position{Seq: enrolled.Seq}

	g := f.open(t)
	f.send(t, g, append(f.began, enrolled)...)
	if err := g.accept(t.Context(), []*journal.Record{liar.Write(t, journal.KindScan, lie)}); err != nil {
		t.Fatal(err)
	}
	if n := g.State.Counts(0).Total.Entries; n != 1 {
		t.Fatalf("%d entries before anybody looked, want the lie", n)
	}
	end := running(t, g)
	untilSetAside(t, g.State)
	if c := g.State.Counts(0); c.Total.Entries != 0 || c.Unproven != 0 {
		t.Errorf("%d entries and %d codes unproven, want none", c.Total.Entries, c.Unproven)
	}
	out := g.Turnstile.Scan(t.Context(), turnstile.Attempt{Text: f.code(t, 7), Direction: admission.In, How: "wedge", Lane: "1"})
	if !out.Green() {
		t.Errorf("the ticket is shown %s: %s", out.Result, out.Reason)
	}
	end()
}

// running runs the gate's agent until the function it gives is called.
func running(t *testing.T, g *Gate) (end func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAgent(g, listener)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// untilSetAside waits for a record to be set aside for its evidence.
func untilSetAside(t *testing.T, s *state.State) {
	t.Helper()
	notices, forget := s.Subscribe()
	defer forget()
	for {
		if list := s.SetAside(); len(list) == 1 && list[0].Why == state.WhyEvidence {
			return
		}
		select {
		case <-notices:
		case <-time.After(time.Minute):
			t.Fatalf("the lie is not found; set aside is %+v", s.SetAside())
		}
	}
}
