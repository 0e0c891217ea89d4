package uplink_test

import (
	"testing"
	"testing/synctest"
	"time"

	"usher/gate/uplink"
	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// arbiter grants every claim after a time, with marks.
type arbiter struct {
	after time.Duration
	marks []exchange.Mark
}

// Attend implements exchange.Arbiter.
func (a *arbiter) Attend(journal.NodeID) exchange.Seat { return a }

// Claim implements exchange.Seat.
func (a *arbiter) Claim(_ journal.TicketID, answer func([]exchange.Mark)) {
	time.AfterFunc(a.after, func() { answer(a.marks) })
}

// Leave implements exchange.Seat.
func (a *arbiter) Leave() {}

// claiming runs the uplink of a gate that claims at a server, and gives both.
func claiming(t *testing.T, a *arbiter) (server *exchangetest.Node, gate *exchangetest.Node, town *town, u *uplink.Uplink, stop func()) {
	t.Helper()
	server, gates := venue(t, "north")
	server.Local.Arbiter = a
	town = newTown(t)
	town.hosts[serverURL] = server
	u, stop = town.start(gates[0], uplink.Config{
		Server:  serverURL,
		Applied: func(c journal.Chain, seq uint64) bool { return gates[0].Vector()[c].Seq >= seq },
	})
	return server, gates[0], town, u, stop
}

// claim claims a ticket, and gives how long that took.
func claim(t *testing.T, u *uplink.Uplink) (asked bool, took time.Duration) {
	t.Helper()
	began := time.Now()
	asked = u.Claim(t.Context(), journaltest.Ticket(1))
	return asked, time.Since(began)
}

// A claim is over when the gate has what the answer names, and not before.
func TestAClaimWaitsForWhatItNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &arbiter{after: 5 * time.Millisecond}
		server, gate, _, u, stop := claiming(t, a)
		defer stop()
		time.Sleep(time.Second)
		a.marks = []exchange.Mark{{Chain: server.Chain(), Seq: gate.Vector()[server.Chain()].Seq}}
		if asked, took := claim(t, u); !asked || took != a.after {
			t.Errorf("a claim of what the gate holds: asked %v, took %v", asked, took)
		}
		a.marks[0].Seq++
		time.AfterFunc(40*time.Millisecond, func() { server.Own(t, 1) })
		if asked, took := claim(t, u); !asked || took < 40*time.Millisecond || took >= uplink.ClaimWait {
			t.Errorf("a claim of what came after 40ms: asked %v, took %v", asked, took)
		}
		if held := gate.Vector()[server.Chain()].Seq; held != a.marks[0].Seq {
			t.Errorf("after the claim the gate holds record %d, want %d", held, a.marks[0].Seq)
		}
		a.marks[0].Seq++
		for range 3 {
			if asked, took := claim(t, u); !asked || took != uplink.ClaimWait {
				t.Errorf("a claim of what never comes: asked %v, took %v, want %v", asked, took, uplink.ClaimWait)
			}
		}
	})
}

// Who has no server in touch waits for none.
func TestAClaimWithoutAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, town, u, stop := claiming(t, &arbiter{after: time.Hour})
		defer stop()
		time.Sleep(time.Second)
		if asked, took := claim(t, u); !asked || took != uplink.ClaimWait {
			t.Errorf("a server that does not answer: asked %v, took %v", asked, took)
		}
		for range 10 {
			if asked, took := claim(t, u); asked || took != 0 {
				t.Fatalf("once more: asked %v, took %v", asked, took)
			}
			time.Sleep(10 * time.Second)
		}
		town.cut(serverURL, true)
		time.Sleep(time.Second)
		if asked, took := claim(t, u); asked || took != 0 {
			t.Errorf("a server that is gone: asked %v, took %v", asked, took)
		}
		ctx, ticket := t.Context(), journaltest.Ticket(1)
		if n := testing.AllocsPerRun(100, func() { u.Claim(ctx, ticket) }); n > 0 {
			t.Errorf("a claim without a server allocates %v times", n)
		}
	})
}
