package claims

import (
	"context"
	"sync"
	"testing"
	"time"

	"usher/e2e/venue"
	"usher/gate"
	"usher/gate/turnstile"
	"usher/server"
	"usher/sync/admission"
	"usher/sync/exchange"
	"usher/sync/journal"
	"usher/sync/link"
	"usher/sync/state"
)

// house is a server on the network and two gates that reach each other through it alone.
type house struct {
	*venue.Venue
	other *server.Server // which the second gate is linked to; nil: the same
	gates [2]*venue.Post
	lines lines
	used  int // tickets
}

// open makes the gates wait so long for the server, and the server as long for them;
// 0: as they do at a real door.
func open(t testing.TB, tickets int, wait time.Duration) *house {
	t.Helper()
	h := &house{Venue: venue.New(t, tickets, "north", "south")}
	if wait > 0 {
		h.Doors.ClaimTimes(wait, wait)
	}
	for i, name := range []string{"north", "south"} {
		h.gates[i] = h.Start(name, "", gate.Config{ClaimWait: wait, Dial: h.lines.dial})
	}
	h.linked()
	return h
}

// openTwo is open with a server of its own for each gate, on one database.
func openTwo(t *testing.T, cfg server.Config, tickets int, wait time.Duration) *house {
	t.Helper()
	h := &house{Venue: venue.NewOn(t, cfg, tickets, "north", "south")}
	other, address := h.Beside()
	h.other = other
	if wait > 0 {
		h.Doors.ClaimTimes(wait, wait)
		h.other.Doors.ClaimTimes(wait, wait)
	}
	h.gates[0] = h.Start("north", "", gate.Config{ClaimWait: wait})
	h.gates[1] = h.Start("south", "http://"+address, gate.Config{ClaimWait: wait})
	h.linked()
	return h
}

// next gives the code of a ticket that nobody has used.
func (h *house) next() string {
	h.used++
	return h.Codes[h.used-1]
}

// linked waits until both gates can ask the server, each about a ticket of its own that
// does not exist.
func (h *house) linked() {
	h.T.Helper()
	for i, g := range h.gates {
		venue.Until(h.T, "a link to the server", func() bool {
			g.Uplink.Retry()
			return g.Uplink.Claim(h.T.Context(), journal.TicketID{byte(i)})
		})
	}
}

// scan holds a code before a gate.
func (h *house) scan(g *venue.Post, code string) turnstile.Outcome {
	return g.Turnstile.Scan(h.T.Context(), turnstile.Attempt{Text: code, Direction: admission.In, How: "wedge", Lane: "1"})
}

// both holds a code before both gates at once.
func (h *house) both(code string) (outs [2]turnstile.Outcome) {
	var group sync.WaitGroup
	begin := make(chan struct{})
	for i, g := range h.gates {
		group.Go(func() {
			<-begin
			outs[i] = h.scan(g, code)
		})
	}
	close(begin)
	group.Wait()
	return outs
}

// pictures are what the servers and both gates make of the records, once each has all.
func (h *house) pictures() []*state.State {
	h.T.Helper()
	st, err := h.Doors.State(h.T.Context(), venue.Event)
	h.Must(err)
	list := []*state.State{st, h.gates[0].State, h.gates[1].State}
	if h.other != nil {
		st, err := h.other.Doors.State(h.T.Context(), venue.Event)
		h.Must(err)
		list = append(list, st)
	}
	for _, author := range h.gates {
		chain := author.Chain()
		seq := author.Held()[chain].Seq
		for _, st := range list {
			venue.Until(h.T, "the records of "+author.Code(), func() bool { return st.Holds(chain, seq) })
		}
	}
	return list
}

// knows wants so many conflicts known to every server and gate.
func (h *house) knows(want int) {
	h.T.Helper()
	for i, st := range h.pictures() {
		if n := len(st.Conflicts()); n != want {
			h.T.Errorf("picture %d has %d conflicts, want %d", i, n, want)
		}
	}
}

// accounted checks that so many tickets were let in, and that every further entry is
// known to be one too many.
func (h *house) accounted(tickets int) {
	h.T.Helper()
	st := h.pictures()[0]
	entries, conflicts := st.Counts(time.Now().UnixMilli()).Total.Entries, len(st.Conflicts())
	if entries-conflicts != tickets {
		h.T.Errorf("%d entries and %d conflicts of %d tickets", entries, conflicts, tickets)
	}
}

// lines are the ways to the server.
type lines struct {
	mu    sync.Mutex // covers stuck
	stuck bool
}

// stick loses all that the server says from now on, as a line does that is half open.
// Without it again, the gates find that they lack something, and connect anew.
func (l *lines) stick(stuck bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stuck = stuck
}

func (l *lines) dial(ctx context.Context, base string) (exchange.Conn, error) {
	address, err := link.Address(base, venue.Event)
	if err != nil {
		return nil, err
	}
	conn, err := link.Dialer{}.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	return &line{conn, l}, nil
}

// line is a connection to the server.
type line struct {
	exchange.Conn
	of *lines
}

var _ exchange.Narrow = (*line)(nil)

// Receive implements exchange.Conn.
func (c *line) Receive(ctx context.Context) ([]byte, error) {
	for {
		message, err := c.Conn.Receive(ctx)
		c.of.mu.Lock()
		stuck := c.of.stuck
		c.of.mu.Unlock()
		if !stuck || err != nil {
			return message, err
		}
	}
}

// Widen implements exchange.Narrow.
func (c *line) Widen() {
	if narrow, is := c.Conn.(exchange.Narrow); is {
		narrow.Widen()
	}
}
