package aftersale

import (
	"math/rand/v2"
	"sync"
	"time"

	"usher/e2e/rig"
)

// harm kills servers and cuts gates off until a moment, each for a while.
func (w *town) harm(until time.Time) (kills, cuts int) {
	var work sync.WaitGroup
	work.Go(func() {
		d := dice(2)
		time.Sleep(time.Until(until) / 4) // first there is something to lose
		for time.Now().Before(until) && !w.t.Failed() {
			rest(d, 700, 2000)
			kills++
			w.kill(d)
		}
	})
	work.Go(func() {
		d := dice(3)
		for time.Now().Before(until) && !w.t.Failed() {
			rest(d, 50, 400)
			p := w.post(d)
			cuts++
			p.way.Cut()
			rest(d, 200, 1200)
			p.way.Mend()
		}
	})
	work.Wait()
	return kills, cuts
}

// kill has a server, or Redis, end by SIGKILL and begin again.
func (w *town) kill(d *rand.Rand) {
	if w.redis != nil && rig.Chance(d, 20) {
		w.note(w.redis.Halt())
		rest(d, 20, 200)
		w.note(w.redis.Start())
		return
	}
	s := w.servers[d.IntN(len(w.servers))]
	s.Want(false)
	rest(d, 20, 150)
	s.Want(true)
}

// levelling brings gates level now and then, as far as they reach a server.
func (w *town) levelling(until time.Time) {
	d := dice(4)
	for time.Now().Before(until) && !w.t.Failed() {
		rest(d, 10, 120)
		_ = w.post(d).level() // it may be cut off
	}
}

// rest lets so many milliseconds pass.
func rest(d *rand.Rand, least, most int) {
	time.Sleep(time.Duration(least+d.IntN(most-least)) * time.Millisecond)
}
