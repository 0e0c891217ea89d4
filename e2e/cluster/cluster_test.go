package cluster

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/e2e/books"
	"usher/e2e/rig"
	"usher/e2e/venue"
)

// Events are sold out to the last place and every cent is where it belongs, whatever
// is killed meanwhile.
func TestSellingOutWhilePartsAreKilled(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed %d", *seed)
	fmt.Printf("e2e/cluster: -seed %d -for %v -rate %d -buyers %d\n", *seed, *faultsFor, *rate, *crowd)
	w := newTown(&rig.Sparing{TB: t}, 3)
	f := &faults{town: w, dice: dice(1), count: map[string]int{}}
	over := make(chan struct{})
	go func() {
		defer close(over)
		f.run(time.Now().Add(*faultsFor))
		w.web.Calm.Store(rig.WaitFor(venue.Patience, w.instances.Well) == nil)
	}()
	for killing := true; killing && !t.Failed(); {
		w.round()
		select {
		case <-over:
			killing = false
		default:
		}
	}
	<-over
	w.settle()
	w.judge()
	w.report(f)
}

// settle waits until everything is well again and nothing is to come.
func (w *town) settle() {
	w.t.Helper()
	rig.Wait(w.t, "every server is well again", w.instances.Well)
	patience := w.patience()
	if w.t.Failed() {
		patience /= 8
	}
	err := rig.WaitFor(patience, func() error { return none(books.Unsettled(w.t.Context(), w.db, "", w.clock.Now())) })
	if err == nil && *faultsFor >= time.Minute {
		err = rig.WaitFor(patience, func() error { return none(books.Strings(w.t.Context(), w.db, books.Unsent)) })
	}
	if err != nil {
		w.t.Errorf("after %v not all is settled: %v", patience, err) // and the oracle may say why
	}
	b := w.web.Browser(dice(2), 1)
	for range 3 * len(w.instances) {
		b.Moves = true
		if p, err := b.Follow("GET", w.rounds[0].path(), nil); err != nil || p.Heading() == "" {
			w.t.Errorf("after all the page of an event is %v", err)
		}
	}
}

// none makes an error of what should not be there.
func none(list []string, err error) error {
	if err == nil && len(list) > 0 {
		err = errors.New(strings.Join(list[:min(len(list), 5)], "; "))
	}
	return err
}

// report says what there was.
func (w *town) report(f *faults) {
	how := map[string]int{}
	for _, r := range w.rounds {
		for _, told := range r.tales {
			how[told.ended]++
		}
	}
	starts := 0
	for _, s := range w.instances {
		starts += s.Starts()
		if w.t.Failed() {
			w.t.Logf("server %s said last: %s", s.Address, s.Said())
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(how)) {
		list = append(list, fmt.Sprintf("%d %s", how[name], name))
	}
	w.t.Logf("%d events; buyers: %s", len(w.rounds), strings.Join(list, ", "))
	w.t.Logf("%d answers, %d of them that something is gone, %d broke off; %d were told paid while Redis was gone", w.web.Answers.Load(), w.web.Unavailable.Load(), w.web.Broken.Load(), f.sold)
	w.t.Logf("faults: %v; %d starts of servers", f.count, starts)
}
