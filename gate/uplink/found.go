package uplink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"usher/sync/link"
)

// Limits of what is done about addresses that were found on the network.
const (
	// MaxFound bounds the gates that are linked because they were found. Every gate
	// draws its own few, so together they hang together, and a hundred gates don't
	// tell each record to each other ten thousand times.
	MaxFound = 8
	// MaxTrying bounds the found addresses that are tried at a time.
	MaxTrying = 4
	// FoundTimeout bounds the way to one: it is on this network or nowhere.
	FoundTimeout = 4 * time.Second
	// FirstRest is how long an address is left alone where nobody proved to be a gate
	// of the event, twice as long each time, up to LongestRest.
	FirstRest = 15 * time.Second
	// LongestRest is what rests grow to.
	LongestRest = 10 * time.Minute
	// lostTries is how often one is tried again that was a gate.
	lostTries = 5
)

// found is what was found on the network, and what became of it. Uplink.mu covers
// it.
type found struct {
	offered []string
	rests   map[string]rest
}

type rest struct {
	until time.Time
	times int
}

// Offer tells which addresses may be gates of the event at present, in place of
// those it was told before. They are hints: who answers there has to prove an
// enrolled key, and few are tried at a time. A link that holds outlives its hint.
func (u *Uplink) Offer(bases []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.found.offered = slices.DeleteFunc(slices.Clone(bases), func(base string) bool {
		_, err := link.Address(base, u.local.Event)
		return err != nil
	})
	for base := range u.found.rests {
		if !slices.Contains(u.found.offered, base) {
			delete(u.found.rests, base)
		}
	}
	u.choose()
}

// rank orders addresses for this gate, and otherwise for every other.
func (u *Uplink) rank(base string) []byte {
	own := u.own().Node
	sum := sha256.Sum256(append(own[:], base...))
	return sum[:]
}

// choose decides which of the found addresses are tried. u.mu is held.
func (u *Uplink) choose() {
	if u.running == nil || u.running.Err() != nil {
		return
	}
	byRank := func(a, b string) int { return bytes.Compare(u.rank(a), u.rank(b)) }
	var linked, trying []string
	for _, r := range u.remotes {
		switch {
		case r.stop == nil:
		case u.connectedTo(r):
			linked = append(linked, r.base)
		case slices.Contains(u.found.offered, r.base):
			trying = append(trying, r.base)
		default:
			r.stop()
		}
	}
	slices.SortFunc(linked, byRank)
	for len(linked) > MaxFound {
		last := len(linked) - 1
		u.drop(linked[last])
		linked = linked[:last]
	}
	free := slices.DeleteFunc(slices.Clone(u.found.offered), func(base string) bool {
		return u.knows(base) || u.local.Now().Before(u.found.rests[base].until)
	})
	slices.SortFunc(free, byRank)
	for _, base := range free {
		full := len(linked) >= MaxFound && byRank(linked[len(linked)-1], base) < 0
		if len(trying) >= MaxTrying || full {
			return
		}
		u.try(base)
		trying = append(trying, base)
	}
}

func (u *Uplink) knows(base string) bool {
	return slices.ContainsFunc(u.remotes, func(r *remote) bool { return r.base == base })
}

func (u *Uplink) drop(base string) {
	for _, r := range u.remotes {
		if r.base == base && r.stop != nil {
			r.stop()
		}
	}
}

// try supervises a found address until it is dropped. u.mu is held, and Run runs.
func (u *Uplink) try(base string) {
	ctx, stop := context.WithCancel(u.running)
	r := newRemote(base, false)
	r.stop = stop
	u.remotes = append(u.remotes, r)
	u.group.Go(func() {
		defer stop()
		u.supervise(ctx, r)
		u.mu.Lock()
		defer u.mu.Unlock()
		u.remotes = slices.DeleteFunc(u.remotes, func(o *remote) bool { return o == r })
		u.choose()
	})
}

// hopeless reports whether a found address is to be left alone after a try, and
// notes that it is. One where a gate was gets some more tries.
func (u *Uplink) hopeless(r *remote, err error) bool {
	if r.stop == nil {
		return false
	}
	r.mu.Lock()
	met, tries := r.met, r.tries
	r.mu.Unlock()
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil {
		delete(u.found.rests, r.base)
		return false
	}
	if met && tries < lostTries {
		return false
	}
	if u.found.rests == nil {
		u.found.rests = make(map[string]rest)
	}
	before := u.found.rests[r.base]
	pause := jitter(min(FirstRest<<min(before.times, 10), LongestRest), u.local.Rand)
	u.found.rests[r.base] = rest{until: u.local.Now().Add(pause), times: before.times + 1}
	return true
}

// lookAgain chooses anew now and then: rests end without a word.
func (u *Uplink) lookAgain(ctx context.Context) {
	ticker := time.NewTicker(FirstRest / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		u.mu.Lock()
		u.choose()
		u.mu.Unlock()
	}
}
