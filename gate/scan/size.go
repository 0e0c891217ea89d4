package scan

import (
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
)

// The smallest and the largest code, and the step between versions, in modules
// (ISO/IEC 18004:2015, section 6.3.1).
const (
	minSide  = 21
	maxSide  = 177
	sideStep = 4
)

// sides gives the sizes, in modules, that a code with these finders may have,
// likeliest first. Two clues are used: how wide the finders are along the lines
// that join them, which holds in any perspective but not in noise, and how well
// the timing patterns between them alternate, for which it is the other way.
func sides(p plane, inks []*gozxing.BitMatrix, t triple) []int {
	var likely []int
	add := func(side int) {
		if side >= minSide && side <= maxSide && !slices.Contains(likely, side) {
			likely = append(likely, side)
		}
	}
	for _, bits := range inks {
		if guess, ok := measure(bits, t); ok {
			nearest := minSide + sideStep*int(math.Round((guess-minSide)/sideStep))
			next := sideStep
			if guess < float64(nearest) {
				next = -sideStep
			}
			add(nearest)
			add(nearest + next)
			add(nearest - next)
			break
		}
	}
	add(timed(p, t))
	return likely
}

// measure gives the size by the widths of the finders. It fails where the two
// edges contradict each other: then the finders are of no one code.
func measure(bits *gozxing.BitMatrix, t triple) (side float64, ok bool) {
	const contradiction = 1.3
	across, ok1 := span(bits, t.topLeft.point, t.topRight.point)
	down, ok2 := span(bits, t.topLeft.point, t.bottomLeft.point)
	if !ok1 || !ok2 || max(across, down) > contradiction*min(across, down) {
		return 0, false
	}
	return (across+down)/2 + 7, true
}

// span is the distance of the centres of two finders in modules. In perspective
// it is the distance in pixels over the geometric mean of the modules at both
// ends.
func span(bits *gozxing.BitMatrix, a, b point) (modules float64, ok bool) {
	atA, ok1 := moduleAlong(bits, a, b)
	atB, ok2 := moduleAlong(bits, b, a)
	if !ok1 || !ok2 {
		return 0, false
	}
	return b.minus(a).length() / math.Sqrt(atA*atB), true
}

// moduleAlong is the length of a module at a finder's centre in the direction of
// another point: a seventh of the way through the finder.
func moduleAlong(bits *gozxing.BitMatrix, from, towards point) (float64, bool) {
	d := towards.minus(from)
	length := d.length()
	d = d.times(1 / length)
	total := 0.0
	for _, direction := range [2]float64{1, -1} {
		way, ok := wayOut(bits, from, d.times(direction), length)
		if !ok {
			return 0, false
		}
		total += way
	}
	return total / 7, true
}

// wayOut is the length of the way from a finder's centre through dark, light and
// dark to where it ends, at most limit pixels.
func wayOut(bits *gozxing.BitMatrix, from, direction point, limit float64) (float64, bool) {
	const step = 0.5
	dark := true
	for way, changes := step, 0; way < limit; way += step {
		at := from.plus(direction, way)
		if at.x < 0 || at.y < 0 || int(at.x) >= bits.GetWidth() || int(at.y) >= bits.GetHeight() {
			return 0, false
		}
		if bits.Get(int(at.x), int(at.y)) == dark {
			continue
		}
		dark = !dark
		if changes++; changes == 3 {
			return way - step/2, true
		}
	}
	return 0, false
}

// timed gives the size at which the timing patterns alternate best, 0 if they do
// at none.
func timed(p plane, t triple) (side int) {
	const alternates = 0.8 // of 2
	u, v := t.topRight.minus(t.topLeft.point), t.bottomLeft.minus(t.topLeft.point)
	module := (t.topLeft.module + t.topRight.module + t.bottomLeft.module) / 3
	guess := (u.length()+v.length())/2/module + 7
	best := alternates
	for try := minSide; try <= maxSide; try += sideStep {
		// In a turned code the modules seem larger than they are.
		if f := float64(try); f < 0.6*guess-sideStep || f > 1.8*guess+sideStep {
			continue
		}
		u, v := t.axes(try)
		score := edgeTiming(p, t.topLeft.point, u, v, try) + edgeTiming(p, t.topLeft.point, v, u, try)
		if score > best {
			best, side = score, try
		}
	}
	return side
}

// recede are the degrees of perspective that timing tries: how much larger a
// module is at the near end of an edge than in the middle. 1 comes first.
var recede = [...]float64{1, 0.93, 1.075, 0.87, 1.15, 0.8, 1.25}

// edgeTiming tells how well the timing pattern along one edge fits a size: it
// runs three modules beside the line of the centres and is light from column 7
// on.
func edgeTiming(p plane, from, along, beside point, side int) float64 {
	best := -1.0
	span := float64(side - 7)
	for _, k := range recede {
		var a agreement
		for i := range side - 14 {
			// On a line in perspective s goes to s/(s+k(1-s)).
			s := (float64(i) + 4) / span
			w := s + k*(1-s)
			at := from.plus(along, s/w*span).plus(beside, 3*k/(w*w))
			a.see(p.at(at.x, at.y), i%2 == 1)
		}
		best = max(best, a.score())
		if k == 1 && best < 0.1 {
			break // nothing alternates here
		}
	}
	return best
}
