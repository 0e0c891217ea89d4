package inventory

import (
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/sync/fault"
)

// Each step commits, so there are fewer than rapid's hundred histories unless its
// flag says how many, as make soak does.
func init() {
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
}

// model is what a stock should be: two pools in plain numbers and who has which
// seat, with every act done at once.
type model struct {
	t     *rapid.T
	real  []*world // two servers over one database
	event string
	caps  map[string]int64
	holds map[string]*Hold
	ids   []string
	seats map[string]string // holder by seat
	sold  map[string]int64
}

const modelSeats = 7

func newModel(t *rapid.T, w, other *world, event string) *model {
	m := &model{t: t, real: []*world{w, other}, event: event, holds: map[string]*Hold{}, seats: map[string]string{}, sold: map[string]int64{}}
	m.caps = map[string]int64{"hall": rapid.Int64Range(0, 12).Draw(t, "capacity"), "box": modelSeats}
	for _, s := range row("A", modelSeats) {
		m.seats[s.Code] = ""
	}
	return m
}

func (m *model) pools() []Pool {
	return []Pool{{Code: "hall", Capacity: m.caps["hall"]}, {Code: "box", Seats: row("A", modelSeats)}}
}

func (m *model) server() *world { return rapid.SampledFrom(m.real).Draw(m.t, "server") }

func (m *model) id() string {
	if len(m.ids) == 0 {
		return m.event + "-none"
	}
	return rapid.SampledFrom(m.ids).Draw(m.t, "id")
}

// held is what the model's open holds have of a pool.
func (m *model) held(pool string) (n int64) {
	for _, h := range m.holds {
		if h.State == Held {
			n += perPool(h.Lines)[pool]
		}
	}
	return n
}

func (m *model) left(pool string) int64 { return m.caps[pool] - m.sold[pool] - m.held(pool) }

func (m *model) lines() []Line {
	var lines []Line
	if k := rapid.Int64Range(0, 4).Draw(m.t, "counted"); k > 0 {
		lines = append(lines, n("hall", k))
	}
	switch rapid.IntRange(0, 3).Draw(m.t, "kind") {
	case 0:
		lines = append(lines, n("box", rapid.Int64Range(1, 4).Draw(m.t, "best")))
	case 1:
		first := rapid.IntRange(1, modelSeats-1).Draw(m.t, "seat")
		lines = append(lines, seats("box", fmt.Sprintf("A-%d", first), fmt.Sprintf("A-%d", first+1)))
	}
	if len(lines) == 0 {
		lines = append(lines, n("hall", 1))
	}
	return lines
}

// can says whether lines can be had.
func (m *model) can(lines []Line) bool {
	for pool, k := range perPool(lines) {
		if k > m.left(pool) {
			return false
		}
	}
	for _, l := range lines {
		for _, s := range l.Seats {
			if m.seats[s] != "" {
				return false
			}
		}
	}
	return true
}

// got checks what was given and notes it.
func (m *model) got(holder string, asked, given []Line) {
	for i, l := range given {
		if l.Pool != asked[i].Pool || l.Count != asked[i].places() || l.Pool == "box" && int64(len(l.Seats)) != l.Count {
			m.t.Fatalf("asked for %v, got %v", asked, given)
		}
		for _, s := range l.Seats {
			if m.seats[s] != "" {
				m.t.Fatalf("seat %s was given to %s and is %s's", s, holder, m.seats[s])
			}
			m.seats[s] = holder
		}
	}
}

func (m *model) free(lines []Line) {
	for _, l := range lines {
		for _, s := range l.Seats {
			m.seats[s] = ""
		}
	}
}

func (m *model) wantError(err error, want bool, kind fault.Kind) {
	if want != (err != nil) || want && !errors.Is(err, kind) {
		m.t.Fatalf("got %v, want one of %s: %v", err, kind, want)
	}
}

func (m *model) Hold(t *rapid.T) {
	w, lines := m.server(), m.lines()
	id := fmt.Sprintf("%s-%d", m.event, len(m.ids))
	r := Request{ID: id, Event: m.event, Lines: lines, Until: w.now().Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "minutes")) * time.Minute)}
	h, err := w.Hold(t.Context(), r)
	m.wantError(err, !m.can(lines), fault.Refused)
	if err == nil {
		m.got(id, lines, h.Lines)
		m.holds[id], m.ids = &h, append(m.ids, id)
	}
	again, err2 := m.server().Hold(t.Context(), r)
	m.wantError(err2, err != nil, fault.Refused)
	if fmt.Sprint(again) != fmt.Sprint(h) {
		t.Fatalf("again: %v, want %v", again, h)
	}
}

func (m *model) Release(t *rapid.T) {
	id := m.id()
	h, known := m.holds[id]
	err := m.server().Release(t.Context(), id)
	if !known {
		m.wantError(err, true, fault.NotFound)
		return
	}
	m.wantError(err, h.State == Sold, fault.Refused)
	if h.State == Held {
		h.State = Released
		m.free(h.Lines)
	}
}

func (m *model) Sell(t *rapid.T) {
	id := m.id()
	h, known := m.holds[id]
	_, err := m.server().sell(t, id)
	switch {
	case !known:
		m.wantError(err, true, fault.NotFound)
	case h.State == Expired:
		m.wantError(err, true, fault.Expired)
	case h.State == Held:
		h.State = Sold
		for pool, k := range perPool(h.Lines) {
			m.sold[pool] += k
		}
		fallthrough
	default:
		m.wantError(err, h.State == Released, fault.Refused)
	}
}

func (m *model) Extend(t *rapid.T) {
	id, until := m.id(), m.real[0].now().Add(6*time.Minute)
	h, known := m.holds[id]
	_, err := m.server().Extend(t.Context(), id, until)
	if !known {
		m.wantError(err, true, fault.NotFound)
		return
	}
	same := h.State == Held && h.Until.Equal(until)
	m.wantError(err, !same && (h.State != Held || h.Extended > 0), map[bool]fault.Kind{true: fault.Expired, false: fault.Refused}[h.State == Expired])
	if err == nil && !same {
		h.Until, h.Extended = until, 1
	}
}

func (m *model) Expire(t *rapid.T) {
	w := m.real[0]
	w.clock.Pass(time.Duration(rapid.IntRange(0, 180).Draw(t, "seconds")) * time.Second)
	var both sync.WaitGroup
	errs := make([]error, len(m.real))
	for i, server := range m.real {
		both.Go(func() { _, _, errs[i] = server.Expire(t.Context()) })
	}
	both.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, h := range m.holds {
		if h.State == Held && !h.Until.After(w.now()) {
			h.State = Expired
			m.free(h.Lines)
		}
	}
}

func (m *model) Take(t *rapid.T) {
	lines := m.lines()
	given, err := m.server().take(t, m.event, lines...)
	m.wantError(err, !m.can(lines), fault.Refused)
	if err == nil {
		m.got(taker, lines, given)
		for pool, k := range perPool(lines) {
			m.sold[pool] += k
		}
	}
}

func (m *model) Return(t *rapid.T) {
	k := rapid.Int64Range(1, 3).Draw(t, "places")
	err := m.server().giveBack(t, m.event, n("hall", k))
	m.wantError(err, k > m.sold["hall"], fault.Refused)
	if err == nil {
		m.sold["hall"] -= k
	}
	seat := fmt.Sprintf("A-%d", rapid.IntRange(1, modelSeats).Draw(t, "seat"))
	h := m.holds[m.seats[seat]]
	err = m.server().giveBack(t, m.event, seats("box", seat))
	m.wantError(err, m.seats[seat] == "" || h != nil && h.State != Sold, fault.Refused)
	if err == nil {
		m.seats[seat] = ""
		m.sold["box"]--
	}
}

func (m *model) Resize(t *rapid.T) {
	want := rapid.Int64Range(0, 12).Draw(t, "capacity")
	had := m.caps["hall"]
	m.caps["hall"] = want
	err := m.server().trySet(t, m.event, m.pools()...)
	m.wantError(err, want < m.sold["hall"]+m.held("hall"), fault.Refused)
	if err != nil {
		m.caps["hall"] = had
	}
}

// Check compares what is sold and held, and who has which seat.
func (m *model) Check(t *rapid.T) {
	w := m.real[0]
	counts, err := w.Counts(t.Context(), m.event)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Capacity != m.caps[c.Pool] || c.Sold != m.sold[c.Pool] || c.Held != m.held(c.Pool) {
			t.Fatalf("pool %s: %+v, want capacity %d, sold %d, held %d", c.Pool, c, m.caps[c.Pool], m.sold[c.Pool], m.held(c.Pool))
		}
		if c.Sold+c.Held > c.Capacity {
			t.Fatalf("oversold: %+v", c)
		}
	}
	err = each(t.Context(), w.db.Read(), func(scan func(...any) error) error {
		var code, holder string
		err := scan(&code, &holder)
		if m.seats[code] != holder {
			t.Fatalf("seat %s is %q's, want %q", code, holder, m.seats[code])
		}
		return err
	}, `select code, holder from seat where event = $1`, m.event)
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever is done in whatever order by two servers over one database, it comes out
// as if each act were done at once: nothing is oversold, every place is given back
// exactly once, no seat has two holders.
func TestStateMachine(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		other, events := w.beside(t, Config{}), 0
		rapid.Check(t, func(t *rapid.T) {
			events++
			m := newModel(t, w, other, fmt.Sprintf("EVENT-%d", events))
			w.set(t, m.event, m.pools()...)
			t.Repeat(map[string]func(*rapid.T){
				"hold": m.Hold, "release": m.Release, "sell": m.Sell, "extend": m.Extend,
				"expire": m.Expire, "take": m.Take, "return": m.Return, "resize": m.Resize, "": m.Check,
			})
			w.consistent(t, m.event)
		})
	})
}
