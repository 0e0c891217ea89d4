package scan

import (
	"cmp"
	"math"
	"slices"
)

const (
	// plausible is the fitness under which a grid isn't worth reading. Grids on
	// print and noise stay under it.
	plausible = 0.4

	// hopeless is the fitness under which it isn't even worth improving a grid.
	hopeless = 0.3

	// sure is the fitness from which a grid needs no improving and leaves no
	// doubt about the size.
	sure = 0.9

	// framing is what three finders score at least where a code's size makes
	// them expected, even seen askew.
	framing = 0.15

	// found is the score from which an alignment pattern counts as seen.
	found = 0.6
)

// fits gives the flat grids that explain the picture for a code with these
// finders, one a size, the best first. Sizes that explain it much worse than the
// best are left out.
func fits(p plane, t triple, sides []int) []grid {
	const worse = 0.15
	type fitted struct {
		grid
		score float64
	}
	var all []fitted
	for _, side := range sides {
		if !framed(p, t, side) {
			continue
		}
		g, score := lay(p, t, side)
		if score < hopeless {
			continue
		}
		if score < sure {
			g, score = polish(p, g, score)
		}
		if score >= plausible {
			all = append(all, fitted{g, score})
		}
		if score >= sure {
			break // no other size comes near
		}
	}
	slices.SortStableFunc(all, func(a, b fitted) int { return cmp.Compare(b.score, a.score) })
	var best []grid
	for _, f := range all {
		if f.score >= all[0].score-worse {
			best = append(best, f.grid)
		}
	}
	return best
}

// framed reports whether there are finders, whole and with their separators,
// where a code of this size has them. It costs a fraction of a fit and spares
// most combinations one.
func framed(p plane, t triple, side int) bool {
	u, v := t.axes(side)
	var a agreement
	for _, f := range [3]finder{t.topLeft, t.topRight, t.bottomLeft} {
		for dy := -4; dy <= 4; dy++ {
			for dx := -4; dx <= 4; dx++ {
				at := f.plus(u, float64(dx)).plus(v, float64(dy))
				ring := max(dx, -dx, dy, -dy)
				a.see(p.at(at.x, at.y), ring != 2 && ring != 4)
			}
		}
	}
	return a.score() >= framing
}

// lay finds the fourth corner: by the alignment pattern next to it, of which
// several may seem to be there, or else where a code without perspective has it.
func lay(p plane, t triple, side int) (best grid, score float64) {
	u, v := t.axes(side)
	far := float64(side) - 3.5
	through := func(fourth, at point) grid {
		return newGrid(side, [4]point{{3.5, 3.5}, {far, 3.5}, fourth, {3.5, far}},
			[4]point{t.topLeft.point, t.topRight.point, at, t.bottomLeft.point})
	}
	candidates := []grid{through(point{far, far}, t.topRight.plus(v, float64(side-7)))}
	if side > minSide { // the smallest code has no alignment pattern
		near := far - 3
		expected := t.topLeft.plus(u, near-3.5).plus(v, near-3.5)
		reach := max(5, 0.17*float64(side))
		for _, at := range targets(p, expected, u, v, reach) {
			candidates = append(candidates, through(point{near, near}, at))
		}
	}
	score = -1
	for _, g := range candidates {
		if s := fitness(p, g); s > score {
			best, score = g, s
		}
	}
	return best, score
}

// targets gives the places within reach modules of the expected one that look
// most like an alignment pattern, five at most.
func targets(p plane, expected, u, v point, reach float64) []point {
	const most, step = 5, 0.5
	type target struct {
		point
		score float64
	}
	var all []target
	for dv := -reach; dv <= reach; dv += step {
		for du := -reach; du <= reach; du += step {
			at := expected.plus(u, du).plus(v, dv)
			if !ringed(p, at, u, v) {
				continue
			}
			if s := bullseye(p, at, u, v); s > found-0.15 {
				all = append(all, target{at, s - 0.01*math.Hypot(du, dv)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b target) int { return cmp.Compare(b.score, a.score) })
	var best []point
	apart := 2 * max(u.length(), v.length())
	for _, s := range all {
		if !slices.ContainsFunc(best, func(b point) bool { return b.minus(s.point).length() < apart }) {
			best = append(best, s.point)
		}
		if len(best) == most {
			break
		}
	}
	return best
}

// polish moves the corners of a grid in small steps as long as that makes it fit
// better.
func polish(p plane, g grid, score float64) (grid, float64) {
	far := float64(g.side) - 3.5
	modules := [4]point{{3.5, 3.5}, {far, 3.5}, {far, far}, {3.5, far}}
	var at [4]point
	for i, m := range modules {
		at[i] = g.at(m.x, m.y)
	}
	module := at[0].minus(at[1]).length() / (far - 3.5)
	for _, step := range [2]float64{0.5 * module, 0.25 * module} {
		for moved, rounds := true, 0; moved && rounds < 4; rounds++ {
			moved = false
			for i := range at {
				for _, d := range [4]point{{step, 0}, {-step, 0}, {0, step}, {0, -step}} {
					try := at
					try[i] = try[i].plus(d, 1)
					next := newGrid(g.side, modules, try)
					if s := fitness(p, next); s > score+1e-4 {
						at, g, score, moved = try, next, s, true
					}
				}
			}
		}
	}
	return g, score
}

// bent lets a grid follow paper that isn't flat: each alignment pattern is looked
// for around where the flat grid has it, and what lies between moves along. Codes
// too small to have several stay as they are, ok false.
func bent(p plane, g grid) (_ grid, ok bool) {
	n := len(g.centres)
	if n < stencil {
		return g, false
	}
	shifts, known := make([]point, n*n), make([]bool, n*n)
	for i := range shifts {
		col, row := g.centres[i%n], g.centres[i/n]
		if g.underFinder(col, row) {
			known[i] = true // the flat grid goes through the finders
			continue
		}
		shifts[i], known[i] = displaced(p, g, float64(col)+0.5, float64(row)+0.5)
	}
	guess(shifts, known, n)
	g.bend = shifts
	return g, true
}

// displaced finds by how many modules an alignment pattern lies off its place.
func displaced(p plane, g grid, u, v float64) (best point, ok bool) {
	const reach, step = 2.5, 0.25
	here := g.at(u, v)
	du, dv := g.at(u+1, v).minus(here), g.at(u, v+1).minus(here)
	score := found
	for y := -reach; y <= reach; y += step {
		for x := -reach; x <= reach; x += step {
			at := here.plus(du, x).plus(dv, y)
			if s := bullseye(p, at, du, dv) - 0.02*math.Hypot(x, y); s > score {
				best, score, ok = point{x, y}, s, true
			}
		}
	}
	return best, ok
}

// guess gives the crossings where no pattern was seen the mean of their
// neighbours.
func guess(shifts []point, known []bool, n int) {
	for range n {
		for i := range shifts {
			if known[i] {
				continue
			}
			var sum point
			count := 0.0
			for _, d := range [4][2]int{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
				if x, y := i%n+d[0], i/n+d[1]; x >= 0 && y >= 0 && x < n && y < n {
					sum, count = sum.plus(shifts[y*n+x], 1), count+1
				}
			}
			shifts[i] = sum.times(1 / count)
		}
	}
}
