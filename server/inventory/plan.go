package inventory

// plans are the seat plans of an event's pools.
type plans map[string]*plan

// plan is who has which seat of a pool.
type plan struct {
	layout int64 // of the pool when the seats were read
	rev    int64 // of the pool when the holders were read or set
	ours   bool  // nobody else had changed it between the last two times that we did
	seats  []seat
	runs   []run
	at     map[string]int // index in seats by code
	free   int
}

type seat struct {
	code   string
	run    int // index in runs
	holder string
}

// run is seats that stand side by side.
type run struct {
	first, end int // in seats
	free       int
}

// newPlan makes a plan of seats in their order, with none taken; numbers says for
// each which run it is of.
func newPlan(codes []string, numbers []int64) *plan {
	p := &plan{seats: make([]seat, len(codes)), at: make(map[string]int, len(codes)), free: len(codes)}
	for i, code := range codes {
		if i == 0 || numbers[i] != numbers[i-1] {
			p.runs = append(p.runs, run{first: i, end: i})
		}
		last := &p.runs[len(p.runs)-1]
		last.end, last.free = i+1, last.free+1
		p.seats[i] = seat{code: code, run: len(p.runs) - 1}
		p.at[code] = i
	}
	return p
}

func (p *plan) holder(code string) (holder string, known bool) {
	i, known := p.at[code]
	if !known {
		return "", false
	}
	return p.seats[i].holder, true
}

func (p *plan) set(code, holder string) {
	i, known := p.at[code]
	if !known {
		return
	}
	seat := &p.seats[i]
	switch {
	case seat.holder == "" && holder != "":
		p.free--
		p.runs[seat.run].free--
	case seat.holder != "" && holder == "":
		p.free++
		p.runs[seat.run].free++
	}
	seat.holder = holder
}

// maxSplit is up to how many seats are put together as well as can be when no run
// has them side by side. More are the first that are free.
const maxSplit = 20

// best gives the codes of the n best free seats, of which there must be so many:
//
//  1. The first run, as the organiser lists them, that has n free neighbours. In
//     it, those that leave no single seat free beside them; of these the nearest to
//     the middle of the run; of these the ones listed first.
//  2. Where no run has n, the largest group of neighbours there is, and the rest in
//     the same way; more than maxSplit seats in the order of the list.
func (p *plan) best(n int) []string {
	if p.free < n {
		return nil
	}
	picked := make([]int, 0, n)
	pick := func(i int) {
		picked = append(picked, i)
		p.set(p.seats[i].code, taker) // until all are found
	}
	for len(picked) < n {
		want := n - len(picked)
		size := min(want, p.longest())
		if size < want && want > maxSplit {
			p.firstFree(want, pick)
			break
		}
		first := p.together(size)
		for i := first; i < first+size; i++ {
			pick(i)
		}
	}
	codes := make([]string, n)
	for i, at := range picked {
		codes[i] = p.seats[at].code
		p.set(codes[i], "")
	}
	return codes
}

// firstFree calls pick for the first n free seats.
func (p *plan) firstFree(n int, pick func(int)) {
	for i := range p.seats {
		if n == 0 {
			return
		}
		if p.seats[i].holder == "" {
			pick(i)
			n--
		}
	}
}

// longest is how many free neighbours there are at most.
func (p *plan) longest() int {
	longest := 0
	for _, r := range p.runs {
		if r.free <= longest {
			continue
		}
		streak := 0
		for i := r.first; i < r.end; i++ {
			if streak++; p.seats[i].holder != "" {
				streak = 0
			}
			longest = max(longest, streak)
		}
	}
	return longest
}

// together finds the best n free neighbours, of which there are some, and gives the
// index of the first.
func (p *plan) together(n int) int {
	for _, r := range p.runs {
		if r.free < n {
			continue
		}
		best, least := -1, 0
		for first := r.first; first+n <= r.end; first++ {
			if !p.clear(first, n) {
				continue
			}
			if cost := p.cost(r, first, n); best < 0 || cost < least {
				best, least = first, cost
			}
		}
		if best >= 0 {
			return best
		}
	}
	return 0 // there are some
}

func (p *plan) clear(first, n int) bool {
	for i := first; i < first+n; i++ {
		if p.seats[i].holder != "" {
			return false
		}
	}
	return true
}

// cost orders the places of a group within its run, the best with the least.
func (p *plan) cost(r run, first, n int) int {
	isFree := func(i int) bool { return i >= r.first && i < r.end && p.seats[i].holder == "" }
	lone := 0
	if isFree(first-1) && !isFree(first-2) {
		lone++
	}
	if isFree(first+n) && !isFree(first+n+1) {
		lone++
	}
	off := 2*first + n - r.first - r.end // twice the distance of the middles
	return lone*4*(r.end-r.first) + max(off, -off)
}
