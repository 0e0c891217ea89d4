package aftersale

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/e2e/books"
	"usher/e2e/rig"
)

// Whatever people do with their tickets, and whatever is killed meanwhile: a ticket has
// one code at most, whom the record names gets in and nobody else, and no cent is lost.
func TestAfterTheSale(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	fmt.Printf("e2e/aftersale: -seed %d -for %v -rate %d -people %d\n", *seed, *actFor, *rate, *many)
	for name, cluster := range map[string]bool{"SQLite, one server": false, "PostgreSQL and Redis, two servers": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Logf("-seed %d", *seed)
			w := newTown(&rig.Sparing{TB: t}, cluster)
			w.live(time.Now().Add(*actFor))
			w.settle()
			w.judge()
			w.report()
		})
	}
}

// live has everybody do what they do until a moment, and then what nobody has done.
func (w *town) live(until time.Time) {
	var work sync.WaitGroup
	for n, p := range w.people {
		work.Go(func() {
			if n < len(firstCards) {
				p.buyWith(firstCards[n])
			}
			p.live(until)
		})
	}
	work.Go(func() { w.organise(until) })
	work.Go(func() { w.levelling(until) })
	work.Go(func() { w.kills, w.cuts = w.harm(until) })
	work.Wait()
	w.everything()
}

// settle waits until everything is well again, and nothing is to come.
func (w *town) settle() {
	w.t.Helper()
	rig.Wait(w.t, "every server is well again", w.servers.Well)
	w.web.Calm.Store(true)
	rig.Wait(w.t, "all is settled", func() error {
		open, err := books.Unsettled(w.t.Context(), w.organiser.DB, "", w.clock.Now())
		if err == nil && len(open) > 0 {
			err = fmt.Errorf("%q", open)
		}
		return err
	})
	w.level()
}

// payOut waits until all are paid who sold on to somebody who came in.
func (w *town) payOut() {
	w.t.Helper()
	rig.Wait(w.t, "who sold on to somebody who came in is paid", func() error {
		for _, l := range w.listings(`where payout = 'held'`) { // first: to pay out asks for a refund
			if w.of(l.ticket).entered() {
				return fmt.Errorf("%s is not paid out", l.id)
			}
		}
		open, err := books.Unsettled(w.t.Context(), w.organiser.DB, "", w.clock.Now())
		if err == nil && len(open) > 0 {
			err = fmt.Errorf("%q", open)
		}
		return err
	})
}

// level brings all gates level with each other, by way of a server.
func (w *town) level() {
	w.t.Helper()
	for range 2 { // what one brings those before it lack
		for _, p := range w.posts {
			rig.Wait(w.t, "gate "+p.name+" is level", p.level)
		}
	}
}

// report says what there was.
func (w *town) report() {
	var codes, scans, green int
	acts := map[string]int{}
	for _, k := range w.all() {
		codes += len(k.codes)
		for _, a := range k.acts {
			how := "done"
			if a.refused {
				how = "refused"
			} else if a.ended.IsZero() {
				how = "unanswered"
			}
			kind, _, _ := strings.Cut(a.what, " ")
			acts[kind+" "+how]++
		}
		scans += len(k.scans)
		for _, s := range k.scans {
			if s.green {
				green++
			}
		}
	}
	starts := 0
	for _, s := range w.servers {
		starts += s.Starts()
		if w.t.Failed() {
			w.t.Logf("server %s said last: %s", s.Address, s.Said())
		}
	}
	for _, l := range w.listings("") {
		acts[strings.TrimSpace("listing "+string(l.state)+" "+string(l.payout))]++
	}
	w.t.Logf("%d tickets, %d codes of them, %v, %d scans, %d green; %d answers, %d broke off; %d kills, %d starts of servers, %d cuts of gates",
		len(w.all()), codes, acts, scans, green, w.web.Answers.Load(), w.web.Broken.Load(), w.kills, starts, w.cuts)
}
