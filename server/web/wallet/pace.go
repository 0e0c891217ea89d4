package wallet

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxPaced bounds for how many parties a pace is kept.
const maxPaced = 20_000

// pace limits how often each of many parties does something, on this server.
type pace struct {
	now   func() time.Time
	burst int
	every time.Duration // for one more

	mu sync.Mutex // of by
	by map[string]*rate.Limiter
}

func newPace(now func() time.Time, burst int, every time.Duration) *pace {
	return &pace{now: now, burst: burst, every: every, by: map[string]*rate.Limiter{}}
}

// allow says whether a party may do it once more, and counts that it does.
func (p *pace) allow(party string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.by[party]
	if l == nil {
		if len(p.by) >= maxPaced {
			clear(p.by) // a flood from everywhere: better forgiving than full
		}
		l = rate.NewLimiter(rate.Every(p.every), p.burst)
		p.by[party] = l
	}
	return l.AllowN(p.now(), 1)
}
