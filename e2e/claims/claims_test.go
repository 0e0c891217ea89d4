package claims

import (
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"usher/e2e/venue"
	"usher/gate/turnstile"
	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/sync/admission"
)

// One ticket at two doors in the same instant lets one person in, every time, and nobody
// hears of a conflict: the second gate has the first's record before it decides.
func TestOneTicketAtTwoDoorsAtOnce(t *testing.T) {
	const rounds = 40
	h := open(t, rounds, venue.Patience)
	h.oneGetsIn(rounds)
	h.knows(0)
}

// oneGetsIn holds new tickets before both gates at once.
func (h *house) oneGetsIn(rounds int) {
	h.T.Helper()
	var first [2]int
	for round := range rounds {
		outs := h.both(h.next())
		results := []admission.Reason{outs[0].Reason, outs[1].Reason}
		in := slices.Index(results, admission.Entry)
		if in < 0 || results[1-in] != admission.AlreadyUsed {
			h.T.Fatalf("round %d: %v, want one entry and one already used", round, results)
		}
		if by := outs[1-in].Details.First; by == nil || by.Hash != outs[in].Record {
			h.T.Errorf("round %d: already let in by %+v, want record %s", round, by, outs[in].Record)
		}
		first[in]++
	}
	h.T.Logf("the north door was first %d times, the south door %d times", first[0], first[1])
}

// It is so, too, where the gates are linked to two servers of one database.
func TestOneTicketAtTwoServersAtOnce(t *testing.T) {
	const rounds = 15
	redis := os.Getenv("USHER_TEST_REDIS_URL")
	for _, way := range []string{"by the database", "by Redis"} {
		t.Run(way, func(t *testing.T) {
			cfg := server.Config{Database: dbtest.PostgresURL(t, migrations.Server)}
			if way == "by Redis" {
				cfg.Redis = redis
			}
			h := openTwo(t, cfg, rounds, venue.Patience)
			h.oneGetsIn(rounds)
			h.knows(0)
		})
	}
}

// Redis that goes while gates at two servers ask keeps nobody out. What two let in
// meanwhile is found.
func TestRedisGoesDuringAClaim(t *testing.T) {
	const rounds = 10
	redis, way := dbtest.Behind(t, os.Getenv("USHER_TEST_REDIS_URL"))
	h := openTwo(t, server.Config{Database: dbtest.PostgresURL(t, migrations.Server), Redis: redis}, rounds, 0)
	for round := range rounds {
		var going sync.WaitGroup
		going.Go(func() {
			time.Sleep(time.Duration(round) * time.Millisecond)
			way.Cut()
		})
		outs := h.both(h.next())
		going.Wait()
		if !slices.ContainsFunc(outs[:], func(o turnstile.Outcome) bool { return o.Green() }) {
			t.Errorf("round %d: nobody was let in: %s and %s", round, outs[0].Reason, outs[1].Reason)
		}
		way.Mend()
	}
	h.accounted(rounds)
}

// A server that goes away while gates ask it keeps nobody out: who waits for its answer
// decides alone. What they wrote is at the server afterwards, and what two let in
// meanwhile is found.
func TestTheServerGoesDuringAClaim(t *testing.T) {
	const rounds = 8
	h := open(t, 3*rounds, 0)
	for round := range rounds {
		var server sync.WaitGroup
		server.Go(func() {
			time.Sleep(time.Duration(round) * time.Millisecond)
			h.Stop()
		})
		outs := h.both(h.next())
		server.Wait()
		if !slices.ContainsFunc(outs[:], func(o turnstile.Outcome) bool { return o.Green() }) {
			t.Errorf("round %d: nobody was let in: %s and %s", round, outs[0].Reason, outs[1].Reason)
		}
		for _, g := range h.gates {
			if out := h.scan(g, h.next()); !out.Green() {
				t.Errorf("round %d, after it went: %s", round, out.Reason)
			}
		}
		h.Serve()
		h.linked()
	}
	h.accounted(3 * rounds)
}

// An answer that never comes keeps nobody out, and neither does a line that is half open
// for a while.
func TestTheAnswerIsLost(t *testing.T) {
	const rounds = 3
	h := open(t, 5*rounds, 0)
	for round := range rounds {
		h.lines.stick(true)
		for range 2 {
			for _, g := range h.gates {
				if out := h.scan(g, h.next()); !out.Green() {
					t.Errorf("round %d: %s", round, out.Reason)
				}
			}
		}
		if outs := h.both(h.next()); !outs[0].Green() || !outs[1].Green() {
			t.Errorf("round %d: %s and %s at two gates that hear nobody", round, outs[0].Reason, outs[1].Reason)
		}
		h.lines.stick(false)
		h.linked()
	}
	h.accounted(5 * rounds)
	h.knows(rounds)
}
