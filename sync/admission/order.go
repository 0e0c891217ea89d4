package admission

import (
	"cmp"
	"slices"

	"usher/sync/journal"
)

// Order gives the acts in the agreed order, each once: what an act names as a
// parent and what its author wrote before come first; of what is free to come
// next, the earliest by corrected time, then the smallest hash. Parents that are
// not among the acts are passed over.
//
// A circle can't be made of records, which name each other by hash; where input
// claims one all the same, its earliest act goes first.
func Order(acts []Act) []Act {
	acts = distinct(acts)
	if len(acts) < 2 {
		return acts
	}
	g := graphOf(acts)
	ordered := make([]Act, 0, len(acts))
	for _, i := range g.sort() {
		ordered = append(ordered, acts[i])
	}
	return ordered
}

// Frontier gives the parents that a new scan of a ticket has to name, given the
// ticket's past: the acts that no other act names or follows. Acts that are set
// aside count for nothing, so there is no need to claim them. Where there are more
// than a record may hold it names the last ones.
func Frontier(past []Act) []journal.Hash {
	past = slices.DeleteFunc(slices.Clone(past), func(a Act) bool { return a.SetAside })
	g := graphOf(past)
	var heads []journal.Hash
	for i := range past {
		if len(g.next[i]) == 0 {
			heads = append(heads, past[i].Hash)
		}
	}
	return heads[max(0, len(heads)-journal.MaxParents):]
}

// distinct copies the acts, sorted by time and hash, each hash once.
func distinct(acts []Act) []Act {
	acts = slices.Clone(acts)
	slices.SortFunc(acts, func(a, b Act) int { return cmp.Or(cmp.Compare(a.At, b.At), a.Hash.Compare(b.Hash)) })
	if len(acts) < 2 {
		return acts
	}
	seen := make(map[journal.Hash]struct{}, len(acts))
	return slices.DeleteFunc(acts, func(a Act) bool {
		_, twice := seen[a.Hash]
		seen[a.Hash] = struct{}{}
		return twice
	})
}

// graph holds which acts come directly after which, by their index.
type graph struct {
	next    [][]int32 // acts that come after act i
	waiting []int32   // how many acts that come before i are not placed yet
	lacks   []bool    // act i names a parent that is not here
}

func graphOf(acts []Act) graph {
	g := graph{next: make([][]int32, len(acts)), waiting: make([]int32, len(acts)), lacks: make([]bool, len(acts))}
	at := make(map[journal.Hash]int32, len(acts))
	for i := range acts {
		at[acts[i].Hash] = int32(i)
	}
	for i := range acts {
		for _, parent := range acts[i].Parents {
			if p, here := at[parent]; here {
				g.edge(p, int32(i))
			} else {
				g.lacks[i] = true
			}
		}
	}
	for _, own := range byAuthor(acts) {
		for i := 1; i < len(own); i++ {
			g.edge(own[i-1], own[i])
		}
	}
	return g
}

func (g *graph) edge(from, to int32) {
	if from != to {
		g.next[from] = append(g.next[from], to)
		g.waiting[to]++
	}
}

// byAuthor lists each author's acts in its own sequence. Two records with one
// number are a device's fault; their hashes make an order of them too.
func byAuthor(acts []Act) map[journal.NodeID][]int32 {
	authors := make(map[journal.NodeID][]int32)
	for i := range acts {
		node := acts[i].Chain.Node
		authors[node] = append(authors[node], int32(i))
	}
	for _, own := range authors {
		slices.SortFunc(own, func(i, j int32) int {
			a, b := &acts[i], &acts[j]
			return cmp.Or(cmp.Compare(a.Chain.Epoch, b.Chain.Epoch), cmp.Compare(a.Seq, b.Seq), a.Hash.Compare(b.Hash))
		})
	}
	return authors
}

// sort is Kahn's topological sort with a heap, over acts that stand in order of
// time and hash: so the smallest index is the earliest, and what a circle holds
// back is let go from the front.
func (g *graph) sort() []int32 {
	n := len(g.next)
	placed := make([]bool, n)
	order := make([]int32, 0, n)
	free := make(indexHeap, 0, n)
	for i, w := range g.waiting {
		if w == 0 {
			free = append(free, int32(i)) // ascending, so a heap already
		}
	}
	for stuck := int32(0); len(order) < n; {
		if len(free) == 0 {
			for placed[stuck] {
				stuck++
			}
			free.push(stuck)
		}
		i := free.pop()
		placed[i] = true
		order = append(order, i)
		for _, j := range g.next[i] {
			if g.waiting[j]--; g.waiting[j] == 0 && !placed[j] {
				free.push(j)
			}
		}
	}
	return order
}

// indexHeap is a binary min-heap.
type indexHeap []int32

func (h *indexHeap) push(v int32) {
	*h = append(*h, v)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up] <= s[i] {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (h *indexHeap) pop() int32 {
	s := *h
	least, last := s[0], len(s)-1
	s[0] = s[last]
	s = s[:last]
	*h = s
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return least
		}
		if child+1 < last && s[child+1] < s[child] {
			child++
		}
		if s[i] <= s[child] {
			return least
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
}
