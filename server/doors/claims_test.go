package doors

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"usher/crypto/grant"
	"usher/migrations/sqldb"
	"usher/sync/exchange"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// counter is the desk of a test, and who was told what there.
type counter struct {
	*claims
	mu      sync.Mutex // covers answers
	answers []string
}

func newCounter() *counter {
	c := &counter{}
	c.claims = newClaims(func(journal.NodeID, journal.TicketID) []exchange.Mark { return nil }, func() claimTimes { return claimTimes{ClaimHold, ClaimPatience} }, turns{})
	return c
}

func node(n byte) journal.NodeID { return journal.NodeID{n} }

// asks claims a ticket at a seat, and notes the answer under a name.
func (c *counter) asks(s exchange.Seat, ticket uint64, name string) {
	s.Claim(journaltest.Ticket(ticket), func([]exchange.Mark) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.answers = append(c.answers, name)
	})
}

// said gives who was answered since it was called last.
func (c *counter) said() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.answers
	c.answers = nil
	return list
}

// scan is the record of a decision about a ticket.
func scan(t *testing.T, author *journaltest.Writer, ticket uint64) *journal.Record {
	t.Helper()
	return author.Write(t, journal.KindScan, &journal.Scan{
		Result: "reject", Reason: "rule", Direction: "in", Gate: "north", How: "wedge", Ticket: journaltest.Ticket(ticket),
	})
}

// Who comes second is answered when the record of the first is there, and not before.
func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		north, south := journaltest.NewWriter(t, "north"), journaltest.NewWriter(t, "south")
		a, b, d := c.Attend(north.Chain().Node), c.Attend(south.Chain().Node), c.Attend(node(3))
		c.asks(a, 1, "a")
		c.asks(b, 1, "b")
		c.asks(d, 1, "d")
		c.asks(d, 2, "d, another ticket")
		if got := c.said(); !slices.Equal(got, []string{"a", "d, another ticket"}) {
			t.Fatalf("answered: %v", got)
		}
		time.Sleep(20 * time.Millisecond)
		c.arrived(scan(t, south, 2)) // of another's ticket
		c.arrived(scan(t, north, 2))
		if got := c.said(); len(got) > 0 {
			t.Fatalf("answered without the record: %v", got)
		}
		c.arrived(scan(t, north, 1))
		if got := c.said(); !slices.Equal(got, []string{"b"}) {
			t.Fatalf("after the first's record: %v", got)
		}
		c.arrived(scan(t, south, 1))
		if got := c.said(); !slices.Equal(got, []string{"d"}) {
			t.Fatalf("after the second's record: %v", got)
		}
		time.Sleep(ClaimHold)
		synctest.Wait()
		c.isEmpty(t)
	})
}

// isEmpty checks that nothing is left of any claim.
func (c *claims) isEmpty(t interface{ Errorf(string, ...any) }) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queues) > 0 || len(c.each) > 0 || c.open.Load() != 0 {
		t.Errorf("left: %d queues, %d devices, %d claims", len(c.queues), len(c.each), c.open.Load())
	}
}

// A gate whose record does not come holds a ticket for so long, and others wait for
// less. One that hung up holds nothing.
func TestAHolderThatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		a, b, d := c.Attend(node(1)), c.Attend(node(2)), c.Attend(node(3))
		c.asks(a, 1, "a")
		c.asks(b, 1, "b")
		c.said()
		time.Sleep(ClaimPatience - time.Millisecond)
		synctest.Wait()
		if got := c.said(); len(got) > 0 {
			t.Fatalf("answered too early: %v", got)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := c.said(); !slices.Equal(got, []string{"b"}) {
			t.Fatalf("who waited long enough: %v", got)
		}
		c.asks(b, 1, "b again")
		time.Sleep(ClaimHold - ClaimPatience - time.Millisecond)
		c.asks(d, 1, "d")
		synctest.Wait()
		c.said()
		c.asks(b, 1, "b once more")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := c.said(); !slices.Equal(got, []string{"d"}) {
			t.Fatalf("when the first's time was over: %v", got)
		}
		d.Leave()
		if got := c.said(); !slices.Equal(got, []string{"b once more"}) {
			t.Fatalf("when the holder hung up: %v", got)
		}
		a.Leave()
		b.Leave()
		c.isEmpty(t)
	})
}

// A gate does not wait for itself: it may let in a second one of a group's ticket
// before the record of the first is here, and others wait for both.
func TestAGateDoesNotWaitForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		north := journaltest.NewWriter(t, "north")
		a, again, b := c.Attend(north.Chain().Node), c.Attend(north.Chain().Node), c.Attend(node(2))
		c.asks(a, 1, "a")
		c.asks(again, 1, "a, in another session")
		c.asks(b, 1, "b")
		if got := c.said(); !slices.Equal(got, []string{"a", "a, in another session"}) {
			t.Fatalf("answered: %v", got)
		}
		c.arrived(scan(t, north, 1))
		if got := c.said(); len(got) > 0 {
			t.Fatalf("after one of two records: %v", got)
		}
		c.arrived(scan(t, north, 1))
		if got := c.said(); !slices.Equal(got, []string{"b"}) {
			t.Fatalf("after both: %v", got)
		}
		b.Leave()
		c.isEmpty(t)
	})
}

// A device that claims without end holds up nobody: it is answered, and holds no more
// than its share.
func TestClaimsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		greedy, honest := c.Attend(node(1)), c.Attend(node(2))
		for n := range uint64(3 * maxClaims) {
			c.asks(greedy, n, "greedy")
		}
		if got := len(c.said()); got != 3*maxClaims {
			t.Errorf("%d answers, want %d", got, 3*maxClaims)
		}
		if got := c.open.Load(); got != maxClaims {
			t.Errorf("%d claims are held, want %d", got, maxClaims)
		}
		c.asks(honest, 2*maxClaims, "honest")
		if got := c.said(); !slices.Equal(got, []string{"honest"}) {
			t.Errorf("another device, beyond the share: %v", got)
		}
		var seats []exchange.Seat
		for n := range byte(maxAllClaims/maxClaims + 8) {
			seats = append(seats, c.Attend(node(n+10)))
			for k := range uint64(maxClaims) {
				c.asks(seats[n], 1_000_000*uint64(n+1)+k, "all")
			}
		}
		if got := c.open.Load(); got != maxAllClaims {
			t.Errorf("%d claims are held in all, want %d", got, maxAllClaims)
		}
		time.Sleep(ClaimHold)
		synctest.Wait()
		c.isEmpty(t)
	})
}

// party is four devices that claim two tickets in any order, at one server or two.
type party struct {
	at      []*counter
	t       *testing.T
	rt      *rapid.T
	authors []*journaltest.Writer
	seats   []exchange.Seat // nil: the session has ended
	asked   map[string]time.Time
	waiting map[string]bool
}

func newParty(t *testing.T, rt *rapid.T, at ...*counter) *party {
	p := &party{at: at, t: t, rt: rt, asked: map[string]time.Time{}, waiting: map[string]bool{}}
	for n := range 4 {
		p.authors = append(p.authors, journaltest.NewWriter(t, fmt.Sprint("gate ", n)))
		p.seats = append(p.seats, p.of(n).Attend(p.authors[n].Chain().Node))
	}
	return p
}

// of is the server that a device is linked to.
func (p *party) of(n int) *counter { return p.at[n%len(p.at)] }

// pass lets time go by, and takes in who is answered meanwhile.
func (p *party) pass(d time.Duration) {
	for range d / time.Millisecond {
		p.look()
		time.Sleep(time.Millisecond)
	}
	p.look()
}

func (p *party) look() {
	synctest.Wait()
	granted := map[journal.TicketID]journal.NodeID{}
	for _, c := range p.at {
		for _, name := range c.said() {
			if !p.waiting[name] {
				p.rt.Errorf("%s was answered twice, or after its session had ended", name)
			}
			delete(p.waiting, name)
			if took := time.Since(p.asked[name]); took > ClaimPatience {
				p.rt.Errorf("%s waited %v", name, took)
			}
		}
		p.lookAt(c, granted)
	}
}

// lookAt checks the queues of a server, and takes in whose claims are granted there.
func (p *party) lookAt(c *counter, granted map[journal.TicketID]journal.NodeID) {
	c.claims.mu.Lock()
	defer c.claims.mu.Unlock()
	for ticket, q := range c.queues {
		first := slices.IndexFunc(q.claims, func(cl *claim) bool { return cl.seat.node != q.claims[0].seat.node })
		for i, cl := range q.claims {
			if cl.granted != (q.granted && (first < 0 || i < first)) {
				p.rt.Errorf("claim %d of %d: granted %v, the first %d are of one device", i, len(q.claims), cl.granted, first)
			}
			if !cl.granted {
				continue
			}
			if other, is := granted[ticket]; is && other != cl.seat.node {
				p.rt.Errorf("a ticket is granted to two devices")
			}
			granted[ticket] = cl.seat.node
		}
		if len(p.at) == 1 && len(q.claims) > 0 && !q.granted {
			p.rt.Errorf("nobody is granted a ticket that nobody has")
		}
	}
}

func (p *party) ask(n int, ticket uint64, name string) {
	if p.seats[n] == nil {
		return
	}
	name = fmt.Sprintf("%d: %s", n, name)
	p.asked[name], p.waiting[name] = time.Now(), true
	p.of(n).asks(p.seats[n], ticket, name)
}

func (p *party) leave(n int) {
	if p.seats[n] == nil {
		return
	}
	p.look()
	p.seats[n].Leave()
	p.seats[n] = nil
	for name := range p.waiting {
		if strings.HasPrefix(name, fmt.Sprintf("%d:", n)) {
			delete(p.waiting, name)
		}
	}
}

// Whatever comes in whatever order: every claim of a session that stays is answered
// once, within the time for it; those that are granted are of one device; and in the
// end nothing is left.
func TestClaimsInAnyOrder(t *testing.T) {
	type step struct {
		what, node int
		ticket     uint64
		pause      time.Duration
	}
	aStep := rapid.Custom(func(rt *rapid.T) step {
		return step{
			rapid.IntRange(0, 9).Draw(rt, "what"), rapid.IntRange(0, 3).Draw(rt, "node"), rapid.Uint64Range(0, 1).Draw(rt, "ticket"),
			time.Duration(rapid.IntRange(0, 150).Draw(rt, "pause")) * time.Millisecond,
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(aStep, 1, 25).Draw(rt, "steps")
		several := rapid.IntRange(1, 2).Draw(rt, "servers")
		synctest.Test(t, func(t *testing.T) {
			list, end := []*counter{newCounter()}, func() {}
			if several > 1 {
				list, _, end = servers(&register{}, several)
			}
			p := newParty(t, rt, list...)
			for i, s := range steps {
				switch {
				case s.what == 0:
					p.leave(s.node)
				case s.what < 6:
					p.ask(s.node, s.ticket, fmt.Sprint("claim ", i))
				default:
					record := scan(t, p.authors[s.node], s.ticket)
					for _, c := range list {
						c.arrived(record)
					}
				}
				p.pass(s.pause)
			}
			p.pass(ClaimPatience)
			if len(p.waiting) > 0 {
				rt.Errorf("never answered: %v", p.waiting)
			}
			time.Sleep(ClaimHold + time.Millisecond)
			p.look()
			for _, c := range list {
				c.isEmpty(rt)
			}
			end()
		})
	})
}

// An answer names what the server holds of the ticket that others wrote: the newest
// record of each chain, the newest first, after the revocation.
func TestWhatAnAnswerNames(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north, south := w.enrol("n", "north", grant.RoleScanner), w.enrol("s", "south", grant.RoleScanner)
		north.admit("1")
		north.sync()
		south.sync()
		south.scan("1", "reject", "already_used", "in")
		south.scan("1", "reject", "already_used", "in")
		south.sync()
		l, err := w.live(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		id := journal.TicketID(w.tickets["1"].ID)
		n, s := exchange.Mark{Chain: north.Chain(), Seq: 1}, exchange.Mark{Chain: south.Chain(), Seq: 2}
		void := exchange.Mark{Chain: journal.Chain{Node: l.server}, Seq: w.revoke("1").Seq}
		for _, c := range []struct {
			who    string
			by     journal.NodeID
			ticket journal.TicketID
			want   []exchange.Mark
		}{
			{"another gate", node(9), id, []exchange.Mark{void, s, n}},
			{"the gate that scanned it last", south.Chain().Node, id, []exchange.Mark{void, n}},
			{"about a ticket that nobody scanned", node(9), journal.TicketID(w.tickets["2"].ID), nil},
			{"about a ticket that does not exist", node(9), journaltest.Ticket(1), nil},
		} {
			if got := l.known(c.by, c.ticket); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", c.who, got, c.want)
			}
		}
	})
}

// revoke has the server's journal say that a ticket is void, and gives where.
func (w *world) revoke(external string) (at journal.Position) {
	w.t.Helper()
	void := journal.NewRevoke("revoked", w.clock().UnixMilli(), "", []journal.Revocation{{Ticket: w.tickets[external].ID, Minimum: journal.Never}})
	err := w.db.InTx(w.t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		written, err := w.journals.Write(ctx, tx, event, journal.KindRevoke, &void)
		if err == nil {
			at = journal.Position{Epoch: written[0].Chain.Epoch, Seq: written[0].Seq}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.settle()
	return at
}
