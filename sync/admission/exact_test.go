package admission

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"usher/sync/journal"
)

// shuffled gives the history in another order of arrival, some of it twice.
func shuffled(t *rapid.T, h History) History {
	h.Scans = rapid.Permutation(h.Scans).Draw(t, "arrival")
	if len(h.Scans) > 0 {
		h.Scans = append(slices.Clone(h.Scans), rapid.SliceOf(rapid.SampledFrom(h.Scans)).Draw(t, "again")...)
	}
	h.Voids = rapid.Permutation(h.Voids).Draw(t, "arrival of revocations")
	return h
}

// I3: the same records give the same, in whatever order they came.
func TestArrivalMakesNoDifference(t *testing.T) {
	checkWorlds(t, func(rt *rapid.T, w *world) {
		want := w.whole()
		if got := Judge(w.eventAt, shuffled(rt, w.wholeHistory())); !reflect.DeepEqual(got, want) {
			rt.Fatalf("another order of arrival gives\n%+v\nnot\n%+v", got, want)
		}
		again := w.wholeHistory()
		again.Scans = want.Acts // what Judge has marked is no input
		if got := Judge(w.eventAt, again); !reflect.DeepEqual(got, want) {
			rt.Fatalf("judging a finding's acts again gives\n%+v\nnot\n%+v", got, want)
		}
		w.deliverAll()
		for _, g := range w.gates {
			if got := w.finding(g); !reflect.DeepEqual(got, want) {
				rt.Fatalf("gate %s finds\n%+v\nnot\n%+v", g.code, got, want)
			}
		}
	})
}

// I4, first half: with everything known to everybody there is nothing to find, at
// no node and at no time.
func TestNoConflictWhereAllKnewAll(t *testing.T) {
	checkWorlds(t, func(rt *rapid.T, w *world) {
		if f := w.whole(); len(f.Conflicts) > 0 || len(w.losers) > 0 || f.Waiting > 0 {
			rt.Fatalf("conflicts where every gate knew all: %+v", f)
		}
	}, together)
}

// I4, second half: an admission whose gate knew all that precedes it is right, and
// no node takes it for too many, not even while records are on their way.
func TestWhoKnewAllIsRight(t *testing.T) {
	checkWorlds(t, func(rt *rapid.T, w *world) {
		for _, g := range w.gates {
			w.watch(g)
		}
		f := w.whole()
		revocations := voidsOf(w.wholeHistory().Voids)
		for i := range f.Acts {
			a := &f.Acts[i]
			knewAll := revocations.before(a) == w.voidAt(int(a.Known.Seq))
			for _, before := range f.Acts[:i] {
				knewAll = knewAll && w.knew[a.Hash][before.Hash]
			}
			if knewAll && w.losers[a.Hash] && !laterVoid(revocations, a) {
				rt.Fatalf("act %d, %+v, knew all before it and was taken for too many; order:\n%s", i, *a, sketch(f.Acts))
			}
		}
	})
}

// laterVoid reports whether a revocation that the gate did not know was in force,
// by its date, when the gate decided: then the gate did not know all.
func laterVoid(vs voids, a *Act) bool {
	return slices.ContainsFunc(vs, func(v Void) bool { return a.Known.Before(v.At) && v.Since < a.sure() })
}

// The merge and the oracle agree on the order and on every admission.
func TestOracleAgrees(t *testing.T) {
	checkWorlds(t, func(rt *rapid.T, w *world) {
		h := w.wholeHistory()
		want := slowOrder(h.Scans)
		if got := Order(h.Scans); !slices.EqualFunc(got, want, sameAct) {
			rt.Fatalf("order\n%snot\n%s", sketch(got), sketch(want))
		}
		f := w.whole()
		if !slices.EqualFunc(f.Acts, want, sameAct) {
			rt.Fatalf("Judge orders\n%snot\n%s", sketch(f.Acts), sketch(want))
		}
		got := map[string][]journal.Hash{}
		for _, c := range f.Conflicts {
			for _, a := range c.Duplicates {
				key := fmt.Sprint(c.Zone, c.Kind)
				got[key] = append(got[key], a.Hash)
			}
		}
		if want := slowConflicts(w.eventAt, h); !reflect.DeepEqual(got, want) {
			rt.Fatalf("conflicts %v, the oracle says %v; order:\n%s", got, want, sketch(f.Acts))
		}
	})
}

// Two admissions of a single-entry ticket, neither knowing the other, and nobody
// came out: one conflict that names both.
func TestTwoWhoDidNotKnow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, plain)
		pair := rapid.Permutation([]int{0, 1}).Draw(rt, "who is first")
		for _, i := range pair {
			w.now += rapid.Int64Range(0, 3_600_000).Draw(rt, "later")
			if v := w.scan(w.gates[i], In, nil); !v.Green() {
				rt.Fatalf("gate %d alone says %+v", i, v)
			}
		}
		for range rapid.IntRange(0, 10).Draw(rt, "then") { // what comes after changes nothing for the two
			w.exchange()
			w.now += 60_000
			w.scan(w.pick("gate"), In, nil)
		}
		a, b := w.gates[0].written[0].Hash, w.gates[1].written[0].Hash
		found := w.whole().Conflicts
		named := map[journal.Hash]int{}
		for _, c := range found {
			if c.Zone == 0 {
				named[c.Original.Hash]++
				for _, d := range c.Duplicates {
					named[d.Hash]++
				}
			}
		}
		if named[a] != 1 || named[b] != 1 {
			rt.Fatalf("the two are named %d and %d times in %+v", named[a], named[b], found)
		}
	})
}

func sameAct(a, b Act) bool { return a.Hash == b.Hash }

// sketch shows a history for a failure message.
func sketch(acts []Act) string {
	text := ""
	for _, a := range acts {
		text += fmt.Sprintf("  %.4s %s/%d %s %s at %d known %d, parents", a.Hash.String(), a.Chain.Node.String()[:2], a.Seq,
			a.Result, a.Reason, (a.At-simStart)/1000, a.Known.Seq)
		for _, p := range a.Parents {
			text += " " + p.String()[:4]
		}
		text += "\n"
	}
	return text
}
