package guard

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxPaced bounds for how many parties a pace is kept.
const maxPaced = 20_000

// Pace limits how often each of many parties does something, on this server: so often at
// once, and then once more every so long. It is safe for use by several goroutines.
type Pace struct {
	now   func() time.Time
	burst int
	every time.Duration // for one more

	mu sync.Mutex // of by
	by map[string]*rate.Limiter
}

// NewPace makes a pace at which nobody has done anything yet.
func NewPace(now func() time.Time, burst int, every time.Duration) *Pace {
	return &Pace{now: now, burst: burst, every: every, by: map[string]*rate.Limiter{}}
}

// Allow says whether a party may do it once more, and counts that it does.
func (p *Pace) Allow(party string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(party).AllowN(p.now(), 1)
}

// Wait says how long it is until a party may do it once more; 0 when it may now. It
// counts nothing: see Count.
func (p *Pace) Wait(party string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	missing := 1 - p.of(party).TokensAt(p.now())
	return max(0, time.Duration(missing*float64(p.every)))
}

// Count counts that a party has done it, whether it was allowed or not.
func (p *Pace) Count(party string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(party).ReserveN(p.now(), 1)
}

// of gives the limiter of a party. p.mu is held.
func (p *Pace) of(party string) *rate.Limiter {
	l := p.by[party]
	if l == nil {
		if len(p.by) >= maxPaced {
			clear(p.by) // a flood from everywhere: better forgiving than full
		}
		l = rate.NewLimiter(rate.Every(p.every), p.burst)
		p.by[party] = l
	}
	return l
}
