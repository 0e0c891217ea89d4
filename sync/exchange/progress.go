package exchange

import (
	"maps"
	"sync"
	"time"

	"usher/sync/fault"
	"usher/sync/journal"
)

// progress is where the upload to one peer stands: what the peer holds, what is
// on its way, and which chains rest.
type progress struct {
	changed chan struct{} // one place: something here went on
	now     func() time.Time

	mu      sync.Mutex // covers what follows
	known   bool       // the peer's first vector has come
	peer    journal.Vector
	sent    map[journal.Chain]uint64 // number of the last record on its way
	flights []flight
	rests   map[journal.Chain]*rest
	forked  map[journal.Chain]bool // the peer holds another branch
	bytes   int                    // how large a batch may get at present
	last    journal.Chain          // whose turn it was
}

// flight is a batch on its way.
type flight struct {
	chain       journal.Chain
	first, last uint64
	left        time.Time
}

// rest is a chain that was refused.
type rest struct {
	why   error
	times int
	timer *time.Timer
	over  bool // it may be tried again
}

// turn says what to send next: records of chain from number from on. after, if
// not zero, is what the peer says the record before them is.
type turn struct {
	chain journal.Chain
	from  uint64
	after journal.Head
	bytes int
}

func newProgress(now func() time.Time) *progress {
	return &progress{
		changed: make(chan struct{}, 1), now: now, peer: journal.Vector{}, sent: map[journal.Chain]uint64{},
		rests: map[journal.Chain]*rest{}, forked: map[journal.Chain]bool{}, bytes: firstBatchBytes,
	}
}

// next picks the chain to send from. chains are in the order in which they
// matter; urgent of them at the front go before all others, which take turns.
func (p *progress) next(held journal.Vector, chains []journal.Chain, urgent int) (turn, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known || len(p.flights) >= Window {
		return turn{}, false
	}
	for _, chain := range chains[:urgent] {
		if t, ok := p.turnOf(chain, held[chain]); ok {
			return t, true
		}
	}
	rest := chains[urgent:]
	start := 0
	for start < len(rest) && rest[start].Compare(p.last) <= 0 {
		start++
	}
	for i := range rest {
		chain := rest[(start+i)%len(rest)]
		if t, ok := p.turnOf(chain, held[chain]); ok {
			p.last = chain
			return t, true
		}
	}
	return turn{}, false
}

func (p *progress) turnOf(chain journal.Chain, held journal.Head) (turn, bool) {
	t := turn{chain: chain, bytes: p.bytes}
	theirs := p.peer[chain]
	if t.from = p.sent[chain] + 1; t.from <= theirs.Seq+1 {
		t.from, t.after = theirs.Seq+1, theirs
	}
	if t.from > held.Seq || p.forked[chain] {
		return turn{}, false
	}
	if r := p.rests[chain]; r != nil && !r.over {
		return turn{}, false
	}
	return t, true
}

// departs notes a batch that is about to be sent.
func (p *progress) departs(b *batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flights = append(p.flights, flight{b.chain(), b.First, b.last(), p.now()})
	p.sent[b.chain()] = b.last()
}

// holds notes what the peer says it holds durably. servers tells whose progress
// may be what a chain refused as not ready was waiting for.
// It is an error to name more than MaxChains chains in a session.
func (p *progress) holds(heads journal.Vector, servers func(journal.NodeID) bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer signal(p.changed)
	p.known = true
	server := false
	for chain, head := range heads {
		if head.Seq <= p.peer[chain].Seq {
			continue
		}
		p.peer[chain] = head
		server = server || servers(chain.Node)
		if r := p.rests[chain]; r != nil {
			r.timer.Stop()
			delete(p.rests, chain)
		}
	}
	p.land(func(f flight) bool { return f.last <= p.peer[f.chain].Seq })
	if server {
		for _, r := range p.rests {
			r.over = r.over || fault.KindOf(r.why) == fault.NotReady
		}
	}
	if len(p.peer) > MaxChains {
		return fault.New(fault.TooLarge, "the other node names %d chains, limit %d", len(p.peer), MaxChains)
	}
	return nil
}

// land takes flights off that are answered, and learns from how long they took.
func (p *progress) land(answered func(flight) bool) {
	kept := p.flights[:0]
	for _, f := range p.flights {
		if !answered(f) {
			kept = append(kept, f)
			continue
		}
		switch took := p.now().Sub(f.left); {
		case took < quickAnswer:
			p.bytes = min(p.bytes*2, MaxBatchBytes)
		case took > slowAnswer:
			p.bytes = max(p.bytes/2, minBatchBytes)
		}
	}
	p.flights = kept
}

// refused notes that the peer did not take a batch in; the chain rests. A
// refusal of what is not on its way says nothing.
func (p *progress) refused(chain journal.Chain, first uint64, why error) bool {
	p.mu.Lock()
	before := len(p.flights)
	p.land(func(f flight) bool { return f.chain == chain && f.first == first })
	known := len(p.flights) < before
	if known {
		delete(p.sent, chain)
	}
	p.mu.Unlock()
	if known {
		p.rest(chain, why)
	}
	return known
}

// rest keeps a chain back for a while, twice as long each time. While it rests,
// another reason changes nothing.
func (p *progress) rest(chain journal.Chain, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rests[chain]
	if r == nil {
		r = new(rest)
		p.rests[chain] = r
	} else if !r.over {
		return // and nobody is woken: who finds the fault again and again would never sleep
	} else {
		r.timer.Stop()
	}
	defer signal(p.changed)
	most := RetryMost
	if fault.KindOf(why) == fault.Unavailable {
		most = RetryGone
	}
	pause := min(RetryFirst<<min(r.times, 16), most)
	r.why, r.times, r.over = why, r.times+1, false
	r.timer = time.AfterFunc(pause, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		r.over = true
		signal(p.changed)
	})
}

// fork keeps a chain back for good, or takes that back.
func (p *progress) fork(chain journal.Chain, forked bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer signal(p.changed)
	if forked {
		p.forked[chain] = true
	} else {
		delete(p.forked, chain)
	}
}

func (p *progress) isForked(chain journal.Chain) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.forked[chain]
}

// resting reports whether a chain is kept back at present.
func (p *progress) resting(chain journal.Chain) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rests[chain]
	return r != nil && !r.over
}

// rested reports whether a chain was refused, and not yet taken further since.
func (p *progress) rested(chain journal.Chain) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rests[chain] != nil
}

// status gives what the peer holds, and whether all that was sent is answered.
func (p *progress) status() (peer journal.Vector, settled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.peer), p.known && len(p.flights) == 0
}

// kept gives the chains that don't go on at present, with the reasons.
func (p *progress) kept() map[journal.Chain]error {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := make(map[journal.Chain]error, len(p.rests)+len(p.forked))
	for chain, r := range p.rests {
		kept[chain] = r.why
	}
	for chain := range p.forked {
		kept[chain] = fault.Wrap(fault.Exists, journal.ErrBroken, "the two nodes hold different branches of %s", chain)
	}
	return kept
}

// of gives how far the peer holds a chain.
func (p *progress) of(chain journal.Chain) journal.Head {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peer[chain]
}

// end stops the timers.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rests {
		r.timer.Stop()
	}
}
