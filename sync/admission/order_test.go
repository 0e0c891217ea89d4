package admission

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"usher/sync/journal"
)

// drawActs makes acts that name each other at random; circles too, if asked for.
func drawActs(t *rapid.T, circles bool) []Act {
	acts := make([]Act, rapid.IntRange(0, 12).Draw(t, "acts"))
	for i := range acts {
		node := rapid.ByteRange(1, 3).Draw(t, "author")
		acts[i] = Act{
			Hash: journal.Hash{rapid.Byte().Draw(t, "hash"), byte(i)}, Chain: journal.Chain{Node: journal.NodeID{node}},
			Seq: uint64(i + 1), At: rapid.Int64Range(0, 5).Draw(t, "at"),
		}
		if circles {
			acts[i].Seq = rapid.Uint64Range(1, 12).Draw(t, "seq")
		}
	}
	for i := range acts {
		last := i - 1
		if circles {
			last = len(acts) - 1
		}
		for range rapid.IntRange(0, min(2, last+1)).Draw(t, "parents") {
			acts[i].Parents = append(acts[i].Parents, acts[rapid.IntRange(0, last).Draw(t, "parent")].Hash)
		}
	}
	return acts
}

func TestOrderIsThatOfTheOracle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		acts := drawActs(rt, false)
		want := slowOrder(acts)
		got := Order(rapid.Permutation(append(acts, acts...)).Draw(rt, "arrival"))
		if !slices.EqualFunc(got, want, sameAct) {
			rt.Fatalf("order\n%snot\n%s", sketch(got), sketch(want))
		}
	})
}

// What the package's essay says all else leans on.
func TestOrderOfAPartIsThatOfTheWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		acts := drawActs(rt, false)
		byHash := map[journal.Hash]Act{}
		for _, a := range acts {
			byHash[a.Hash] = a
		}
		part := map[journal.Hash]bool{}
		for _, a := range acts {
			if rapid.Bool().Draw(rt, "in the part") {
				part[a.Hash] = true
				for h := range slowAncestors(byHash, a) {
					part[h] = true
				}
			}
		}
		left := func(a Act) bool { return !part[a.Hash] }
		want := slices.DeleteFunc(Order(acts), left)
		if got := Order(slices.DeleteFunc(slices.Clone(acts), left)); !slices.EqualFunc(got, want, sameAct) {
			rt.Fatalf("the part alone\n%swithin the whole\n%s", sketch(got), sketch(want))
		}
	})
}

// Records can't make circles. Hostile input that claims some ends all the same, in
// one order for each set.
func TestCirclesEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		acts := drawActs(rt, true)
		want := Order(acts)
		if len(want) != len(acts) {
			rt.Fatalf("%d acts became %d", len(acts), len(want))
		}
		if got := Order(rapid.Permutation(acts).Draw(rt, "arrival")); !slices.EqualFunc(got, want, sameAct) {
			rt.Fatalf("order\n%snot\n%s", sketch(got), sketch(want))
		}
		Judge(func(journal.Position) *journal.Event { return &journal.Event{} }, History{Scans: acts})
	})
}

// A scan that names the frontier has all that its gate knew for ancestors.
func TestFrontierStandsForAll(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		acts := drawActs(rt, false)
		scan := Act{Hash: journal.Hash{0, 0, 1}, Chain: journal.Chain{Node: journal.NodeID{9}}, Seq: 1, Parents: Frontier(acts)}
		byHash := map[journal.Hash]Act{}
		for _, a := range acts {
			byHash[a.Hash] = a
		}
		if known := slowAncestors(byHash, scan); len(known) != len(acts) {
			rt.Fatalf("%d of %d acts are ancestors; frontier %v of\n%s", len(known), len(acts), scan.Parents, sketch(acts))
		}
	})
}

func TestFrontierFitsARecord(t *testing.T) {
	var past []Act
	for i := range journal.MaxParents + 5 {
		past = append(past, Act{Hash: journal.Hash{1, byte(i)}, Chain: journal.Chain{Node: journal.NodeID{byte(i + 1)}}, Seq: 1})
	}
	heads := Frontier(past)
	if len(heads) != journal.MaxParents || heads[len(heads)-1] != past[len(past)-1].Hash {
		t.Errorf("%d parents, the last %s", len(heads), heads[len(heads)-1])
	}
}
