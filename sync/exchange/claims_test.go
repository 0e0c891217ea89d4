package exchange_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// desk is an arbiter that answers when a test says so, or after a time.
type desk struct {
	after time.Duration // 0: when the test says so
	marks []exchange.Mark

	mu      sync.Mutex // covers what follows
	waiting []func([]exchange.Mark)
	tickets []journal.TicketID
	left    int
}

// Attend implements exchange.Arbiter.
func (d *desk) Attend(journal.NodeID) exchange.Seat { return d }

// Claim implements exchange.Seat.
func (d *desk) Claim(ticket journal.TicketID, answer func([]exchange.Mark)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tickets = append(d.tickets, ticket)
	if d.after > 0 {
		time.AfterFunc(d.after, func() { answer(d.marks) })
		return
	}
	d.waiting = append(d.waiting, answer)
}

// Leave implements exchange.Seat.
func (d *desk) Leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left++
}

// answer answers what waits.
func (d *desk) answer() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, answer := range d.waiting {
		answer(d.marks)
	}
	d.waiting = nil
}

// asking is a gate that may claim tickets at its server.
func asking(t *testing.T, d *desk) (gate, server *exchangetest.Node) {
	t.Helper()
	server, gates := venue(t, "north")
	if d != nil {
		server.Local.Arbiter = d
	}
	gates[0].Local.Claims = new(exchange.Claims)
	return gates[0], server
}

// ask claims a ticket, and waits so long at most.
func ask(t *testing.T, gate *exchangetest.Node, n uint64, wait time.Duration) (marks []exchange.Mark, asked bool, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	began := time.Now()
	marks, asked = gate.Local.Claims.Ask(ctx, journaltest.Ticket(n))
	return marks, asked, time.Since(began)
}

// A claim goes to the server, and its answer comes back with what the node should have
// seen. A server without an arbiter grants everything at once.
func TestAClaimIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := journaltest.NewWriter(t, "south").Chain()
		want := []exchange.Mark{{Chain: far, Seq: 7}, {Chain: journal.Chain{Node: far.Node, Epoch: 2}, Seq: 9}}
		d := &desk{after: 20 * time.Millisecond, marks: want}
		gate, server := asking(t, d)
		if _, asked, _ := ask(t, gate, 1, time.Second); asked {
			t.Error("a gate that is alone asked somebody")
		}
		m := meet(t, gate, server, nil)
		time.Sleep(time.Second)
		marks, asked, took := ask(t, gate, 1, time.Second)
		if !asked || !slices.Equal(marks, want) || took != d.after {
			t.Errorf("asked %v, answered %v after %v, want %v after %v", asked, marks, took, want, d.after)
		}
		if !slices.Equal(d.tickets, []journal.TicketID{journaltest.Ticket(1)}) {
			t.Errorf("the server was asked for %x", d.tickets)
		}
		m.part()
		if gate.Local.Claims.Answering() || d.left != 1 {
			t.Errorf("after the session: answering %v, left %d times", gate.Local.Claims.Answering(), d.left)
		}

		gate, server = asking(t, nil)
		m = meet(t, gate, server, nil)
		defer m.part()
		time.Sleep(time.Second)
		if marks, asked, took := ask(t, gate, 1, time.Second); !asked || len(marks) > 0 || took != 0 {
			t.Errorf("without an arbiter: asked %v, %v, after %v", asked, marks, took)
		}
	})
}

// Only servers are asked, and only by a session that stays.
func TestWhoIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, gates := venue(t, "north", "south")
		for _, g := range gates {
			g.Local.Claims = new(exchange.Claims)
		}
		m := meet(t, gates[0], gates[1], nil)
		defer m.part()
		time.Sleep(time.Second)
		if gates[0].Local.Claims.Answering() || gates[1].Local.Claims.Answering() {
			t.Error("a gate asks another gate")
		}
	})
}

// An answer that does not come costs one wait: nobody is asked until it has come, and
// the line was found to be quick after it.
func TestAnAnswerThatIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wait = 150 * time.Millisecond
		d := &desk{}
		gate, server := asking(t, d)
		m := meet(t, gate, server, nil)
		defer m.part()
		time.Sleep(time.Second)
		if _, asked, took := ask(t, gate, 1, wait); !asked || took != wait {
			t.Fatalf("asked %v, waited %v", asked, took)
		}
		for range 20 {
			if _, asked, took := ask(t, gate, 2, wait); asked || took != 0 {
				t.Fatalf("a second wait of %v for a server that does not answer", took)
			}
			time.Sleep(time.Second)
		}
		d.answer()
		time.Sleep(exchange.PingEvery)
		d.after = time.Millisecond
		if _, asked, took := ask(t, gate, 3, wait); !asked || took != d.after {
			t.Errorf("after the answer came: asked %v, waited %v", asked, took)
		}
	})
}

// A line that is too slow for an answer in time costs one wait in all.
func TestASlowLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wait = 150 * time.Millisecond
		gate, server := asking(t, &desk{after: time.Millisecond})
		m := meet(t, gate, server, func(int, int, []byte) exchangetest.Fate {
			return exchangetest.Fate{Delay: wait}
		})
		defer m.part()
		time.Sleep(5 * time.Second)
		waited := 0
		for range 100 {
			if _, _, took := ask(t, gate, 1, wait); took > 0 {
				waited++
			}
			time.Sleep(300 * time.Millisecond)
		}
		if waited != 1 {
			t.Errorf("%d of 100 scans waited for a server that is 300 ms away, want 1", waited)
		}
	})
}

// A connection that is half open costs one wait at most, and none once two pings are
// without an answer.
func TestAHalfOpenLine(t *testing.T) {
	for _, early := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			const wait = 150 * time.Millisecond
			var mu sync.Mutex
			lost := false
			gate, server := asking(t, &desk{after: time.Millisecond})
			m := meet(t, gate, server, func(int, int, []byte) exchangetest.Fate {
				mu.Lock()
				defer mu.Unlock()
				return exchangetest.Fate{Lost: lost}
			})
			defer m.part()
			time.Sleep(time.Second)
			mu.Lock()
			lost = true
			mu.Unlock()
			waits := 0
			if !early {
				time.Sleep(2 * exchange.PingEvery)
			}
			for range 100 {
				if _, _, took := ask(t, gate, 1, wait); took > 0 {
					waits++
				}
				time.Sleep(100 * time.Millisecond)
			}
			if want := map[bool]int{true: 1, false: 0}[early]; waits != want {
				t.Errorf("scans at once %v: %d of 100 waited, want %d", early, waits, want)
			}
		})
	}
}

// Who waits for an answer is let go when the session ends.
func TestACutDuringAClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, server := asking(t, &desk{})
		m := meet(t, gate, server, nil)
		time.Sleep(time.Second)
		time.AfterFunc(30*time.Millisecond, m.end.Cut)
		if _, asked, took := ask(t, gate, 1, time.Hour); !asked || took != 30*time.Millisecond {
			t.Errorf("asked %v, waited %v for a server that was gone after 30ms", asked, took)
		}
		m.part()
	})
}

// A node has so many claims without an answer and no more: beyond, it asks nobody. A
// peer that sends more is hung up on, and can't fill the memory.
func TestClaimsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		gate, server := asking(t, d)
		m := meet(t, gate, server, nil)
		time.Sleep(time.Second)
		var group sync.WaitGroup
		for i := range exchange.MaxClaims {
			group.Go(func() { ask(t, gate, uint64(i), time.Minute) })
		}
		synctest.Wait()
		if _, asked, took := ask(t, gate, 1000, time.Minute); asked || took != 0 {
			t.Errorf("a claim beyond the limit: asked %v, after %v", asked, took)
		}
		d.answer()
		group.Wait()
		d.after = time.Millisecond
		if _, asked, _ := ask(t, gate, 1001, time.Minute); !asked {
			t.Error("nobody is asked after the answers came")
		}
		m.part()

		gate, server = asking(t, &desk{})
		m = meet(t, gate, server, nil)
		time.Sleep(time.Second)
		exchange.Flood(gate.Local.Claims, exchange.MaxClaims+1)
		time.Sleep(time.Second)
		m.cancel()
		<-m.a
		if err := <-m.b; !errors.Is(err, fault.TooMany) {
			t.Errorf("the server of a gate that claims without end: %v", err)
		}
	})
}

// Whatever a network does, a claim ends when its time is over, and the nodes are level
// afterwards.
func TestClaimsOnAnyNetwork(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fates := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) exchangetest.Fate {
			return exchangetest.Fate{
				Delay:  time.Duration(rapid.IntRange(0, 300).Draw(rt, "delay")) * time.Millisecond,
				Copies: rapid.IntRange(0, 2).Draw(rt, "copies"),
				Lost:   rapid.IntRange(0, 30).Draw(rt, "lost") == 0,
				Cut:    rapid.IntRange(0, 60).Draw(rt, "cut") == 0,
			}
		}), 1, 60).Draw(rt, "fates")
		tries := rapid.SliceOfN(rapid.IntRange(0, 400), 1, 12).Draw(rt, "tries")
		after := rapid.IntRange(1, 300).Draw(rt, "after")
		synctest.Test(t, func(t *testing.T) {
			const wait = 150 * time.Millisecond
			gate, server := asking(t, &desk{after: time.Duration(after) * time.Millisecond})
			m := meet(t, gate, server, func(direction, n int, _ []byte) exchangetest.Fate { return fates[(2*n+direction)%len(fates)] })
			for i, pause := range tries {
				time.Sleep(time.Duration(pause) * time.Millisecond)
				if _, asked, took := ask(t, gate, uint64(i), wait); took > wait || !asked && took > 0 {
					rt.Errorf("asked %v, waited %v", asked, took)
				}
			}
			m.part()
			gate.Own(t, 3)
			m = meet(t, gate, server, nil)
			time.Sleep(5 * time.Second)
			exchangetest.Same(rt, server, gate)
			if _, asked, _ := ask(t, gate, 1, time.Second); !asked {
				rt.Error("nobody is asked on a good network after a bad one")
			}
			m.part()
		})
	})
}
