package inventory

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
)

// Whatever is asked for, a request that makes no sense is named and changes
// nothing.
func TestHostileRequests(t *testing.T) {
	long := strings.Repeat("x", MaxCode+1)
	many := make([]Line, MaxLines+1)
	crowd := make([]Line, MaxLines)
	for i := range many {
		many[i] = n("hall", 1)
	}
	for i := range crowd {
		crowd[i] = n("hall", MaxPlaces)
	}
	cases := []struct {
		name  string
		ask   func(*Request)
		kind  fault.Kind
		where string
	}{
		{"no id", func(r *Request) { r.ID = "" }, fault.BadInput, "id"},
		{"the id that no hold has", func(r *Request) { r.ID = taker }, fault.BadInput, "id"},
		{"a long id", func(r *Request) { r.ID = long }, fault.BadInput, "id"},
		{"an id that ends a text", func(r *Request) { r.ID = "a\x00b" }, fault.BadInput, "id"},
		{"an id that is no text", func(r *Request) { r.ID = "a\xffb" }, fault.BadInput, "id"},
		{"a long owner", func(r *Request) { r.Owner = long }, fault.BadInput, "owner"},
		{"no event", func(r *Request) { r.Event = "" }, fault.BadInput, "event"},
		{"another event's pool", func(r *Request) { r.Lines[0].Pool = "lounge" }, fault.NotFound, "lines[0].pool"},
		{"an unknown event", func(r *Request) { r.Event = "NIGHT-9" }, fault.NotFound, "lines[0].pool"},
		{"an unknown pool at the end", func(r *Request) { r.Lines = append(r.Lines, n("x", 1)) }, fault.NotFound, "lines[1].pool"},
		{"a pool that ends the statement", func(r *Request) { r.Lines[0].Pool = "'; drop table pool; --" }, fault.NotFound, "lines[0].pool"},
		{"no pool", func(r *Request) { r.Lines[0].Pool = "" }, fault.BadInput, "lines[0].pool"},
		{"no lines", func(r *Request) { r.Lines = nil }, fault.BadInput, "lines"},
		{"many lines", func(r *Request) { r.Lines = many }, fault.BadInput, "lines"},
		{"nothing", func(r *Request) { r.Lines[0].Count = 0 }, fault.BadInput, "lines[0].count"},
		{"less than nothing", func(r *Request) { r.Lines[0].Count = -1 }, fault.BadInput, "lines[0].count"},
		{"the least number", func(r *Request) { r.Lines[0].Count = math.MinInt64 }, fault.BadInput, "lines[0].count"},
		{"the largest number", func(r *Request) { r.Lines[0].Count = math.MaxInt64 }, fault.TooLarge, "lines[0]"},
		{"one more than the limit", func(r *Request) { r.Lines[0].Count = MaxPlaces + 1 }, fault.TooLarge, "lines[0]"},
		{"a sum that overflows", func(r *Request) { r.Lines = []Line{n("hall", math.MaxInt64), n("hall", math.MaxInt64)} }, fault.TooLarge, "lines[0]"},
		{"a sum over the limit", func(r *Request) { r.Lines = crowd }, fault.TooLarge, "lines"},
		{"a negative line among good ones", func(r *Request) { r.Lines = []Line{n("hall", 5), n("hall", -4)} }, fault.BadInput, "lines[1].count"},
		{"a seat twice", func(r *Request) { r.Lines = []Line{seats("box", "A-1", "A-1")} }, fault.BadInput, "lines[0].seats"},
		{"a seat twice, in two lines", func(r *Request) { r.Lines = []Line{seats("box", "A-1"), seats("box", "A-1")} }, fault.BadInput, "lines[1].seats"},
		{"a seat that isn't there", func(r *Request) { r.Lines = []Line{seats("box", "A-99")} }, fault.NotFound, "lines[0].seats"},
		{"a seat without a code", func(r *Request) { r.Lines = []Line{seats("box", "")} }, fault.BadInput, "lines[0].seats"},
		{"seats of a pool without", func(r *Request) { r.Lines = []Line{seats("hall", "A-1")} }, fault.BadInput, "lines[0].seats"},
		{"more seats than counted", func(r *Request) { r.Lines = []Line{{Pool: "box", Count: 1, Seats: []string{"A-1", "A-2"}}} }, fault.BadInput, "lines[0].count"},
		{"many seats", func(r *Request) { r.Lines = []Line{{Pool: "box", Seats: slices.Repeat([]string{"A-1"}, MaxPlaces+1)}} }, fault.TooLarge, "lines[0]"},
		{"until now", func(r *Request) { r.Until = start }, fault.BadInput, "until"},
		{"until no time", func(r *Request) { r.Until = time.Time{} }, fault.BadInput, "until"},
		{"for ever", func(r *Request) { r.Until = start.Add(MaxHold + 1) }, fault.BadInput, "until"},
	}
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 30_000}, Pool{Code: "box", Seats: row("A", 4)})
		w.set(t, "NIGHT-2", Pool{Code: "lounge", Capacity: 5})
		dbtest.Unchanged(t, w.db, func() {
			for _, c := range cases {
				r := w.request("h", n("hall", 1))
				c.ask(&r)
				_, err := w.Hold(t.Context(), r)
				if errors.Is(err, c.kind) && strings.HasPrefix(fault.Message(err), c.where+": ") {
					continue
				}
				t.Errorf("%s: %v, want %s that blames %s", c.name, err, c.kind, c.where)
			}
		})
		w.hold(t, "good", n("hall", 1)) // nothing hangs or is spoiled
	})
}

// One bad request among good ones spoils nothing for them.
func TestBadRequestInABatch(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 5})
		good, bad := w.request("good", n("hall", 2)), w.request("bad", n("nowhere", 2))
		big, last := w.request("big", n("hall", 4)), w.request("last", n("hall", 3))
		batch := asksFor(&good, &bad, &big, &last)
		w.decide(t.Context(), &queue{event: event}, batch)
		if batch[0].err != nil || batch[3].err != nil {
			t.Errorf("the good ones: %v, %v", batch[0].err, batch[3].err)
		}
		wantKind(t, batch[1].err, fault.NotFound)
		wantShort(t, batch[2].err, map[string]int64{"hall": 3})
		w.want(t, "hall", 0, 5)
	})
}

// asksFor makes a batch of requests.
func asksFor(requests ...*Request) (batch []*ask) {
	for _, r := range requests {
		batch = append(batch, &ask{take: r, done: make(chan struct{})})
	}
	return batch
}

func TestOpenHoldsOfOneOwner(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Capacity: 30_000})
		var batch []*ask
		for i := range 10_000 {
			r := w.request("h"+string(rune('A'+i%26))+time.Duration(i).String(), n("hall", 1))
			r.Owner = "2001:db8::1"
			batch = append(batch, asksFor(&r)...)
		}
		made := 0
		for some := range slices.Chunk(batch, 250) {
			w.decide(t.Context(), &queue{event: event}, some)
			for _, a := range some {
				if a.err == nil {
					made++
					continue
				}
				wantKind(t, a.err, fault.TooMany)
				if strings.Contains(a.err.Error(), "2001") {
					t.Fatalf("the error tells who it is: %v", a.err)
				}
			}
		}
		if made != DefaultMaxOpen {
			t.Errorf("one address has %d open holds, limit %d", made, DefaultMaxOpen)
		}
		w.want(t, "hall", 0, DefaultMaxOpen)
		someone := w.request("someone", n("hall", 1))
		someone.Owner = "2001:db8::2"
		if _, err := w.Hold(t.Context(), someone); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		w.hold(t, "no one", n("hall", 1)) // has no limit
		if err := w.Release(t.Context(), batch[0].hold.ID); err != nil {
			t.Fatal(err)
		}
		someone.ID, someone.Owner = "one again", "2001:db8::1"
		if _, err := w.Hold(t.Context(), someone); err != nil {
			t.Errorf("after one was given back: %v", err)
		}
	})
}

func TestPoolsThatCanNotBe(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "hall", Name: "Hall", Capacity: 5}, Pool{Code: "box", Seats: row("A", 4)}, Pool{Code: "empty", Capacity: 1})
		w.hold(t, "h", n("hall", 3), seats("box", "A-4"))
		hall, box := Pool{Code: "hall", Name: "Hall", Capacity: 5}, Pool{Code: "box", Seats: row("A", 4)}
		for _, c := range []struct {
			name  string
			pools []Pool
			kind  fault.Kind
		}{
			{"fewer than are held", []Pool{{Code: "hall", Capacity: 2}, box}, fault.Refused},
			{"no places", []Pool{{Code: "hall"}, box}, fault.Refused},
			{"less than none", []Pool{{Code: "hall", Capacity: -1}, box}, fault.BadInput},
			{"too many", []Pool{{Code: "hall", Capacity: MaxPool + 1}, box}, fault.BadInput},
			{"a pool gone", []Pool{hall}, fault.Refused},
			{"a held seat gone", []Pool{hall, {Code: "box", Seats: row("A", 3)}}, fault.Refused},
			{"seats become counted", []Pool{hall, {Code: "box", Capacity: 10}}, fault.Refused},
			{"counted become seats", []Pool{{Code: "hall", Seats: row("H", 9)}, box}, fault.Refused},
			{"a pool twice", []Pool{hall, hall, box}, fault.BadInput},
			{"a seat twice", []Pool{hall, {Code: "box", Seats: append(row("A", 4), row("A", 1)...)}}, fault.BadInput},
			{"another number of seats", []Pool{hall, {Code: "box", Capacity: 5, Seats: row("A", 4)}}, fault.BadInput},
			{"no code", []Pool{hall, box, {Capacity: 1}}, fault.BadInput},
		} {
			dbtest.Unchanged(t, w.db, func() {
				if err := w.trySet(t, event, c.pools...); fault.KindOf(err) != c.kind {
					t.Errorf("%s: %v, want %s", c.name, err, c.kind)
				}
			})
		}
		dbtest.Unchanged(t, w.db, func() { // what is so already is left alone
			w.set(t, event, hall, box, Pool{Code: "empty", Capacity: 1})
		})
		w.set(t, event, Pool{Code: "hall", Capacity: 3}, Pool{Code: "box", Seats: append(row("B", 2), row("A", 4)...)})
		_, err := w.Hold(t.Context(), w.request("full", n("hall", 1)))
		wantShort(t, err, map[string]int64{"hall": 0})
		if h := w.hold(t, "new", n("box", 2)); !slices.Equal(h.Lines[0].Seats, []string{"B-1", "B-2"}) {
			t.Errorf("the best seats are %v", h.Lines)
		}
		if err := w.Release(t.Context(), "h"); err != nil {
			t.Fatal(err)
		}
		w.want(t, "hall", 0, 0)
		w.want(t, "box", 0, 2)
	})
}
