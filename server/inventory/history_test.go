package inventory

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/anishathalye/porcupine"

	"usher/server/historytest"
	"usher/sync/fault"
)

// act is what a buyer did, and got.
type did struct {
	what string // hold, release, sell
	pool string
	n    int64
	seat string
}

type got struct {
	ok   bool
	left int64 // of the pool, when it was refused
}

// countedModel is one pool of so many counted places: what is held and sold is one
// number.
func countedModel(capacity int64) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return int64(0) },
		Step: func(state, input, output any) (bool, any) {
			taken, in, out := state.(int64), input.(did), output.(got)
			switch {
			case in.what == "release":
				return out.ok, taken - in.n
			case out.ok:
				return taken+in.n <= capacity, taken + in.n
			}
			return taken+in.n > capacity && out.left == capacity-taken, taken
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
	}
}

// seatModel is one seat: free or somebody's.
var seatModel = porcupine.Model{
	Init: func() any { return false },
	Step: func(state, input, output any) (bool, any) {
		taken, in, out := state.(bool), input.(did), output.(got)
		switch {
		case in.what == "release":
			return out.ok && taken, false
		case out.ok:
			return !taken, true
		}
		return taken, taken
	},
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		bySeat := map[string][]porcupine.Operation{}
		for _, op := range history {
			seat := op.Input.(did).seat
			bySeat[seat] = append(bySeat[seat], op)
		}
		parts := make([][]porcupine.Operation, 0, len(bySeat))
		for _, part := range bySeat {
			parts = append(parts, part)
		}
		return parts
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}

// buyers run side by side, each on one of the servers, and do what pick says.
func buyers(t *testing.T, servers []*world, clients, acts int, pick func(*rand.Rand) Line) *historytest.History[did, got] {
	h := historytest.Begin[did, got]()
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			w, r := servers[client%len(servers)], rand.New(rand.NewPCG(uint64(client), 1))
			var mine []Hold
			for i := range acts {
				if len(mine) > 0 && r.IntN(3) == 0 {
					hold := mine[0]
					mine = mine[1:]
					h.Do(client, func() got { return got{ok: w.Release(t.Context(), hold.ID) == nil} }, didOf("release", hold.Lines[0]))
					continue
				}
				id, line := fmt.Sprintf("c%d-%d", client, i), pick(r)
				h.Do(client, func() got {
					hold, err := w.Hold(t.Context(), w.request(id, line))
					var short *Short
					if err == nil {
						mine = append(mine, hold)
						return got{ok: true}
					}
					if !errors.As(err, &short) {
						t.Errorf("%s: %v", id, err)
						return got{}
					}
					return got{left: short.Left[line.Pool]}
				}, didOf("hold", line))
			}
		})
	}
	all.Wait()
	return h
}

func didOf(what string, l Line) did {
	d := did{what: what, pool: l.Pool, n: l.places()}
	if len(l.Seats) > 0 {
		d.seat = l.Seats[0]
	}
	return d
}

// Buyers of two servers on one pool: every answer is one that it could have given
// had the buyers come one after the other. A refusal says how many were left then.
func TestBuyersOfOnePool(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const capacity = 9
		w.set(t, event, Pool{Code: "hall", Capacity: capacity})
		servers := []*world{w, w.beside(t, Config{})}
		h := buyers(t, servers, 8, 40, func(r *rand.Rand) Line { return n("hall", r.Int64N(4)+1) })
		h.Check(t, countedModel(capacity))
		w.consistent(t, event)
	})
}

// Buyers of two servers on single seats: no seat ever has two holders.
func TestBuyersOfSingleSeats(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.set(t, event, Pool{Code: "box", Seats: row("A", 4)})
		servers := []*world{w, w.beside(t, Config{})}
		h := buyers(t, servers, 8, 40, func(r *rand.Rand) Line { return seats("box", fmt.Sprintf("A-%d", r.IntN(4)+1)) })
		h.Check(t, seatModel)
		w.consistent(t, event)
	})
}

// A crowd larger than the pool: exactly the capacity is sold, to whoever got an
// answer, whatever some give back in between.
func TestCrowdSellsExactlyTheCapacity(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const capacity = 300
		w.set(t, event, Pool{Code: "hall", Capacity: capacity}, Pool{Code: "box", Seats: row("A", 60)})
		servers := []*world{w, w.beside(t, Config{})}
		var all sync.WaitGroup
		for client := range 64 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(uint64(client), 2))
				for i := 0; ; i++ {
					w, id := servers[r.IntN(2)], fmt.Sprintf("c%d-%d", client, i)
					h, err := w.Hold(t.Context(), w.request(id, n("hall", 1+r.Int64N(3)), n("box", 1)))
					if errors.Is(err, fault.Refused) {
						h, err = w.Hold(t.Context(), w.request(id+"-one", n("hall", 1)))
					}
					if errors.Is(err, fault.Refused) {
						return // sold out for good: nothing is given back any more
					}
					if err == nil && i < 2 {
						err = w.Release(t.Context(), h.ID)
					} else if err == nil {
						_, err = w.sell(t, h.ID)
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		// The last to give back may have come after somebody was refused.
		for i := 0; ; i++ {
			h, err := w.Hold(t.Context(), w.request(fmt.Sprintf("last-%d", i), n("hall", 1)))
			if err != nil {
				break
			}
			if _, err := w.sell(t, h.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.want(t, "hall", capacity, 0)
	})
}
