package scan

import (
	"cmp"
	"math"
	"slices"
)

const (
	// maxFinders bounds how many candidates are combined: print and noise have
	// hundreds of shapes that look a little like a finder. With more, those seen
	// in most rows are taken.
	maxFinders = 32

	// maxTriples bounds how many combinations of a picture are looked at closely.
	maxTriples = 60

	// maxFrameTriples is maxTriples for a camera's frame: the next one is near.
	maxFrameTriples = 15
)

// triple are three finders that may belong to one code, in their places in it.
// In a mirrored picture they are mirrored, which the decoder notices.
type triple struct {
	topLeft, topRight, bottomLeft finder

	// odd tells how far the three are from equal squares at the corners of a
	// right isosceles triangle, as they lie in a picture taken straight on.
	odd float64
}

// triples combines finders, the likeliest combination first, most at most.
func triples(found []finder, most int) []triple {
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b finder) int { return cmp.Compare(b.seen, a.seen) })
	found = found[:min(len(found), maxFinders)]
	var all []triple
	for i := range found {
		for j := i + 1; j < len(found); j++ {
			for k := j + 1; k < len(found); k++ {
				if t, ok := arrange(found[i], found[j], found[k]); ok {
					all = append(all, t)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b triple) int { return cmp.Compare(a.odd, b.odd) })
	return all[:min(len(all), most)]
}

// arrange puts three finders in their places and judges the shape they make.
func arrange(a, b, c finder) (triple, bool) {
	const (
		unequal  = 2.2 // longest over shortest side or module, in steep perspective
		slanted  = 0.6 // cosine of the corner's angle
		shortest = 8   // modules between centres: 14 at least, but a turned finder seems larger
	)
	least, most := min(a.module, b.module, c.module), max(a.module, b.module, c.module)
	if most > unequal*least {
		return triple{}, false
	}
	// The top left one lies opposite the longest side.
	ab, bc, ca := a.minus(b.point).length(), b.minus(c.point).length(), c.minus(a.point).length()
	switch max(ab, bc, ca) {
	case ab:
		a, c = c, a
	case ca:
		a, b = b, a
	}
	u, v := b.minus(a.point), c.minus(a.point)
	if u.x*v.y < u.y*v.x {
		b, c, u, v = c, b, v, u
	}
	short, long := min(u.length(), v.length()), max(u.length(), v.length())
	slant := math.Abs(u.x*v.x+u.y*v.y) / (short * long)
	if short < shortest*least || long > unequal*short || slant > slanted {
		return triple{}, false
	}
	odd := (long/short - 1) + 1.5*slant + 1.5*(most/least-1)
	return triple{topLeft: a, topRight: b, bottomLeft: c, odd: odd}, true
}

// axes are the steps of a module along a row and down a column, in pixels, if
// the code has this size and there is no perspective.
func (t triple) axes(side int) (u, v point) {
	k := 1 / float64(side-7)
	return t.topRight.minus(t.topLeft.point).times(k), t.bottomLeft.minus(t.topLeft.point).times(k)
}

// scaled is the triple in a picture of another size.
func (t triple) scaled(k float64) triple {
	for _, f := range []*finder{&t.topLeft, &t.topRight, &t.bottomLeft} {
		f.point, f.module = f.times(k), f.module*k
	}
	return t
}
